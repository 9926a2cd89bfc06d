"""Facts files: forms of a case, everything wrong at once, order that cannot show."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

import pytest

from simdiag.api import Simdiag
from simdiag.errors import InvalidInput, Problem, Problems
from simdiag.loading.cases import CaseInput, judged_at, read_cases
from simdiag.model.cases import Case
from simdiag.model.values import Interval, exactly
from simdiag.testing import build, read_facts

TERMS = """
templates:
  one:
    cardinality: one
    title: one
    slots: {kind: {type: set, title: kind, choices: {p: p, q: q}}}
  attempt:
    cardinality: many
    title: attempt
    key: [id]
    slots:
      id: {type: text, title: id}
      state:
        type: choice
        title: state
        choices: {captured: {text: paid, also: [booked]}, refused: no}
      at: {type: datetime, title: at, past: yes}
      amount: {type: money, title: amount}
      ok: {type: boolean, title: ok}
      to: {type: phone, title: to}
      iban: {type: iban, title: iban}
"""
ACTIONS = """
actions: {look: {title: l, text: l, who: user, phase: self_help, urgency: later, effort: 1}}
ladders: {last: {when: [], do: [look]}}
"""


@cache
def tool() -> Simdiag:
    """Load a small knowledge base."""
    return build({"terms/t.yaml": TERMS, "actions/a.yaml": ACTIONS})


def case(text: str, file: str = "f.yaml") -> Case:
    """Read one case."""
    (found,) = read_facts(tool(), text, as_of="2025-11-20 18:00", file=file)
    return found


def problems(text: str, file: str = "f.yaml") -> list[Problem]:
    """Read a text that has errors, and give them."""
    with pytest.raises(InvalidInput) as raised:
        read_facts(tool(), text, as_of="2025-11-20 18:00", file=file)
    return list(raised.value.problems)


def read(text: str, file: str) -> list[CaseInput]:
    """Read the cases of a text, each with its own problems."""
    found = Problems()
    reader = tool().reader(default_as_of=judged_at("2025-11-20"))
    cases = list(read_cases(text.encode(), file, reader, found))
    assert not found.errors
    return cases


def test_a_value_means_what_its_slot_says() -> None:
    """The number with a nought, the money, the no and the choice are read by type."""
    (fact,) = (
        case("attempt: [{state: Booked, amount: 10.00, ok: no, to: 0470123456, id: 0012}]")
        .facts("attempt")
        .facts
    )
    assert fact.slots == {
        "state": "captured", "amount": exactly(1000), "ok": False, "to": "+32470123456",
        "id": "0012",
    }  # fmt: skip
    assert fact.written["to"] == "0470123456"


@pytest.mark.parametrize("written", ["~", "null", "", "unknown", "UNKNOWN", "'  '"])
def test_unknown_has_many_forms(written: str) -> None:
    """Left out, null, empty and the word unknown are the same."""
    (fact,) = case(f"attempt: [{{id: a, state: {written}}}]").facts("attempt").facts
    assert "state" not in fact.slots


def test_lists_are_closed_unless_the_case_says_otherwise() -> None:
    """A list that is given is closed, one that is named in `open` or not given is open."""
    found = case("attempt: [{id: a}]")
    assert not found.facts("attempt").open
    assert case("attempt: [{id: a}]\nopen: [attempt]").facts("attempt").open
    assert case("attempt: []\nopen: attempt").facts("attempt").open
    assert found.facts("one").open
    assert not found.facts("one").given
    none = case("attempt: none").facts("attempt")
    assert (none.facts, none.open, none.given) == ((), False, True)


FORMS = {
    "cases.yaml": "cases:\n  - {case: a, attempt: [{id: x}]}\n  - {attempt: [{id: y}]}\n",
    "documents.yaml": "case: a\nattempt: [{id: x}]\n---\nattempt: [{id: y}]\n",
    "list.json": '[{"case": "a", "attempt": [{"id": "x"}]}, {"attempt": [{"id": "y"}]}]',
    "cases.json": '{"cases": [{"case": "a", "attempt": [{"id": "x"}]}, '
    '{"attempt": [{"id": "y"}]}]}',
    "lines.ndjson": '{"case": "a", "attempt": [{"id": "x"}]}\r\n\n{"attempt": [{"id": "y"}]}\n',
}


@pytest.mark.parametrize("file", sorted(FORMS))
def test_several_cases_in_every_form(file: str) -> None:
    """A list, documents, JSON and lines of JSON give the same cases; unnamed ones get a number."""
    found = read(FORMS[file], file)
    name = file.rpartition(".")[0]
    assert [each.id for each in found] == ["a", f"{name}-2"]
    assert [each.case.facts("attempt").facts[0].slots["id"] for each in found if each.case] == [
        "x",
        "y",
    ]


def test_a_wrong_case_leaves_the_others_alone() -> None:
    """Each case has the problems of its own."""
    first, second = read('{"attempt": [{"state": "x"}]}\n{"attempt": []}\n', "f.ndjson")
    assert first.case is None
    assert [(each.span.line, each.code) for each in first.problems] == [(1, "unknown-choice")]
    assert second.case is not None


WRONG = [
    ("atempt: []", "unknown-template", "did you mean `attempt`?"),
    ("attempt: [{stat: x}]", "unknown-slot", "did you mean `state`?"),
    ("attempt: [{state: captred}]", "unknown-choice", "did you mean `captured`?"),
    ("attempt: [{amount: 10.005}]", "value", ""),
    ("attempt: [{at: yesterday}]", "value", ""),
    ("attempt: [{id: [a, b]}]", "form", ""),
    ("attempt: {id: a}", "form", "put `- ` before each fact, or write `none`"),
    ("attempt: [a]", "form", ""),
    ("one: [{kind: p}, {kind: q}]", "cardinality", ""),
    ("one: {kind: [p, x]}", "unknown-choice", ""),
    ("open: [one]", "unknown-template", ""),
    ("as_of: soon", "value", ""),
    ("case: [a]", "form", ""),
    ("cases: [{}]\nattempt: []", "unknown-key", ""),
    ("- a", "form", ""),
    ("", "empty", ""),
]


@pytest.mark.parametrize(("text", "code", "help_text"), WRONG)
def test_a_mistake_is_named_with_its_place(text: str, code: str, help_text: str) -> None:
    """Each mistake has a code and a place, and where possible a suggestion."""
    found = [each for each in problems(text) if each.code == code]
    assert found
    assert found[0].span.file == "f.yaml"
    assert help_text in found[0].help


def test_all_mistakes_come_at_once() -> None:
    """One run names them all, in the order of their places."""
    text = "attempt:\n  - {state: x}\n  - {amount: y, ok: z}\n  - {foo: 1}\nbar: 1\n"
    assert [(each.span.line, each.code) for each in problems(text)] == [
        (2, "unknown-choice"),
        (3, "value"),
        (3, "value"),
        (4, "unknown-slot"),
        (5, "unknown-template"),
    ]


def test_numbers_of_people_are_not_printed() -> None:
    """A message about a phone or account number shows only its end."""
    text = "attempt: [{to: '0470 12 34 5', iban: BE62 5100 0754 7062}]"
    messages = " ".join(str(each) for each in problems(text))
    assert "0470" not in messages
    assert "5100" not in messages


def test_a_moment_of_judgement_is_needed() -> None:
    """Without `as_of` in the case or from the caller the case is refused; the caller's wins."""
    reader = tool().reader()
    found = Problems()
    (each,) = read_cases(b"attempt: []", "f.yaml", reader, found)
    assert [problem.code for problem in each.problems] == ["missing-key"]
    wins = tool().reader(as_of=judged_at("2020-01-01"))
    (each,) = read_cases(b"as_of: 2025-11-20\nattempt: []", "f.yaml", wins, found)
    assert each.case is not None
    assert each.case.as_of == judged_at("2020-01-01")


def test_a_date_alone_is_judged_at_its_end() -> None:
    """A date for the moment of judgement means the last second of that day."""
    assert judged_at("2025-11-20") == judged_at("2025-11-20 23:59:59")
    assert isinstance(judged_at("2025-11-20"), Interval)


def test_facts_after_the_moment_of_judgement_are_warned_of() -> None:
    """An event in the future is kept, with a warning; the same day is none."""
    assert [each.code for each in case("attempt: [{at: 2025-11-21}]").warnings] == ["after-as-of"]
    assert case("attempt: [{at: 2025-11-20}]").warnings == ()


def test_the_order_of_facts_cannot_show() -> None:
    """Rows in any order make the same case, and equal rows stay two."""
    rows: list[dict[str, Any]] = [
        {"id": "b", "amount": "5"}, {"id": "a", "amount": "10.00"}, {"id": "a", "amount": "10"},
        {"ok": "no"}, {"at": "2025-11-20"},
    ]  # fmt: skip
    expected = case(json.dumps({"attempt": rows}))
    slots = [fact.slots for fact in expected.facts("attempt").facts]
    assert len(slots) == len(rows)
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        found = case(json.dumps({"attempt": rows}))
        assert [fact.slots for fact in found.facts("attempt").facts] == slots
