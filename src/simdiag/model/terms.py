"""The terms of a knowledge base: what can be said in a case.

A template says which slots its facts have; a reference is a template whose rows travel with the
knowledge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from simdiag.model.conditions import Condition
from simdiag.model.values import SlotType, Value
from simdiag.spans import NOWHERE, Span


class Cardinality(StrEnum):
    """How many facts of a template a case may have (S2)."""

    ONE = "one"
    MANY = "many"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a slot.

    Attributes:
        id: The word in facts files.
        text: What a person reads, in English.
        also: Other written forms that are accepted.
    """

    id: str
    text: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """How a slot is asked (S16).

    Attributes:
        text: The question in English.
        help: What the word means or where to look, in English.
        cost: How much work the answer is: ``at_hand``, ``look_up``, ``dig_out`` or ``call``.
        dont_know: Whether "don't know" is offered.
        document: The document in which the answer stands; questions that share one are asked
            together.
        frequencies: How often each answer is given among known answers, from 0 to 1: by choice, or
            by ``yes`` and ``no``. What is not declared is not there. In a set they are independent.
    """

    text: str
    help: str = ""
    cost: str = "at_hand"
    dont_know: bool = True
    document: str = ""
    frequencies: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of a template.

    ``question`` is none for slots that are never asked. ``relevant`` is read for one fact of the
    template, bound to the alias ``self``. ``past`` slots hold events, which cannot come after
    ``as_of``.
    """

    name: str
    type: SlotType
    title: str
    choices: tuple[Choice, ...] = ()
    question: Question | None = None
    relevant: Condition | None = None
    past: bool = False
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a figure comes from.

    Attributes:
        source: A key of the table of sources, or ``design`` for a modelling default.
        checked_on: Ordinal of the day on which it was read; none if not known.
        confidence: ``law``, ``regulator``, ``operator``, ``reseller``, ``weak`` or ``design``.
    """

    source: str
    checked_on: int | None = None
    confidence: str = "design"


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """One row of reference data. A slot that is not in ``values`` is a hole: not known to us."""

    values: Mapping[str, Value]
    provenance: Mapping[str, Provenance]


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of fact.

    Attributes:
        name: The word in facts files.
        cardinality: One fact, many facts, or shipped rows.
        title: What a person calls one such fact, in English.
        slots: By name.
        key: The slots that name a fact to a person, most telling first.
        relevant: Condition under which the template matters at all, or none.
        rows: The shipped rows of a reference.
        more: The question whether there is another fact, in English.
        more_when: Condition under which there can be another one; in a dialogue the list is closed
            without asking once it has a fact and this is definitely false. It reads no findings.
    """

    name: str
    cardinality: Cardinality
    title: str
    slots: Mapping[str, Slot]
    key: tuple[str, ...] = ()
    relevant: Condition | None = None
    rows: tuple[ReferenceRow, ...] = ()
    more: str = ""
    more_when: Condition | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    @property
    def single(self) -> bool:
        """Whether there is at most one fact, so that ``name.slot`` is unambiguous."""
        if self.cardinality is Cardinality.REFERENCE:
            return len(self.rows) == 1
        return self.cardinality is Cardinality.ONE
