"""From true and undecided rules to states and ranges (S7, S8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from simdiag.model.assessment import DiagnosisResult, Rating, State
from simdiag.model.cases import RowId
from simdiag.model.inference import Inference, Outcome, Rows
from simdiag.model.knowledge import ESTABLISHES, EXCLUDES, KnowledgeBase, Thresholds
from simdiag.model.rules import Diagnosis
from simdiag.model.truth import TRUE

PLAIN = Rating(State.UNCLEAR, State.UNCLEAR, State.UNCLEAR, 0)


def state_of_score(score: int, thresholds: Thresholds) -> State:
    """Give the state that a sum of weights stands for."""
    if score >= thresholds.established:
        return State.ESTABLISHED
    if score >= thresholds.suggested:
        return State.SUGGESTED
    return State.EXCLUDED if score <= thresholds.excluded else State.UNCLEAR


def state_of(score: int, thresholds: Thresholds, *, establishes: bool, excludes: bool) -> State:
    """Give the state of a diagnosis; decisive rules against each other give nothing."""
    if establishes and excludes:
        return State.UNCLEAR
    if establishes:
        return State.ESTABLISHED
    if excludes:
        return State.EXCLUDED
    return state_of_score(score, thresholds)


def rate(base: KnowledgeBase, outcomes: Sequence[tuple[str, Outcome]]) -> Rating:
    """Rate a diagnosis for one subject.

    Args:
        base: Weights and thresholds.
        outcomes: Weight name and outcome of each rating rule that is true or undecided.

    Returns:
        State, range and the rules behind them.
    """
    true = [(weight, found) for weight, found in outcomes if found.truth is TRUE]
    open_ = [(weight, found) for weight, found in outcomes if found.truth is not TRUE]
    score = sum(base.weights.get(weight, 0) for weight, _ in true)
    undecided = [base.weights.get(weight, 0) for weight, _ in open_]
    lows = score + sum(weight for weight in undecided if weight < 0)
    highs = score + sum(weight for weight in undecided if weight > 0)
    decided_for, decided_against = _decisive(true)
    open_for, open_against = _decisive(open_)
    reached = {
        state_of(total, base.thresholds, establishes=for_it, excludes=against)
        for for_it, against, total in product(
            {decided_for, decided_for or open_for},
            {decided_against, decided_against or open_against},
            (lows, highs),
        )
    }
    return Rating(
        state_of(score, base.thresholds, establishes=decided_for, excludes=decided_against),
        min(reached),
        max(reached),
        score,
        tuple(sorted(found.rule for _, found in true)),
        tuple(sorted(found.rule for _, found in open_)),
        conflict=decided_for and decided_against,
    )


def _decisive(outcomes: Iterable[tuple[str, Outcome]]) -> tuple[bool, bool]:
    weights = {weight for weight, _ in outcomes}
    return ESTABLISHES in weights, EXCLUDES in weights


def rate_subjects(
    base: KnowledgeBase, diagnosis: Diagnosis, inference: Inference
) -> dict[Rows, Rating]:
    """Rate a diagnosis for each fact that it is about, virtual row included, or for the case."""
    subjects: list[Rows] = [()]
    if diagnosis.about is not None:
        subjects = [(row,) for row in inference.rows[diagnosis.about.template]]
    found = {}
    for subject in subjects:
        outcomes = []
        for name in diagnosis.rules:
            outcome = inference.outcomes.get(name, {}).get(subject)
            if outcome is not None:
                outcomes.append((base.rules[name].weight, outcome))
        found[subject] = rate(base, outcomes)
    return found


def _lowest(ratings: dict[Rows, Rating]) -> State:
    """Give the lowest state of the case; an unseen fact cannot raise it, as it may not exist."""
    seen = [rating.low for subject, rating in ratings.items() if _is_seen(subject)]
    unseen = [rating.low for subject, rating in ratings.items() if not _is_seen(subject)]
    return max(seen) if seen else min(PLAIN.state, *unseen)


def _is_seen(subject: Rows) -> bool:
    return all(row.index >= 0 for row in subject)


def rate_case(diagnosis: Diagnosis, ratings: dict[Rows, Rating]) -> DiagnosisResult:
    """Give the state of a diagnosis in the case: the highest over the facts it is about (S7)."""
    if not ratings:
        return DiagnosisResult(diagnosis.id, PLAIN)
    state = max(rating.state for rating in ratings.values())
    best = {subject: rating for subject, rating in ratings.items() if rating.state is state}
    score = max(rating.score for rating in best.values())
    because: set[str] = set()
    about: list[RowId] = []
    for subject, rating in best.items():
        because |= set(rating.because)
        about.extend(row for row in subject if row.index >= 0)
    undecided = {rule for rating in ratings.values() for rule in rating.undecided}
    if state is State.UNCLEAR:
        # Nothing was concluded for one fact more than for another.
        because = {rule for rating in best.values() for rule in rating.because}
        about = [row for row in about if best[row,].because or best[row,].conflict]
    rating = Rating(
        state,
        _lowest(ratings),
        max(rating.high for rating in ratings.values()),
        score,
        tuple(sorted(because)),
        tuple(sorted(undecided)),
        conflict=any(rating.conflict for rating in ratings.values()),
    )
    return DiagnosisResult(diagnosis.id, rating, tuple(sorted(about)))
