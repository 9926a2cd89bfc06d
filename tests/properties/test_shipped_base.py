"""What must hold of the shipped knowledge, tried on random cases drawn from its terms.

`SIMDIAG_CASES=10000` tries so many cases instead of the few that fit into a usual run.
"""

from __future__ import annotations

import json
import os
from functools import cache

import pytest
from random_cases import Cases  # type: ignore[import-not-found] # found through conftest.py

from simdiag.api import Simdiag
from simdiag.model.assessment import ActionStatus, Assessment, VetoStatus
from simdiag.model.cases import Case
from simdiag.testing import compare_engines, read_facts

PARTS = 8
TOTAL = int(os.environ.get("SIMDIAG_CASES", "320"))
COMPARED = max(6, TOTAL // 64)


@cache
def tool() -> Simdiag:
    """Load the shipped knowledge once."""
    return Simdiag.load(languages=["en"], engine="reference")


def drawn(seeds: range) -> list[Case]:
    """Draw cases and read them as facts files are read."""
    cases = Cases(tool().base)
    return [read_facts(tool(), json.dumps(cases.draw(seed)))[0] for seed in seeds]


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
