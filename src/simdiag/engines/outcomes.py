"""How rules came out, told when somebody asks: most of it is never looked at.

Findings about pairs of facts are even worked out only then, if the engine wants it so: a bill of a
hundred lines has ten thousand pairs of lines, and most rules rule out a pair before they come to
what is said about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from simdiag.engines.branches import Decision
from simdiag.engines.world import World
from simdiag.model.cases import RowId
from simdiag.model.inference import Outcome, Rows
from simdiag.model.rules import Finding, Rule
from simdiag.model.values import UNKNOWN_VALUE, Kind, Value

_TWO = 2


def is_of_pairs(finding: Finding) -> bool:
    """Say whether a finding is about pairs of facts."""
    return len(finding.subjects) == _TWO


def is_yes_or_no(finding: Finding, rules: Mapping[str, Rule]) -> bool:
    """Say whether a finding is true if one of its rules is, and has no values of its own."""
    return finding.type.kind is Kind.BOOLEAN and all(
        rules[name].value is None for name in finding.rules
    )


def nothing_said(finding: Finding, rules: Mapping[str, Rule]) -> Value:
    """Give the value of a finding none of whose rules is true or undecided."""
    return False if is_yes_or_no(finding, rules) else UNKNOWN_VALUE


class Run(Protocol):
    """The evaluation of one case."""

    @property
    def world(self) -> World:
        """The rows and what they hold."""

    @property
    def decisions(self) -> Mapping[str, Mapping[Rows, Decision]]:
        """How rules were decided, by id and subject; what is false is left out."""

    def outcome(self, rule: Rule, subject: Rows, decision: Decision) -> Outcome:
        """Give what is told of a rule that was decided for a subject."""

    def pair(self, finding: str, first: RowId, second: RowId) -> Value:
        """Give what a finding about pairs, by its name, says of two facts."""


class Outcomes(Mapping[Rows, Outcome]):
    """How one rule came out, by subject; what is false is left out.

    Args:
        run: The evaluation of the case, with the decisions.
        rule: The rule.
    """

    __slots__ = ("_made", "_rule", "_run")

    def __init__(self, run: Run, rule: Rule) -> None:
        """Tell nothing yet."""
        self._run = run
        self._rule = rule
        self._made: dict[Rows, Outcome] = {}

    def __getitem__(self, subject: Rows) -> Outcome:
        """Give the outcome for one subject."""
        made = self._made.get(subject)
        if made is None:
            decision = self._decided()[subject]
            made = self._made[subject] = self._run.outcome(self._rule, subject, decision)
        return made

    def __iter__(self) -> Iterator[Rows]:
        """Iterate over the subjects, sorted."""
        return iter(sorted(self._decided()))

    def __len__(self) -> int:
        """Count the subjects."""
        return len(self._decided())

    def _decided(self) -> Mapping[Rows, Decision]:
        return self._run.decisions.get(self._rule.id, {})


class Pairs:
    """The pairs that a finding is about.

    Args:
        run: The evaluation of the case.
        finding: The finding.
    """

    __slots__ = ("_finding", "_run", "_templates")

    def __init__(self, run: Run, finding: Finding) -> None:
        """Work out nothing yet."""
        self._run = run
        self._finding = finding
        self._templates = tuple(subject.template for subject in finding.subjects)

    def value(self, pair: Rows) -> Value:
        """Give what the finding says of a pair; it is worked out now at the latest.

        Raises:
            KeyError: These are not two facts of its templates.
        """
        rows = self._run.world.rows
        if len(pair) != _TWO or any(
            row not in rows[template] for row, template in zip(pair, self._templates, strict=True)
        ):
            raise KeyError(pair)
        return self._run.pair(self._finding.name, *pair)

    def all(self) -> list[Rows]:
        """Give every pair, in the order of rows."""
        return self._run.world.subjects(self._templates)


class PairValues(Mapping[Rows, Value]):
    """What a finding says, by pair; for the arguments see `Pairs`."""

    __slots__ = ("_pairs",)

    def __init__(self, run: Run, finding: Finding) -> None:
        """Work out nothing yet."""
        self._pairs = Pairs(run, finding)

    def __getitem__(self, pair: Rows) -> Value:
        """Give what it says of one pair; other pairs stay as they are."""
        return self._pairs.value(pair)

    def __iter__(self) -> Iterator[Rows]:
        """Iterate over all pairs, in the order of rows."""
        return iter(self._pairs.all())

    def __len__(self) -> int:
        """Count all pairs."""
        return len(self._pairs.all())


class PairOutcomes(Outcomes):
    """How a rule of a finding came out, by pair; what is false is left out.

    Args:
        run: The evaluation of the case, with the decisions.
        rule: The rule.
        finding: The finding.
    """

    __slots__ = ("_pairs",)

    def __init__(self, run: Run, rule: Rule, finding: Finding) -> None:
        """Work out nothing yet."""
        super().__init__(run, rule)
        self._pairs = Pairs(run, finding)

    def __getitem__(self, pair: Rows) -> Outcome:
        """Give the outcome for one pair; other pairs stay as they are."""
        self._pairs.value(pair)
        return super().__getitem__(pair)

    def __iter__(self) -> Iterator[Rows]:
        """Iterate over all pairs for which the rule is not false, sorted."""
        for pair in self._pairs.all():
            self._pairs.value(pair)
        return super().__iter__()

    def __len__(self) -> int:
        """Count all pairs for which the rule is not false."""
        return sum(1 for _ in self)
