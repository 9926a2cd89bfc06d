"""The planned consultation: it stops only when nothing can change, and asks less than others."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

import pytest
from small import AS_OF, answered, completed, start, tool  # type: ignore[import-not-found]

from simdiag.api import consultation
from simdiag.model.assessment import ActionStatus, Assessment, VetoStatus
from simdiag.model.cases import Case, FactList, GivenFact
from simdiag.model.values import Value, exactly
from simdiag.reasoning.consultation import Consultation, Reply, Step
from simdiag.reasoning.planning import most_telling
from simdiag.reasoning.questions import Ask, Situation, Strategy, fixed_order

SEEDS = range(60)
COMPLETIONS = 12


def states(found: Assessment) -> dict[str, int]:
    """Give the states that are not plainly unclear."""
    return {each.id: each.rating.state for each in found.diagnoses if each.rating.state != 1}


def advised(found: Assessment) -> set[str]:
    """Give the actions that are advised."""
    return {each.id for each in found.actions if each.status is ActionStatus.RECOMMENDED}


def holding(found: Assessment) -> set[str]:
    """Give the vetoes that hold."""
    return {each.id for each in found.vetoes if each.status is VetoStatus.HOLDS}


def at_random(state: Consultation, chance: random.Random) -> list[Consultation]:
    """Give the states of a consultation with random answers, to its end."""
    found = [state]
    while (ask := found[-1].question) is not None:
        assert len(found) < 60
        found.append(answered(found[-1], ask, chance))
    return found


@pytest.mark.parametrize("part", range(4))
def test_settled_means_that_nothing_can_change(part: int) -> None:
    """When no question is left, no completion of what was not asked changes the outcome."""
    for seed in SEEDS[part::4]:
        chance = random.Random(seed)
        end = at_random(start(), chance)[-1]
        for _ in range(COMPLETIONS):
            found = tool().assess(completed(end, chance))
            assert states(found) == states(end.assessment), seed
            assert advised(found) == advised(end.assessment), seed
            assert holding(found) == holding(end.assessment), seed


@pytest.mark.parametrize("part", range(4))
def test_enough_means_that_the_first_step_is_sure(part: int) -> None:
    """With enough to act no completion takes the first action away or brings a veto."""
    reached = 0
    for seed in SEEDS[part::4]:
        chance = random.Random(seed)
        for state in at_random(start(), chance):
            if not state.enough:
                continue
            reached += 1
            first = state.assessment.actions[0].id
            for _ in range(COMPLETIONS // 3):
                found = tool().assess(completed(state, chance))
                assert first in advised(found), seed
                assert holding(found) == holding(state.assessment), seed
    assert reached


def case_of(problem: Mapping[str, Value], *attempts: Mapping[str, Value]) -> Case:
    """Give a case with closed lists."""
    lists = {
        "p": FactList((GivenFact("p", problem),), open=False, given=True),
        "a": FactList(tuple(GivenFact("a", slots) for slots in attempts), open=False, given=True),
        "b": FactList((), open=False, given=True),
    }
    return Case("c", AS_OF, lists)


def questions(case: Case, strategy: Strategy) -> list[str]:
    """Give the questions that somebody is asked who knows a case."""
    state = consultation(tool(), AS_OF)
    state = replace(state, desk=replace(state.desk, strategy=strategy))
    asked = []
    while (ask := state.question) is not None:
        asked.append(ask.template if ask.more else ask.name)
        facts = case.facts(ask.template).facts
        if ask.more:
            state = state.taken(Step(ask, Reply.MORE if ask.row < len(facts) else Reply.NO_MORE))
        elif ask.row < len(facts) and ask.slot in facts[ask.row].slots:
            state = state.taken(Step(ask, Reply.VALUE, "", facts[ask.row].slots[ask.slot]))
        else:
            state = state.taken(Step(ask, Reply.DONT_KNOW))
    return asked


TOPUP: dict[str, Value] = {"kind": frozenset({"topup"}), "signs": frozenset({"nothing"})}
COME: dict[str, Value] = {"pay": "none", "credit": "come", "n": exactly(5)}


def test_what_decides_relevance_comes_first() -> None:
    """The kind of problem and the signs are asked before anything else."""
    assert questions(case_of(TOPUP, COME), most_telling)[:2] == ["p.kind", "p.signs"]


def test_less_is_asked_than_in_the_fixed_order() -> None:
    """What excludes causes is asked before what only adds to them."""
    ours = questions(case_of(TOPUP, COME), most_telling)
    fixed = questions(case_of(TOPUP, COME), fixed_order)
    assert len(ours) < len(fixed)
    assert "a.n" in fixed
    assert "a.n" not in ours


def test_list_that_can_have_no_more_is_not_asked_for_more() -> None:
    """One attempt and no sign of several: the list is closed without a question."""
    asked = questions(
        case_of(TOPUP, {"pay": "refused", "step": "limit", "credit": "away"}), most_telling
    )
    assert "a" not in asked
    several: dict[str, Value] = {**TOPUP, "signs": frozenset({"more"})}
    twice = {"pay": "refused", "step": "limit", "credit": "away"}
    assert "a" in questions(case_of(several, twice, twice), most_telling)


def test_unknown_signs_leave_the_list_open() -> None:
    """Who does not know the signs is asked for more, as the condition is not definitely false."""
    kind: dict[str, Value] = {"kind": frozenset({"topup"})}
    assert "a" in questions(case_of(kind, {"pay": "refused", "step": "limit"}), most_telling)


def test_signs_close_groups_of_questions() -> None:
    """What belongs to a sign that is not there is not asked."""
    odd: dict[str, Value] = {**TOPUP, "signs": frozenset({"odd"})}
    assert "a.odd" not in questions(case_of(TOPUP, COME), most_telling)
    assert "a.odd" in questions(case_of(odd, {**COME, "odd": True}), most_telling)


def test_another_fact_leaves_nothing_open_about_the_first() -> None:
    """While a list is open, what is settled about its first fact is not asked of it."""
    state = start()
    for ask, value in (
        (Ask("p", 0, "kind"), frozenset({"topup"})),
        (Ask("p", 0, "signs"), frozenset({"more"})),
        (Ask("a", 0, "credit"), "come"),
        (Ask("a", 0, "pay"), "none"),
    ):
        state = state.taken(Step(ask, Reply.VALUE, "", value))
    open_ = {ask for ask in state.open_questions if ask.template == "a"}
    assert open_ == {Ask("a", 1)}


def test_questions_of_one_document_are_asked_together() -> None:
    """Of two equally telling questions the one in the document at hand comes first."""
    state = start().taken(Step(Ask("p", 0, "kind"), Reply.VALUE, "", frozenset({"topup"})))
    state = state.taken(Step(Ask("p", 0, "signs"), Reply.VALUE, "", frozenset({"nothing"})))
    asks = [Ask("a", 0, "pay"), Ask("a", 0, "credit")]
    worth = [_worth(state, ask, last) for ask in asks[:1] for last in (None, Ask("a", 0, "pay"))]
    assert worth[1] > worth[0]


def _worth(state: Consultation, ask: Ask, last: Ask | None) -> float:
    from simdiag.reasoning.planning import Worth

    situation = Situation(state.open_questions, state.stakes, state.desk.tables, state.sheets, last)
    return Worth(situation).of(ask)
