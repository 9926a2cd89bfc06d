"""A case: the facts of one customer problem, as they were given.

The rows of a list are kept in a canonical order (of their contents), so that the order in which
somebody wrote them cannot show anywhere. Two equal rows are two facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from simdiag.errors import Problem
from simdiag.model.values import Interval, Value
from simdiag.spans import NOWHERE, Span

VIRTUAL = -1


class RowId(NamedTuple):
    """Names a row within a case; ``index`` is :data:`VIRTUAL` for the row of unseen facts."""

    template: str
    index: int  # type: ignore[assignment]  # hides a method of tuples that nobody needs here


@dataclass(frozen=True, slots=True)
class GivenFact:
    """One fact as given: only slots with a value are in ``slots``."""

    template: str
    slots: Mapping[str, Value]
    written: Mapping[str, str] = field(default_factory=dict)
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FactList:
    """The facts of one template in a case.

    Attributes:
        facts: In canonical order.
        open: Whether there may be more (S3). A ``one`` template that is not given is open too.
        given: Whether the case mentions the template at all.
    """

    facts: tuple[GivenFact, ...] = ()
    open: bool = True
    given: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """The facts of one customer problem.

    Attributes:
        id: Unique in a run.
        as_of: Moment for which the case is judged, in seconds since 1970 UTC.
        lists: By template name; a template that is not in it was not given.
        warnings: What reading the case noted without refusing it.
        passed_through: Columns that the input had beyond the terms, in order.
    """

    id: str
    as_of: Interval
    lists: Mapping[str, FactList]
    warnings: tuple[Problem, ...] = ()
    passed_through: Mapping[str, str] = field(default_factory=dict)
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    def facts(self, template: str) -> FactList:
        """Give the list of a template; open and empty if it was not given."""
        return self.lists.get(template, FactList())
