"""Damaged knowledge packages, and what must hold when they are loaded."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from random import Random as Chance

from harness import (  # type: ignore[import-not-found] # found through conftest.py
    NOW,
    faults_of_problem,
    faults_of_result,
    limit,
)
from mutate import YAML_DAMAGE, damaged  # type: ignore[import-not-found]

from simdiag.api import Simdiag, load_knowledge
from simdiag.errors import InvalidInput, UsageError

SMALL = Path(__file__).parents[1] / "packages" / "small"
FACTS = b"""\
problem: {kind: paid}
attempt:
- {id: a, at: 2025-11-20 12:00, state: captured, phone: 0470123456}
- {id: b, state: refused}
open: [attempt]
"""
# What conditions, tests and expressions are made of, put together without sense.
TOKENS = (
    "a", "b", "x", "self", "case", "problem", "attempt", "attempt a", "a & b", "a.at", "a.age",
    "a.state", "a.phone", "problem.kind", "case.refused", "delay.usual", "as_of", "captured",
    "paid", "yes", "true", "unknown", "1", "-1", "0", "999999999999", "1000000000000", "1.50",
    "2.00 EUR", "24 hours",
    "999999999 weeks", "2025-11-20", "+", "-", "*", "(", ")", ",", ".", "&", "%", "[",
    "date(a.at)", "add_days(date(as_of), 1)", "add_months(as_of, 999999999999)",
    "divide(a.age, 0, up)", "add_working_days(date(as_of), 999999999999)",
    "days_between(date(a.at), date(as_of))", "abs(1)",
    "least(1, 2)", "edits(a.id, b.id)", "prefix(a.id, 2)", "digits(a.phone)", "scale(1, 1.5, up)",
    "reference_valid(a.id)", "month(date(a.at))", "end_of(date(a.at))", "(" * 2000, "-" * 3000,
    "1" + " + 1" * 3000, "\u202e", "é", "\\", "add_months_to_moment(as_of, 1)", "a.", ".a", "a.b.c",
)  # fmt: skip
KEYS = (
    "not", "any", "all", "each", "holds", "of", "where", "at_least", "count", "sum", "minimum",
    "maximum", "all_equal", "test", "equals", "below", "above", "at_most", "before", "after",
    "between", "contains", "contains_words", "lacks", "has_all", "is", "other_than", "attempt a",
    "attempt b", "attempt", "a", "b", "problem", "case", "a & b", "a & x", "state", "at", "age",
    "phone", "kind", "id", "refused", "delay", "step", "late", "same_number", "nothing",
)  # fmt: skip


def expression(chance: Chance) -> str:
    """Put tokens together."""
    return " ".join(chance.choice(TOKENS) for _ in range(chance.choice((1, 1, 2, 3, 3, 5))))


def node(chance: Chance, depth: int = 3) -> object:
    """Make a random tree of keys and expressions."""
    form = chance.random()
    if depth == 0 or form < 0.3:
        return expression(chance)
    if form < 0.5:
        return [node(chance, depth - 1) for _ in range(chance.choice((0, 1, 1, 2)))]
    return {
        chance.choice(KEYS): node(chance, depth - 1) for _ in range(chance.choice((0, 1, 1, 1, 2)))
    }


def written(value: object) -> str:
    """Write a tree as YAML in one line."""
    if isinstance(value, dict):
        pairs = (f"{written(key)}: {written(each)}" for key, each in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return "'" + str(value).replace("'", "''") + "'"


# Where a condition or an expression stands, up to the end of the flow that it is.
_PLACE = re.compile(
    rb"(?:when|value|relevant|until|not_before|not_after|disputed|about|of|unless|rate|type|done_when"
    rb"|requires|minimum): (?P<rest>[\[{\w])"
)


def nonsense(chance: Chance, data: bytes) -> bytes:
    """Put a random tree where a rule has a condition or an expression."""
    found = list(_PLACE.finditer(data))
    if not found:
        return data
    place = chance.choice(found)
    start = place.start("rest")
    new = written(node(chance) if chance.random() < 0.6 else expression(chance))
    return data[:start] + new.encode() + data[_end(data, start) :]


def _end(data: bytes, start: int) -> int:
    """Find where the value that begins at ``start`` ends."""
    depth = 0
    for index in range(start, len(data)):
        character = data[index : index + 1]
        depth += character in {b"[", b"{"}
        if depth == 0 and character in {b",", b"}", b"\n", b"]"}:
            return index
        depth -= character in {b"]", b"}"}
        if depth == 0 and character in {b"]", b"}"}:
            return index + 1
    return len(data)


def damage_package(seed: int, folder: Path) -> Path:
    """Copy the small package and damage one or two of its files."""
    chance = Chance(f"package {seed}")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SMALL, folder)
    files = sorted(folder.rglob("*.yaml"))
    for _ in range(chance.choice((1, 1, 1, 2))):
        path = chance.choice([each for each in files if ".test." not in each.name])
        change = nonsense if chance.random() < 0.6 else None
        data = path.read_bytes()
        path.write_bytes(change(chance, data) if change else damaged(chance, data, YAML_DAMAGE))
    return folder


def faults_of_package(folder: Path) -> list[str]:
    """Load a package and use it; say what is wrong with what comes out."""
    names = {str(path) for path in folder.rglob("*") if path.is_file()}
    found: list[str] = []
    with limit():
        try:
            base = load_knowledge(folder)
        except InvalidInput as error:
            for problem in error.problems:
                found += faults_of_problem(problem, names)
            return found or ([] if error.problems else ["refused without a reason"])
        except UsageError:
            return []
        first, second = Simdiag(base, "reference"), Simdiag(base, "experta")
        entries = list(first.entries({"f.yaml": FACTS}, first.reader(default_as_of=NOW)))
        for case in [entry.case for entry in entries if entry.case is not None]:
            result = first.serialiser().assessment(first.assess(case))
            found += faults_of_result(result)
            if result != second.serialiser().assessment(second.assess(case)):
                found.append("the engines differ")
    return found
