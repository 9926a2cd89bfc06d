"""Compares what a scenario expects with what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from simdiag.calculation import times
from simdiag.loading.scalars import read_moment, write_value
from simdiag.loading.scenarios import NOTHING, Expectation
from simdiag.model.assessment import (
    ActionResult,
    ActionStatus,
    Assessment,
    DiagnosisResult,
    State,
    VetoStatus,
)
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.values import Interval, Kind, SlotType
from simdiag.reasoning.rating import PLAIN
from simdiag.spans import Span


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that is not met.

    Attributes:
        span: Where it is written.
        what: What was looked at, such as ``state of `topup.x```.
        expected, found: Both in words.
        why: Of a diagnosis: its score, its true rules and its undecided rules; else empty.
    """

    span: Span
    what: str
    expected: str
    found: str
    why: str = ""


def failures(
    wanted: Iterable[Expectation], assessment: Assessment, base: KnowledgeBase
) -> tuple[Failure, ...]:
    """Give the expectations that an assessment does not meet, in their written order."""
    checker = _Checker(assessment, base)
    found = (getattr(checker, each.form)(each) for each in wanted)
    return tuple(failure for failure in found if failure is not None)


class _Checker:
    """One method for each form of an expectation; each gives a failure, or none if it is met."""

    def __init__(self, assessment: Assessment, base: KnowledgeBase) -> None:
        self.assessment = assessment
        self.base = base

    # Diagnoses -----------------------------------------------------------------------------------

    def result(self, name: str) -> DiagnosisResult:
        """Give the result of a diagnosis; those that are plainly unclear are in no list."""
        shown = (found for found in self.assessment.diagnoses if found.id == name)
        return next(shown, DiagnosisResult(name, PLAIN))

    def why(self, name: str) -> str:
        """Say how a diagnosis came to its state."""
        rating = self.result(name).rating
        parts = [f"score {rating.score}"]
        for title, rules in (("true", rating.because), ("undecided", rating.undecided)):
            slugs = ", ".join(rule.removeprefix(f"{name}#") for rule in rules)
            parts.append(f"{title}: {slugs or 'none'}")
        return "; ".join(parts)

    def first(self, each: Expectation) -> Failure | None:
        """Compare the first diagnosis that is at least suggested."""
        likely = [
            found for found in self.assessment.diagnoses if found.rating.state >= State.SUGGESTED
        ]
        first = likely[0] if likely else None
        name = NOTHING if first is None else first.id
        if name == each.subject:
            return None
        found = name if first is None else f"{name} ({first.rating.state.word})"
        why = "" if each.subject == NOTHING else f"{each.subject}: {self.why(each.subject)}"
        return Failure(each.span, "first diagnosis", each.subject, found, why)

    def state(self, each: Expectation) -> Failure | None:
        """Compare the state of a diagnosis."""
        word = self.result(each.subject).rating.state.word
        if word == each.wanted[0]:
            return None
        what = f"state of `{each.subject}`"
        return Failure(each.span, what, each.wanted[0], word, self.why(each.subject))

    def range(self, each: Expectation) -> Failure | None:
        """Compare the range of a diagnosis."""
        rating = self.result(each.subject).rating
        words = (rating.low.word, rating.high.word)
        if words == each.wanted:
            return None
        what = f"range of `{each.subject}`"
        return Failure(
            each.span, what, " to ".join(each.wanted), " to ".join(words), self.why(each.subject)
        )

    # Actions and vetoes --------------------------------------------------------------------------

    def entries(self, name: str) -> list[ActionResult]:
        """Give the entries of the plan for an action."""
        return [found for found in self.assessment.actions if found.id == name]

    def plan_word(self, name: str) -> str:
        """Say how an action stands in the plan."""
        words = [
            f"{found.status.value}, {'firm' if found.firm else 'not firm'}"
            for found in self.entries(name)
        ]
        return "; ".join(dict.fromkeys(words)) or "not in the plan"

    def _plan(
        self, each: Expectation, expected: str, fits: Callable[[list[ActionResult]], bool]
    ) -> Failure | None:
        if fits(self.entries(each.subject)):
            return None
        what = f"action `{each.subject}`"
        forbidden = [found.id for found in self.assessment.vetoes if each.subject in found.forbids]
        why = f"forbidden by {', '.join(forbidden)}" if forbidden else ""
        return Failure(each.span, what, expected, self.plan_word(each.subject), why)

    def do(self, each: Expectation) -> Failure | None:
        """The action is recommended."""
        return self._plan(
            each,
            "recommended",
            lambda found: any(entry.status is ActionStatus.RECOMMENDED for entry in found),
        )

    def not_do(self, each: Expectation) -> Failure | None:
        """The action is not recommended; it may be possible, for what is not known yet."""
        return self._plan(
            each,
            "not recommended",
            lambda found: all(entry.status is ActionStatus.POSSIBLE for entry in found),
        )

    def firm(self, each: Expectation) -> Failure | None:
        """The action is recommended, and nothing that is unknown can change that."""
        return self._plan(each, "firm", lambda found: any(entry.firm for entry in found))

    def _veto_word(self, name: str) -> str:
        words = [found.status.value for found in self.assessment.vetoes if found.id == name]
        return words[0] if words else "not there"

    def veto(self, each: Expectation) -> Failure | None:
        """The veto holds."""
        word = self._veto_word(each.subject)
        if word == VetoStatus.HOLDS.value:
            return None
        return Failure(each.span, f"veto `{each.subject}`", VetoStatus.HOLDS.value, word)

    def no_veto(self, each: Expectation) -> Failure | None:
        """The veto neither holds nor may hold."""
        word = self._veto_word(each.subject)
        if word == "not there":
            return None
        return Failure(each.span, f"veto `{each.subject}`", "not there", word)

    def not_before(self, each: Expectation) -> Failure | None:
        """An entry of the action begins on that date."""
        return self._date(
            each,
            [
                _safe_end(found.not_before, late=True, is_date=found.not_before_is_date)
                for found in self.entries(each.subject)
            ],
        )

    def not_after(self, each: Expectation) -> Failure | None:
        """An entry of the action ends on that date."""
        return self._date(
            each,
            [
                _safe_end(found.not_after, late=False, is_date=found.not_after_is_date)
                for found in self.entries(each.subject)
            ],
        )

    def _date(self, each: Expectation, found: list[tuple[int, bool] | None]) -> Failure | None:
        wanted = each.wanted[0]
        if any(_same_date(wanted, date) for date in found):
            return None
        words = "; ".join(dict.fromkeys(map(_date_word, found))) or "not in the plan"
        return Failure(each.span, f"{each.form} of `{each.subject}`", wanted, words)

    # Slots, findings, conflicts ------------------------------------------------------------------

    def missing(self, each: Expectation) -> Failure | None:
        """The slot is missing, in whatever fact."""
        names = {f"{gap.slot.template}.{gap.slot.slot}" for gap in self.assessment.missing}
        if each.subject in names:
            return None
        return Failure(
            each.span, f"slot `{each.subject}`", "missing", "known, or it matters for nothing"
        )

    def finding_values(self, name: str) -> list[str]:
        """Give the values of a finding for the given facts, or for unseen ones if none is given.

        For a finding of pairs: for every two different facts.
        """
        slot_type = self.base.findings[name].type
        values = self.assessment.inference.values.get(name, {})
        given = [rows for rows in values if all(row.index >= 0 for row in rows)]
        pairs = [rows for rows in given if len(set(rows)) == len(rows)]
        return [write_value(values[rows], slot_type) for rows in pairs or given or values]

    def finding(self, each: Expectation) -> Failure | None:
        """Every given fact has this value."""
        words = list(dict.fromkeys(self.finding_values(each.subject)))
        if words and set(words) == set(each.wanted):
            return None
        found = ", ".join(words) or "there is no such fact"
        return Failure(each.span, f"finding `{each.subject}`", each.wanted[0], found)

    def findings(self, each: Expectation) -> Failure | None:
        """The given facts have these values, in any order."""
        words = self.finding_values(each.subject)
        if sorted(words) == sorted(each.wanted):
            return None
        found = ", ".join(words) or "there is no such fact"
        return Failure(each.span, f"finding `{each.subject}`", ", ".join(each.wanted), found)

    def conflicts(self, each: Expectation) -> Failure | None:
        """Exactly these conflicts are there."""
        names = {
            conflict.rule.removeprefix("contradiction#") for conflict in self.assessment.conflicts
        }
        if names == set(each.wanted):
            return None
        expected, found = (", ".join(sorted(words)) or "none" for words in (each.wanted, names))
        return Failure(each.span, "conflicts", expected, found)


def _safe_end(date: Interval | None, *, late: bool, is_date: bool) -> tuple[int, bool] | None:
    """Give a date as results show it: the latest beginning, the earliest end."""
    if date is None:
        return None
    return int(date.high if late else date.low), is_date


def _same_date(wanted: str, date: tuple[int, bool] | None) -> bool:
    """Say whether a date is the one that is wanted; a wanted day holds any moment of it."""
    if date is None or wanted == NOTHING:
        return date is None and wanted == NOTHING
    number, is_date = date
    moment = read_moment(wanted)
    if is_date:
        return moment == Interval(times.start_of_day(number), times.end_of_day(number))
    return moment.low <= number <= moment.high


def _date_word(date: tuple[int, bool] | None) -> str:
    if date is None:
        return NOTHING
    number, is_date = date
    kind = Kind.DATE if is_date else Kind.DATETIME
    return write_value(Interval(number, number), SlotType(kind))
