from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from simdiag.api import load_knowledge
from simdiag.authoring.checks import CHECKS
from simdiag.errors import UsageError
from simdiag.loading.texts import text_hash
from simdiag.workbench import check_rules

TERMS = "terms/terms.yaml"
FINDINGS = "findings/findings.yaml"
ACTIONS = "actions/actions.yaml"
DATA = "data/data.yaml"
MANIFEST = "package.yaml"
PAID = "diagnoses/topup/paid.yaml"
PAID_TEST = "diagnoses/topup/paid.test.yaml"
LIMIT = "diagnoses/topup/limit.yaml"
LIMIT_TEST = "diagnoses/topup/limit.test.yaml"

# Code of a check, and the edit of the small package for which it must speak, and only it; then the
# file and a part of the line to which it must point.
Edit = tuple[str, str, str]
FAULTS: list[tuple[str, Edit, str, str]] = [
    (
        "missing-kind",
        (LIMIT_TEST, "kind: unknown", "kind: negative"),
        LIMIT_TEST,
        "scenarios:",
    ),
    (
        "kind-not-shown",
        (PAID_TEST, "first: topup.paid, states: {topup.paid: established}, ", ""),
        PAID_TEST,
        "captured:",
    ),
    (
        "unknown-placeholder",
        (ACTIONS, "title: Ask the seller", "title: 'Ask {whom}'"),
        ACTIONS,
        "ask:",
    ),
    ("duplicate-title", (ACTIONS, "title: Try again", "title: keep the proof"), ACTIONS, "proof:"),
    ("written-figure", (PAID, "The usual time is over.", "24 hours are over."), PAID, "late:"),
    (
        "unused-finding",
        (LIMIT, ", {a & b: {same_number: true}}", ""),
        FINDINGS,
        "pair.same_number:",
    ),
    (
        "unused-slot",
        (TERMS, "      phone:", "      extra: {type: text, title: extra}\n      phone:"),
        TERMS,
        "extra:",
    ),
    ("unused-action", (LIMIT, "do: retry", "do: proof"), ACTIONS, "retry:"),
    (
        "unused-veto",
        (ACTIONS, "ladders:", "  less: {title: Now, text: Now., forbids: [wait]}\nladders:"),
        ACTIONS,
        "less:",
    ),
    ("unused-source", (PAID, "sources: [HELP]", "sources: [LAW]"), DATA, "HELP:"),
    ("unasked-slot", (MANIFEST, ", attempt.phone", ""), TERMS, "phone:"),
    (
        "question-without-text",
        (MANIFEST, "attempt.phone", "attempt.phone, attempt.id"),
        MANIFEST,
        "attempt.id",
    ),
    (
        "question-without-text",
        (MANIFEST, "attempt.phone", "attempt.phone, attempt.at"),
        MANIFEST,
        "attempt.at]",
    ),
    (
        "prerequisite-cycle",
        (ACTIONS, "text: Keep the bank line.,", "text: Keep it., requires: [ask],"),
        ACTIONS,
        "proof:",
    ),
    (
        "never-suggested",
        (MANIFEST, "strong: 50, weak: 10", "strong: 5, weak: 2"),
        PAID,
        "diagnosis:",
    ),
    (
        "unreachable-rule",
        (LIMIT, "{attempt a: {step: limit}}", "{attempt a: {step: limit, state: captured}}"),
        LIMIT,
        "limit:",
    ),
    (
        "unreachable-rule",
        (LIMIT, "{attempt a: {step: limit}}", "{attempt a: {age: {above: 2 days, below: 1 day}}}"),
        LIMIT,
        "limit:",
    ),
    ("excludes-by-any", (LIMIT, "rate: weak", "rate: excludes"), LIMIT, "same:"),
]


def codes(folder: Path) -> set[str]:
    """Give the codes of everything that is found in a package."""
    loading, violations = check_rules(folder)
    return {problem.code for problem in (*loading, *violations)}


def test_small_package_is_clean(make_package: Callable[..., Path]) -> None:
    """A package without faults has no violation, so whatever a test finds comes from its fault."""
    assert codes(make_package()) == set()


@pytest.mark.parametrize(("code", "edit", "file", "line"), FAULTS)
def test_check_speaks(
    make_package: Callable[..., Path], code: str, edit: Edit, file: str, line: str
) -> None:
    """Each check finds its fault and points to the line where it stands."""
    folder = make_package(edit)
    loading, violations = check_rules(folder)
    found = [problem for problem in (*loading, *violations) if problem.code == code]
    lines = (folder / file).read_text("utf-8").splitlines()
    spans = [problem.span for problem in found if problem.span.file.endswith(file)]
    places = [lines[span.line - 1][span.column - 1 :] for span in spans]
    assert any(place.startswith(line) for place in places), (found, places)


def test_untested_diagnosis(make_package: Callable[..., Path]) -> None:
    """A diagnosis without scenarios beside it is an error at its file."""
    _, violations = check_rules(make_package(files={LIMIT_TEST: None}))
    assert [(problem.code, problem.level) for problem in violations] == [
        ("untested-diagnosis", "error")
    ]


def translated(make_package: Callable[..., Path], *edits: Edit) -> Path:
    """Make a package with a complete translation in which every text has a sign before it."""
    folder = make_package((MANIFEST, "languages: [en]", "languages: [en, zh]"))
    english = load_knowledge(folder, ()).texts["en"]
    lines = [
        f'  "{key}": {{of: "{text_hash(text)}", text: "译 {text}"}}'
        for key, text in english.items()
    ]
    locale = folder / "locale" / "zh.yaml"
    locale.parent.mkdir()
    locale.write_text("language: zh\ntexts:\n" + "\n".join(lines) + "\n", "utf-8")
    for name, old, new in edits:
        text = (folder / name).read_text("utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), "utf-8")
    return folder


ZH = "locale/zh.yaml"
TRANSLATION_FAULTS: list[tuple[str, Edit]] = [
    (
        "text-missing",
        (PAID, "title: Paid, not credited\n", "title: Paid, not credited\nlimitations: No.\n"),
    ),
    ("text-stale", (PAID, "title: Paid, not credited", "title: You paid")),
    ("placeholder-differs", (ZH, "译 Wait until {until}", "译 等到")),
    ("number-differs", (ZH, "译 Paid, not credited", "译 第3次")),
]


def test_translation_without_faults(make_package: Callable[..., Path]) -> None:
    """A complete translation has no violation."""
    assert codes(translated(make_package)) == set()


@pytest.mark.parametrize(("code", "edit"), TRANSLATION_FAULTS)
def test_translation_fault(make_package: Callable[..., Path], code: str, edit: Edit) -> None:
    """A text that is missing, stale, or differs in placeholders or numbers is found."""
    assert codes(translated(make_package, edit)) == {code}


def test_missing_locale_hides_nothing(make_package: Callable[..., Path]) -> None:
    """While the file of a language is missing, the other checks speak all the same."""
    folder = make_package((MANIFEST, "[en]", "[en, zh]"), (PAID, "[HELP]", "[LAW]"))
    assert codes(folder) == {"missing-file", "unused-source"}


def test_every_check_is_tested() -> None:
    """No check is without a fault in this file for which it speaks."""
    tested = {fault[0] for fault in FAULTS} | {fault[0] for fault in TRANSLATION_FAULTS}
    assert {check.code for check in CHECKS} <= tested | {"untested-diagnosis"}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_manual(check: object) -> None:
    """The docstring of a check says what is wrong, then what to avoid and what to prefer."""
    manual = getattr(check, "manual", "")
    assert re.match(r"[A-Z][^\n]+\.\n\nAvoid: .+\nPrefer: .+", manual, re.DOTALL)


def test_load_errors_come_alone(make_package: Callable[..., Path]) -> None:
    """Checks do not run on a package that could not be read as a whole."""
    loading, violations = check_rules(make_package((PAID, "rate: strong", "rate: strnog")))
    assert [problem.help for problem in loading.errors] == ["did you mean `strong`?"]
    assert len(violations) == 0


def test_no_package(tmp_path: Path) -> None:
    """A folder that is in no package, or no folder at all, is wrong usage."""
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(UsageError):
            check_rules(path)
