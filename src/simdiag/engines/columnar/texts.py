"""Columns of a DataFrame to columns of values, by the type of the slot.

Each different text is read once by the reader of facts files; the usual forms of dates, amounts and
mobile numbers, of which nearly every one is different, are read all at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from simdiag.calculation import times
from simdiag.engines.columnar.calculating import first_seconds
from simdiag.engines.columnar.columns import (
    KNOWN,
    NO,
    OPEN,
    YES,
    Column,
    Ends,
    Index,
    Pool,
    encode,
)
from simdiag.errors import Problems
from simdiag.loading.cases import FactReader, is_unknown
from simdiag.model.terms import Slot
from simdiag.model.values import UNKNOWN_VALUE, Kind, Value, is_ordered
from simdiag.spans import NOWHERE

_EPOCH_DAY: Final = 719_163
_DAY: Final = times.DAY_SECONDS
_DAY_WIDTH: Final = 10
_WORDED: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}$"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a value cannot be used."""

    code: str
    text: str
    suggestion: str = ""


Wrong = list[tuple[Index, Unreadable]]


def read_column(
    reader: FactReader, template: str, slot: Slot, series: pl.Series, pool: Pool
) -> tuple[Column, Wrong]:
    """Read the values of a slot.

    Args:
        reader: Reads written values.
        template: Name of the template, for messages.
        slot: The slot.
        series: What stands in the frame.
        pool: Takes the texts.

    Returns:
        The column, and the places of values that cannot be read, with the reason.
    """
    kind, held = slot.type.kind, series.dtype
    if held == pl.Null:
        return encode([UNKNOWN_VALUE] * len(series), slot.type, pool), []
    if kind is Kind.SET and isinstance(held, pl.List):
        return _sets(reader, template, slot, series, pool)
    found = _typed(slot, series)
    if found is not None:
        return _bounded(found, slot)
    if held != pl.String:
        series = series.cast(pl.String)
    return _texts(reader, template, slot, series, pool)


def _typed(slot: Slot, series: pl.Series) -> Column | None:
    """Read a column that has the type of the slot already."""
    kind, held = slot.type.kind, series.dtype
    if kind is Kind.BOOLEAN and held == pl.Boolean:
        known = series.is_not_null().to_numpy()
        code = np.where(series.fill_null(value=False).to_numpy(), YES, NO)
        return Column(slot.type, _tags(known), code=np.where(known, code, 0).astype(np.int64))
    numbers: pl.Series | None = None
    if kind is Kind.INTEGER and held.is_integer():
        numbers = series
    elif kind is Kind.MONEY and isinstance(held, pl.Decimal) and held.scale <= 2:  # noqa: PLR2004
        numbers = series * 100
    elif kind is Kind.DATE and held == pl.Date:
        numbers = series.to_physical().cast(pl.Int64) + _EPOCH_DAY
    elif kind is Kind.DATETIME and isinstance(held, pl.Datetime):
        return _moments(slot, series)
    elif kind is Kind.DATETIME and held == pl.Date:
        return _whole_days(slot, series)
    elif kind is Kind.DURATION and isinstance(held, pl.Duration):
        numbers = series.dt.total_seconds()
    return None if numbers is None else _numbers(slot, numbers)


def _tags(known: np.ndarray) -> np.ndarray | None:
    return None if known.all() else np.where(known, KNOWN, OPEN).astype(np.int8)


def _numbers(slot: Slot, series: pl.Series) -> Column:
    known = series.is_not_null().to_numpy()
    ends = series.fill_null(0).cast(pl.Int64).to_numpy()
    return Column(slot.type, _tags(known), ends, ends)


def _whole_days(slot: Slot, series: pl.Series) -> Column:
    known = series.is_not_null().to_numpy()
    days = (series.to_physical().cast(pl.Int64) + _EPOCH_DAY).fill_null(730_000).to_numpy()
    return Column(slot.type, _tags(known), first_seconds(days), first_seconds(days + 1) - 1)


def _moments(slot: Slot, series: pl.Series) -> Column | None:
    """Read date-times; without a zone they are those of Brussels."""
    assert isinstance(series.dtype, pl.Datetime)  # noqa: S101 - asked before
    known = series.is_not_null().to_numpy()
    if series.dtype.time_zone:
        ends = series.dt.epoch("s").fill_null(0).to_numpy()
        return Column(slot.type, _tags(known), ends, ends)
    local = series.dt.epoch("s").fill_null(1_000_000_000).to_numpy()
    seconds, odd = _from_local(local)
    return None if odd.any() else Column(slot.type, _tags(known), seconds, seconds)


def _from_local(local: Ends) -> tuple[Ends, np.ndarray]:
    """Give the moments of wall clocks in Brussels, and where the clock changed that day."""
    days = local // _DAY + _EPOCH_DAY
    begin = first_seconds(days)
    changes = first_seconds(days + 1) - begin != _DAY
    return begin + local % _DAY, changes


def _texts(
    reader: FactReader, template: str, slot: Slot, series: pl.Series, pool: Pool
) -> tuple[Column, Wrong]:
    quick = _quickly(slot, series, pool)
    if quick is None:
        return _each_once(reader, template, slot, series, pool)
    column, left = quick
    rest = np.flatnonzero(left)
    if not len(rest):
        return _bounded(column, slot)
    slow, wrong = _each_once(reader, template, slot, series.gather(rest), pool)
    column.tag = column.tags().copy()
    column.tag[rest] = slow.tags()
    if column.low is not None and column.high is not None:
        assert slow.low is not None  # noqa: S101 - of the same kind
        assert slow.high is not None  # noqa: S101 - likewise
        column.low, column.high = column.low.copy(), column.high.copy()
        column.low[rest], column.high[rest] = slow.low, slow.high
        if (column.low == column.high).all():
            column.high = column.low
    elif column.code is not None and slow.code is not None:
        column.code = column.code.copy()
        column.code[rest] = slow.code
    bounded, more = _bounded(column, slot)
    return bounded, [*((rest[rows], problem) for rows, problem in wrong), *more]


def _quickly(slot: Slot, series: pl.Series, pool: Pool) -> tuple[Column, np.ndarray] | None:
    """Read the usual written form all at once; say what is left to be read one by one."""
    kind = slot.type.kind
    there = series.is_not_null().to_numpy()
    if kind is Kind.DATETIME:
        usual = series.str.contains(_WORDED)
        moments = series.str.slice(0, 10) + " " + series.str.slice(11, 5)
        parsed = moments.str.to_datetime("%Y-%m-%d %H:%M", strict=False)
        fit = (usual & parsed.is_not_null()).fill_null(value=False).to_numpy()
        local = parsed.dt.epoch("s").fill_null(1_000_000_000).to_numpy()
        seconds, odd = _from_local(np.where(fit, local, 1_000_000_000))
        fit &= ~odd
        ends = np.where(fit, seconds, 0)
    elif kind is Kind.DATE:
        parsed = series.str.to_date("%Y-%m-%d", strict=False)
        fit = (
            (parsed.is_not_null() & (series.str.len_bytes() == _DAY_WIDTH))
            .fill_null(value=False)
            .to_numpy()
        )
        days = (parsed.to_physical().cast(pl.Int64) + _EPOCH_DAY).fill_null(0).to_numpy()
        fit &= (days >= times.FIRST_DAY) & (days <= times.LAST_DAY)
        ends = np.where(fit, days, 0)
    elif kind is Kind.MONEY:
        fit = series.str.contains(r"^-?[0-9]{1,10}\.[0-9]{2}$").fill_null(value=False).to_numpy()
        cents = series.str.replace(".", "", literal=True).cast(pl.Int64, strict=False)
        ends = np.where(fit, cents.fill_null(0).to_numpy(), 0)
    elif kind is Kind.PHONE:
        fit = series.str.contains(r"^\+324[0-9]{8}$").fill_null(value=False).to_numpy()
        code = np.zeros(len(series), np.int64)
        code[fit] = _codes(series.filter(pl.Series(fit)), pool)
        return Column(slot.type, _tags(fit), code=code), there & ~fit
    else:
        return None
    return Column(slot.type, _tags(fit), ends, ends), there & ~fit


def _codes(series: pl.Series, pool: Pool) -> Ends:
    different = series.unique(maintain_order=True)
    words = pl.DataFrame({"text": different, "code": pool.codes(different.to_list())})
    found = pl.DataFrame({"text": series}).join(words, on="text", how="left",
                                                maintain_order="left")  # fmt: skip
    return found.get_column("code").to_numpy()


def _each_once(
    reader: FactReader, template: str, slot: Slot, series: pl.Series, pool: Pool
) -> tuple[Column, Wrong]:
    """Read each different text once."""
    frame = pl.DataFrame({"text": series})
    different = frame.unique(maintain_order=True).with_row_index("number")
    places = (
        frame.join(different, on="text", how="left", nulls_equal=True, maintain_order="left")
        .get_column("number")
        .to_numpy()
        .astype(np.int64)
    )
    values: list[Value] = []
    wrong: Wrong = []
    for number, text in enumerate(different.get_column("text").to_list()):
        problems = Problems()
        value: Value | None = None
        if text is not None and text.strip() and not is_unknown(text):
            value = reader.value(template, slot, text, NOWHERE, problems)
        for problem in problems.errors:
            told = Unreadable(problem.code, problem.message, problem.help)
            wrong.append((np.flatnonzero(places == number), told))
        values.append(UNKNOWN_VALUE if value is None else value)
    return encode(values, slot.type, pool).take_first(places), wrong


def _bounded(column: Column, slot: Slot) -> tuple[Column, Wrong]:
    """Refuse what lies outside the declared bounds."""
    if not is_ordered(slot.type.kind) or column.low is None or column.high is None:
        return column, []
    known = column.tags() == KNOWN
    wrong: Wrong = []
    bounds = slot.type
    if bounds.minimum is not None and (low := known & (column.low < bounds.minimum)).any():
        wrong.append((np.flatnonzero(low), _outside(slot, "less than the least that is allowed")))
    if bounds.maximum is not None and (high := known & (column.high > bounds.maximum)).any():
        wrong.append((np.flatnonzero(high), _outside(slot, "more than the most that is allowed")))
    return column, wrong


def _outside(slot: Slot, what: str) -> Unreadable:
    return Unreadable("value", f"`{slot.name}` is {what}")


def _sets(
    reader: FactReader, template: str, slot: Slot, series: pl.Series, pool: Pool
) -> tuple[Column, Wrong]:
    """Read lists of choices as sets."""
    frame = pl.DataFrame({"words": series}).with_row_index("row")
    flat = frame.explode("words", empty_as_null=False).drop_nulls()
    column, wrong = _each_once(
        reader, template, slot, flat.get_column("words").cast(pl.String), pool
    )
    rows = flat.get_column("row").to_numpy().astype(np.int64)
    bits = np.zeros(len(series), np.int64)
    assert column.bits is not None  # noqa: S101 - a set
    np.bitwise_or.at(bits, rows, column.bits)
    known = series.is_not_null().to_numpy().copy()
    known[rows[column.tags() != KNOWN]] = False
    told = [(rows[places], problem) for places, problem in wrong]
    return Column(slot.type, _tags(known), bits=np.where(known, bits, 0)), told
