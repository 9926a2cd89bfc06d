"""What an engine concludes from one case: the truth of every rule, with the record of why.

An engine decides; it does not rate or plan. Everything that is made from these records (states,
ranges, plans, explanations) is made once, for all engines, in :mod:`simdiag.reasoning`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from simdiag.model.cases import RowId
from simdiag.model.conditions import Condition
from simdiag.model.truth import FALSE, Truth
from simdiag.model.values import Kind, SlotType, Value

Rows: TypeAlias = tuple[RowId, ...]

TEXT_TYPE = SlotType(Kind.TEXT)

# Beside the arguments of an action, whose names have no blanks.
NOT_BEFORE = "not before"
NOT_AFTER = "not after"


@dataclass(frozen=True, slots=True)
class Read:
    """A value that a condition read: of which fact (none for the case itself), which slot, what."""

    row: RowId | None
    slot: str
    value: Value


@dataclass(frozen=True, slots=True)
class Support:
    """How one condition came out, and why.

    Attributes:
        condition: The node of the model.
        truth: How it came out.
        reads: The values that it read itself.
        rows: For a pattern or aggregate: the facts that matched or may match.
        parts: The same for its parts, as far as they decided it.
        result, result_type: The value of an aggregate and its type, if this is the support of one.
    """

    condition: Condition
    truth: Truth
    reads: tuple[Read, ...] = ()
    rows: Rows = ()
    parts: tuple[Support, ...] = ()
    result: Value | None = None
    result_type: SlotType = TEXT_TYPE


@dataclass(frozen=True, slots=True)
class Outcome:
    """The truth of one rule for one subject; ``binding`` names the facts that decided it.

    Of several bindings with the same truth the first in the order of rows is recorded. ``unless``
    holds the rules to which this one gives way, and how they came out; ``computed`` the dates and
    arguments of advice. ``support`` may be made only when somebody looks at it.
    """

    rule: str
    subject: Rows
    truth: Truth
    binding: Mapping[str, RowId] = field(default_factory=dict)
    support: Sequence[Support] = ()
    unless: tuple[tuple[str, Truth], ...] = ()
    computed: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inference:
    """Everything that an engine concluded about one case.

    Attributes:
        outcomes: Rule id to subject to outcome. What is not there is false.
        values: Findings: id to subject to value (boolean findings as ``bool`` or unknown). What
            nobody has read of a pair of facts is worked out here and in ``outcomes`` when it is
            looked at.
        rows: All rows by template, the virtual ones last, in canonical order.
        slots: What each row's slots and findings held at the end.
    """

    outcomes: Mapping[str, Mapping[Rows, Outcome]]
    values: Mapping[str, Mapping[Rows, Value]]
    rows: Mapping[str, Rows]
    slots: Mapping[RowId, Mapping[str, Value]]

    def truth(self, rule: str, subject: Rows) -> Truth:
        """Give the truth of a rule for a subject."""
        outcome = self.outcomes.get(rule, {}).get(subject)
        return FALSE if outcome is None else outcome.truth
