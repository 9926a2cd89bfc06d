"""Random small knowledge bases and cases, written as text, so that the loader is on the way.

Domains are tiny (two choices, numbers 0 to 2, booleans), so that every completion can be tried.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from itertools import product
from typing import Any

Facts = dict[str, Any]
Json = dict[str, Any]

SLOTS: dict[str, dict[str, tuple[str, ...]]] = {
    "t": {"c": ("red", "blue"), "n": ("0", "1", "2"), "b": ("yes", "no"), "r": ("0", "1")},
    "v": {"c": ("red", "blue"), "n": ("0", "1", "2")},
    "u": {"c": ("red", "blue"), "n": ("0", "1", "2"), "b": ("yes", "no")},
}
ORDERS = ("below", "at_most", "above", "at_least")
WEIGHTS = (
    "hint", "weak", "medium", "strong", "very-strong", "against-weak", "against-strong",
    "against-very-strong", "establishes", "excludes",
)  # fmt: skip


def _terms(chance: random.Random) -> Json:
    def slot(name: str) -> Json:
        if name == "c":
            return {"type": "choice", "title": name, "choices": {"red": "red", "blue": "blue"}}
        if name == "b":
            return {"type": "boolean", "title": name}
        bounds = {"minimum": "0", "maximum": "2"} if chance.random() < 0.7 else {}
        return {"type": "integer", "title": name, **bounds}

    found: Json = {}
    for template, slots in SLOTS.items():
        found[template] = {
            "cardinality": "one" if template == "u" else "many",
            "title": template,
            "key": ["id"],
            "slots": {
                "id": {"type": "text", "title": "id"},
                **{name: slot(name) for name in slots},
            },
        }
    # `t.r` matters for red facts only, `v` if `u.b` says so, and no rule reads `z`.
    found["t"]["slots"]["r"]["relevant"] = [{"self": {"c": "red"}}]
    found["v"]["relevant"] = [{"u": {"b": "yes"}}]
    found["z"] = {"cardinality": "many", "title": "z", "slots": {"n": slot("n")}}
    return {"templates": found}


class Author:
    """Writes random conditions.

    Args:
        chance: Where all choices come from.
        findings: Template to boolean findings that may be read so far.
    """

    def __init__(self, chance: random.Random, findings: dict[str, list[str]]) -> None:
        """Start without names."""
        self.chance = chance
        self.findings = findings
        self.names = 0

    def fresh(self) -> str:
        """Invent an alias."""
        self.names += 1
        return f"x{self.names}"

    def test(self, template: str, bound: dict[str, str]) -> Json:
        """Write the test of one slot, perhaps against a slot of a bound fact."""
        pick = self.chance.choice
        known = self.findings.get(template, [])
        if known and self.chance.random() < 0.35:
            return {pick(known): pick(("yes", "no"))}
        slot = pick([name for name in SLOTS[template] if name != "r" or self.chance.random() < 0.6])
        values = SLOTS[template][slot]
        value = pick(values)
        same = [name for name, other in bound.items() if slot in SLOTS[other] and slot != "r"]
        if same and self.chance.random() < 0.4:
            value = f"{pick(same)}.{slot}"
        form = self.chance.random()
        if slot in {"n", "r"} and form < 0.5:
            return {slot: {pick(ORDERS): value}}
        if form < 0.7:
            return {slot: value}
        return {slot: {"not": value}} if form < 0.9 else {slot: [value, pick(values)]}

    def pattern(self, bound: dict[str, str], *, binds: bool = True) -> Json:
        """Write a pattern of a new fact, or further tests of a bound one."""
        lists = [name for name, template in bound.items() if template != "u"]
        if lists and self.chance.random() < 0.3:
            alias = self.chance.choice(lists)
            return {alias: self.test(bound[alias], {})}
        template = self.chance.choice(("t", "t", "v", "u"))
        alias = "u" if template == "u" else self.fresh()
        tests = self.test(template, bound)
        others = [name for name in lists if bound[name] == template]
        if others and template != "u" and self.chance.random() < 0.6:
            tests = {"other_than": self.chance.choice(others), **tests}
        if binds and template != "u":
            bound[alias] = template
        return {"u" if template == "u" else f"{template} {alias}": tests}

    def condition(self, bound: dict[str, str], depth: int = 2) -> Json:
        """Write a condition; patterns at the top bind names for those after them."""
        form = self.chance.random()
        if depth == 0 or form < 0.5:
            return self.pattern(bound)
        inside = dict(bound)
        if form < 0.65:
            return {"not": self.several(inside, depth - 1)}
        if form < 0.75:
            return {"any": [self.condition(dict(bound), depth - 1) for _ in range(2)]}
        if form < 0.8:
            parts = [self.condition(dict(bound), depth - 1) for _ in range(3)]
            return {"at_least": "2", "of": parts}
        if form < 0.88:
            alias, template = self.fresh(), self.chance.choice(("t", "v"))
            of = {f"{template} {alias}": self.test(template, inside)}
            inside[alias] = template
            return {"each": of, "holds": [self.condition(inside, depth - 1)]}
        return self.aggregate(inside)

    def several(self, bound: dict[str, str], depth: int) -> list[Json]:
        """Write one or two conditions, the second of which sees the names of the first."""
        return [self.condition(bound, depth) for _ in range(self.chance.choice((1, 1, 2)))]

    def aggregate(self, bound: dict[str, str]) -> Json:
        """Write a comparison of a count, sum, minimum, maximum or all-equal."""
        alias, template = self.fresh(), self.chance.choice(("t", "v"))
        match = {f"{template} {alias}": self.test(template, bound)}
        kind = self.chance.choice(("count", "sum", "minimum", "maximum", "all_equal"))
        slot = self.chance.choice([name for name in SLOTS[template] if name in {"n", "r"}])
        if kind == "all_equal":
            return {kind: f"{alias}.{slot}", "of": match}
        most = 2 if kind in {"minimum", "maximum"} else 4
        order = {self.chance.choice(ORDERS): str(self.chance.randint(0, most))}
        if kind == "count":
            return {"count": match, **order}
        return {kind: f"{alias}.{slot}", "of": match, **order}


def _findings(chance: random.Random) -> tuple[Json, dict[str, list[str]]]:
    found: Json = {}
    readable: dict[str, list[str]] = {}
    for name in ("f1", "f2", "f3"):
        template = chance.choice(("t", "t", "v", "u"))
        author = Author(chance, deepcopy(readable))
        bound = {"s": template}
        rules = {
            f"r{number}": {"when": author.several(dict(bound), 1)}
            for number in range(chance.choice((1, 2)))
        }
        key = f"{template}.{name}"
        found[key] = {"of": f"{template} s", "type": "boolean", "title": name, "rules": rules}
        readable.setdefault(template, []).append(name)
    return found, readable


def _diagnosis(chance: random.Random, name: str, readable: dict[str, list[str]]) -> Json:
    about = chance.choice(("", "t", "v"))
    rules: Json = {}
    for number in range(chance.choice((1, 2, 3))):
        author = Author(chance, readable)
        bound = {"s": about} if about else {}
        when = author.several(bound, 2)
        rules[f"r{number}"] = {"when": when, "rate": chance.choice(WEIGHTS), "text": "so"}
    if len(rules) > 1 and chance.random() < 0.3:
        rules["r0"]["unless"] = "r1"
    advice: list[Json] = []
    for number in range(chance.choice((1, 2))):
        author = Author(chance, readable)
        bound = {"s": about} if about else {}
        given: Json = {"when": author.several(bound, 1)} if chance.random() < 0.6 else {}
        advice.append({"do": chance.choice(("pay", "call", "write")), **given})
        if number == 0 and chance.random() < 0.7:
            bound = {"s": about} if about else {}
            veto = chance.choice(("no_pay", "no_call"))
            advice.append({"veto": veto, "when": Author(chance, readable).several(bound, 1)})
    return {
        "diagnosis": name, "ref": "X", "title": name, "summary": name,
        **({"about": f"{about} s"} if about else {}), "rules": rules, "advice": advice,
    }  # fmt: skip


def _actions() -> Json:
    def action(urgency: str, **more: object) -> Json:
        return {
            "title": "a", "text": "a", "who": "user", "phase": "self_help", "urgency": urgency,
            "effort": "1", **more,
        }  # fmt: skip

    return {
        "actions": {
            "look": action("later"),
            "pay": action("now"),
            "call": action("soon", done_when=[{"u": {"b": "yes", "n": "2"}}]),
            "write": action("soon", requires=["call"]),
        },
        "vetoes": {
            "no_pay": {"title": "n", "text": "n", "forbids": ["pay"], "precaution": "yes"},
            "no_call": {"title": "n", "text": "n", "forbids": ["call"]},
        },
        "ladders": {"last": {"when": [], "do": ["look"]}},
    }


def knowledge(seed: int) -> dict[str, str]:
    """Write a knowledge base: path to text."""
    chance = random.Random(seed)
    findings, readable = _findings(chance)
    parts: dict[str, Json] = {
        "terms/t.yaml": _terms(chance),
        "findings/f.yaml": {"findings": findings},
        "actions/a.yaml": _actions(),
    }
    for number in range(3):
        parts[f"diagnoses/d{number}.yaml"] = _diagnosis(chance, f"d{number}", readable)
    return {path: json.dumps(value) for path, value in parts.items()}


def facts(seed: int, *, most: int = 2) -> Facts:
    """Write a case: some slots unknown, some lists open, some templates not given."""
    chance = random.Random(seed)
    found: Facts = {"as_of": "2025-11-20"}
    for template in ("t", "v"):
        form = chance.random()
        if form < 0.15:
            continue
        if form < 0.25:
            found[template] = "none"
            continue
        count = chance.randint(0, most)
        found[template] = [_row(chance, template, str(number)) for number in range(count)]
        if form > 0.75:
            found.setdefault("open", []).append(template)
    if chance.random() < 0.85:
        found["u"] = _row(chance, "u") if chance.random() < 0.9 else "none"
    return found


def _row(chance: random.Random, template: str, identity: str = "0") -> dict[str, str]:
    # The id keeps the order of rows the same when more is learned about them; no rule reads it.
    return {"id": identity} | {
        slot: chance.choice(values)
        for slot, values in SLOTS[template].items()
        if chance.random() < 0.7
    }


def needless(found: Facts, template: str, row: dict[str, str] | None = None) -> bool:
    """Say whether a template, or slot `r` of a row, is known not to matter: it has no value."""
    if row is not None:
        return template == "t" and row.get("c") == "blue"
    one = found.get("u")
    return template == "v" and (one == "none" or (isinstance(one, dict) and one.get("b") == "no"))


def rows_of(found: Facts, template: str) -> list[dict[str, str]]:
    """Give the given facts of a template."""
    value = found.get(template, "none")
    return [value] if isinstance(value, dict) else value if isinstance(value, list) else []


def gaps(found: Facts) -> list[tuple[str, int, str]]:
    """Give the slots of given facts that are unknown: template, number of the fact, slot."""
    return [
        (template, number, slot)
        for template, slots in SLOTS.items()
        for number, row in enumerate(rows_of(found, template))
        for slot in slots
        if slot not in row and not (slot == "r" and needless(found, template, row))
    ]


def lessons(found: Facts, seed: int) -> Iterator[Facts]:
    """Learn one thing: a slot, that a list has no more facts, one more fact, or what there is."""
    chance = random.Random(seed)
    for template, number, slot in gaps(found):
        more = deepcopy(found)
        rows_of(more, template)[number][slot] = chance.choice(SLOTS[template][slot])
        yield more
    for template in SLOTS:
        opened = template in found.get("open", [])
        if needless(found, template) or (template in found and not opened):
            continue
        row = _row(chance, template, str(len(rows_of(found, template))))
        more = deepcopy(found)
        more[template] = row if template == "u" else [*rows_of(found, template), row]
        yield more
        less = deepcopy(found)
        if opened:
            less["open"].remove(template)
        else:
            less[template] = "none"
        yield less


def completions(found: Facts, seed: int, limit: int) -> Iterator[Facts]:
    """Give cases in which everything is known and that agree with what is known here.

    Open lists get nought to two further facts. Every choice of values is tried if there are at most
    `limit`, else so many random ones.
    """
    chance = random.Random(seed)
    rounds = max(1, limit // 16)
    for _ in range(rounds):
        more = _closed(found, chance)
        known = gaps(more)
        space = [SLOTS[template][slot] for template, _, slot in known]
        size = 1
        for values in space:
            size *= len(values)
        choices = (
            product(*space)
            if size <= limit
            else ([chance.choice(values) for values in space] for _ in range(limit // rounds))
        )
        for chosen in choices:
            full = deepcopy(more)
            for (template, number, slot), value in zip(known, chosen, strict=True):
                rows_of(full, template)[number][slot] = value
            _thin(full, found, chance)
            yield full


def _closed(found: Facts, chance: random.Random) -> Facts:
    more = deepcopy(found)
    opened = more.pop("open", [])
    if "u" not in more:
        more["u"] = chance.choice(("none", {"id": "0"}))
    for template in ("t", "v"):
        if (template in more and template not in opened) or needless(found, template):
            more.setdefault(template, "none")
            continue
        rows = rows_of(more, template)
        count = chance.choice((0, 0, 1, 2))
        more[template] = [*rows, *({"id": str(len(rows) + number)} for number in range(count))]
    return more


def _thin(full: Facts, found: Facts, chance: random.Random) -> None:
    """Leave out some values that turn out not to matter: they have none then."""
    known = rows_of(found, "t")
    for number, row in enumerate(rows_of(full, "t")):
        given = number < len(known) and "r" in known[number]
        if row["c"] == "blue" and "r" in row and not given and chance.random() < 0.7:
            del row["r"]
