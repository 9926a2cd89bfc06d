"""Values of results, written for a person."""

from __future__ import annotations

import pytest

from simdiag.i18n import Messages
from simdiag.model.values import Kind
from simdiag.reporting.values import write_value

CHOICES = {"captured": "The money has left the account"}


def written(raw: object, kind: Kind | None, lang: str = "en") -> str:
    """A value with choices from the table above."""
    return write_value(raw, kind, Messages(lang), lambda word: CHOICES.get(word, word))


@pytest.mark.parametrize(
    ("raw", "kind", "expected"),
    [
        (True, Kind.BOOLEAN, "yes"),
        ("no", Kind.BOOLEAN, "no"),
        ("captured", Kind.CHOICE, "The money has left the account"),
        (["captured", "b"], Kind.SET, "The money has left the account and b"),
        (1200, Kind.INTEGER, "1,200"),
        ("0.25", Kind.DECIMAL, "0.25"),
        ("10.00 EUR", Kind.MONEY, "€10.00"),
        ("-1.50 EUR", Kind.MONEY, "-€1.50"),
        ("2025-11-20", Kind.DATE, "20 Nov 2025"),
        ("2025-11-20", Kind.DATETIME, "20 Nov 2025"),
        ("2025-11-20T17:50:00+01:00", Kind.DATETIME, "20 Nov 2025, 17:50"),
        (600, Kind.DURATION, "10 minutes"),
        ("24 hours", Kind.DURATION, "1 day"),
        ("1 day 6 hours 5 minutes", Kind.DURATION, "1 day, 6 hours"),
        ("-2 days 1 hour", Kind.DURATION, "−2 days, 1 hour"),
        ("so.. what", Kind.TEXT, "“so.. what”"),
        ("hello", Kind.TEXT, "“hello”"),
        ("0470 ••• 456", Kind.PHONE, "0470 ••• 456"),
        ("call me", Kind.PHONE, "“call me”"),
        ("+++123/4567/89002+++", Kind.REFERENCE, "+++123/4567/89002+++"),
    ],
)
def test_value(raw: object, kind: Kind, expected: str) -> None:
    """Each kind of value is written in its own way."""
    assert written(raw, kind) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("10.00 EUR", "€10.00"),
        ("2025-11-20", "20 Nov 2025"),
        ("something", "“something”"),
    ],
)
def test_kind_is_guessed(raw: str, expected: str) -> None:
    """Without a kind, the form of the value tells how to write it."""
    assert written(raw, None) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("1.00 EUR..2.00 EUR", "between €1.00 and €2.00"),
        ("1.00 EUR..unbounded", "€1.00 or more"),
        ("unbounded..2.00 EUR", "€2.00 or less"),
    ],
)
def test_number_between_two_ends(raw: object, expected: str) -> None:
    """A number of which only the ends are known is written with the ends that there are."""
    assert written(raw, Kind.MONEY) == expected


@pytest.mark.parametrize("kind", list(Kind))
def test_odd_value_still_comes_out(kind: Kind) -> None:
    """A value that does not fit its kind is shown as it is, because a page must come out."""
    assert "???" in written("???", kind) or kind is Kind.BOOLEAN


def test_long_text_is_shortened() -> None:
    """What somebody typed is cut when it is very long."""
    assert len(written("x" * 5000, Kind.TEXT)) < 310
