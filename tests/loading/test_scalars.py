"""Written texts mean what their slots say, and nothing is guessed."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simdiag.calculation import times
from simdiag.loading.scalars import NotReadable, choice_key, read_choice, read_value, write_value
from simdiag.model.values import NOT_APPLICABLE, UNKNOWN_VALUE, Interval, Kind, SlotType, exactly


def number(kind: Kind, text: str, **more: int) -> int:
    """Read an exact number."""
    found = read_value(text, SlotType(kind, **more))  # type: ignore[arg-type]
    assert isinstance(found, Interval)
    assert found.exact
    return int(found.low)


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("10", 1000), ("10.00", 1000), ("10,00", 1000), ("10.5", 1050), ("€ 10", 1000),
        ("€10,5", 1050), ("10.00 EUR", 1000), ("10 euro", 1000), ("-2,50 €", -250),
        ("-€ 2.50", -250), ("1 234,56", 123456), ("1.234,56", 123456), ("1,234.56", 123456),
        ("1\u202f234,56 €", 123456), ("0", 0), ("007.00", 700),
    ],
)  # fmt: skip
def test_money(text: str, cents: int) -> None:
    """Euros in the forms that people write are whole cents."""
    assert number(Kind.MONEY, text) == cents


@pytest.mark.parametrize(
    "text",
    ["10.005", "1.234", "1,234", "1e2", "NaN", "inf", "10.00 USD", "$10", "", "ten", "1.2.3", "--1",
     "1.234.56", "10 00"],
)  # fmt: skip
def test_no_money(text: str) -> None:
    """Three decimals, exponents, other currencies and what may mean two things are refused."""
    with pytest.raises(NotReadable):
        number(Kind.MONEY, text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("yes", True), ("No", False), ("TRUE", True), ("off", False), ("y", True), ("n", False)],
)
def test_boolean(text: str, *, value: bool) -> None:
    """Yes and no in the usual words."""
    assert read_value(text, SlotType(Kind.BOOLEAN)) is value


@pytest.mark.parametrize("text", ["0", "1", "maybe", "oui", ""])
def test_no_boolean(text: str) -> None:
    """Numbers and other words are neither yes nor no."""
    with pytest.raises(NotReadable):
        read_value(text, SlotType(Kind.BOOLEAN))


def test_whole_numbers_and_decimals() -> None:
    """A leading nought makes no octal number; decimals are kept as whole numbers."""
    assert number(Kind.INTEGER, "010") == 10
    assert number(Kind.INTEGER, "-7") == -7
    assert number(Kind.DECIMAL, "1.5", places=2) == 150
    assert number(Kind.DECIMAL, "-0,25", places=2) == -25
    for kind, text in ((Kind.INTEGER, "1.0"), (Kind.INTEGER, "1e3"), (Kind.DECIMAL, "0.125")):
        with pytest.raises(NotReadable):
            number(kind, text, places=2)


def test_bounds() -> None:
    """A value beyond the declared bounds is refused with the bound that it breaks."""
    bounded = SlotType(Kind.MONEY, minimum=0, maximum=1000)
    assert read_value("10", bounded) == exactly(1000)
    with pytest.raises(NotReadable, match=r"at least 0\.00 EUR"):
        read_value("-0.01", bounded)
    with pytest.raises(NotReadable, match=r"at most 10\.00 EUR"):
        read_value("10.01", bounded)


@pytest.mark.parametrize(
    ("text", "day"),
    [("2025-11-20", (2025, 11, 20)), ("20/11/2025", (2025, 11, 20)), ("5.6.2025", (2025, 6, 5)),
     ("2024-02-29", (2024, 2, 29))],
)  # fmt: skip
def test_date(text: str, day: tuple[int, int, int]) -> None:
    """Year first, or day first as in Belgium."""
    assert number(Kind.DATE, text) == dt.date(*day).toordinal()


@pytest.mark.parametrize(
    "text",
    ["2025-02-29", "31/04/2025", "20-11-25", "11/20/2025", "1850-01-01", "today", "20251120"],
)
def test_no_date(text: str) -> None:
    """Days that do not exist, two-digit years and the American order are refused."""
    with pytest.raises(NotReadable):
        number(Kind.DATE, text)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2025-11-20 18:30", "2025-11-20T17:30:00+00:00"),
        ("2025-07-20T18:30", "2025-07-20T16:30:00+00:00"),
        ("20/11/2025 9h05", "2025-11-20T08:05:00+00:00"),
        ("2025-11-20T18:30:59Z", "2025-11-20T18:30:59+00:00"),
        ("2025-11-20 18:30 +02:00", "2025-11-20T16:30:00+00:00"),
    ],
)
def test_moment(text: str, utc: str) -> None:
    """Without an offset a moment is one of the clock in Brussels."""
    assert number(Kind.DATETIME, text) == times.seconds_of(dt.datetime.fromisoformat(utc))


def test_a_date_for_a_moment_is_that_day() -> None:
    """A date given for a date-time slot is every moment of the day."""
    day = dt.date(2025, 11, 20).toordinal()
    found = read_value("2025-11-20", SlotType(Kind.DATETIME))
    assert found == Interval(times.start_of_day(day), times.end_of_day(day))


def test_an_hour_that_occurs_twice_is_both() -> None:
    """Half past two on the day when summer time ends may be either of two moments."""
    found = read_value("2025-10-26 02:30", SlotType(Kind.DATETIME))
    assert isinstance(found, Interval)
    assert found.high - found.low == 3600


@pytest.mark.parametrize(
    "text", ["2025-11-20 24:00", "2025-11-20 18:60", "18:30", "2025-13-01 10:00"]
)
def test_no_moment(text: str) -> None:
    """A time of day that does not exist, or without a day, is refused."""
    with pytest.raises(NotReadable):
        read_value(text, SlotType(Kind.DATETIME))


def test_duration() -> None:
    """Durations are seconds; a number without a unit is refused."""
    assert number(Kind.DURATION, "24 hours") == 86_400
    assert number(Kind.DURATION, "1 day 2h and 30min") == 86_400 + 9000
    for text in ("24", "soon", "1 month", "-1 day"):
        with pytest.raises(NotReadable):
            number(Kind.DURATION, text)


def test_phone_numbers() -> None:
    """A Belgian number has one form; ill-formed ones are evidence only where a slot says so."""
    strict, lenient = SlotType(Kind.PHONE), SlotType(Kind.PHONE, lenient=True)
    assert read_value("0470123456", strict) == read_value("+32 470 12.34.56", strict)
    assert read_value("0470123456", strict) == "+32470123456"
    assert read_value("0470 12", lenient) == "0470 12"
    with pytest.raises(NotReadable):
        read_value("0470 12", strict)


def test_account_numbers() -> None:
    """A whole IBAN with right check digits, or its end where a slot allows that."""
    plain, end = SlotType(Kind.IBAN), SlotType(Kind.IBAN, fragment=True)
    whole = "BE68539007547034"
    assert read_value("be68 5390 0754 7034", plain) == whole
    assert read_value("BE68 5390 0754 7034", end) == whole
    assert read_value("XXXX 7034", end) == read_value("7034", end) == "7034"
    for text, kind in (("7034", plain), ("BE68 5390 0754 7035", end), ("BE68", plain)):
        with pytest.raises(NotReadable):
            read_value(text, kind)
    wrong = read_value("BE68 5390 0754 7035", SlotType(Kind.IBAN, lenient=True))
    assert wrong == "BE68539007547035"


def test_structured_communications() -> None:
    """Twelve digits with right check digits; a mistyped one is kept where it is evidence."""
    strict, lenient = SlotType(Kind.REFERENCE), SlotType(Kind.REFERENCE, lenient=True)
    assert read_value("+++123/4567/89002+++", strict) == "123456789002"
    assert read_value("123/4567/89012", lenient) == "123456789012"
    assert read_value("my bill", lenient) == "my bill"
    with pytest.raises(NotReadable):
        read_value("123/4567/89012", strict)


def test_choices_are_read_without_regard_to_their_writing() -> None:
    """Case, blanks, hyphens and underscores do not count; the nearest choice is suggested."""
    forms = {choice_key("voucher_sms"): "voucher_sms", choice_key("SMS code"): "voucher_sms"}
    for text in ("Voucher SMS", "voucher-sms", " VOUCHER_sms ", "sms code"):
        assert read_choice(text, forms, ("voucher_sms",)) == "voucher_sms"
    with pytest.raises(NotReadable) as raised:
        read_choice("vouchersms", forms, ("voucher_sms",))
    assert "voucher_sms" in raised.value.suggestion


ROUND_TRIPS = [
    (SlotType(Kind.MONEY), st.integers(-(10**9), 10**9).map(exactly)),
    (SlotType(Kind.INTEGER), st.integers(-(10**9), 10**9).map(exactly)),
    (SlotType(Kind.DECIMAL, places=3), st.integers(-(10**9), 10**9).map(exactly)),
    (SlotType(Kind.DATE), st.integers(times.FIRST_DAY, times.LAST_DAY - 1).map(exactly)),
    (SlotType(Kind.DATETIME), st.integers(0, 4 * 10**9).map(exactly)),
    (SlotType(Kind.DURATION), st.integers(0, 10**8).map(exactly)),
    (SlotType(Kind.BOOLEAN), st.booleans()),
]


@pytest.mark.parametrize(("slot_type", "values"), ROUND_TRIPS, ids=lambda each: str(each)[:24])
@given(data=st.data())
def test_what_is_written_reads_back(
    slot_type: SlotType, values: st.SearchStrategy[Interval | bool], data: st.DataObject
) -> None:
    """The written form of a value is read as the same value."""
    value = data.draw(values)
    assert read_value(write_value(value, slot_type), slot_type) == value


def test_what_is_not_there_is_written_in_words() -> None:
    """Unknown, not applicable and open ends have words of their own."""
    money = SlotType(Kind.MONEY)
    assert write_value(UNKNOWN_VALUE, money) == "unknown"
    assert write_value(NOT_APPLICABLE, money) == "not applicable"
    assert write_value(Interval(0, float("inf")), money) == "0.00 EUR..unbounded"
    assert write_value(frozenset({"q", "p"}), SlotType(Kind.SET)) == "p, q"


@given(st.text(max_size=40), st.sampled_from(Kind))
def test_any_text_is_read_or_refused(text: str, kind: Kind) -> None:
    """No text makes a reader fail in another way than by saying what it expected."""
    if kind in {Kind.SET, Kind.CHOICE}:
        return
    try:
        read = (
            bool(write_value(read_value(text, SlotType(kind)), SlotType(kind))) or not text.strip()
        )
    except NotReadable as error:
        read = bool(error.expected)
    assert read
