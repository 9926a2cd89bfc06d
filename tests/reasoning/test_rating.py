"""States and ranges: every way of taking the undecided rules lies in the range, and no more."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simdiag.model.assessment import Rating, State
from simdiag.model.cases import VIRTUAL, RowId
from simdiag.model.inference import Outcome
from simdiag.model.knowledge import KnowledgeBase, Thresholds
from simdiag.model.rules import Diagnosis, Subject
from simdiag.model.truth import FALSE, TRUE, UNKNOWN, Truth
from simdiag.reasoning.rating import rate, rate_case, state_of, state_of_score

THRESHOLDS = Thresholds(42, 10, -42)
WEIGHTS = {"hint": 2, "weak": 10, "strong": 40, "against": -40, "strongly-against": -80}
NAMES = [*WEIGHTS, "establishes", "excludes"]


def base() -> KnowledgeBase:
    """Give a knowledge base that holds weights and thresholds only."""
    return KnowledgeBase(
        "x", "1", "x", "", ("en",), WEIGHTS, THRESHOLDS, {}, {}, {}, {}, {}, (), {}, {}
    )


def outcomes(rules: list[tuple[str, Truth]]) -> list[tuple[str, Outcome]]:
    """Give the outcomes of rules with these weights; false ones are left out."""
    return [
        (weight, Outcome(f"r{number}", (), truth))
        for number, (weight, truth) in enumerate(rules)
        if truth is not FALSE
    ]


@pytest.mark.parametrize(
    ("score", "state"),
    [
        (42, State.ESTABLISHED), (41, State.SUGGESTED), (10, State.SUGGESTED), (9, State.UNCLEAR),
        (0, State.UNCLEAR), (-41, State.UNCLEAR), (-42, State.EXCLUDED), (500, State.ESTABLISHED),
    ],
)  # fmt: skip
def test_thresholds_are_reached_not_passed(score: int, state: State) -> None:
    """A score equal to a threshold has reached it."""
    assert state_of_score(score, THRESHOLDS) is state


@pytest.mark.parametrize(
    ("establishes", "excludes", "state"),
    [
        (True, True, State.UNCLEAR), (True, False, State.ESTABLISHED),
        (False, True, State.EXCLUDED), (False, False, State.SUGGESTED),
    ],
)  # fmt: skip
def test_decisive_rules_are_not_summed(*, establishes: bool, excludes: bool, state: State) -> None:
    """For wins, against wins, both are unclear, whatever the score; without them it decides."""
    assert state_of(20, THRESHOLDS, establishes=establishes, excludes=excludes) is state


rules = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(Truth)), max_size=5)


@given(rules)
def test_every_way_of_taking_the_undecided_lies_in_the_range(
    given_rules: list[tuple[str, Truth]],
) -> None:
    """However the undecided rules turn out, the state lies between low and high."""
    found = rate(base(), outcomes(given_rules))
    choices = [(truth,) if truth is not UNKNOWN else (TRUE, FALSE) for _, truth in given_rules]
    for taken in product(*choices):
        names = [name for name, _ in given_rules]
        final = rate(base(), outcomes(list(zip(names, taken, strict=True))))
        assert found.low <= final.state <= found.high
        assert final.low is final.state is final.high


@given(rules)
def test_a_state_lies_in_its_own_range(given_rules: list[tuple[str, Truth]]) -> None:
    """The state with what is known is always within the range."""
    found = rate(base(), outcomes(given_rules))
    assert found.low <= found.state <= found.high
    assert found.conflict == ({("establishes", TRUE), ("excludes", TRUE)} <= set(given_rules))


def test_a_sum_names_its_rules() -> None:
    """The score is the sum of the true rules; true and undecided ones are named."""
    found = rate(base(), outcomes([("strong", TRUE), ("weak", UNKNOWN), ("hint", FALSE)]))
    assert (found.score, found.because, found.undecided) == (40, ("r0",), ("r1",))
    assert (found.state, found.low, found.high) == (
        State.SUGGESTED, State.SUGGESTED, State.ESTABLISHED,
    )  # fmt: skip


# The case -----------------------------------------------------------------------------------------

DIAGNOSIS = Diagnosis("x", "X", "x", "x", Subject("a", "t"), (), ())
SEEN, OTHER, UNSEEN = RowId("t", 0), RowId("t", 1), RowId("t", VIRTUAL)


def rated(state: State, low: State, high: State, score: int = 0) -> Rating:
    """Give a rating."""
    return Rating(state, low, high, score)


def test_the_highest_fact_counts() -> None:
    """State and both ends are the highest over the facts, and the facts of that state are named."""
    low = rated(State.EXCLUDED, State.EXCLUDED, State.UNCLEAR)
    high = rated(State.SUGGESTED, State.UNCLEAR, State.ESTABLISHED, 12)
    found = rate_case(DIAGNOSIS, {(SEEN,): low, (OTHER,): high})
    assert (found.rating.state, found.rating.low, found.rating.high) == (
        State.SUGGESTED, State.UNCLEAR, State.ESTABLISHED,
    )  # fmt: skip
    assert (found.about, found.rating.score) == ((OTHER,), 12)


def test_an_unseen_fact_raises_the_high_end_only() -> None:
    """What may not exist can make a state possible, and cannot rule a lower one out."""
    seen = rated(State.EXCLUDED, State.EXCLUDED, State.EXCLUDED)
    unseen = rated(State.UNCLEAR, State.UNCLEAR, State.ESTABLISHED)
    found = rate_case(DIAGNOSIS, {(SEEN,): seen, (UNSEEN,): unseen})
    assert (found.rating.low, found.rating.high) == (State.EXCLUDED, State.ESTABLISHED)
    alone = rate_case(DIAGNOSIS, {(UNSEEN,): unseen})
    assert (alone.rating.low, alone.rating.high) == (State.UNCLEAR, State.ESTABLISHED)


def test_without_facts_a_diagnosis_is_unclear() -> None:
    """A diagnosis about facts of which there are none is plainly unclear."""
    found = rate_case(DIAGNOSIS, {})
    assert found.rating.state is found.rating.low is found.rating.high is State.UNCLEAR
