from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
import yaml

from simdiag.api import load_knowledge
from simdiag.errors import InvalidInput, Problem

PAID = "diagnoses/topup/paid.yaml"
LIMIT = "diagnoses/topup/limit.yaml"
Mistake: TypeAlias = dict[str, str]
MISTAKES: dict[str, Mistake] = yaml.safe_load(
    Path(__file__).with_name("mistakes.yaml").read_text("utf-8")
)


def problems_of(folder: Path) -> tuple[Problem, ...]:
    """Give the problems for which a package is refused."""
    with pytest.raises(InvalidInput) as caught:
        load_knowledge(folder)
    return caught.value.problems


def place(folder: Path, file: str, problem: Problem) -> str:
    """Give the text to which a problem points."""
    lines = (folder / file).read_text("utf-8").splitlines()
    return lines[problem.span.line - 1][problem.span.column - 1 :]


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(make_package: Callable[..., Path], name: str) -> None:
    """Each mistake of an author gives a problem of its kind, at its place, with what to do."""
    mistake = MISTAKES[name]
    folder = make_package((mistake["file"], mistake["old"], mistake["new"]))
    found = [problem for problem in problems_of(folder) if problem.code == mistake["code"]]
    fitting = [
        problem
        for problem in found
        if problem.span.file == str(folder / mistake["file"])
        and place(folder, mistake["file"], problem).startswith(mistake["at"])
        and mistake["help"] in problem.help
    ]
    assert fitting, found


def test_all_at_once(make_package: Callable[..., Path]) -> None:
    """Mistakes in many files are all reported in one run, in the order of their places."""
    together = [
        MISTAKES[name]
        for name in (
            "undefined slot",
            "unknown action",
            "unknown source",
            "cycle",
            "unknown action of a veto",
            "bad value",
            "relevance",
            "question",
            "syntax",
            "known in a rating rule",
        )
    ]
    edits = [(mistake["file"], mistake["old"], mistake["new"]) for mistake in together]
    found = problems_of(make_package(*edits))
    assert {mistake["code"] for mistake in together} <= {problem.code for problem in found}
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
