"""One knowledge base in several threads and processes, and one case after another."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import pytest

from simdiag.api import ENGINES, Assessor, Simdiag, assess_all, write_json
from simdiag.authoring.random_cases import RandomCases
from simdiag.errors import EngineFailure
from simdiag.model.cases import Case, FactList, GivenFact
from simdiag.testing import build

COUNT = 100
# Joins, negation, a finding of pairs and an aggregate: what engines keep notes about.
TERMS = {
    "t": {
        "cardinality": "many", "title": "t", "key": ["id"],
        "slots": {
            "id": {"type": "text", "title": "id"},
            "c": {"type": "choice", "title": "c", "choices": {"red": "red", "blue": "blue"}},
            "n": {"type": "integer", "title": "n"},
            "m": {"type": "integer", "title": "m"},
        },
    },
}  # fmt: skip
FINDINGS = {
    "pair.near": {
        "of": ["t a", "t b"], "type": "boolean", "title": "near",
        "rules": {"r": {"when": [{"test": "a.n - b.m", "between": ["-1", "1"]}]}},
    },
    "t.most": {
        "of": "t a", "type": "boolean", "title": "most",
        "rules": {"r": {"when": [{"not": {"t b": {"other_than": "a", "n": {"above": "a.n"}}}}]}},
    },
}  # fmt: skip
WHEN = {
    "joined": [{"a": {"c": "red"}}, {"t b": {"other_than": "a", "n": {"above": "a.m"}}}],
    "near": [{"t b": {"other_than": "a"}}, {"a & b": {"near": "yes"}}, {"b": {"n": "a.n"}}],
    "counted": [{"count": {"t b": {"m": {"below": "a.n"}}}, "above": "1"}, {"a": {"most": "yes"}}],
}
DIAGNOSIS = {
    "diagnosis": "d", "ref": "X", "title": "d", "summary": "d", "about": "t a",
    "rules": {
        name: {"when": when, "rate": "weak", "text": name} for name, when in WHEN.items()
    },
}  # fmt: skip
LOOK = {
    "title": "look", "text": "look", "who": "user", "phase": "self_help", "urgency": "now",
    "effort": "1",
}  # fmt: skip
FILES = {
    "terms/t.yaml": {"templates": TERMS},
    "findings/f.yaml": {"findings": FINDINGS},
    "diagnoses/d.yaml": DIAGNOSIS,
    "actions/a.yaml": {"actions": {"look": LOOK}, "ladders": {"l": {"when": [], "do": ["look"]}}},
}


def fresh(engine: str) -> Simdiag:
    """Load the knowledge base anew."""
    return build({path: json.dumps(content) for path, content in FILES.items()}, engine)


@cache
def cases() -> tuple[Case, ...]:
    """Draw cases."""
    drawn = RandomCases(fresh("reference").program)
    return tuple(drawn.many(1, range(COUNT)))


@cache
def expected() -> tuple[str, ...]:
    """Give the result of each case, from an engine that has seen no other."""
    return tuple(written(fresh("reference"), case) for case in cases())


def written(diag: Simdiag, case: Case) -> str:
    """Give the JSON of a case."""
    return write_json(diag.serialiser().assessment(diag.assess(case)))


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def unlike(found: Sequence[str]) -> list[str]:
    """Name the cases whose results are not those expected."""
    pairs = zip(cases(), expected(), found, strict=True)
    return [case.id for case, right, result in pairs if right != result]


@pytest.mark.usefixtures("hasty_threads")
@pytest.mark.parametrize("engine", ENGINES)
def test_threads_share_one_knowledge_base(engine: str) -> None:
    """Eight threads that share everything give the results that one gives alone."""
    diag = fresh(engine)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert unlike(list(pool.map(lambda case: written(diag, case), cases()))) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_processes_give_the_same(engine: str) -> None:
    """Two processes give the results that one gives, in the order of the cases."""
    results = assess_all(Assessor(fresh(engine)), cases(), jobs=2, records=COUNT)
    texts = [write_json(result) for result in results if isinstance(result, dict)]
    assert unlike(texts) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_a_case_leaves_no_trace(engine: str) -> None:
    """Whatever cases came before, and in whatever order, a case has the same result."""
    diag = fresh(engine)
    order = list(range(COUNT)) * 2
    random.Random(2).shuffle(order)
    found = {number: written(diag, cases()[number]) for number in order}
    assert unlike([found[number] for number in range(COUNT)]) == []


class Poison(str):
    """A value that no engine can read."""

    __slots__ = ()

    def __str__(self) -> str:
        """Fail."""
        raise ZeroDivisionError

    def __eq__(self, other: object) -> bool:
        """Fail."""
        raise ZeroDivisionError

    def __hash__(self) -> int:
        """Fail."""
        raise ZeroDivisionError


@pytest.mark.parametrize("engine", ENGINES)
def test_a_failure_leaves_no_trace(engine: str) -> None:
    """After a case that an engine could not finish, the next ones come out right."""
    diag = fresh(engine)
    bad = GivenFact("t", {"c": Poison("red")})
    for number in range(0, COUNT, 10):
        case = cases()[number]
        lists = {"t": FactList((*case.facts("t").facts, bad, bad), open=False, given=True)}
        with pytest.raises((EngineFailure, ZeroDivisionError)):
            diag.engine.infer(replace(case, lists=lists))
        assert written(diag, case) == expected()[number]
