"""What the language has no meaning for is refused, and never accepted and ignored."""

from __future__ import annotations

import pytest

from simdiag.errors import InvalidInput
from simdiag.testing import build

TERMS = """
templates:
  t: {cardinality: many, title: t, slots: {c: {type: choice, title: c, choices: {red: r}}, n: {type: integer, title: n, maximum: 9}}}
  v: {cardinality: many, title: v, slots: {n: {type: integer, title: n}}}
  u: {cardinality: one, title: u, slots: {b: {type: boolean, title: b}}}
"""  # noqa: E501 - one line for each template
ACTIONS = """
actions:
  look: {title: l, text: l, who: user, phase: self_help, urgency: later, effort: 1}
  pay: {title: l, text: l, who: user, phase: self_help, urgency: later, effort: 1}
  claim: {title: l, text: l, who: user, phase: contact, urgency: later, effort: 1, requires: [pay]}
vetoes: {no_pay: {title: n, text: n, forbids: [pay]}}
ladders: {last: {when: [], do: [look]}}
"""
FINDINGS = "findings: {case.f: {type: boolean, title: f, rules: {r: {when: [{u: {b: yes}}]}}}}"


def diagnosis(name: str, when: str, about: str = "", unless: str = "") -> str:
    """Write a diagnosis with one rule."""
    more = f", unless: '{unless}'" if unless else ""
    subject = f"about: {about}" if about else ""
    return (
        f"diagnosis: {name}\nref: X\ntitle: x\nsummary: x\n{subject}\n"
        f"rules: {{r: {{when: {when}, rate: weak, text: r{more}}}}}\n"
    )


def codes(**files: str) -> list[str]:
    """Give the codes of what is wrong with a package."""
    known = {"terms/t.yaml": TERMS, "actions/a.yaml": ACTIONS, "findings/f.yaml": FINDINGS}
    paths = {"d": "diagnoses/d.yaml", "e": "diagnoses/e.yaml", "actions": "actions/a.yaml"}
    try:
        build(known | {paths[name]: text for name, text in files.items()})
    except InvalidInput as error:
        return [problem.code for problem in error.problems]
    return []


@pytest.mark.parametrize(
    "when",
    [
        "[{t a: {c: red}}, {v b: {other_than: a, n: 1}}]",
        "[{u a: {b: yes}}, {not: {u b: {other_than: a, b: yes}}}]",
        "[{t a: {other_than: a, c: red}}, {t b: {other_than: z, c: red}}]",
    ],
)
def test_another_fact_must_be_of_the_same_list(when: str) -> None:
    """`other_than` names a fact of the same list, or it is an error."""
    assert "unknown-name" in codes(d=diagnosis("d", when))


def test_a_rule_gives_way_to_one_about_the_same_facts() -> None:
    """`unless` names a rule about the same facts or of the whole case, never of a finding."""
    case = diagnosis("d", "[{u: {b: yes}}]")
    each = diagnosis("d", "[{a: {c: red}}]", about="t a")
    other = "[{a: {n: 1}}]"
    assert codes(d=case, e=diagnosis("e", other, "t a", "d#r")) == []
    assert codes(d=each, e=diagnosis("e", other, "t a", "d#r")) == []
    assert codes(d=each, e=diagnosis("e", other, "v a", "d#r")) == ["unless"]
    assert codes(d=each, e=diagnosis("e", "[{u: {b: yes}}]", "", "d#r")) == ["unless"]
    assert codes(d=diagnosis("d", "[{u: {b: yes}}]", "", "case.f#r")) == ["unless"]


def test_a_plan_could_not_be_empty() -> None:
    """The last ladder has no conditions, and one of its actions cannot be forbidden."""
    fine = diagnosis("d", "[{u: {b: yes}}]")
    assert codes(d=fine) == []
    guarded = ACTIONS.replace("when: []", "when: [{u: {b: yes}}]")
    assert codes(d=fine, actions=guarded) == ["ladder"]
    assert codes(d=fine, actions=ACTIONS.replace("do: [look]", "do: [pay]")) == ["ladder"]
    assert codes(d=fine, actions=ACTIONS.replace("do: [look]", "do: [claim]")) == ["ladder"]


def test_bounds_are_those_of_one_value() -> None:
    """A literal beyond the bounds of a slot is refused for the slot, and allowed for a sum."""
    assert codes(d=diagnosis("d", "[{t a: {n: {above: 10}}}]")) == ["value"]
    assert codes(d=diagnosis("d", "[{sum: x.n, of: {t x: {}}, above: 10}]")) == []
    assert codes(d=diagnosis("d", "[{t a: {}}, {test: 2 * a.n, above: 10}]")) == []
