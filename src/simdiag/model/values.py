"""Kinds of slots and the values that they hold.

What a slot holds while a case is evaluated:

==============================  =======================================================
kind                            value
==============================  =======================================================
boolean                         ``bool``
choice, text, phone, iban,      ``str`` in the written form that :mod:`simdiag.loading`
reference, vat, text            has normalised
set                             ``frozenset`` of ``str``
integer, decimal, money, date,  :class:`Interval` of whole numbers: the number; the number
datetime, duration              times ten to its places; cents; the proleptic ordinal of
                                the day; seconds since 1970 UTC; seconds
==============================  =======================================================

Not known is :data:`UNKNOWN_VALUE`; not applicable (S15 of the language) is :data:`NOT_APPLICABLE`.
Both are members of :class:`Absent`, so ``value is UNKNOWN_VALUE`` decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final, Literal, TypeAlias


class Kind(StrEnum):
    """The type of a slot."""

    BOOLEAN = "boolean"
    CHOICE = "choice"
    SET = "set"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    DATE = "date"
    DATETIME = "datetime"
    DURATION = "duration"
    TEXT = "text"
    PHONE = "phone"
    IBAN = "iban"
    REFERENCE = "reference"
    VAT = "vat"


ORDERED_KINDS: Final = frozenset(
    {Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.DATE, Kind.DATETIME, Kind.DURATION}
)
TEXT_KINDS: Final = frozenset({Kind.TEXT, Kind.PHONE, Kind.IBAN, Kind.REFERENCE, Kind.VAT})


class Absent(Enum):
    """Why a slot has no value."""

    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not applicable"

    # Members are themselves alone; the hash of Enum is slow, and these are keys in every case.
    __hash__ = object.__hash__


UNKNOWN_VALUE: Final = Absent.UNKNOWN
NOT_APPLICABLE: Final = Absent.NOT_APPLICABLE

INFINITE: Final = float("inf")
End: TypeAlias = int | float  # a float is only ever plus or minus infinity


@dataclass(frozen=True, slots=True)
class Interval:
    """A number that is known to lie between two ends, both included.

    A number that is known exactly has equal ends. ``low`` may be minus infinity, ``high`` plus
    infinity. ``maybe_absent`` tells that there may be no number at all, as for the minimum over
    facts that may not exist; a comparison with it is never true.
    """

    low: End
    high: End
    maybe_absent: bool = False

    @property
    def exact(self) -> bool:
        """Whether the number is known."""
        return self.low == self.high and not self.maybe_absent


def exactly(number: int) -> Interval:
    """Give the interval that holds one number."""
    return Interval(number, number)


ANY_NUMBER: Final = Interval(-INFINITE, INFINITE)

Value: TypeAlias = (
    bool | str | frozenset[str] | Interval | Literal[Absent.UNKNOWN, Absent.NOT_APPLICABLE]
)


@dataclass(frozen=True, slots=True)
class SlotType:
    """What a slot may hold.

    Attributes:
        kind: The type.
        choices: The choices of a ``choice`` or ``set``, in declared order.
        places: Decimal places of a ``decimal``.
        lenient: Whether ill-formed text is accepted because wrong input is the evidence (S1).
        fragment: Whether the last four characters are accepted as well (the IBAN of a bill).
        minimum, maximum: Declared bounds in the unit of the value, or none.
    """

    kind: Kind
    choices: tuple[str, ...] = ()
    places: int = 0
    lenient: bool = False
    fragment: bool = False
    minimum: int | None = None
    maximum: int | None = None

    @property
    def bounds(self) -> Interval:
        """The declared bounds, infinite where none is declared."""
        low = -INFINITE if self.minimum is None else self.minimum
        high = INFINITE if self.maximum is None else self.maximum
        return Interval(low, high)


def is_ordered(kind: Kind) -> bool:
    """Say whether values of this kind are intervals of numbers."""
    return kind in ORDERED_KINDS
