"""A case made smaller as long as it shows what it was found for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from simdiag.model.cases import Case, FactList, GivenFact


def shrunk(case: Case, shows: Callable[[Case], bool]) -> Case:
    """Take facts and slots away, one at a time, until nothing more can be missed.

    Args:
        case: A case.
        shows: Says whether a case shows what is looked for; true of this one.

    Returns:
        A case that shows it, of which every smaller one does not.
    """
    found = case
    while True:
        smaller = next((less for less in _smaller(found) if shows(less)), None)
        if smaller is None:
            return found
        found = smaller


def _smaller(case: Case) -> Iterator[Case]:
    """Give cases with one thing less, those with least left first."""
    for name in case.lists:
        yield replace(case, lists={key: value for key, value in case.lists.items() if key != name})
    for name, found in case.lists.items():
        for less in _fewer(found):
            yield replace(case, lists={**case.lists, name: less})


def _fewer(found: FactList) -> Iterator[FactList]:
    for number, fact in enumerate(found.facts):
        others = (*found.facts[:number], *found.facts[number + 1 :])
        yield replace(found, facts=others)
        for slot in fact.slots:
            less = GivenFact(fact.template, {k: v for k, v in fact.slots.items() if k != slot})
            yield replace(found, facts=(*found.facts[:number], less, *found.facts[number + 1 :]))
    if found.open:
        yield replace(found, open=False)
