"""The functions and arithmetic of the knowledge language.

Every function is total on well-typed values: it never raises. Ordered values are intervals; a
function of intervals gives an interval that holds the result for every choice of numbers in them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from simdiag.calculation import times
from simdiag.model.values import (
    INFINITE,
    NOT_APPLICABLE,
    TEXT_KINDS,
    UNKNOWN_VALUE,
    Absent,
    End,
    Interval,
    Kind,
    SlotType,
    Value,
)

Types = Sequence[SlotType]
ROUNDINGS = ("half_up", "down", "up")
MONTHS_OF_MOMENT = "add_months_to_moment"
INTEGER, DATE, MOMENT = SlotType(Kind.INTEGER), SlotType(Kind.DATE), SlotType(Kind.DATETIME)
BOOLEAN, TEXT, DURATION = SlotType(Kind.BOOLEAN), SlotType(Kind.TEXT), SlotType(Kind.DURATION)
MONEY = SlotType(Kind.MONEY)
_REFERENCE_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language.

    Attributes:
        signature: How it is written, for messages.
        result: Gives the type of the result for the types of the arguments, or none if they do not
            fit.
        apply: Gives the value for known argument values, followed by ``Call.extra``.
        rounds: Whether a rounding must be stated as last argument.
    """

    signature: str
    result: Callable[[Types], SlotType | None]
    apply: Callable[..., Value]
    rounds: bool = False


def _fixed(result: SlotType, *kinds: Kind | frozenset[Kind]) -> Callable[[Types], SlotType | None]:
    def check(types: Types) -> SlotType | None:
        fits = len(types) == len(kinds) and all(
            given.kind == wanted if isinstance(wanted, Kind) else given.kind in wanted
            for given, wanted in zip(types, kinds, strict=True)
        )
        return result if fits else None

    return check


def _rising(function: Callable[[int], int]) -> Callable[[Interval], Interval]:
    """Lift a function that never falls to intervals."""

    def lifted(value: Interval) -> Interval:
        return Interval(_at(function, value.low), _at(function, value.high))

    return lifted


def _at(function: Callable[[int], int], end: End) -> End:
    return end if end in {INFINITE, -INFINITE} else function(int(end))


def _shift(function: Callable[[int, int], int]) -> Callable[[Interval, Interval], Interval]:
    """Lift a function of a day and a count that never falls in either."""

    def lifted(day: Interval, count: Interval) -> Interval:
        ends = (day.low, day.high, count.low, count.high)
        if INFINITE in ends or -INFINITE in ends:
            return Interval(times.FIRST_DAY, times.LAST_DAY)
        low = function(int(day.low), int(count.low))
        return Interval(low, function(int(day.high), int(count.high)))

    return lifted


def _shift_moment(function: Callable[[int, int], int]) -> Callable[[Interval, Interval], Interval]:
    def lifted(moment: Interval, count: Interval) -> Interval:
        ends = (moment.low, moment.high, count.low, count.high)
        if INFINITE in ends or -INFINITE in ends:
            return Interval(-INFINITE, INFINITE)
        low = function(int(moment.low), int(count.low))
        return Interval(low, function(int(moment.high), int(count.high)))

    return lifted


def _difference(function: Callable[[int, int], int]) -> Callable[[Interval, Interval], Interval]:
    """Lift a function of two days that falls in the first and rises in the second."""

    def lifted(first: Interval, last: Interval) -> Interval:
        ends = (first.low, first.high, last.low, last.high)
        if INFINITE in ends or -INFINITE in ends:
            return Interval(-INFINITE, INFINITE)
        low = function(int(first.high), int(last.low))
        return Interval(low, function(int(first.low), int(last.high)))

    return lifted


def _cyclic(function: Callable[[int], int], low: int, high: int) -> Callable[[Interval], Interval]:
    def lifted(value: Interval) -> Interval:
        return _rising(function)(value) if value.exact else Interval(low, high)

    return lifted


def _months_type(types: Types) -> SlotType | None:
    two = 2
    if len(types) != two or types[1].kind is not Kind.INTEGER:
        return None
    return types[0] if types[0].kind in {Kind.DATE, Kind.DATETIME} else None


def round_quotient(numerator: int, denominator: int, mode: str) -> int:
    """Divide whole numbers and round: ``half_up`` (away from zero), ``down`` (to zero), ``up``."""
    quotient, rest = divmod(abs(numerator), abs(denominator))
    if (mode == "up" and rest) or (mode == "half_up" and 2 * rest >= abs(denominator)):
        quotient += 1
    return quotient if (numerator < 0) == (denominator < 0) else -quotient


def _divide_type(types: Types) -> SlotType | None:
    two = 2
    if len(types) != two:
        return None
    left, right = types
    if right.kind is Kind.INTEGER and left.kind in {Kind.INTEGER, Kind.MONEY, Kind.DURATION}:
        return left
    same = left.kind == right.kind and left.kind in {Kind.MONEY, Kind.DURATION}
    return INTEGER if same else None


def _divide(left: Interval, right: Interval, mode: str) -> Value:
    if right.low <= 0 <= right.high:
        return UNKNOWN_VALUE if not right.exact else NOT_APPLICABLE
    return _corners(left, right, lambda x, y: round_quotient(x, y, mode))


def _corners(left: Interval, right: Interval, function: Callable[[int, int], int]) -> Interval:
    ends = (left.low, left.high, right.low, right.high)
    if INFINITE in ends or -INFINITE in ends:
        return Interval(-INFINITE, INFINITE)
    found = [
        function(int(x), int(y)) for x in (left.low, left.high) for y in (right.low, right.high)
    ]
    return Interval(min(found), max(found))


def _scale_type(types: Types) -> SlotType | None:
    two = 2
    fits = len(types) == two and types[1].kind is Kind.DECIMAL
    return types[0] if fits and types[0].kind in {Kind.MONEY, Kind.INTEGER} else None


def scale(value: Interval, factor: Interval, mode: str, places: int) -> Interval:
    """Multiply by a decimal of so many places and round to the unit of the value."""
    return _corners(value, factor, lambda x, y: round_quotient(x * y, 10**places, mode))


def _same_type(types: Types) -> SlotType | None:
    two = 2
    fits = len(types) == two and types[0].kind == types[1].kind
    return types[0] if fits and types[0].kind in _NUMBERS else None


def _one_number(types: Types) -> SlotType | None:
    fits = len(types) == 1 and types[0].kind in _NUMBERS
    return types[0] if fits else None


def _absolute(value: Interval) -> Interval:
    if value.low >= 0:
        return value
    if value.high <= 0:
        return Interval(-value.high, -value.low)
    return Interval(0, max(-value.low, value.high))


_NUMBERS = frozenset(
    {Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.DURATION, Kind.DATE, Kind.DATETIME}
)


@lru_cache(maxsize=16_384)
def text_key(text: str) -> str:
    """Give the form in which texts are compared: NFKC, case folded, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@lru_cache(maxsize=4096)
def edit_count(left: str, right: str) -> int:
    """Count typing errors: wrong, missing, extra, swapped characters (optimal string alignment)."""
    limit = 64
    left, right = text_key(left)[:limit], text_key(right)[:limit]
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, x in enumerate(left, 1):
        before, previous, row = row, before, [i]
        for j, y in enumerate(right, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            swapped = i > 1 and j > 1 and x == right[j - 2] and left[i - 2] == y
            row.append(min(best, previous[j - 2] + 1) if swapped else best)
    return row[-1]


@lru_cache(maxsize=4096)
def reference_is_valid(text: str) -> bool:
    """Say whether a text is a Belgian structured communication with right check digits."""
    from stdnum.be import ogm_vcs  # noqa: PLC0415 - only when a case has one

    digits = "".join(text.split()).strip("+*")
    digits = digits.replace("/", "").replace("+", "").replace("*", "")
    # The check itself cannot take thousands of digits.
    return len(digits) == _REFERENCE_DIGITS and digits.isascii() and bool(ogm_vcs.is_valid(digits))


@lru_cache(maxsize=4096)
def iban_is_valid(text: str) -> bool:
    """Say whether a text is a complete IBAN with right check digits."""
    from stdnum import iban  # noqa: PLC0415 - only when a case has one

    # The country's own check asks a list of banks, which lacks some; digits and length suffice.
    return text.isascii() and bool(iban.is_valid(text, check_country=False))


@lru_cache(maxsize=4096)
def phone_is_valid(text: str) -> bool:
    """Say whether a text is a possible telephone number, read from Belgium."""
    import phonenumbers  # noqa: PLC0415 - heavy, and only when a case has one

    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(text, "BE")))
    except phonenumbers.NumberParseException:
        return False


def _digits(text: str) -> Interval:
    count = sum(1 for character in text if character.isdigit())
    return Interval(count, count)


def _prefix(text: str, count: Interval) -> Value:
    return text[: max(int(count.low), 0)] if count.exact else UNKNOWN_VALUE


def _edits(left: str, right: str) -> Interval:
    count = edit_count(left, right)
    return Interval(count, count)


_DAY, _SECONDS, _COUNT, _WORDS = Kind.DATE, Kind.DATETIME, Kind.INTEGER, TEXT_KINDS

FUNCTIONS: dict[str, Function] = {
    "date": Function("date(moment)", _fixed(DATE, _SECONDS), _rising(times.day_of)),
    "start_of": Function("start_of(date)", _fixed(MOMENT, _DAY), _rising(times.start_of_day)),
    "end_of": Function("end_of(date)", _fixed(MOMENT, _DAY), _rising(times.end_of_day)),
    "add_days": Function(
        "add_days(date, number)", _fixed(DATE, _DAY, _COUNT), _shift(times.add_days)
    ),
    "add_months": Function("add_months(date, number)", _months_type, _shift(times.add_months)),
    MONTHS_OF_MOMENT: Function(
        "add_months(moment, number)", _months_type, _shift_moment(times.add_months_to_moment)
    ),
    "add_working_days": Function(
        "add_working_days(date, number)", _fixed(DATE, _DAY, _COUNT), _shift(times.add_working_days)
    ),
    "days_between": Function(
        "days_between(date, date)", _fixed(INTEGER, _DAY, _DAY), _difference(lambda x, y: y - x)
    ),
    "working_days_between": Function(
        "working_days_between(date, date)",
        _fixed(INTEGER, _DAY, _DAY),
        _difference(times.working_days_between),
    ),
    "days_in_month": Function(
        "days_in_month(date)", _fixed(INTEGER, _DAY), _cyclic(times.days_in_month, 28, 31)
    ),
    "month_start": Function("month_start(date)", _fixed(DATE, _DAY), _rising(times.month_start)),
    "month_end": Function("month_end(date)", _fixed(DATE, _DAY), _rising(times.month_end)),
    "year": Function("year(date)", _fixed(INTEGER, _DAY), _rising(times.year_of)),
    "month": Function("month(date)", _fixed(INTEGER, _DAY), _cyclic(times.month_of, 1, 12)),
    "divide": Function("divide(x, n, rounding)", _divide_type, _divide, rounds=True),
    "scale": Function("scale(x, decimal, rounding)", _scale_type, scale, rounds=True),
    "least": Function(
        "least(x, y)",
        _same_type,
        lambda x, y: Interval(min(x.low, y.low), min(x.high, y.high)),
    ),
    "greatest": Function(
        "greatest(x, y)",
        _same_type,
        lambda x, y: Interval(max(x.low, y.low), max(x.high, y.high)),
    ),
    "abs": Function("abs(x)", _one_number, _absolute),
    "reference_valid": Function(
        "reference_valid(text)", _fixed(BOOLEAN, _WORDS), reference_is_valid
    ),
    "iban_valid": Function("iban_valid(text)", _fixed(BOOLEAN, _WORDS), iban_is_valid),
    "phone_valid": Function("phone_valid(text)", _fixed(BOOLEAN, _WORDS), phone_is_valid),
    "digits": Function("digits(text)", _fixed(INTEGER, _WORDS), _digits),
    "prefix": Function("prefix(text, number)", _fixed(TEXT, _WORDS, _COUNT), _prefix),
    "edits": Function("edits(text, text)", _fixed(INTEGER, _WORDS, _WORDS), _edits),
}


def arithmetic_type(symbol: str, left: SlotType, right: SlotType) -> SlotType | None:
    """Give the type of ``left symbol right``, or none if it has no meaning.

    A date beside a date-time counts as any moment of its day.
    """
    kinds = (left.kind, right.kind)
    if symbol == "*":
        if kinds[0] is Kind.INTEGER and kinds[1] in _MULTIPLIED:
            return right
        return left if kinds[1] is Kind.INTEGER and kinds[0] in _MULTIPLIED else None
    table = {
        (Kind.DATETIME, Kind.DURATION): MOMENT,
        (Kind.MONEY, Kind.MONEY): MONEY,
        (Kind.INTEGER, Kind.INTEGER): INTEGER,
        (Kind.DURATION, Kind.DURATION): DURATION,
    }
    if kinds == (Kind.DECIMAL, Kind.DECIMAL) and left.places == right.places:
        return left
    if symbol == "-" and set(kinds) <= {Kind.DATE, Kind.DATETIME}:
        return DURATION
    return table.get(kinds)


_MULTIPLIED = frozenset({Kind.INTEGER, Kind.MONEY, Kind.DURATION, Kind.DECIMAL})


def as_moment(value: Interval, kind: Kind) -> Interval:
    """Give a day as the interval of its moments; a moment as it is."""
    if kind is not Kind.DATE:
        return value
    low = value.low if value.low == -INFINITE else times.start_of_day(int(value.low))
    high = value.high if value.high == INFINITE else times.end_of_day(int(value.high))
    return Interval(low, high)


def calculate(symbol: str, left: Interval, right: Interval) -> Interval:
    """Add, subtract or multiply intervals."""
    if symbol == "+":
        return Interval(left.low + right.low, left.high + right.high)
    if symbol == "-":
        return Interval(left.low - right.high, left.high - right.low)
    return _corners(left, right, lambda x, y: x * y)


def absent(values: Sequence[Value]) -> Absent | None:
    """Say whether operands make a result impossible: not applicable wins over unknown."""
    if any(value is NOT_APPLICABLE for value in values):
        return NOT_APPLICABLE
    return UNKNOWN_VALUE if any(value is UNKNOWN_VALUE for value in values) else None
