"""A pasted table stands for the answers that it holds."""

from __future__ import annotations

import pytest
from small import AS_OF, start, tool  # type: ignore[import-not-found]

from simdiag.i18n import Messages
from simdiag.model.values import exactly
from simdiag.reasoning.answers import AnswerReader
from simdiag.reasoning.consultation import Consultation, Reply, Step
from simdiag.reasoning.pasted import Paste
from simdiag.reasoning.questions import Ask


def paste(state: Consultation) -> Paste:
    """Give a reader of bills."""
    reader = AnswerReader(tool().reader(), Messages("en"), AS_OF)
    return Paste(state, reader, tool().base.templates["b"])


@pytest.mark.parametrize("mark", ["\t", ";", ",", "|"])
def test_table_gives_the_facts(mark: str) -> None:
    """Names or titles of slots head the columns; every row is a fact, and the list is closed."""
    state = start()
    lines = [f"Colour {mark}n", f"red{mark}12", "", f"{mark}", f"{mark}7"]
    steps, troubles = paste(state).steps(lines)
    assert troubles == []
    for step in steps:
        state = state.taken(step)
    sheet = state.sheets["b"]
    assert [fact.slots for fact in sheet.facts] == [
        {"c": "red", "n": exactly(12)},
        {"n": exactly(7)},
    ]
    assert not sheet.open


def test_table_comes_after_what_is_there() -> None:
    """A bill that was told of already stays, and the pasted ones follow it."""
    state = start().taken(Step(Ask("b", 0, "c"), Reply.VALUE, "blue", "blue"))
    steps, troubles = paste(state).steps(["n", "3"])
    assert troubles == []
    for step in steps:
        state = state.taken(step)
    assert [fact.slots for fact in state.sheets["b"].facts] == [{"c": "blue"}, {"n": exactly(3)}]


def test_everything_wrong_is_told_with_its_line() -> None:
    """Unknown columns and cells that are no answers are named, each with its line."""
    _, troubles = paste(start()).steps(["colour;size;n", "red;big;1", "green;;two"])
    assert [(each.reason, each.line, each.text) for each in troubles] == [
        ("heading", 1, "size"),
        ("choice", 3, "green"),
        ("integer", 3, "two"),
    ]


@pytest.mark.parametrize("lines", [[], ["colour;n"], ["colour;n", ";", "unknown; "]])
def test_table_without_facts_is_refused(lines: list[str]) -> None:
    """A heading alone, or rows of which nothing is known, is no table."""
    steps, troubles = paste(start()).steps(lines)
    assert steps == []
    assert [each.reason for each in troubles] == ["empty"]
