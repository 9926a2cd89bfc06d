"""What must hold of the shipped knowledge, tried on random cases drawn from its terms.

`SIMDIAG_CASES=10000` tries so many cases instead of the few that fit into a usual run.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import pytest

from simdiag.api import Simdiag
from simdiag.authoring.random_cases import RandomCases
from simdiag.model.assessment import ActionStatus, Assessment, State, VetoStatus
from simdiag.model.cases import Case, GivenFact
from simdiag.testing import compare_engines

PARTS = 8
TOTAL = int(os.environ.get("SIMDIAG_CASES", "240"))
COMPARED = max(5, TOTAL // 64)
Place = tuple[str, int, str]


@cache
def tool() -> Simdiag:
    """Load the shipped knowledge once."""
    return Simdiag.load(languages=["en"], engine="reference")


@cache
def source() -> RandomCases:
    """Make the source of random cases once."""
    return RandomCases(tool().program)


def drawn(numbers: Iterable[int]) -> list[Case]:
    """Draw cases."""
    return list(source().many(1, numbers))


def without(case: Case, place: Place) -> Case:
    """Take one value away."""
    template, number, slot = place
    rows = list(case.lists[template].facts)
    slots = {name: value for name, value in rows[number].slots.items() if name != slot}
    # Its place in the order of rows must stay what it was, so the order is not made again.
    rows[number] = GivenFact(template, slots)
    return replace(
        case, lists={**case.lists, template: replace(case.lists[template], facts=tuple(rows))}
    )


def thinned(case: Case) -> tuple[Case, Place | None]:
    """Take one value away that matters whatever else is known; say which."""
    places = [
        (template, number, slot)
        for template, found in case.lists.items()
        for number, fact in enumerate(found.facts)
        for slot in fact.slots
        # A value that is given although it does not matter counts all the same.
        if tool().base.templates[template].slots[slot].relevant is None
    ]
    if not places:
        return case, None
    place = random.Random(case.id).choice(places)
    return without(case, place), place


def faults(result: Assessment) -> list[str]:
    """Say what is wrong with a plan: that it is empty, or holds what a veto beside it forbids."""
    found = []
    if not any(each.status is ActionStatus.RECOMMENDED for each in result.actions):
        found.append("the plan is empty")
    planned = {each.id for each in result.actions}
    for veto in result.vetoes:
        if veto.status is VetoStatus.HOLDS:
            found.extend(f"{veto.id} forbids {action}" for action in planned & set(veto.forbids))
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_plans_are_never_empty_and_obey_their_vetoes(part: int) -> None:
    """No plan is empty, and none holds an action that a veto printed beside it forbids."""
    wrong = {}
    for case in drawn(range(part, TOTAL, PARTS)):
        found = faults(tool().assess(case))
        if found:
            wrong[case.id] = found
    assert wrong == {}


@pytest.mark.parametrize("part", range(4))
def test_less_knowledge_never_excludes_what_was_so(part: int) -> None:
    """With one value less the ranges hold the former ones, and what is firm is no surprise."""
    wrong = {}
    for case in drawn(range(part, 4 * COMPARED, 4)):
        less, place = thinned(case)
        found = surprises(tool().assess(less), tool().assess(case))
        if found:
            wrong[f"{case.id} without {place}"] = found
    assert wrong == {}


def surprises(less: Assessment, full: Assessment) -> list[str]:
    """Say what came out with more knowledge that had been ruled out with less."""
    plain = (State.UNCLEAR, State.UNCLEAR)
    before = {each.id: (each.rating.low, each.rating.high) for each in less.diagnoses}
    after = {each.id: (each.rating.low, each.rating.high) for each in full.diagnoses}
    found = []
    for name in sorted(before.keys() | after.keys()):
        low, high = before.get(name, plain)
        new_low, new_high = after.get(name, plain)
        if not low <= new_low <= new_high <= high:
            found.append(name)
    advised = {each.id for each in full.actions if each.status is ActionStatus.RECOMMENDED}
    found.extend(each.id for each in less.actions if each.firm and each.id not in advised)
    holding = {each.id for each in full.vetoes if each.status is VetoStatus.HOLDS}
    old = (each.id for each in less.vetoes if each.status is VetoStatus.HOLDS)
    found.extend(name for name in old if name not in holding)
    return found


@pytest.mark.parametrize("part", range(4))
def test_both_engines_give_the_same_bytes(part: int) -> None:
    """On a sample of the random cases, the two engines give the same JSON."""
    cases = drawn(range(part, 4 * COMPARED, 4))
    assert [each.case for each in compare_engines(tool().base, cases)] == []


def test_random_cases_reach_much_of_the_knowledge() -> None:
    """In 60 cases rules of half of the diagnoses are true at least once, and vetoes hold."""
    reached: set[str] = set()
    vetoes: set[str] = set()
    for case in drawn(range(60)):
        result = tool().assess(case)
        reached |= {each.id for each in result.diagnoses if each.rating.because}
        vetoes |= {each.id for each in result.vetoes if each.status is VetoStatus.HOLDS}
    assert len(reached) > len(tool().base.diagnoses) / 2
    assert vetoes
