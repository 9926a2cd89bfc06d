"""Results as JSON: fixed keys, nothing of people in full, the record of why."""

from __future__ import annotations

import json
from functools import cache

import pytest

from simdiag.api import Simdiag
from simdiag.reasoning.serialise import fill, mask, mask_text
from simdiag.testing import assess_text, build, result_of

TERMS = """
templates:
  t:
    cardinality: many
    title: t
    key: [id, to, iban]
    slots:
      id: {type: text, title: id}
      to: {type: phone, title: to}
      iban: {type: iban, title: iban}
      m: {type: money, title: m}
      s: {type: set, title: s, choices: {p: p, q: q}}
"""
ACTIONS = """
actions:
  look: {title: l, text: l, who: user, phase: self_help, urgency: later, effort: 1}
  pay:
    title: Pay {sum} to {who}
    text: p
    who: user
    phase: self_help
    urgency: now
    effort: 1
    cost: 2.50
    args: {sum: {type: money, title: sum}, who: {type: text, title: who}}
ladders: {last: {when: [], do: [look]}}
"""
DIAGNOSIS = """
diagnosis: d
ref: X-9
title: The cause
summary: d
about: t a
rules:
  r:
    when: [{a: {m: {above: 1.00}}}, {not: {t b: {other_than: a, m: a.m}}}]
    rate: strong
    text: so
advice: [{do: pay, args: {sum: a.m}}]
"""
FACTS = """
case: c1
t: [{id: call +32 470 12 34 56, to: 0470 12 34 56, iban: BE68 5390 0754 7034, m: 5, s: [q, p]}]
"""
KEYS = [
    "case", "as_of", "lang", "knowledge", "diagnoses", "actions", "vetoes", "conflicts", "missing",
    "decide_most", "amounts", "warnings", "justifications",
]  # fmt: skip


@cache
def tool() -> Simdiag:
    """Load a small package."""
    return build({"terms/t.yaml": TERMS, "actions/a.yaml": ACTIONS, "diagnoses/d.yaml": DIAGNOSIS})


def test_keys_stand_in_their_order() -> None:
    """The keys of a result are fixed, in their order, and the last one can be left out."""
    assert list(result_of(tool(), FACTS, as_of="2025-11-20")) == KEYS
    found = assess_text(tool(), FACTS, as_of="2025-11-20")
    assert list(tool().serialiser().assessment(found, justifications=False)) == KEYS[:-1]


def test_a_diagnosis_says_what_it_is_about() -> None:
    """A cause has its reference, score, range, rules and facts."""
    (found,) = result_of(tool(), FACTS, as_of="2025-11-20")["diagnoses"]
    assert (found["ref"], found["title"], found["state"]) == ("X-9", "The cause", "suggested")
    assert (found["score"], found["possible"]) == (40, ["suggested", "suggested"])
    assert found["because"] == ["d#r"]
    assert found["about"][0]["template"] == "t"


def test_an_action_fills_its_title() -> None:
    """Arguments stand in the title, one that is not known as an ellipsis."""
    found = result_of(tool(), FACTS, as_of="2025-11-20")["actions"][0]
    assert found["title"] == "Pay 5.00 EUR to …"
    assert (found["args"], found["cost"], found["for"]) == ({"sum": "5.00 EUR"}, "2.50 EUR", ["d"])
    assert fill("{a}{b}", {"a": 1}) == "1…"


def test_numbers_of_people_are_masked() -> None:
    """Nowhere in a result stands a whole phone or account number, unless it is asked for."""
    assessment = assess_text(tool(), FACTS, as_of="2025-11-20")
    hidden = json.dumps(tool().serialiser().assessment(assessment), ensure_ascii=False)
    shown = json.dumps(tool().serialiser(reveal=True).assessment(assessment), ensure_ascii=False)
    for number in ("470123456", "470 12 34 56", "5390", "0754"):
        assert number not in hidden
    for number in ("+32470123456", "+32 470 12 34 56", "BE68539007547034"):
        assert number in shown


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("", ""), ("abc", "•••"), ("abcd", "••••"), ("+32470123456", "+3••••••••56"),
    ],
)  # fmt: skip
def test_mask(text: str, masked: str) -> None:
    """Two characters at each end stay, of short texts none."""
    assert mask(text) == masked


def test_texts_are_masked_where_they_hold_numbers() -> None:
    """Long numbers in a text are hidden, amounts and dates of a bill are not."""
    assert "0470123456" not in mask_text("call 0470123456 now")
    assert "4111 1111" not in mask_text("card 4111 1111 1111 1111")
    assert mask_text("You owe 25.00 EUR, code 7788") == "You owe 25.00 EUR, code 7788"


def test_the_record_says_what_was_read() -> None:
    """Each rule has its facts, its conditions and the values that they read."""
    found = result_of(tool(), FACTS, as_of="2025-11-20")["justifications"]
    (rule,) = [each for each in found if each["rule"] == "d#r"]
    assert (rule["kind"], rule["truth"], rule["weight"]) == ("rate", "true", "strong")
    compare, negated = rule["conditions"]
    assert (compare["kind"], compare["truth"]) == ("compare", "true")
    assert [(each["slot"], each["value"]) for each in compare["reads"]] == [("t.m", "5.00 EUR")]
    assert (negated["kind"], negated["truth"], negated["parts"]) == ("not", "true", [])


def test_results_are_json() -> None:
    """A result holds texts, numbers, lists and mappings, nothing that JSON does not know."""
    result = result_of(tool(), FACTS, as_of="2025-11-20")
    assert json.loads(json.dumps(result)) == result
