"""Inputs that once gave a traceback, took minutes, or filled the memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import (  # type: ignore[import-not-found] # found through conftest.py
    NOW,
    faults_of_facts,
    limit,
    tool,
)

from packages import faults_of_package  # type: ignore[import-not-found]
from simdiag.calculation import times
from simdiag.calculation.functions import iban_is_valid, reference_is_valid
from simdiag.cli.main import INVALID, run
from simdiag.errors import Problem, did_you_mean
from simdiag.intake.entries import Entry
from simdiag.loading.scalars import read_moment, read_value, write_value
from simdiag.model.values import Interval, Kind, SlotType, exactly

LARGE = {
    "blanks in an amount": ("a.yaml", b'attempt: [{amount: "1' + b" " * 200_000 + b'x"}]', "value"),
    "digits of an account": ("a.yaml", b"bill: [{iban: BE" + b"9" * 200_000 + b"}]", "value"),
    "a word of megabytes": (
        "a.yaml",
        b"problem: {kind: " + b"a" * 5_000_000 + b"}",
        "unknown-choice",
    ),
    "a slot of megabytes": ("a.yaml", b"user: {? " + b"a" * 5_000_000 + b": 1}", "unknown-slot"),
    "an alias of megabytes": ("a.yaml", b"user: *" + b"x" * 1_000_000, "alias"),
    "an id of megabytes": ("a.yaml", b"case: " + b"a" * 5_000_000, "value"),
    "many keys": ("a.yaml", b"".join(b"key%d: 1\n" % each for each in range(50_000)), "too-large"),
    "many open lists": ("a.yaml", b"open: [" + b"x," * 100_000 + b"]", "too-large"),
    "many facts": ("a.yaml", b"attempt: [" + b"{}," * 10_000 + b"]", "too-large"),
    "aliases of aliases": (
        "a.yaml",
        b"a: &a [x, x]\n"
        + b"".join(b"%c: &%c [*%c, *%c]\n" % (n + 1, n + 1, n, n) for n in range(97, 120)),
        "too-large",
    ),
    "facts by alias": (
        "a.yaml",
        b"b: &b [" + b"{}," * 300 + b"]\ncases: [" + b"{attempt: *b}," * 2000 + b"]",
        "too-large",
    ),
    "an alias inside itself": ("a.yaml", b"user: &u {role: *u}", "alias"),
    "deep lists": ("a.yaml", b"[" * 1_000_000, "too-deep"),
    "deep keys": ("a.yaml", b"? " * 100_000, "too-deep"),
    "deep JSON": ("a.json", b'{"a":' * 1_000_000, "syntax"),
    "broken rows": ("a.csv", b"case,user.role\n" + b'A,"x"y\n' * 20_000, "syntax"),
    "a column of megabytes": (
        "attempt.csv",
        b"case;" + b"9" * 500_000 + b"\nA;1\n",
        "unknown-slot",
    ),
    "a sheet of names only": ("attempt.csv", b"case;id\n", "empty"),
}


def entries_of(name: str, data: bytes) -> list[Entry]:
    """Read a facts file within a few seconds."""
    diag = tool("reference")
    with limit():
        return list(diag.entries({name: data}, diag.reader(default_as_of=NOW)))


@pytest.mark.parametrize("name", LARGE)
def test_large_inputs_are_refused_at_once(name: str) -> None:
    """What is too large is refused in seconds, with its place, in a message that can be read."""
    file, data, code = LARGE[name]
    found: list[Problem] = [each for entry in entries_of(file, data) for each in entry.errors]
    assert code in {problem.code for problem in found}
    assert all(problem.span.line >= 1 and len(str(problem)) < 1000 for problem in found[:100])


def test_long_ill_formed_references_are_evidence() -> None:
    """A reference of a thousand digits is kept and found to be wrong, by both engines."""
    fact = {"reference": "9" * 1000, "iban_to": "BE" + "9" * 998}
    data = json.dumps({"problem": {"kind": "bill_mismatch"}, "payment": [fact]}).encode()
    assert faults_of_facts("a.json", data) == []


@pytest.mark.parametrize("text", ["9" * 5000, "²" * 12, "٣" * 12, "", "+++"])
def test_what_is_no_reference(text: str) -> None:
    """Digits of other scripts, or thousands of digits, are no communication and no account."""
    assert not reference_is_valid(text)
    assert not iban_is_valid(text)
    assert not iban_is_valid("BE٦8539007547034")


def test_last_day_is_a_whole_day() -> None:
    """The last day that can be written begins before it ends, and reads back as itself."""
    day = read_moment("2199-12-31")
    assert day.high - day.low == times.DAY_SECONDS - 1
    assert write_value(day, SlotType(Kind.DATETIME)) == "2199-12-31"
    assert times.day_of(int(day.high)) == times.LAST_DAY


def test_moments_beyond_the_calendar_can_be_written() -> None:
    """A moment moved by millions of years is written as the end of the calendar."""
    weeks = read_value("999999999 weeks", SlotType(Kind.DURATION))
    assert isinstance(weeks, Interval)
    for sign, year in ((1, "2199"), (-1, "1900")):
        moment = exactly(int(NOW.low) + sign * int(weeks.low))
        assert write_value(moment, SlotType(Kind.DATETIME)).startswith(year)


def test_long_words_are_not_compared() -> None:
    """A word of megabytes gets no suggestion, and costs nothing."""
    with limit(1):
        assert "did you mean" not in did_you_mean("a" * 5_000_000, ["a" * 9, "b"])


MISTAKES = {
    "a value that is no aggregate": ("value: as_of - a.at", "value: {a: {state: captured}}"),
    "an expression nested by the thousand": ("value: as_of - a.at", f"value: '{'(' * 3000}as_of'"),
    "an expression of a thousand terms": (
        "value: as_of - a.at",
        f"value: 'as_of{' - 1 s' * 1000}'",
    ),
    "an unknown key with a line break": ("title: age", f'"{"x" * 2000}\\nb": 1, title: age'),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_nonsense_in_rules(make_package: Callable[..., Path], name: str) -> None:
    """Nonsense in the place of a value is a problem with its place."""
    folder = make_package(("findings/findings.yaml", *MISTAKES[name]))
    assert faults_of_package(folder) == []
    assert run(["--rules", str(folder), "rules", "list"]) == INVALID


def test_many_facts_do_not_stop_experta() -> None:
    """Two dozen facts of each list, of which nothing is known, are more work, but not too much."""
    rows: list[dict[str, str]] = [{}] * 24
    facts = {"problem": {"kind": "bill_mismatch"}, "bill_line": rows, "usage": rows}
    assert faults_of_facts("a.json", json.dumps(facts).encode()) == []
