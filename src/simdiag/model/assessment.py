"""Everything concluded about one case, in the order and form in which results show it.

The JSON form (see :mod:`simdiag.reasoning.serialise`) has one key per attribute here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from simdiag.errors import Problem
from simdiag.model.cases import RowId
from simdiag.model.inference import Inference
from simdiag.model.values import Interval, Value


class State(IntEnum):
    """How far a diagnosis is established, from lowest to highest (S7)."""

    EXCLUDED = 0
    UNCLEAR = 1
    SUGGESTED = 2
    ESTABLISHED = 3

    @property
    def word(self) -> str:
        """The state in lower case, as it stands in results."""
        return self.name.lower()


class ActionStatus(StrEnum):
    """Whether an action is advised now or only might be."""

    RECOMMENDED = "recommended"
    POSSIBLE = "possible"


class VetoStatus(StrEnum):
    """Whether a veto holds or only might."""

    HOLDS = "holds"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Rating:
    """The state of a diagnosis for one subject, or for the case.

    Attributes:
        state: With what is known.
        low, high: Lowest and highest state that the unknown facts leave possible.
        score: Sum of the weights of true rules, decisive ones left out.
        because: Ids of the true rules, sorted.
        undecided: Ids of the rules that are neither true nor false, sorted.
        conflict: Whether decisive rules for and against are both true.
    """

    state: State
    low: State
    high: State
    score: int
    because: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class DiagnosisResult:
    """The rating of a diagnosis in the case, and the facts for which that rating holds."""

    id: str
    rating: Rating
    about: tuple[RowId, ...] = ()


@dataclass(frozen=True, slots=True)
class SlotName:
    """A slot of a fact, or of any fact of its template if ``row`` is none (an open list)."""

    template: str
    slot: str
    row: RowId | None = None


@dataclass(frozen=True, slots=True)
class ActionResult:
    """One entry of the plan; dates are days or seconds, as the expression that gave them."""

    id: str
    status: ActionStatus
    firm: bool
    diagnoses: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    arguments: Mapping[str, Value] = field(default_factory=dict)
    about: RowId | None = None
    not_before: Interval | None = None
    not_before_is_date: bool = False
    not_after: Interval | None = None
    not_after_is_date: bool = False
    after: tuple[str, ...] = ()
    first_find_out: tuple[SlotName, ...] = ()
    ladder: str = ""


@dataclass(frozen=True, slots=True)
class VetoResult:
    """A veto that holds or may hold."""

    id: str
    status: VetoStatus
    forbids: tuple[str, ...]
    because: tuple[str, ...]
    about: tuple[RowId, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """Evidence that cannot all be true, and the proof that would decide."""

    rule: str
    facts: tuple[RowId, ...]
    diagnosis: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """A slot that is not known and what it matters for: ids of diagnoses, actions and vetoes."""

    slot: SlotName
    matters_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BillAmounts:
    """Money of one bill, in cents; none where a part is not known."""

    bill: RowId
    total: Interval | None
    lines: Interval | None
    disputed: Interval


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything concluded about one case."""

    case: str
    as_of: Interval
    diagnoses: tuple[DiagnosisResult, ...]
    actions: tuple[ActionResult, ...]
    vetoes: tuple[VetoResult, ...]
    conflicts: tuple[Conflict, ...]
    missing: tuple[Missing, ...]
    amounts: tuple[BillAmounts, ...]
    warnings: tuple[Problem, ...]
    inference: Inference
    decide_most: tuple[SlotName, ...] = ()
    passed_through: Mapping[str, str] = field(default_factory=dict)
