"""Frequencies of answers, learned from solved cases."""

from __future__ import annotations

import json

import pytest
from small import TERMS, tool  # type: ignore[import-not-found]

from simdiag.model.cases import Case
from simdiag.reasoning.calibration import as_yaml, frequencies
from simdiag.testing import build, read_facts


def cases() -> list[Case]:
    """Give three solved cases."""
    facts: list[dict[str, object]] = [
        {"case": "1", "p": {"signs": ["more", "odd"]}, "a": [{"pay": "taken"}, {"pay": "taken"}]},
        {"case": "2", "p": {"signs": ["more"], "hurry": "yes"}, "a": [{"pay": "refused"}]},
        {"case": "3", "a": [{"pay": "unknown", "n": 4, "id": "x"}]},
    ]
    return [
        case
        for each in facts
        for case in read_facts(tool(), json.dumps({"as_of": "2025-11-20", **each}))
    ]


def test_shares_are_counted_and_nothing_is_impossible() -> None:
    """Known answers count, with one more of each; numbers and what is never asked do not."""
    found = frequencies(tool().base, cases())
    assert set(found) == {("a", "pay"), ("p", "hurry"), ("p", "signs")}
    assert found["a", "pay"] == {"none": 0.167, "refused": 0.333, "taken": 0.5}
    assert found["p", "hurry"] == {"yes": 0.667, "no": 0.333}
    assert found["p", "signs"] == {"more": 0.75, "odd": 0.5, "nothing": 0.25}


def test_yaml_can_be_copied_into_terms() -> None:
    """What is printed is accepted as frequencies by the loader, and says the same there."""
    found = frequencies(tool().base, cases())
    text = as_yaml(found)
    (line,) = (line for line in text.splitlines() if line.strip().startswith("hurry:"))
    inner = line.partition("{ask: {")[2].removesuffix("}}")
    terms = TERMS.replace('ask: {text: "Now?"', f'ask: {{text: "Now?", {inner}')
    base = build({"terms/t.yaml": terms, "actions/a.yaml": ACTIONS}).base
    question = base.templates["p"].slots["hurry"].question
    assert question is not None
    assert question.frequencies == found["p", "hurry"]


ACTIONS = """
actions: {look: {title: l, text: l, who: user, phase: self_help, urgency: later, effort: 1}}
ladders: {last: {when: [], do: [look]}}
"""


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{maybe: 0.5}", "unknown answer `maybe`"),
        ("{yes: 2}", "expected a share from 0 to 1, found `2`"),
        ("{yes: often}", "expected a share from 0 to 1, found `often`"),
    ],
)
def test_wrong_frequencies_are_refused(written: str, said: str) -> None:
    """A share of what is no answer, or that is no share, is an error with its place."""
    terms = TERMS.replace('ask: {text: "Now?"', f'ask: {{text: "Now?", frequencies: {written}')
    with pytest.raises(Exception, match=r"t\.yaml:") as caught:
        build({"terms/t.yaml": terms, "actions/a.yaml": ACTIONS})
    assert said in str(caught.value)


def test_more_when_must_not_read_findings() -> None:
    """A condition that a dialogue decides from answers alone may name slots only."""
    terms = TERMS.replace("more_when: [{p: {signs: more}}]", "more_when: [{case: {two: true}}]")
    findings = "findings: {case.two: {type: boolean, title: t, rules: {r: {when: []}}}}"
    with pytest.raises(Exception, match="`more_when` reads a finding"):
        build({"terms/t.yaml": terms, "actions/a.yaml": ACTIONS, "findings/f.yaml": findings})
