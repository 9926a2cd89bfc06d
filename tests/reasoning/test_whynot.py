"""Why not: what a diagnosis lacks, and the smallest change of facts that would supply it."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest

from simdiag.api import Simdiag
from simdiag.authoring.random_cases import RandomCases
from simdiag.errors import UsageError
from simdiag.explaining import explain_why_not
from simdiag.model.assessment import State
from simdiag.model.cases import Case, RowId
from simdiag.model.rules import relevance_id
from simdiag.model.truth import FALSE
from simdiag.reasoning.changes import Change, in_order, with_changes
from simdiag.reasoning.rating import rate_subjects
from simdiag.reasoning.reaching import Search
from simdiag.testing import read_facts

# Random cases of the shipped knowledge: few in every run, more when asked for.
COUNT = int(os.environ.get("SIMDIAG_WHY_NOT_CASES", "10"))
WRONG_STATE = "as_of: 2025-11-20 18:00\nattempt: [{at: 2025-11-20 17:00, state: refused}]"
RIGHT_STATE = WRONG_STATE.replace("refused", "captured")


@pytest.fixture
def small(make_package: Callable[..., Path]) -> Simdiag:
    """Load the small package."""
    return Simdiag.load(make_package(), engine="reference")


def ask(diag: Simdiag, facts: str, name: str, about: str = "") -> dict[str, Any]:
    """Ask why not."""
    (case,) = read_facts(diag, facts)
    return explain_why_not(diag, case, name, about)


def state(diag: Simdiag, case: Case, name: str) -> State:
    """Give the state of a diagnosis in a case, from a run of all rules."""
    ratings = rate_subjects(diag.base, diag.base.diagnoses[name], diag.engine.infer(case))
    return max((rating.state for rating in ratings.values()), default=State.UNCLEAR)


def test_changed_value(small: Simdiag) -> None:
    """A value that speaks against the diagnosis is named, and what it would have to be."""
    found = ask(small, WRONG_STATE, "topup.paid")
    against, *others = found["explanation"]["parts"]
    assert (against["id"], against["truth"]) == ("topup.paid#refused", "true")
    assert {part["truth"] for part in others} == {"false"}
    assert others[0]["parts"][0]["reads"][0]["value"] == "refused"
    assert others[0]["parts"][0]["against"] == ["captured"]


def test_two_changes(small: Simdiag) -> None:
    """Where no change of one value is enough, the two that together are enough are named."""
    change = ask(small, RIGHT_STATE, "topup.limit")["change"]
    assert change["state"] == "established"
    assert {each["slot"]: (each["from"], each["to"]) for each in change["changes"]} == {
        "attempt.state": ("captured", "refused"),
        "attempt.step": (None, "limit"),
    }
    assert change["searched"] == [{"state": "established", "slots": 2, "complete": True}]


def test_added_fact(small: Simdiag) -> None:
    """Where there is no fact at all, one is added."""
    (change,) = ask(small, "as_of: 2025-11-20", "topup.limit")["change"]["changes"]
    assert (change["slot"], change["added"], change["to"]) == ("attempt.step", True, "limit")


def test_only_the_fact_asked_about(small: Simdiag) -> None:
    """With a fact named, only that one is changed, whatever the others say."""
    facts = f"""{WRONG_STATE}
""".replace("}]", "}, {at: 2025-11-01 10:00, state: captured}]")
    assert ask(small, facts, "topup.paid")["change"]["searched"] == []
    change = ask(small, facts, "topup.paid", "1")["change"]
    assert {each["fact"]["key"]["at"] for each in change["changes"]} == {
        "2025-11-20T17:00:00+01:00"
    }


def test_nothing_helps(make_package: Callable[..., Path]) -> None:
    """Where no change helps, it says what was tried, also for the lower state."""
    rules = "diagnoses/topup/limit.yaml"
    package = make_package(
        (rules, "rate: establishes", "rate: against"), (rules, "rate: weak", "rate: against")
    )
    change = ask(Simdiag.load(package), WRONG_STATE, "topup.limit")["change"]
    assert (change["state"], change["changes"]) == (None, [])
    assert change["searched"] == [
        {"state": "established", "slots": 3, "complete": True},
        {"state": "suggested", "slots": 3, "complete": True},
    ]


def test_bound_is_told(small: Simdiag) -> None:
    """A search that is cut off says so, and how far it came."""
    (case,) = read_facts(small, RIGHT_STATE)
    search = Search(small.program, small.base.diagnoses["topup.limit"], case, limit=3)
    found = search.smallest(State.ESTABLISHED)
    assert (found.changes, found.complete) == (None, False)
    assert found.size < 2


@pytest.mark.parametrize(("name", "about"), [("topup.payd", ""), ("topup.paid", "9")])
def test_unknown_names(small: Simdiag, name: str, about: str) -> None:
    """A diagnosis or fact that does not exist is wrong usage."""
    with pytest.raises(UsageError):
        ask(small, WRONG_STATE, name, about)


# Against trying everything ------------------------------------------------------------------------


def everything(search: Search, size: int) -> Iterator[tuple[Change, ...]]:
    """Give every change of so many places."""
    for places in combinations(search.places, size):
        for values in product(*map(search.values, places)):
            yield tuple(map(Change, places, values))


def works(
    diag: Simdiag, search: Search, changes: Sequence[Change], goal: State = State.ESTABLISHED
) -> bool:
    """Say whether a change leads to a state and changes nothing irrelevant."""
    case = with_changes(search.case, changes)
    inference = diag.engine.infer(case)
    for place in (change.place for change in changes):
        row = RowId(place.template, max(place.index, 0))
        asked = {relevance_id(place.template): (), relevance_id(place.template, place.slot): (row,)}
        for name, subject in asked.items():
            if name in diag.program.relevance and inference.truth(name, subject) is FALSE:
                return False
    return state(diag, case, search.diagnosis.id) >= goal


@pytest.mark.parametrize("name", ["topup.paid", "topup.limit"])
def test_no_smaller_change(small: Simdiag, name: str) -> None:
    """What is found is smallest: trying every change of fewer places finds nothing."""
    sizes = set()
    for case in RandomCases(small.program).many(7, range(12)):
        search = Search(small.program, small.base.diagnoses[name], case)
        if len(search.places) > 9 or search.trial(()).state is State.ESTABLISHED:
            continue
        found = search.smallest(State.ESTABLISHED)
        assert found.complete
        if found.changes is not None:
            assert works(small, search, found.changes)
        fewer = 3 if found.changes is None else len(found.changes)
        sizes.add(fewer)
        for size in range(1, fewer):
            assert not any(works(small, search, each) for each in everything(search, size))
    assert sizes & {1, 2}


def test_shipped_knowledge() -> None:
    """For random cases a change that is named does what is said, and no part of it does."""
    diag = Simdiag.load(languages=[], engine="reference")
    names = sorted(diag.base.diagnoses)
    named = 0
    for case in RandomCases(diag.program).many(11, range(COUNT)):
        chance = random.Random(case.id)
        diagnosis = diag.base.diagnoses[chance.choice(names)]
        search = Search(diag.program, diagnosis, case, limit=100)
        goal = State.ESTABLISHED if chance.random() < 0.5 else State.SUGGESTED
        if search.trial(()).state >= goal:
            continue
        assert search.trial(()).state is state(diag, case, diagnosis.id)
        changes = search.smallest(goal).changes
        if changes is None:
            continue
        named += 1
        changed = in_order(with_changes(case, changes), diag.reader())
        assert state(diag, changed, diagnosis.id) >= goal
        for fewer in combinations(changes, len(changes) - 1):
            assert not works(diag, search, fewer, goal)
    assert named
