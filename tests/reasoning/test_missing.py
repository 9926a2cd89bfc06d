"""What is missing: named by fact, for what it matters, and not what does not matter any more."""

from __future__ import annotations

from functools import cache
from typing import Any

from simdiag.api import Simdiag
from simdiag.testing import build, result_of

TERMS = """
templates:
  t:
    cardinality: many
    title: t
    key: [id]
    slots:
      id: {type: text, title: id}
      n: {type: integer, title: n, ask: {text: "How many?"}}
      at: {type: datetime, title: at, ask: {text: "When?"}}
      c: {type: choice, title: c, choices: {red: r, blue: b}, ask: {text: "Which?"}}
  u: {cardinality: one, title: u, slots: {b: {type: boolean, title: b, ask: {text: "So?"}}}}
"""
ACTIONS = """
actions:
  look: {title: l, text: l, who: user, phase: self_help, urgency: later, effort: 1}
  pay: {title: p, text: p, who: user, phase: self_help, urgency: now, effort: 1}
vetoes: {halt: {title: n, text: n, forbids: [pay]}}
ladders: {last: {when: [], do: [look]}}
"""
FIRST = """
diagnosis: d
ref: X
title: d
summary: d
about: t a
rules:
  r: {when: [{a: {c: red, n: 1}}], rate: strong, text: r}
  s: {when: [{a: {at: {before: 2025-11-20 12:00}}}], rate: weak, text: s}
"""
SECOND = """
diagnosis: e
ref: Y
title: e
summary: e
rules: {r: {when: [{t a: {n: 2}}, {u: {b: yes}}], rate: weak, text: r}}
advice: [{veto: halt, when: [{u: {b: yes}}]}]
"""


@cache
def tool() -> Simdiag:
    """Load a small package."""
    return build(
        {
            "terms/t.yaml": TERMS,
            "actions/a.yaml": ACTIONS,
            "diagnoses/d.yaml": FIRST,
            "diagnoses/e.yaml": SECOND,
        }
    )


def missing(facts: str) -> dict[tuple[str, str], list[str]]:
    """Give for each missing slot, by slot and id of its fact, what it matters for."""
    result = result_of(tool(), facts, as_of="2025-11-20 18:00")
    return {(each["slot"], identity(each["of"])): each["matters_for"] for each in result["missing"]}


def identity(fact: dict[str, Any] | None) -> str:
    """Give the id of a fact; empty for any fact of a list."""
    return "" if fact is None else str(fact["key"].get("id", "?"))


def test_the_fact_is_named() -> None:
    """Each unknown slot names its fact and what depends on it."""
    found = missing("{t: [{id: p, c: red, at: 2025-11-20 11:00}, {id: q, c: blue, n: 2}], u: {}}")
    assert found == {
        ("t.n", "p"): ["d", "e"],
        ("t.at", "q"): ["d"],
        ("u.b", ""): ["e", "halt"],
    }


def test_what_is_decided_is_not_asked() -> None:
    """A slot that only decided rules read is not missing."""
    found = missing("{t: [{id: p, c: blue, at: 2025-11-20 11:00}], u: {b: no}}")
    assert found == {}


def test_a_day_for_a_moment_can_be_told_more_precisely() -> None:
    """A date is an open value of a date-time slot where the hour decides."""
    assert missing("{t: [{id: p, c: blue, n: 0, at: 2025-11-20}], u: {b: no}}") == {
        ("t.at", "p"): ["d"]
    }
    assert missing("{t: [{id: p, c: blue, n: 0, at: 2025-11-19}], u: {b: no}}") == {}


def test_an_open_list_lacks_every_slot_of_another_fact() -> None:
    """Where there may be more facts, the slots are missing of any fact."""
    found = missing("{open: [t], t: [], u: {b: no}}")
    assert set(found) == {("t.c", ""), ("t.n", ""), ("t.at", "")}


def test_the_slots_that_decide_most() -> None:
    """At most three slots are named, those first on which most diagnoses depend."""
    result = result_of(tool(), "{}", as_of="2025-11-20 18:00")
    assert result["decide_most"] == ["t.n", "t.at", "t.c"]
    assert [each["question"] for each in result["missing"] if each["slot"] == "t.n"] == [
        "How many?"
    ]
