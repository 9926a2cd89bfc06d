"""The written text of one value to the value, by the type of its slot (S1), and back."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from simdiag.calculation import times
from simdiag.calculation.functions import iban_is_valid, reference_is_valid
from simdiag.errors import did_you_mean
from simdiag.model.values import Absent, Interval, Kind, SlotType, Value, exactly

MAX_TEXT = 20_000
# Of everything but texts: what is longer is no number, date or account, and slow to try.
MAX_WRITTEN = 1000
_TRUE = frozenset({"true", "yes", "y", "on"})
_FALSE = frozenset({"false", "no", "n", "off"})
_UNITS = {
    "s": 1, "sec": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hour": 3600, "hours": 3600,
    "d": 86_400, "day": 86_400, "days": 86_400,
    "w": 604_800, "week": 604_800, "weeks": 604_800,
}  # fmt: skip


class NotReadable(Exception):  # noqa: N818 - caught by the readers, which add the place
    """A text is no value of its type: what was expected, and a suggestion."""

    def __init__(self, expected: str, suggestion: str = "") -> None:
        """Keep both parts of the message."""
        super().__init__(expected)
        self.expected = expected
        self.suggestion = suggestion


def read_value(text: str, slot_type: SlotType) -> Value:
    """Read a written text as a value.

    Args:
        text: What somebody wrote; surrounding blanks do not count.
        slot_type: The type of the slot, not ``set`` (see :func:`read_choice`).

    Returns:
        The value in the form of :mod:`simdiag.model.values`.

    Raises:
        NotReadable: If the text is no such value and the type is not lenient.
    """
    if len(text) > MAX_WRITTEN and slot_type.kind is not Kind.TEXT:
        raise NotReadable(f"at most {MAX_WRITTEN:,} characters")
    value = _READERS[slot_type.kind](text.strip(), slot_type)
    if isinstance(value, Interval):
        _check_bounds(value, slot_type)
    return value


def _check_bounds(value: Interval, slot_type: SlotType) -> None:
    bounds = slot_type.bounds
    if value.low < bounds.low:
        raise NotReadable(f"at least {write_value(exactly(int(bounds.low)), slot_type)}")
    if value.high > bounds.high:
        raise NotReadable(f"at most {write_value(exactly(int(bounds.high)), slot_type)}")


def choice_key(text: str) -> str:
    """Give the form in which choices are compared, without case, blanks, hyphens, underscores."""
    return re.sub(r"[\s_\-]+", "_", unicodedata.normalize("NFKC", text).strip().casefold())


def read_choice(text: str, forms: dict[str, str], choices: tuple[str, ...]) -> str:
    """Read one choice.

    Args:
        text: What somebody wrote.
        forms: Every accepted form (as :func:`choice_key` gives it) and its choice.
        choices: The choices, for the message.

    Raises:
        NotReadable: If no choice is written so.
    """
    found = forms.get(choice_key(text))
    if found is None:
        raise NotReadable("one of the choices", did_you_mean(text, choices))
    return found


def _read_boolean(text: str, _: SlotType) -> bool:
    word = text.casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise NotReadable("`yes` or `no`")


def _read_integer(text: str, _: SlotType) -> Interval:
    if not re.fullmatch(r"[+-]?\d{1,12}", text):
        raise NotReadable("a whole number such as `12`")
    return exactly(int(text))


def _read_decimal(text: str, slot_type: SlotType) -> Interval:
    match = re.fullmatch(r"([+-]?)(\d{1,12})(?:[.,](\d+))?", text)
    if not match or len(match[3] or "") > slot_type.places:
        raise NotReadable(f"a number with at most {slot_type.places} decimals such as `1.5`")
    number = int(match[2] + (match[3] or "").ljust(slot_type.places, "0"))
    return exactly(-number if match[1] == "-" else number)


_MONEY = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>\d{1,10}|\d{1,3}(?P<mark>[., ])\d{3}(?:(?P=mark)\d{3})*)"
    r"(?:(?P<point>[.,])(?P<cents>\d{1,2}))?"
)


def _read_money(text: str, _: SlotType) -> Interval:
    bare = re.sub(
        r"^([+-]?)\s*(?:€|eur|euros?)\s*|\s*(?:€|eur|euros?)$", r"\1", text, flags=re.IGNORECASE
    )
    bare = bare.replace("\u00a0", " ").replace("\u202f", " ").strip()
    match = _MONEY.fullmatch(bare)
    if not match or match["point"] == match["mark"] is not None:
        raise NotReadable(_money_expected(bare))
    if match["mark"] in {".", ","} and not match["point"]:
        # 1.234 may be meant as a thousand or as three decimals: nothing is guessed.
        raise NotReadable(_money_expected(bare))
    whole = re.sub(r"\D", "", match["whole"])
    cents = int(whole) * 100 + int((match["cents"] or "").ljust(2, "0"))
    return exactly(-cents if match["sign"] == "-" else cents)


def _money_expected(bare: str) -> str:
    currency = re.search(r"[A-Za-z$£¥]+", bare)
    if currency and not re.fullmatch(r"[eE]", currency[0]):
        return "an amount in euros such as `10.00`"
    return "an amount with at most two decimals such as `10.00`"


def _read_date(text: str, _: SlotType) -> Interval:
    return exactly(_parse_day(text))


def _parse_day(text: str) -> int:
    match = re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", text)
    numbers = match.groups() if match else None
    if not numbers:
        match = re.fullmatch(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", text)
        numbers = match.groups()[::-1] if match else None
    if not numbers:
        raise NotReadable("a date such as `2025-11-20` or `20/11/2025`")
    try:
        day = dt.date(int(numbers[0]), int(numbers[1]), int(numbers[2])).toordinal()
    except ValueError:
        raise NotReadable("a day that exists, such as `2025-11-20`") from None
    if not times.FIRST_DAY <= day <= times.LAST_DAY:
        raise NotReadable("a year between 1900 and 2199")
    return day


_MOMENT = re.compile(
    r"(?P<day>\S+?)(?:[T ]\s*)(?P<hour>\d{1,2})[:h](?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:\.\d+)?)?\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)


def read_moment(text: str, _: SlotType | None = None) -> Interval:
    """Read a date-time in Brussels (or with an offset); a date alone is the interval of that day.

    Raises:
        NotReadable: If the text is neither.
    """
    match = _MOMENT.fullmatch(text.strip())
    if not match:
        try:
            day = _parse_day(text.strip())
        except NotReadable as error:
            expected = "a date and time such as `2025-11-20 18:30`, or a date"
            raise NotReadable(error.expected if "exists" in error.expected else expected) from None
        return Interval(times.start_of_day(day), times.end_of_day(day))
    date = dt.date.fromordinal(_parse_day(match["day"]))
    try:
        clock = dt.time(int(match["hour"]), int(match["minute"]), int(match["second"] or 0))
    except ValueError:
        raise NotReadable("a time of day between `00:00` and `23:59`") from None
    if match["zone"]:
        return exactly(times.seconds_of(_with_offset(date, clock, match["zone"])))
    # An hour that occurs twice, when summer time ends, is both of them.
    ends = [
        times.seconds_of(dt.datetime.combine(date, clock.replace(fold=fold), times.BRUSSELS))
        for fold in (0, 1)
    ]
    return Interval(min(ends), max(ends)) if ends[0] < ends[1] else exactly(ends[0])


def _with_offset(date: dt.date, clock: dt.time, zone: str) -> dt.datetime:
    text = f"{date.isoformat()}T{clock.isoformat()}{'+00:00' if zone == 'Z' else zone}"
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        raise NotReadable("an offset such as `+01:00`") from None


def _read_duration(text: str, _: SlotType) -> Interval:
    parts = re.findall(r"(\d{1,9})\s*([a-z]+)", text.casefold())
    rest = re.sub(r"(\d{1,9})\s*([a-z]+)|\band\b|[\s,]", "", text.casefold())
    if not parts or rest or any(unit not in _UNITS for _, unit in parts):
        raise NotReadable("a duration such as `24 hours`, `30 minutes` or `2 weeks`")
    return exactly(sum(int(number) * _UNITS[unit] for number, unit in parts))


def _read_text(text: str, _: SlotType) -> str:
    if len(text) > MAX_TEXT:
        raise NotReadable(f"a text of at most {MAX_TEXT:,} characters")
    return text


def _read_phone(text: str, slot_type: SlotType) -> str:
    found = _phone_form(text)
    if found is None and not slot_type.lenient:
        raise NotReadable("a phone number such as `0470 12 34 56` or `+32 470 12 34 56`")
    return found or text


@lru_cache(maxsize=4096)
def _phone_form(text: str) -> str | None:
    import phonenumbers  # noqa: PLC0415 - heavy, and only needed when a case has a number

    try:
        number = phonenumbers.parse(text, "BE")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


# The last four characters, alone or behind a mask; a country and two digits begin an IBAN.
_FRAGMENT = re.compile(
    r"(?:[X*•…]*|[A-Z]{2}[\dX*•]{2}[X*•…]+)(?![A-Z]{2}\d{2}$)(?P<last>[0-9A-Z]{4})"
)


def _read_iban(text: str, slot_type: SlotType) -> str:
    bare = re.sub(r"[\s.\-]", "", text).upper()
    if iban_is_valid(bare):
        return bare
    fragment = _FRAGMENT.fullmatch(bare) if slot_type.fragment else None
    if fragment:
        return fragment["last"]
    if slot_type.lenient:
        return bare if re.fullmatch(r"[A-Z]{2}\d{2}[0-9A-Z]+", bare) else text
    more = " or its last four characters" if slot_type.fragment else ""
    raise NotReadable(f"an IBAN with right check digits such as `BE68 5390 0754 7034`{more}")


def _read_reference(text: str, slot_type: SlotType) -> str:
    digits = re.sub(r"[\s/+*.\-]", "", text)
    twelve = 12
    well_formed = digits.isascii() and digits.isdigit() and len(digits) == twelve
    if slot_type.lenient:
        return digits if well_formed else text
    if not well_formed or not reference_is_valid(digits):
        raise NotReadable("a structured communication such as `+++123/4567/89002+++`")
    return digits


def _read_vat(text: str, slot_type: SlotType) -> str:
    from stdnum.eu import vat  # noqa: PLC0415 - only when a case has one

    try:
        return str(vat.validate(text))
    except ValueError:
        if slot_type.lenient:
            return text
        raise NotReadable("a VAT number such as `BE 0403.019.261`") from None


_READERS: dict[Kind, Callable[[str, SlotType], Value]] = {
    Kind.BOOLEAN: _read_boolean,
    Kind.INTEGER: _read_integer,
    Kind.DECIMAL: _read_decimal,
    Kind.MONEY: _read_money,
    Kind.DATE: _read_date,
    Kind.DATETIME: read_moment,
    Kind.DURATION: _read_duration,
    Kind.TEXT: _read_text,
    Kind.PHONE: _read_phone,
    Kind.IBAN: _read_iban,
    Kind.REFERENCE: _read_reference,
    Kind.VAT: _read_vat,
}


def write_value(value: Value, slot_type: SlotType) -> str:
    """Write a value as text that :func:`read_value` reads back; intervals as ``low..high``.

    Unknown is written as ``unknown``, not applicable as ``not applicable``.
    """
    if isinstance(value, Absent):
        return value.value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    if isinstance(value, str):
        return value
    if slot_type.kind is Kind.DATETIME and value == _whole_day(value):
        return dt.date.fromordinal(times.day_of(int(value.low))).isoformat()
    if value.exact:
        return _write_number(value.low, slot_type)
    return f"{_write_number(value.low, slot_type)}..{_write_number(value.high, slot_type)}"


def _whole_day(value: Interval) -> Interval | None:
    if value.exact or not all(abs(end) < float("inf") for end in (value.low, value.high)):
        return None
    day = times.day_of(int(value.low))
    return Interval(times.start_of_day(day), times.end_of_day(day))


def _write_number(end: float, slot_type: SlotType) -> str:
    if abs(end) == float("inf"):
        return "unbounded"
    number = int(end)
    match slot_type.kind:
        case Kind.MONEY:
            sign = "-" if number < 0 else ""
            return f"{sign}{abs(number) // 100}.{abs(number) % 100:02d} EUR"
        case Kind.DECIMAL if slot_type.places:
            digits = str(abs(number)).rjust(slot_type.places + 1, "0")
            sign = "-" if number < 0 else ""
            return f"{sign}{digits[: -slot_type.places]}.{digits[-slot_type.places :]}"
        case Kind.DATE:
            return dt.date.fromordinal(number).isoformat()
        case Kind.DATETIME:
            return times.moment_of(number).isoformat()
        case Kind.DURATION:
            return _write_duration(number)
        case _:
            return str(number)


def _write_duration(seconds: int) -> str:
    sign, left = ("-" if seconds < 0 else ""), abs(seconds)
    parts = []
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit if count > 1 else unit[:-1]}")
    return sign + (" ".join(parts) or "0 seconds")
