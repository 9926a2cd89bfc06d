"""The assessment of many cases as one table, a row for each case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from simdiag.analysis.program import Program
from simdiag.calculation import times
from simdiag.engines.columnar.columns import KNOWN, OPEN, Column, Ends, Index, Mask, Truths
from simdiag.engines.columnar.planning import Catalogue, Dates, Entries, Plans
from simdiag.engines.columnar.program import ColumnarProgram, Evaluation
from simdiag.engines.columnar.rating import Rated, rate_cases, rate_facts
from simdiag.engines.columnar.tables import Batch, Table
from simdiag.model.assessment import ActionStatus, State, VetoStatus
from simdiag.model.cases import VIRTUAL
from simdiag.model.knowledge import CASE
from simdiag.model.rules import Purpose, Rule
from simdiag.model.values import Kind

_TRUE: Final = 2
_FRAGMENT: Final = 4
_TOLD: Final = {Purpose.RATE, Purpose.VETO, Purpose.CONTRADICTION}
STATES: Final = pl.Enum([state.word for state in State])
STATUSES: Final = pl.Enum([ActionStatus.POSSIBLE.value, ActionStatus.RECOMMENDED.value])
VETOES: Final = pl.Enum([VetoStatus.POSSIBLE.value, VetoStatus.HOLDS.value])
_FLAGS: Final = ("true", "open", "undated")


@dataclass(slots=True)
class Flags:
    """What a rule came to in each case, whatever the fact.

    Attributes:
        true: Whether it is true for a fact.
        open: Whether it is undecided for a fact.
        undated: Whether it is true, and a date or argument of its advice is not known.
    """

    true: Mask
    open: Mask
    undated: Mask


class Assessor:
    """Assesses batches.

    Args:
        program: The knowledge base, made ready.

    Raises:
        NotYet: A rule needs what columns cannot do; it names the rule.
    """

    def __init__(self, program: Program) -> None:
        """Number everything that results speak of."""
        self.program = program
        self.base = program.base
        self.columnar = ColumnarProgram(program)
        self.catalogue = Catalogue(program.base)
        self.rules = [
            rule
            for _, rule in sorted(program.base.rules.items())
            if rule.purpose is not Purpose.DERIVE
        ]
        self.rule_ids = pl.Enum([rule.id for rule in self.rules])
        self.diagnoses = sorted(program.base.diagnoses)
        self.diagnosis_ids = pl.Enum(self.diagnoses)
        self.action_ids = pl.Enum(self.catalogue.actions)
        self.vetoes = sorted(program.base.vetoes)
        self.veto_ids = pl.Enum(self.vetoes)
        self.slots = [
            (template.name, slot)
            for template in program.base.fact_templates()
            for slot in sorted(template.slots)
        ]
        self.slot_ids = pl.Enum([f"{template}.{slot}" for template, slot in self.slots])
        number = {rule.id: place for place, rule in enumerate(self.rules)}
        self._readers = {
            slot: [number[rule.id] for rule in self.rules if slot in program.reads(rule.id)]
            for slot in self.slots
        }

    def assess(self, batch: Batch) -> pl.DataFrame:
        """Assess a batch.

        Returns:
            For each case, in order: ``first``, ``state``, ``low``, ``high`` (of the first cause),
            ``diagnoses``, ``actions``, ``vetoes``, ``conflicts``, ``missing``, ``fired`` and
            ``undecided``.
        """
        return Result(self, batch).table()

    def reachable(self, rated: Mapping[str, Rated], diagnosis: str, count: int) -> Mask:
        """Say in which cases a diagnosis may be at least suggested."""
        found = rated.get(diagnosis)
        return np.zeros(count, np.bool_) if found is None else found.high >= State.SUGGESTED

    def readers(self, slot: tuple[str, str]) -> list[int]:
        """Give the numbers of the rules that read a slot, also through findings."""
        return self._readers[slot]


class Result:
    """The assessment of one batch."""

    def __init__(self, owner: Assessor, batch: Batch) -> None:
        """Decide every rule, and rate every diagnosis."""
        self.owner = owner
        self.base = owner.base
        self.batch = batch
        self.found: Evaluation = owner.columnar.evaluate(batch)
        self.rated: dict[str, Rated] = {}
        self.cases: dict[str, Rated] = {}
        for name in owner.diagnoses:
            diagnosis = self.base.diagnoses[name]
            rated = rate_facts(self.base, diagnosis, self.found)
            if rated is not None:
                about = CASE if diagnosis.about is None else diagnosis.about.template
                self.rated[name] = rated
                self.cases[name] = rate_cases(batch.tables[about], rated)
        self.flags = {
            number: self._flags(rule)
            for number, rule in enumerate(owner.rules)
            if self.found.truth(rule.id).any()
        }

    def _table(self, rule: Rule) -> Table | None:
        return self.batch.tables[rule.subjects[0].template] if rule.subjects else None

    def _flags(self, rule: Rule) -> Flags:
        truth = self.found.truth(rule.id)
        table = self._table(rule)
        undated = np.zeros(len(truth), np.bool_)
        for column in self.found.found[rule.id].computed.values():
            if column.tag is not None:
                undated |= (truth == _TRUE) & (column.tag == OPEN)
        true, open_ = truth == _TRUE, truth == 1
        if table is None:
            return Flags(true, open_, undated)
        return Flags(*(_anywhere(table, mask) for mask in (true, open_, undated)))

    # Columns -------------------------------------------------------------------------------------

    def table(self) -> pl.DataFrame:
        """Put the columns together."""
        count = self.batch.count
        rows = pl.DataFrame({"row": np.arange(count, dtype=np.uint32)})
        for name, flat in self._lists():
            lists = flat.group_by("row", maintain_order=True).agg(
                pl.struct(pl.all().exclude("row")).alias(name)
                if flat.width > 2  # noqa: PLR2004 - the row, and more than one value
                else pl.col(flat.columns[1]).alias(name)
            )
            rows = rows.join(lists, on="row", how="left", maintain_order="left")
            rows = rows.with_columns(pl.col(name).fill_null([]))
        first = pl.col("diagnoses").list.first()
        told = first.struct.field("state") >= State.SUGGESTED.word
        heads = [
            pl.when(told).then(first.struct.field(field)).alias(alias)
            for field, alias in (("id", "first"), ("state",) * 2, ("low",) * 2, ("high",) * 2)
        ]
        lists_ = [name for name in rows.columns if name != "row"]
        return rows.select(*heads, *lists_)

    def _lists(self) -> Iterable[tuple[str, pl.DataFrame]]:
        yield "diagnoses", self._diagnoses()
        vetoes = self.vetoes()
        yield "actions", self._actions(vetoes)
        yield "vetoes", self._vetoes(vetoes)
        yield "conflicts", self._conflicts()
        yield "missing", self._missing()
        yield "fired", self._rules(lambda flags: flags.true)
        yield "undecided", self._rules(lambda flags: flags.open)

    def _diagnoses(self) -> pl.DataFrame:
        parts: list[list[Ends]] = [[] for _ in range(6)]
        for number, name in enumerate(self.owner.diagnoses):
            rated = self.cases.get(name)
            if rated is None:
                continue
            plain = (rated.state == 1) & (rated.low == 1) & (rated.high == 1) & ~rated.conflict
            at = np.flatnonzero(~plain)
            columns = (at, np.full(len(at), number), rated.state[at], rated.low[at],
                       rated.high[at], rated.score[at])  # fmt: skip
            for part, column in zip(parts, columns, strict=True):
                part.append(column)
        row, number_, state, low, high, score = (_joined(part) for part in parts)
        order = np.lexsort((number_, -score, -state.astype(np.int64), row))
        return pl.DataFrame(
            {
                "row": row[order].astype(np.uint32),
                "id": _words(number_[order], self.owner.diagnosis_ids),
                "state": _words(state[order], STATES),
                "low": _words(low[order], STATES),
                "high": _words(high[order], STATES),
                "score": score[order].astype(np.int32),
            }
        )

    def vetoes(self) -> dict[str, Truths]:
        """Give for each veto and case whether it holds or may hold."""
        found: dict[str, Truths] = {}
        for number, flags in self.flags.items():
            rule = self.owner.rules[number]
            if rule.purpose is Purpose.VETO:
                truth = np.where(flags.true, _TRUE, flags.open).astype(np.int8)
                known = found.get(rule.target)
                found[rule.target] = truth if known is None else np.maximum(known, truth)
        return found

    def _vetoes(self, vetoes: Mapping[str, Truths]) -> pl.DataFrame:
        names = sorted(vetoes)
        row, veto, truth = [], [], []
        for name in names:
            at = np.flatnonzero(vetoes[name])
            row.append(at)
            veto.append(np.full(len(at), self.owner.vetoes.index(name)))
            truth.append(vetoes[name][at])
        rows, numbers, truths = _joined(row), _joined(veto), _joined(truth)
        order = np.lexsort((numbers, -truths.astype(np.int64), rows))
        return pl.DataFrame(
            {
                "row": rows[order].astype(np.uint32),
                "id": _words(numbers[order], self.owner.veto_ids),
                "status": _words(truths[order].astype(np.int64) - 1, VETOES),
            }
        )

    def _actions(self, vetoes: Mapping[str, Truths]) -> pl.DataFrame:
        plans = Plans(self.owner.catalogue, self.found, self.rated, vetoes)
        found: Entries = plans.entries()
        about = np.where(found.about >= 0, found.about, 0)
        number = np.full(found.size, VIRTUAL, np.int64)
        for place, name in enumerate(self.owner.catalogue.templates):
            mine = np.flatnonzero(found.template == place)
            if len(mine):
                number[mine] = self.batch.tables[name].number[about[mine]]
        return pl.DataFrame(
            {
                "row": found.case.astype(np.uint32),
                "id": _words(found.action, self.owner.action_ids),
                "status": _words(found.recommended.astype(np.int64), STATUSES),
                "firm": found.firm & found.recommended,
                "about": pl.Series(np.where(found.about >= 0, number, 0), dtype=pl.Int32).set(
                    pl.Series(found.about < 0), None
                ),
                "not_before": _moments(plans.dates, found.before),
                "not_after": _moments(plans.dates, found.after),
            }
        )

    def _conflicts(self) -> pl.DataFrame:
        rows, names = [], []
        for number, flags in self.flags.items():
            rule = self.owner.rules[number]
            if rule.purpose is Purpose.CONTRADICTION:
                at = np.flatnonzero(flags.true)
                rows.append(at)
                names.extend([rule.id] * len(at))
        for name, rated in self.rated.items():
            at = np.flatnonzero(rated.conflict)
            if len(at):
                about = self.base.diagnoses[name].about
                case = self.batch.tables[about.template if about else CASE].case
                rows.append(case[at])
                names.extend([name] * len(at))
        flat = pl.DataFrame(
            {"row": _joined(rows).astype(np.uint32), "id": pl.Series(names, dtype=pl.String)}
        )
        return flat.sort("row", "id")

    def _rules(self, mask: Callable[[Flags], Mask]) -> pl.DataFrame:
        """Give for each case the rules for which something is so."""
        count = self.batch.count
        chosen = []
        for number, flags in self.flags.items():
            rule = self.owner.rules[number]
            if rule.purpose is Purpose.DO:
                # Advice counts only where its diagnosis may be suggested.
                reachable = self.owner.reachable(self.cases, rule.diagnosis, count)
                chosen.append((number, mask(flags) & reachable))
            elif rule.purpose in _TOLD:
                chosen.append((number, mask(flags)))
        return self._listed([number for number, _ in chosen], [each for _, each in chosen],
                            self.owner.rule_ids)  # fmt: skip

    def _listed(self, numbers: list[int], masks: list[Mask], words: pl.Enum) -> pl.DataFrame:
        if not masks:
            return pl.DataFrame({"row": pl.Series([], dtype=pl.UInt32),
                                 "id": pl.Series([], dtype=words)})  # fmt: skip
        rows = [np.flatnonzero(mask) for mask in masks]
        places = np.repeat(numbers, [len(part) for part in rows])
        return pl.DataFrame(
            {"row": np.concatenate(rows).astype(np.uint32), "id": _words(places, words)}
        )

    # What is missing -----------------------------------------------------------------------------

    def _missing(self) -> pl.DataFrame:
        """Give the slots that undecided rules read and that are not known (S8)."""
        count = self.batch.count
        packed = np.zeros((len(self.owner.rules), (count + 7) // 8), np.uint8)
        for number, flags in self.flags.items():
            rule = self.owner.rules[number]
            if rule.purpose in {Purpose.CONTRADICTION, Purpose.LADDER}:
                continue
            matters = flags.open | flags.undated
            if rule.purpose is Purpose.DO:
                matters &= self.owner.reachable(self.cases, rule.diagnosis, count)
            packed[number] = np.packbits(matters)
        numbers, masks = [], []
        for place, slot in enumerate(self.owner.slots):
            readers = self.owner.readers(slot)
            unknown = self._unknown(*slot) if readers else None
            if unknown is not None:
                read = np.bitwise_or.reduce(packed[readers], axis=0)
                mask = unknown & np.unpackbits(read, count=count).astype(np.bool_)
                if mask.any():
                    numbers.append(place)
                    masks.append(mask)
        return self._listed(numbers, masks, self.owner.slot_ids)

    def _unknown(self, template: str, slot: str) -> Mask | None:
        table = self.batch.tables[template]
        column = table.columns[slot]
        open_ = np.zeros(table.size, np.bool_) if column.tag is None else column.tag == OPEN
        more = _inexact(column, self.batch)
        if more is not None:
            open_ = open_ | (more & ~table.unseen)
        return _anywhere(table, open_) if open_.any() else None


def _inexact(column: Column, batch: Batch) -> Mask | None:
    """Say where more could be known; for instance the time, where a date was given."""
    if column.type.kind is Kind.IBAN and column.code is not None:
        short = np.fromiter(
            (len(text) == _FRAGMENT for text in batch.pool.texts), np.bool_, len(batch.pool.texts)
        )
        return short[column.code]
    if column.low is None or column.high is None or column.low is column.high:
        return None
    return (column.low != column.high) & (column.tags() == KNOWN)


def _anywhere(table: Table, mask: Mask) -> Mask:
    found = np.zeros(table.count, np.bool_)
    found[table.case[mask]] = True
    return found


def _joined(parts: list[Index]) -> Index:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _words(numbers: Index | Truths, words: pl.Enum) -> pl.Series:
    kind = np.uint8 if len(words.categories) < 256 else np.uint16  # noqa: PLR2004 - of one byte
    return pl.Series(numbers.astype(kind)).cat.to(words)


def _moments(dates: Dates, numbers: Index) -> pl.Series:
    """Write dates: days as they are, moments with the offset of Brussels."""
    coded = np.concatenate([[0], dates.value * 2 + dates.is_date])[numbers + 1]
    different, places = np.unique(coded, return_inverse=True)
    texts = [_moment(each >> 1, is_date=bool(each & 1)) for each in different.tolist()]
    written = pl.Series(texts, dtype=pl.String).gather(places)
    return written.set(pl.Series(numbers < 0), None)


def moment_texts(moments: Column) -> pl.Series:
    """Write the moments of judgement, with the offset of Brussels."""
    assert moments.high is not None  # noqa: S101 - moments have ends
    different, places = np.unique(moments.high, return_inverse=True)
    texts = [times.moment_of(each).isoformat() for each in different.tolist()]
    return pl.Series(texts, dtype=pl.String).gather(places)


def _moment(value: int, *, is_date: bool) -> str:
    if is_date:
        return dt.date.fromordinal(value).isoformat()
    return times.moment_of(value).isoformat()
