"""The plans of many cases; the same meaning as :mod:`simdiag.reasoning.plan`.

An entry of a plan is one row; what the planner does for one case after the other is done here for
all cases, action by action.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simdiag.calculation import times
from simdiag.engines.columnar.calculating import first_seconds
from simdiag.engines.columnar.columns import FAR, KNOWN, Column, Ends, Index, Mask, Truths, decode
from simdiag.engines.columnar.program import Evaluation
from simdiag.engines.columnar.rating import Rated
from simdiag.model.assessment import State
from simdiag.model.inference import NOT_AFTER, NOT_BEFORE
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.rules import PHASES, URGENCIES, Diagnosis, Purpose, Rule
from simdiag.model.values import Absent, Interval, Kind

_TRUE: Final = 2
_NO_FACT: Final = -1
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)


@dataclass(slots=True)
class Dates:
    """Dates that advice gives: the end that decides, whether it is a day, and its first second."""

    value: Ends
    is_date: Mask
    second: Ends


@dataclass(slots=True)
class Entries:
    """Entries of plans, one per row.

    Attributes:
        case, action: Which case; number of the action.
        key: Tells entries with different arguments apart.
        about: Number of the fact among all facts of its template, or -1.
        template: Number of the template of that fact, or -1.
        recommended, firm: What it is.
        state: Best state of its diagnoses.
        ladder: Number of the ladder that it comes from, or -1.
        rule, place: Rule and subject that gave it, or -1.
        before, after: Numbers of its dates, or -1.
    """

    case: Index
    action: Index
    key: Ends
    about: Index
    template: Index
    recommended: Mask
    firm: Mask
    state: Truths
    ladder: Index
    rule: Index
    place: Index
    before: Index
    after: Index

    @property
    def size(self) -> int:
        """Number of entries."""
        return len(self.case)

    def some(self, at: Index | Mask) -> Entries:
        """Give some of the entries."""
        return Entries(*(getattr(self, name)[at] for name in self.__slots__))


def joined(parts: Sequence[Entries]) -> Entries:
    """Put entries together."""
    names = Entries.__slots__
    return Entries(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def plain_entries(case: Index, action: int) -> Entries:
    """Give entries without reasons, arguments and dates."""
    size = len(case)
    nothing = np.full(size, -1, np.int32)
    small = np.full(size, -1, np.int16)
    no = np.zeros(size, np.bool_)
    return Entries(
        case.astype(np.int32), np.full(size, action, np.int16), np.zeros(size, np.int64), nothing,
        small, ~no, no, np.full(size, State.UNCLEAR, np.int8), small, small, nothing, nothing,
        nothing,
    )  # fmt: skip


class Catalogue:
    """The actions and vetoes of a knowledge base by number."""

    def __init__(self, base: KnowledgeBase) -> None:
        """Number them in the order of their ids."""
        self.base = base
        self.actions = sorted(base.actions)
        self.number = {name: number for number, name in enumerate(self.actions)}
        self.templates = sorted(base.templates)
        self.template = {name: number for number, name in enumerate(self.templates)}
        self.rules = sorted(base.rules)
        self.rule = {name: number for number, name in enumerate(self.rules)}
        # Whether what a rule advises comes with arguments or dates.
        self.detailed = {
            rule.id: bool(rule.arguments or rule.not_before or rule.not_after)
            for rule in base.rules.values()
        }
        actions = [base.actions[name] for name in self.actions]
        self.rank = [
            (URGENCIES.index(each.urgency), PHASES.index(each.phase), each.cost, each.effort)
            for each in actions
        ]
        self.requires = [[self.number[name] for name in each.requires] for each in actions]


class Plans:
    """Works out the plans of a batch.

    Args:
        catalogue: What can be advised.
        found: What was decided.
        rated: Each diagnosis for its subjects; what nothing speaks about is left out.
        vetoes: By veto, for each case 0, 1 (possible) or 2 (holds).
    """

    def __init__(
        self,
        catalogue: Catalogue,
        found: Evaluation,
        rated: Mapping[str, Rated],
        vetoes: Mapping[str, Truths],
    ) -> None:
        """Work out what is forbidden and what is done."""
        self.catalogue = catalogue
        self.base = catalogue.base
        self.found = found
        self.rated = rated
        self.count = found.batch.count
        shape = (len(catalogue.actions), self.count)
        self.forbidden: Mask = np.zeros(shape, np.bool_)
        self.doubtful: Mask = np.zeros(shape, np.bool_)
        self.done: Mask = np.zeros(shape, np.bool_)
        self.open: Mask = np.ones(shape, np.bool_)
        self._kept: list[Dates] = []
        self._count_kept = 0
        self.dates = Dates(np.zeros(0, np.int64), np.zeros(0, np.bool_), np.zeros(0, np.int64))
        self._note_done()
        self._note_vetoes(vetoes)

    def _note_done(self) -> None:
        for number, name in enumerate(self.catalogue.actions):
            rule = self.base.actions[name].done_when
            if rule:
                truth = self.found.truth(rule)
                self.done[number] = truth == _TRUE
                self.open[number] = truth == 0

    def _note_vetoes(self, vetoes: Mapping[str, Truths]) -> None:
        for name, truth in vetoes.items():
            veto = self.base.vetoes[name]
            for action in veto.forbids:
                number = self.catalogue.number[action]
                if veto.precaution:
                    self.forbidden[number] |= truth > 0
                else:
                    self.forbidden[number] |= truth == _TRUE
                    self.doubtful[number] |= truth == 1
        for matrix in (self.forbidden, self.doubtful):
            self._pass_on(matrix)

    def _pass_on(self, matrix: Mask) -> None:
        """What needs a forbidden or doubtful action is so as well, unless that is done."""
        changed = True
        while changed:
            changed = False
            for number, required in enumerate(self.catalogue.requires):
                for other in required:
                    new = matrix[other] & ~self.done[other] & ~matrix[number]
                    if new.any():
                        matrix[number] |= new
                        changed = True

    # Advice --------------------------------------------------------------------------------------

    def entries(self) -> Entries:
        """Give the entries of all plans, in the order of cases and of each plan."""
        parts = [plain_entries(np.zeros(0, np.int64), 0)]
        for diagnosis in self.base.diagnoses.values():
            rated = self.rated.get(diagnosis.id)
            if rated is not None:
                for name in diagnosis.advice:
                    rule = self.base.rules[name]
                    if rule.purpose is Purpose.DO:
                        parts.extend(self._advised(diagnosis, rule, rated))
        self.dates = Dates(
            *(
                np.concatenate([np.zeros(0, kind), *(getattr(part, name) for part in self._kept)])
                for name, kind in (("value", np.int64), ("is_date", np.bool_), ("second", np.int64))
            )
        )
        found = self._climb(self._merged(joined(parts)))
        for action in self._prerequisites():
            found = self._pull_in(found, action)
        return self._ordered(found)

    def _advised(self, diagnosis: Diagnosis, rule: Rule, rated: Rated) -> Iterable[Entries]:
        truth = self.found.truth(rule.id)
        may = (truth > 0) & (rated.high >= State.SUGGESTED)
        at = np.flatnonzero(may)
        if not len(at):
            return
        table = None
        case = at
        if diagnosis.about is not None:
            table = self.found.batch.tables[diagnosis.about.template]
            case = table.case[at]
        number = self.catalogue.number[rule.target]
        allowed = ~(self.forbidden[number] | self.done[number])[case]
        at, case = at[allowed], case[allowed]
        action = self.base.actions[rule.target]
        recommended = (rated.state[at] >= State.SUGGESTED) & (truth[at] == _TRUE)
        entries = plain_entries(case, number)
        entries.recommended = recommended
        entries.state = np.where(recommended, rated.state[at], rated.high[at]).astype(np.int8)
        entries.rule = np.full(len(at), self.catalogue.rule[rule.id], np.int16)
        entries.place = at.astype(np.int32)
        if table is not None and not action.once:
            seen = table.number[at] >= 0
            entries.about = np.where(seen, at, _NO_FACT).astype(np.int32)
            template = self.catalogue.template[table.template]
            entries.template = np.where(seen, template, _NO_FACT).astype(np.int16)
        known = self._arguments(rule, at, entries)
        if not rule.tests_knowledge:
            sure = ~self.doubtful[number] & self.open[number]
            firm = recommended & (rated.low[at] >= State.SUGGESTED)
            entries.firm = firm & sure[case] & known
        if not self.catalogue.detailed[rule.id] and (table is None or action.once):
            yield _one_per_case(entries)
            return
        entries.before = self._dates(rule, NOT_BEFORE, at, latest=True)
        entries.after = self._dates(rule, NOT_AFTER, at, latest=False)
        yield entries

    def _arguments(self, rule: Rule, at: Index, entries: Entries) -> Mask:
        """Set the key of the arguments; say where all of them are known."""
        known = np.ones(len(at), np.bool_)
        for number, name in enumerate(sorted(rule.arguments)):
            column = self.found.found[rule.id].computed.get(name)
            if column is None:
                continue
            part = column.take_first(at)
            told = part.tags() == KNOWN
            if part.low is not None and part.high is not None:
                told = told & (part.low == part.high)
                if part.maybe is not None:
                    told = told & ~part.maybe
            known &= told
            value = part.low if part.low is not None else part.code
            value = part.bits if value is None else value
            assert value is not None  # noqa: S101 - a column holds one of them
            word = hash_of(f"{number} {name}")
            entries.key = _mixed(entries.key, word, np.where(told, value * 2 + 1, 0))
        return known

    def _dates(self, rule: Rule, name: str, at: Index, *, latest: bool) -> Index:
        """Keep the dates of some advice; give their numbers, -1 where there is none."""
        column = self.found.found[rule.id].computed.get(name)
        if column is None:
            return np.full(len(at), -1, np.int32)
        expression = rule.not_before if name == NOT_BEFORE else rule.not_after
        assert expression is not None  # noqa: S101 - it was computed
        is_date = expression.type.kind is Kind.DATE
        part = column.take_first(at)
        assert part.low is not None  # noqa: S101 - dates have ends
        assert part.high is not None  # noqa: S101 - likewise
        end = part.high if latest else part.low
        there = np.flatnonzero((part.tags() == KNOWN) & (np.abs(end) < FAR))
        seconds = part.high[there]
        if is_date:
            seconds = first_seconds(np.clip(seconds, times.FIRST_DAY, times.LAST_DAY))
        self._kept.append(Dates(end[there], np.full(len(there), is_date), seconds))
        numbers = np.full(len(at), -1, np.int32)
        numbers[there] = np.arange(self._count_kept, self._count_kept + len(there))
        self._count_kept += len(there)
        return numbers

    def _chosen(self, numbers: Index, group: Index, *, latest: bool) -> Index:
        """Give the number of the latest or earliest date of each group, -1 for none."""
        found = np.full(int(group[-1]) + 1 if len(group) else 0, -1, np.int32)
        at = np.flatnonzero(numbers >= 0)
        if len(at):
            mine = numbers[at]
            sign = -1 if latest else 1
            is_date = self.dates.is_date[mine].astype(np.int64)
            order = np.lexsort((sign * is_date, sign * self.dates.second[mine], group[at]))
            groups = group[at][order]
            first = np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]]))
            found[groups[first]] = mine[order[first]]
        return found

    def _merged(self, entries: Entries) -> Entries:
        """Make one entry of all that advise the same; what is only possible does not count then."""
        if not entries.size:
            return entries
        place = entries.case.astype(np.int64) * len(self.catalogue.actions) + entries.action
        about = (entries.template.astype(np.int64) << 33) + entries.about
        # One number to sort by, and within it what is recommended first; the order of groups does
        # not matter. Should two different entries have the same number, all are compared.
        mixed = _mixed(_mixed(place, _SALT, entries.key), _SALT, about)
        order = np.argsort((mixed & -2) | ~entries.recommended)
        new = _begins([mixed[order] & -2])
        if (new != _begins([part[order] for part in (place, entries.key, about)])).any():
            order = np.lexsort((~entries.recommended, about, entries.key, place))
            new = _begins([part[order] for part in (place, entries.key, about)])
        first = np.flatnonzero(new)
        group = np.cumsum(new) - 1
        recommended = entries.recommended[order]
        counts = np.flatnonzero(recommended == recommended[first][group])
        order, group = order[counts], group[counts]
        first = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]]))
        found = entries.some(order[first])
        found.state = np.maximum.reduceat(entries.state[order], first)
        found.firm = np.logical_or.reduceat(entries.firm[order], first)
        found.before = self._chosen(entries.before[order], group, latest=True)
        found.after = self._chosen(entries.after[order], group, latest=False)
        return found

    # Ladders and prerequisites -------------------------------------------------------------------

    def _climb(self, entries: Entries) -> Entries:
        """Where nothing is advised, use the first ladder that is not ruled out."""
        left = np.ones(self.count, np.bool_)
        left[entries.case[entries.recommended]] = False
        parts = [entries]
        for number, ladder in enumerate(self.base.ladders):
            actions = [self.catalogue.number[name] for name in ladder.actions]
            may = left & (self.found.truth(ladder.rule) > 0)
            allowed = [may & ~self.forbidden[action] for action in actions]
            open_ = [
                mask & ~self.done[action] for mask, action in zip(allowed, actions, strict=True)
            ]
            some_open = np.logical_or.reduce(open_)
            for action, mask, still in zip(actions, allowed, open_, strict=True):
                cases = np.flatnonzero(np.where(some_open, still, mask))
                steps = plain_entries(cases, action)
                steps.ladder = np.full(len(cases), number, np.int16)
                parts.append(steps)
            left &= ~np.logical_or.reduce(allowed)
        whole = joined(parts)
        # A step of a ladder takes the place of the same action that was only possible.
        plain = (whole.key == 0) & (whole.about == _NO_FACT)
        steps_of = self._some(whole, plain & (whole.ladder >= 0))
        replaced = plain & (whole.ladder < 0) & steps_of[whole.action, whole.case]
        return whole.some(np.flatnonzero(~replaced))

    def _some(self, entries: Entries, which: Mask) -> Mask:
        """Say for each action and case whether there is such an entry."""
        found: Mask = np.zeros((len(self.catalogue.actions), self.count), np.bool_)
        found[entries.action[which], entries.case[which]] = True
        return found

    def _prerequisites(self) -> list[int]:
        """Give the actions that others need, each before those that it needs itself."""
        needed = {other for required in self.catalogue.requires for other in required}
        found: list[int] = []
        while needed:
            free = [
                number
                for number in sorted(needed)
                if not any(number in self.catalogue.requires[other] for other in needed)
            ]
            # A cycle is refused by the checks; here it must not hang.
            found.extend(free or sorted(needed))
            needed -= set(free or needed)
        return found

    def _pull_in(self, entries: Entries, action: int) -> Entries:
        """Add an action that others need, where it is neither done nor in the plan."""
        asks = [number for number, needs in enumerate(self.catalogue.requires) if action in needs]
        asking = np.isin(entries.action, asks)
        asking &= ~(self.done[action] | self.forbidden[action])[entries.case]
        mine = entries.action == action
        sure, maybe, has_sure, has = (np.zeros(self.count, np.bool_) for _ in range(4))
        sure[entries.case[asking & entries.recommended]] = True
        maybe[entries.case[asking]] = True
        has_sure[entries.case[mine & entries.recommended]] = True
        has[entries.case[mine]] = True
        new_sure = sure & ~has_sure
        new = new_sure | (maybe & ~has)
        cases = np.flatnonzero(new)
        if not len(cases):
            return entries
        pulled = plain_entries(cases, action)
        pulled.recommended = new_sure[cases]
        reasons = asking & new[entries.case] & (entries.recommended == new_sure[entries.case])
        at = np.flatnonzero(reasons)
        state = np.full(self.count, State.EXCLUDED, np.int8)
        np.maximum.at(state, entries.case[at], entries.state[at])
        firm = np.zeros(self.count, np.bool_)
        firm[entries.case[at[entries.firm[at]]]] = True
        ladder = np.full(self.count, -1, np.int16)
        np.maximum.at(ladder, entries.case[at], entries.ladder[at])
        pulled.state, pulled.ladder = state[cases], ladder[cases]
        pulled.firm = (firm & self.open[action])[cases]
        kept = ~(mine & new_sure[entries.case])
        return joined([entries.some(np.flatnonzero(kept)), pulled])

    # Order ---------------------------------------------------------------------------------------

    def _ordered(self, entries: Entries) -> Entries:
        # Phase, cost, effort and id have the same order in all cases: one number stands for them.
        urgency = np.array([rank[0] for rank in self.catalogue.rank], np.int64)
        actions = range(len(self.catalogue.rank))
        later = sorted(actions, key=lambda number: (*self.catalogue.rank[number][1:], number))
        rest = np.argsort(np.array(later, np.int64))
        state = State.ESTABLISHED - entries.state.astype(np.int64)
        rank = (~entries.recommended * len(URGENCIES) + urgency[entries.action]) * 4 + state
        whole = (entries.case.astype(np.int64) * 24 + rank) * len(rest) + rest[entries.action]
        order = np.argsort(whole, kind="stable")
        same = ~_begins([whole[order]])
        tied = np.flatnonzero(same | np.append(same[1:], [False]))
        if len(tied):
            among = entries.some(order[tied])
            order[tied] = order[tied][np.lexsort((*self._ties(among), whole[order[tied]]))]
        return self._with_prerequisites_first(entries.some(order))

    def _ties(self, entries: Entries) -> list[Index]:
        """Order entries of one action by their arguments as text, then by their facts."""
        different, first, places = np.unique(entries.key, return_index=True, return_inverse=True)
        texts = [self._arguments_text(entries, place) for place in first.tolist()]
        rank = np.zeros(len(different), np.int64)
        rank[sorted(range(len(texts)), key=texts.__getitem__)] = np.arange(len(texts))
        return [entries.about, entries.template, rank[places]]

    def _arguments_text(self, entries: Entries, place: int) -> tuple[tuple[str, str], ...]:
        if entries.rule[place] < 0:
            return ()
        rule = self.base.rules[self.catalogue.rules[entries.rule[place]]]
        return tuple(
            (name, told_text(column, int(entries.place[place]), self.found))
            for name, column in sorted(self.found.found[rule.id].computed.items())
            if name in rule.arguments
        )

    def _with_prerequisites_first(self, entries: Entries) -> Entries:
        """Put what must come first before what needs it, in the cases where it is not."""
        late: set[int] = set()
        position = np.arange(entries.size)
        for number, required in enumerate(self.catalogue.requires):
            mine = np.flatnonzero(entries.action == number)
            for other in required:
                last = np.full(self.count, -1, np.int64)
                others = np.flatnonzero(entries.action == other)
                last[entries.case[others]] = others  # they come in order, the last one stays
                late |= set(entries.case[mine[last[entries.case[mine]] > position[mine]]].tolist())
        if not late:
            return entries
        start = np.searchsorted(entries.case, np.arange(self.count + 1))
        for case in late:
            places = list(range(start[case], start[case + 1]))
            position[start[case] : start[case + 1]] = self._placed(entries, places)
        return entries.some(position)

    def _placed(self, entries: Entries, left: list[int]) -> list[int]:
        placed = []
        while left:
            waiting = {int(entries.action[place]) for place in left}
            ready = (
                place
                for place in left
                if not set(self.catalogue.requires[entries.action[place]])
                & (waiting - {int(entries.action[place])})
            )
            chosen = next(ready, left[0])
            placed.append(chosen)
            left.remove(chosen)
        return placed


def hash_of(text: str) -> np.int64:
    """Give a number for a short text, the same in every run."""
    found = 1469598103934665603
    for byte in text.encode():
        found = ((found ^ byte) * 1099511628211) & 0xFFFFFFFFFFFFFFFF
    return np.uint64(found).astype(np.int64)


def _one_per_case(entries: Entries) -> Entries:
    """Join the entries of each case, which differ only in how surely they are advised."""
    if not entries.size:
        return entries
    first = np.flatnonzero(_begins([entries.case]))
    found = entries.some(first)
    # What is recommended wins, with the best state among what is recommended.
    best = np.maximum.reduceat(entries.recommended * np.int8(8) + entries.state, first)
    found.recommended, found.state = best >= 8, best & np.int8(7)  # noqa: PLR2004 - see above
    found.firm = np.logical_or.reduceat(entries.firm, first)
    return found


_SALT: Final = hash_of("salt")


def _mixed(key: Ends, word: np.int64, value: Ends) -> Ends:
    """Add a value to numbers that tell entries apart."""
    found = key.astype(np.uint64) ^ np.uint64(word.astype(np.uint64))
    found = (found ^ (found >> np.uint64(32)) ^ value.astype(np.uint64)) * _ODD
    return (found ^ (found >> np.uint64(29))).astype(np.int64)


def _begins(parts: Sequence[Index]) -> Mask:
    """Say which elements differ from those before them."""
    found = np.ones(len(parts[0]), np.bool_)
    found[1:] = False
    for part in parts:
        found[1:] |= part[1:] != part[:-1]
    return found


def told_text(column: Column, place: int, found: Evaluation) -> str:
    """Give an argument as text if it is known, as entries of one action are ordered by it."""
    value = decode(column, place, found.batch.pool)
    known = not isinstance(value, Absent) and (not isinstance(value, Interval) or value.exact)
    return repr(value) if known else ""
