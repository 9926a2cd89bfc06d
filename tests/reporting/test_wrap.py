"""Lines of plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simdiag.reporting.wrap import width_of, wrap


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("话费", 4), ("e\u0301", 1), ("，", 2)])
def test_width(text: str, width: int) -> None:
    """Chinese signs take two columns, combining signs none."""
    assert width_of(text) == width


def test_words_stay_whole() -> None:
    """A line breaks between words, and the next lines are set in like the first."""
    assert wrap("one two three", 9, "- ") == "- one two\n  three"


def test_prefix_of_the_other_lines() -> None:
    """Other lines can have a prefix of their own."""
    assert wrap("one two three", 9, "> ", "> ") == "> one two\n> three"


def test_long_word_is_broken() -> None:
    """A word that no line can hold is broken rather than let over the edge."""
    assert wrap("a" * 20, 10) == "a" * 10 + "\n" + "a" * 10


def test_closing_punctuation_does_not_begin_a_line() -> None:
    """A Chinese line does not begin with a comma or end with an opening bracket."""
    assert wrap("银行说已经扣款，卖家说失败", 14) == "银行说已经扣\n款，卖家说失败"
    assert wrap("银行说（扣款", 8) == "银行说\n（扣款"


@given(
    st.text(alphabet="ab 话费，。（）“”,.", max_size=80), st.integers(min_value=12, max_value=40)
)
def test_nothing_is_lost(text: str, width: int) -> None:
    """Whatever the text and width, only spaces change, and no line is too wide."""
    wrapped = wrap(text, width, "- ")
    lines = wrapped.split("\n")
    assert max(map(width_of, lines)) <= width
    assert "".join(line[2:] for line in lines).replace(" ", "") == text.replace(" ", "")
