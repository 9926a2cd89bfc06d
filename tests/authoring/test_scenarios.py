from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from simdiag.api import ENGINES
from simdiag.errors import InvalidInput, UsageError
from simdiag.loading.scenarios import KINDS
from simdiag.workbench import run_rule_tests

STORY = "scenarios/story.yaml"
FACTS = """
  as_of: 2025-11-20 18:00
  problem: {kind: paid}
  attempt:
    - {id: a1, at: 2025-11-19 12:00, state: captured, phone: 0470 12 34 56}
    - {id: a2, at: 2025-11-20 17:00, state: refused}
"""

# An expectation that holds for these facts, and one of the same form that does not, with the words
# in which the failure says what was found.
PAIRS = [
    ("first: topup.paid", "first: topup.limit", "topup.paid (established)"),
    ("first: topup.paid", "first: none", "topup.paid (established)"),
    ("states: {topup.paid: established}", "states: {topup.paid: excluded}", "established"),
    ("states: {topup.limit: unclear}", "states: {topup.limit: suggested}", "unclear"),
    (
        "ranges: {topup.limit: [unclear, established]}",
        "ranges: {topup.limit: [unclear, suggested]}",
        "unclear to established",
    ),
    ("do: [ask, wait]", "do: [retry]", "not in the plan"),
    ("not_do: [retry]", "not_do: [ask]", "recommended, firm"),
    ("firm: [ask]", "firm: [retry]", "not in the plan"),
    ("vetoes: [pay_again]", "no_vetoes: [pay_again]", "holds"),
    ("missing: [attempt.step]", "missing: [problem.kind]", "known, or it matters for nothing"),
    (
        "dates: {ask: {not_before: 2025-11-20 12:00}}",
        "dates: {ask: {not_before: 2025-11-20 13:00}}",
        "2025-11-20T12:00:00+01:00",
    ),
    (
        "dates: {ask: {not_before: 2025-11-20}}",
        "dates: {ask: {not_before: 2025-11-21}}",
        "2025-11-20T12:00:00+01:00",
    ),
    (
        "dates: {ask: {not_after: 2025-12-19}}",
        "dates: {ask: {not_after: 2025-12-19 10:00}}",
        "2025-12-19",
    ),
    ("dates: {wait: {not_after: none}}", "dates: {ask: {not_after: none}}", "2025-12-19"),
    ("findings: {case.refused: true}", "findings: {case.refused: unknown}", "yes"),
    ("findings: {attempt.late: [false, true]}", "findings: {attempt.late: true}", "yes, no"),
    ("findings: {pair.same_number: unknown}", "findings: {pair.same_number: false}", "unknown"),
    (
        "findings: {attempt.age: [1 hour, 30 hours]}",
        "findings: {attempt.age: [1 hour, 29 hours]}",
        "1 day 6 hours, 1 hour",
    ),
    ("conflicts: [paid-and-refused]", "conflicts: []", "paid-and-refused"),
]


def story(make_package: Callable[..., Path], expect: str, facts: str = FACTS) -> Path:
    """Make a package whose only story expects something of some facts."""
    given = facts.replace("\n", "\n    ")
    text = f"scenarios:\n  story:\n    given:{given}\n    expect:\n      {expect}\n"
    return make_package(files={STORY: text}) / STORY


@pytest.mark.parametrize(("right", "wrong", "found"), PAIRS)
def test_expectation(make_package: Callable[..., Path], right: str, wrong: str, found: str) -> None:
    """Each form of an expectation passes when it is met; if not, it fails where it is written."""
    assert [result.passed for result in run_rule_tests([story(make_package, right)])] == [True]
    (result,) = run_rule_tests([story(make_package, wrong)])
    (failure,) = result.failures
    assert failure.found == found
    assert failure.span.line == len((make_package() / STORY).read_text("utf-8").splitlines())
    assert failure.span.column > len("      x")


def test_why(make_package: Callable[..., Path]) -> None:
    """A state that is not the expected one comes with score, true rules and undecided rules."""
    (result,) = run_rule_tests([story(make_package, "states: {topup.limit: established}")])
    assert [failure.why for failure in result.failures] == ["score 0; true: none; undecided: limit"]


def test_both_engines(make_package: Callable[..., Path]) -> None:
    """With both engines each scenario runs twice, and their equal results are no failure."""
    results = run_rule_tests([make_package()], ENGINES[:2])
    assert {result.engine for result in results} == set(ENGINES[:2])
    assert len(results) == 2 * len(KINDS) * 2
    assert all(result.passed for result in results)


def test_engines_that_differ(
    make_package: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that concludes something else than the first fails, although its state is right."""
    from simdiag.engines.base import Session
    from simdiag.engines.branches import Decision
    from simdiag.engines.reference import ReferenceSession
    from simdiag.model.inference import Outcome, Rows
    from simdiag.model.rules import Rule

    whole = Session.outcome  # the one place where records are made

    def outcome(self: ReferenceSession, rule: Rule, rows: Rows, decision: Decision) -> Outcome:
        return replace(whole(self, rule, rows, decision), support=())

    monkeypatch.setattr(ReferenceSession, "outcome", outcome)
    results = run_rule_tests([make_package()], ENGINES[:2], "captured")
    assert [result.passed for result in results] == [True, False]
    assert results[1].failures[0].what == "`justifications` on reference"


@pytest.mark.parametrize(
    ("expect", "code", "advice"),
    [
        ("first: topup.payd", "unknown-diagnosis", "did you mean `topup.paid`?"),
        ("states: {topup.paid: establisht}", "unknown-word", "did you mean `established`?"),
        ("do: [wayt]", "unknown-action", "did you mean `wait`?"),
        ("vetoes: [pay_agen]", "unknown-veto", "did you mean `pay_again`?"),
        ("missing: [attempt.stat]", "unknown-slot", "did you mean `attempt.state`?"),
        ("findings: {case.refuse: true}", "unknown-finding", "did you mean `case.refused`?"),
        ("findings: {case.refused: maybe}", "value", ""),
        ("conflicts: [paid-and-refuse]", "unknown-rule", "did you mean `paid-and-refused`?"),
        ("dates: {wait: {not_befor: 2025-11-20}}", "unknown-key", "did you mean `not_before`?"),
        ("dates: {wait: {not_before: soon}}", "value", ""),
        ("ranges: {topup.paid: unclear}", "form", "such as `topup.paid: [unclear, established]`"),
        ("stats: {topup.paid: unclear}", "unknown-key", "did you mean `states`?"),
        ("do: []", "asserts-nothing", "add at least one state, action or veto to `expect`"),
    ],
)
def test_wrong_expectation(
    make_package: Callable[..., Path], expect: str, code: str, advice: str
) -> None:
    """What a scenario cannot expect is an error with a suggestion, and no test that passes."""
    with pytest.raises(InvalidInput) as caught:
        run_rule_tests([story(make_package, expect)])
    assert [(problem.code, problem.help) for problem in caught.value.problems] == [(code, advice)]


def test_errors_of_all_scenarios_at_once(make_package: Callable[..., Path]) -> None:
    """Wrong facts and wrong expectations of several files are reported together."""
    folder = make_package(
        ("diagnoses/topup/paid.test.yaml", "state: captured", "state: captrued"),
        ("diagnoses/topup/paid.test.yaml", "    kind: negative\n", ""),
        ("diagnoses/topup/limit.test.yaml", "topup.limit", "topup.limits"),
        files={"diagnoses/topup/other.test.yaml": "scenarios: {}\n"},
    )
    with pytest.raises(InvalidInput) as caught:
        run_rule_tests([folder])
    found = [(Path(p.span.file).name, p.span.line, p.code) for p in caught.value.problems]
    assert found == [
        ("limit.test.yaml", 5, "unknown-diagnosis"),
        ("other.test.yaml", 1, "unknown-diagnosis"),
        ("paid.test.yaml", 4, "unknown-choice"),
        ("paid.test.yaml", 6, "missing-key"),
    ]


def test_selection(make_package: Callable[..., Path]) -> None:
    """A path and a text choose scenarios; the file of a diagnosis stands for its tests."""
    folder = make_package()
    topup = folder / "diagnoses" / "topup"

    def names(path: Path, text: str = "") -> list[str]:
        return [result.scenario.name for result in run_rule_tests([path], text=text)]

    assert names(topup / "limit.yaml") == ["limit", "funds", "step-not-known"]
    assert names(topup / "limit.test.yaml") == names(topup / "limit.yaml")
    assert names(topup, "NOT-KNOWN") == ["step-not-known", "not-known"]
    for path, text in ((folder, "nothing"), (folder / "data", ""), (folder / "gone", "")):
        with pytest.raises(UsageError):
            names(path, text)


def test_moment_of_scenarios(make_package: Callable[..., Path]) -> None:
    """A scenario without a moment is judged for one that never changes."""
    (result,) = run_rule_tests([make_package()], text="captured")
    assert result.scenario.case.as_of.low == 1_763_658_000
