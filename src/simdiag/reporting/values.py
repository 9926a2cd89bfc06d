"""The values of results, written for a person.

A result writes values as facts files do: ``10.00 EUR``, ``2025-11-20``, ``captured``. A number that
is only known to lie between two ends is a mapping of the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Final

from simdiag.i18n import ZONE, Messages
from simdiag.model.values import ORDERED_KINDS, Kind

_LAST_SECOND: Final = time(23, 59, 59)
_MAX_TEXT: Final = 300
_MONEY: Final = re.compile(r"(-?\d+(?:\.\d+)?) ([A-Z]{3})")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_LENGTH: Final = re.compile(r"-?\d+(?: (?:second|minute|hour|day|week)s?(?: \d+ [a-z]+)*)?")
_PART: Final = re.compile(r"(\d+) (second|minute|hour|day|week)")
_NUMBERLIKE: Final = re.compile(r"[0-9A-Z+*•…/ .-]{1,40}")
_TO: Final = ".."
_INFINITE: Final = "unbounded"
_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}


def write_value(
    raw: object, kind: Kind | None, messages: Messages, choice: Callable[[str], str]
) -> str:
    """Write a value.

    Args:
        raw: The value as a result holds it.
        kind: Of the slot; none if it is not known, then the form of the value decides.
        messages: The language.
        choice: Gives the words for a choice.

    Returns:
        The value in words; text that somebody typed in quotation marks. What does not fit its kind
        is shown
        as typed text rather than refused: a page must come out.
    """
    if isinstance(raw, Sequence) and not isinstance(raw, str):
        return messages.join(write_value(item, kind, messages, choice) for item in raw)
    if isinstance(raw, bool):
        return messages.get("format.yes" if raw else "format.no")
    text = str(raw)
    if kind in {Kind.CHOICE, Kind.SET}:
        return choice(text)
    known = kind or _guess(text)
    try:
        if known in ORDERED_KINDS and _TO in text:
            return _span(text, known, messages)
        return _WRITERS[known](text, messages)
    except (ValueError, InvalidOperation):
        return _quoted(text, messages)


def read_moment(text: str) -> date | datetime:
    """Read a date or date-time as results write them.

    Raises:
        ValueError: If it is neither.
    """
    return date.fromisoformat(text) if _DATE.fullmatch(text) else datetime.fromisoformat(text)


def read_money(text: str) -> tuple[Decimal, str]:
    """Read an amount with its currency.

    Raises:
        ValueError: If it is not one.
    """
    found = _MONEY.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return Decimal(found[1]), found[2]


def write_moment(text: str, messages: Messages, *, short: bool = False) -> str:
    """Write a date or date-time in ISO form; text of another form stays as it is.

    The last second of a day stands for the day.
    """
    try:
        moment = read_moment(text)
    except ValueError:
        return text
    if isinstance(moment, datetime):
        local = moment.astimezone(ZONE) if moment.tzinfo else moment
        if local.time() != _LAST_SECOND:
            return messages.moment(local, short=short)
        moment = local.date()
    return messages.date(moment, short=short)


def _span(text: str, kind: Kind, messages: Messages) -> str:
    """Write a number of which the ends are known; an end can be infinite."""
    ends = dict(zip(("low", "high"), text.split(_TO), strict=True))
    words = {name: _WRITERS[kind](end, messages) for name, end in ends.items() if end != _INFINITE}
    if not words:
        return ""
    if len(words) == len(ends):
        return messages.get("format.between", **words)
    return messages.get("format.at_least" if "low" in words else "format.at_most", **words)


def _guess(text: str) -> Kind:
    """Tell the kind of a value by its form."""
    if _MONEY.fullmatch(text):
        return Kind.MONEY
    return Kind.DATETIME if _DATE.match(text) else Kind.TEXT


def _moment(text: str, messages: Messages) -> str:
    """Write a date or date-time in the short form that fits beside other values."""
    read_moment(text)
    return write_moment(text, messages, short=True)


def _money(text: str, messages: Messages) -> str:
    """Write an amount of money."""
    return messages.money(*read_money(text))


def _number(text: str, messages: Messages) -> str:
    """Write a number."""
    return messages.number(Decimal(text))


def _length(text: str, messages: Messages) -> str:
    """Write a length of time given in seconds or as a number and a unit."""
    if _LENGTH.fullmatch(text) is None:
        raise ValueError(text)
    parts = _PART.findall(text) or [(text.lstrip("-"), "second")]
    length = sum(int(count) * _SECONDS[unit] for count, unit in parts)
    return messages.duration(-length if text.startswith("-") else length)


def _boolean(text: str, messages: Messages) -> str:
    """Write a truth value that came as a word."""
    return messages.get("format.yes" if text.lower() in {"true", "yes"} else "format.no")


def _quoted(text: str, messages: Messages) -> str:
    """Write what somebody typed, shortened if it is very long."""
    shown = text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"
    return messages.get("format.quote", text=shown)


def _plain(text: str, messages: Messages) -> str:
    """Write a number or reference as it is; what does not look like one was typed by somebody."""
    return text if _NUMBERLIKE.fullmatch(text) else _quoted(text, messages)


_WRITERS: Final[Mapping[Kind, Callable[[str, Messages], str]]] = {
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _number,
    Kind.DECIMAL: _number,
    Kind.MONEY: _money,
    Kind.DATE: _moment,
    Kind.DATETIME: _moment,
    Kind.DURATION: _length,
    Kind.TEXT: _quoted,
    Kind.PHONE: _plain,
    Kind.IBAN: _plain,
    Kind.REFERENCE: _plain,
    Kind.VAT: _plain,
}
