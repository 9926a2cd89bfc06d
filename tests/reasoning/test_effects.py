"""What each answer would do is what it does."""

from __future__ import annotations

from small import start, tool  # type: ignore[import-not-found]

from simdiag.model.assessment import State, VetoStatus
from simdiag.reasoning.consultation import Consultation, Reply, Step
from simdiag.reasoning.effects import effects
from simdiag.reasoning.questions import Ask


def told() -> Consultation:
    """Give a consultation in which a payment was taken and one question is left about it."""
    state: Consultation = start()
    for ask, value in (
        (Ask("p", 0, "kind"), frozenset({"topup"})),
        (Ask("p", 0, "signs"), frozenset({"nothing"})),
        (Ask("a", 0, "pay"), "taken"),
    ):
        state = state.taken(Step(ask, Reply.VALUE, "", value))
    return state


def test_effects_are_what_a_run_finds() -> None:
    """Each effect names the causes that the answer suggests and rules out, and its vetoes."""
    state = told()
    found = {each.step.value: each for each in effects(state, Ask("a", 0, "credit"))}
    assert found["away"].suggested == ("paid",)
    assert found["away"].vetoes == ("twice",)
    assert found["come"].ruled_out == ("paid",)
    assert found["come"].suggested == found["come"].vetoes == ()
    for effect in found.values():
        after = state.taken(effect.step).assessment
        ratings = {each.id: each.rating for each in after.diagnoses}
        assert all(ratings[name].state >= State.SUGGESTED for name in effect.suggested)
        holding = {veto.id for veto in after.vetoes if veto.status is VetoStatus.HOLDS}
        assert set(effect.vetoes) <= holding


def test_more_and_boolean_questions_have_effects_too() -> None:
    """Yes and no are tried, and so is whether there is another fact."""
    state = told()
    assert [each.step.value for each in effects(state, Ask("p", 0, "hurry"))] == [True, False]
    replies = [each.step.reply for each in effects(state, Ask("a", 1))]
    assert replies == [Reply.MORE, Reply.NO_MORE]


def test_numbers_have_no_effects_to_list() -> None:
    """Of a question for a number no effects are listed, and nothing is run."""
    assert effects(told(), Ask("a", 0, "n")) == ()
    assert tool().base.templates["a"].slots["n"].question is not None
