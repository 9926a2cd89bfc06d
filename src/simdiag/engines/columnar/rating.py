"""States and ranges of many cases; the same meaning as :mod:`simdiag.reasoning.rating`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from simdiag.engines.columnar.columns import Ends, Index, Mask, Truths
from simdiag.engines.columnar.program import Evaluation
from simdiag.engines.columnar.tables import Table
from simdiag.model.assessment import State
from simdiag.model.knowledge import ESTABLISHES, EXCLUDES, KnowledgeBase, Thresholds
from simdiag.model.rules import Diagnosis

_TRUE: Final = 2
_UNCLEAR: Final = np.int8(State.UNCLEAR)


@dataclass(slots=True)
class Rated:
    """A diagnosis for each fact that it is about, or for each case.

    Attributes:
        state, low, high: States as numbers.
        score: Sums of weights, decisive ones left out.
        conflict: Where decisive rules for and against are both true.
    """

    state: Truths
    low: Truths
    high: Truths
    score: Ends
    conflict: Mask


def states_of(score: Ends, limits: Thresholds) -> Truths:
    """Give the states that sums of weights stand for."""
    found = np.where(score <= limits.excluded, State.EXCLUDED, State.UNCLEAR)
    found = np.where(score >= limits.suggested, State.SUGGESTED, found)
    return np.where(score >= limits.established, State.ESTABLISHED, found).astype(np.int8)


def _decided(plain: Truths, establishes: Mask, excludes: Mask) -> Truths:
    """Let decisive rules win over the sum; against each other they give nothing."""
    found = np.where(establishes, np.int8(State.ESTABLISHED), plain)
    found = np.where(excludes, np.int8(State.EXCLUDED), found)
    return np.where(establishes & excludes, _UNCLEAR, found)


def rate_facts(base: KnowledgeBase, diagnosis: Diagnosis, found: Evaluation) -> Rated | None:
    """Rate a diagnosis for each of its subjects; none if no rule speaks anywhere."""
    truths = [(base.rules[name].weight, found.truth(name)) for name in diagnosis.rules]
    truths = [(weight, truth) for weight, truth in truths if truth.any()]
    if not truths:
        return None
    size = len(truths[0][1])
    score, low, high = (np.zeros(size, np.int64) for _ in range(3))
    sure = {ESTABLISHES: np.zeros(size, np.bool_), EXCLUDES: np.zeros(size, np.bool_)}
    perhaps = {name: mask.copy() for name, mask in sure.items()}
    for weight, truth in truths:
        if weight in sure:
            sure[weight] |= truth == _TRUE
            perhaps[weight] |= truth > 0
            continue
        number = base.weights.get(weight, 0)
        score += number * (truth == _TRUE)
        (low if number < 0 else high)[truth == 1] += number
    return _with_range(base.thresholds, score, (score + low, score + high), sure, perhaps)


def _with_range(
    limits: Thresholds,
    score: Ends,
    ends: tuple[Ends, Ends],
    sure: dict[str, Mask],
    perhaps: dict[str, Mask],
) -> Rated:
    plain = [states_of(end, limits) for end in ends]
    reached = [
        _decided(state, for_it, against)
        for state in plain
        for for_it in (sure[ESTABLISHES], perhaps[ESTABLISHES])
        for against in (sure[EXCLUDES], perhaps[EXCLUDES])
    ]
    state = _decided(states_of(score, limits), sure[ESTABLISHES], sure[EXCLUDES])
    return Rated(
        state,
        np.minimum.reduce(reached),
        np.maximum.reduce(reached),
        score,
        sure[ESTABLISHES] & sure[EXCLUDES],
    )


def rate_cases(table: Table, rated: Rated) -> Rated:
    """Give the states of a diagnosis in the cases: the highest over the facts it is about."""
    count, case = table.count, table.case
    state = _largest(count, case, rated.state, _UNCLEAR)
    best = rated.state == state[case]
    seen = ~table.unseen
    low = _largest(count, case[seen], rated.low[seen], np.int8(-1))
    # An unseen fact cannot raise the lowest state, as it may not exist.
    unseen = np.full(count, _UNCLEAR)
    unseen[case[~seen]] = np.minimum(rated.low[~seen], _UNCLEAR)
    score = np.full(count, -(1 << 40), np.int64)
    np.maximum.at(score, case[best], rated.score[best])
    given = np.diff(table.start) > 0
    conflict = np.zeros(count, np.bool_)
    conflict[case[rated.conflict]] = True
    return Rated(
        state,
        np.where(low >= 0, low, unseen).astype(np.int8),
        _largest(count, case, rated.high, _UNCLEAR),
        np.where(given, score, 0),
        conflict,
    )


def _largest(count: int, case: Index, values: Truths, blank: np.int8) -> Truths:
    """Give the largest value of each case; facts are sorted by case."""
    found = np.full(count, blank, np.int8)
    if len(case):
        first = np.flatnonzero(np.concatenate([[True], case[1:] != case[:-1]]))
        found[case[first]] = np.maximum.reduceat(values, first)
    return found
