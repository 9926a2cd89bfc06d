from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simdiag.api import load_knowledge
from simdiag.errors import InvalidInput, Problem

TERMS = "terms/terms.yaml"
FINDINGS = "findings/findings.yaml"
ACTIONS = "actions/actions.yaml"
DATA = "data/data.yaml"
MANIFEST = "package.yaml"
PAID = "diagnoses/topup/paid.yaml"
LIMIT = "diagnoses/topup/limit.yaml"

# A mistake: where, what is replaced by what; the code of its problem, what the problem's place begins
# with, and a part of the help.
MISTAKES = [
    ("undefined slot", PAID, "{state: captured}}], rate", "{stat: captured}}], rate", "unknown-slot", "stat:", "`state`"),
    ("undefined template", PAID, "about: attempt a", "about: atempt a", "unknown-template", "atempt", "`attempt`"),
    ("unknown choice", PAID, "{state: refused}", "{state: refusd}", "unknown-choice", "refusd", "`refused`"),
    ("unknown action", PAID, "do: wait", "do: wayt", "unknown-action", "wayt", "`wait`"),
    ("unknown veto", PAID, "veto: pay_again", "veto: pay_agian", "unknown-veto", "pay_agian", "`pay_again`"),
    ("unknown source", PAID, "[HELP]", "[HLEP]", "unknown-source", "HLEP", "`HELP`"),
    ("unknown exception", PAID, "unless: refused", "unless: refusd", "unknown-rule", "refusd", "`topup.paid#refused`"),
    ("bad weight", PAID, "rate: strong", "rate: strnog", "unknown-word", "strnog", "`strong`"),
    ("known in a rating rule", PAID, "{state: refused}", "{state: {is: known}}", "knowledge-test", "known", "ranges"),
    ("unknown key", PAID, "summary:", "sumary:", "unknown-key", "sumary", "`summary`"),
    ("missing key", PAID, "ref: F-01\n", "", "missing-key", "diagnosis:", "add it"),
    ("type mismatch", PAID, "late: true", "age: true", "value", "true", ""),
    ("wrong place", LIMIT, "diagnosis: topup.limit", "diagnosis: topup.limits", "name", "topup.limits", "topup.limit"),
    ("argument", PAID, "args: {until:", "args: {untill:", "unknown-argument", "untill:", "`until`"),
    ("duplicate key", PAID, "  late:", "  captured:", "duplicate-key", "captured:", "line 7"),
    ("unknown slot in a finding", FINDINGS, "as_of - a.at", "as_of - a.att", "unknown-slot", "as_of", "`at`"),
    ("finding of the wrong type", FINDINGS, "type: duration", "type: money", "type", "as_of", ""),
    ("cycle", FINDINGS, "value: as_of - a.at", "branches: [{when: [{a: {late: true}}], value: 1 hour}]", "cycle", "{when:", "break"),
    ("cycle of exceptions", PAID, "rate: excludes,", "rate: excludes, unless: late,", "cycle", "refused:", "break"),
    ("duplicate id", ACTIONS, "  retry: {", "  retry: {title: A, text: B., who: user, phase: self_help, urgency: now, effort: 1}\n  retry: {", "duplicate-key", "retry:", "line 5"),
    ("unknown action of a veto", ACTIONS, "forbids: [retry]", "forbids: [retri]", "unknown-action", "retri", "`retry`"),
    ("ladder", ACTIONS, "do: [proof, ask]", "do: [retry]", "ladder", "any:", "always allowed"),
    ("bad value", DATA, "value: 24 hours", "value: a day", "value", "a day", ""),
    ("unknown confidence", DATA, "confidence: law", "confidence: lax", "unknown-word", "lax", "`law`"),
    ("unknown type", TERMS, "id: {type: text", "id: {type: txt", "unknown-word", "txt", "`text`"),
    ("relevance", TERMS, "[{self: {state: refused}}]", "[{self: {stat: refused}}]", "unknown-slot", "stat:", "`state`"),
    ("question", MANIFEST, "problem.kind", "problem.knd", "unknown-slot", "problem.knd", ""),
    ("syntax", LIMIT, "rules:", "rules: [", "syntax", "", ""),
    ("tag", LIMIT, "ref: F-02", "ref: !!python/object F-02", "tag", "", "remove the tag"),
]  # fmt: skip


def problems_of(folder: Path) -> tuple[Problem, ...]:
    """Give the problems for which a package is refused."""
    with pytest.raises(InvalidInput) as caught:
        load_knowledge(folder)
    return caught.value.problems


def place(folder: Path, file: str, problem: Problem) -> str:
    """Give the text to which a problem points."""
    lines = (folder / file).read_text("utf-8").splitlines()
    return lines[problem.span.line - 1][problem.span.column - 1 :]


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "start", "advice"),
    [mistake[1:] for mistake in MISTAKES],
    ids=[mistake[0] for mistake in MISTAKES],
)
def test_mistake(
    make_package: Callable[..., Path],
    file: str,
    old: str,
    new: str,
    code: str,
    start: str,
    advice: str,
) -> None:
    """Each mistake of an author gives a problem of its kind, at its place, with what to do."""
    folder = make_package((file, old, new))
    found = [problem for problem in problems_of(folder) if problem.code == code]
    assert [
        problem
        for problem in found
        if problem.span.file == str(folder / file)
        and place(folder, file, problem).startswith(start)
        and advice in problem.help
    ], found


def test_all_at_once(make_package: Callable[..., Path]) -> None:
    """Mistakes in many files are all reported in one run, in the order of their places."""
    together = [
        "undefined slot", "unknown action", "unknown source", "cycle", "unknown action of a veto",
        "bad value", "relevance", "question", "syntax", "known in a rating rule",
    ]  # fmt: skip
    edits = [mistake[1:4] for mistake in MISTAKES if mistake[0] in together]
    codes = {mistake[4] for mistake in MISTAKES if mistake[0] in together}
    found = problems_of(make_package(*edits))
    assert codes <= {problem.code for problem in found}
    assert list(found) == sorted(found, key=lambda problem: problem.sort_key)
    assert all(problem.span.line >= 1 and problem.span.column >= 1 for problem in found)


def test_same_rule_id_twice(make_package: Callable[..., Path]) -> None:
    """A finding that is declared in two files is one too many, and both places are named."""
    again = "findings:\n  case.refused: {type: boolean, title: again, rules: {one: {when: []}}}\n"
    folder = make_package(files={"findings/more.yaml": again})
    (problem,) = [each for each in problems_of(folder) if each.code == "duplicate-id"]
    assert problem.span.file == str(folder / "findings/more.yaml")
    assert (problem.span.line, problem.span.column) == (2, 3)


def test_broken_file_hides_no_other(make_package: Callable[..., Path]) -> None:
    """A syntax error stops its own file only: what is wrong elsewhere is reported beside it."""
    folder = make_package((LIMIT, "rules:", "rules: ["), (PAID, "[HELP]", "[HLEP]"))
    assert {(Path(p.span.file).name, p.code) for p in problems_of(folder)} == {
        ("limit.yaml", "syntax"),
        ("paid.yaml", "unknown-source"),
    }
