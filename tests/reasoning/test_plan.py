"""The plan: prerequisites, vetoes through them, what is done, and what is only possible."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from simdiag.api import Simdiag
from simdiag.testing import build, result_of

TERMS = """
templates:
  u:
    cardinality: one
    title: u
    slots:
      a: {type: boolean, title: a}
      b: {type: boolean, title: b}
      v: {type: boolean, title: v}
      done: {type: boolean, title: done}
"""
ACTIONS = """
actions:
  look: {title: l, text: l, who: user, phase: self_help, urgency: later, effort: 1}
  proof: {title: p, text: p, who: user, phase: self_help, urgency: later, effort: 1,
    done_when: [{u: {done: yes}}]}
  ask: {title: a, text: a, who: user, phase: contact, urgency: soon, effort: 1, requires: [proof]}
  claim: {title: c, text: c, who: user, phase: complaint, urgency: now, effort: 1, requires: [ask]}
vetoes: {no_ask: {title: n, text: n, forbids: [ask]}}
ladders: {last: {when: [], do: [look]}}
"""
FIRST = """
diagnosis: d
ref: X
title: d
summary: d
rules: {r: {when: [{u: {a: yes}}], rate: establishes, text: r}}
advice: [{do: claim}, {veto: no_ask, when: [{u: {v: yes}}]}]
"""
SECOND = """
diagnosis: e
ref: Y
title: e
summary: e
rules: {r: {when: [{u: {b: yes}}], rate: weak, text: r}}
advice: [{do: proof}, {do: claim}]
"""


@cache
def tool() -> Simdiag:
    """Load a package with a chain of prerequisites."""
    return build(
        {
            "terms/t.yaml": TERMS,
            "actions/a.yaml": ACTIONS,
            "diagnoses/d.yaml": FIRST,
            "diagnoses/e.yaml": SECOND,
        }
    )


def plan(facts: str) -> dict[str, Any]:
    """Give the actions of a case by id, in their order."""
    result = result_of(tool(), f"u: {{{facts}}}", as_of="2025-11-20")
    return {each["id"]: each for each in result["actions"]}


def test_prerequisites_come_before_what_needs_them() -> None:
    """A chain is pulled in as a whole, in its order, whatever the urgency of its end."""
    found = plan("a: yes, b: no, v: no, done: no")
    assert list(found) == ["proof", "ask", "claim"]
    assert found["claim"]["after"] == ["ask"]
    assert found["ask"]["for"] == ["d"]


def test_what_is_pulled_in_stands_for_all_that_need_it() -> None:
    """A prerequisite names every diagnosis whose advice needs it, and is as firm as that."""
    found = plan("a: yes, b: yes, v: no, done: no")
    assert found["ask"]["for"] == ["d", "e"]
    assert found["ask"]["firm"]
    assert not plan("a: yes, b: no, v: no")["proof"]["firm"]


def test_what_is_done_is_left_out() -> None:
    """A prerequisite that is done is neither planned nor waited for."""
    found = plan("a: yes, b: no, v: no, done: yes")
    assert list(found) == ["ask", "claim"]
    assert found["ask"]["after"] == []


def test_a_veto_in_the_middle_takes_the_end_away() -> None:
    """What needs a forbidden action cannot be done, so something else is advised."""
    assert list(plan("a: yes, b: no, v: yes, done: no")) == ["look"]
    assert list(plan("a: yes, b: yes, v: yes, done: no")) == ["proof"]


def test_a_possible_veto_in_the_middle_is_asked_first() -> None:
    """What needs a doubtful action is not firm, and both name what to find out."""
    found = plan("a: yes, b: no, done: no")
    for name in ("ask", "claim"):
        assert [each["slot"] for each in found[name]["first_find_out"]] == ["u.v"]
    assert not found["claim"]["firm"]


def test_reasons_join_in_one_entry() -> None:
    """An action that two diagnoses advise stands once, with both of them."""
    found = plan("a: yes, b: yes, v: no, done: no")
    assert found["claim"]["for"] == ["d", "e"]
    assert found["claim"]["because"] == ["d#do-claim", "e#do-claim"]


def test_what_is_advised_does_not_borrow_from_what_is_possible() -> None:
    """Of an advised action only the diagnoses that are suggested are named."""
    found = plan("a: yes, v: no, done: no")
    assert (found["claim"]["status"], found["claim"]["for"]) == ("recommended", ["d"])


def test_possible_actions_stand_behind_advised_ones() -> None:
    """What only an undecided diagnosis brings is possible, and last."""
    found = plan("a: no, v: no, done: no")
    statuses = {name: each["status"] for name, each in found.items()}
    assert statuses == {
        "look": "recommended", "proof": "possible", "ask": "possible", "claim": "possible",
    }  # fmt: skip
    assert next(iter(found)) == "look"


@pytest.mark.parametrize("facts", ["", "a: no", "a: no, b: no", "v: yes", "b: yes, v: yes"])
def test_something_is_always_advised(facts: str) -> None:
    """Whatever is known, the plan has an action that is advised."""
    assert any(each["status"] == "recommended" for each in plan(facts).values())
