"""From what an engine concluded to the assessment of the case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from simdiag.analysis.program import Program
from simdiag.errors import Problem
from simdiag.model.assessment import (
    Assessment,
    BillAmounts,
    Conflict,
    DiagnosisResult,
    Missing,
    SlotName,
    State,
)
from simdiag.model.cases import Case, RowId
from simdiag.model.inference import Inference, Rows
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.rules import Purpose
from simdiag.model.truth import FALSE, TRUE
from simdiag.model.values import Interval, Value, exactly
from simdiag.reasoning.missing import MissingFacts
from simdiag.reasoning.plan import Planner, Ratings, veto_results
from simdiag.reasoning.rating import PLAIN, rate_case, rate_subjects
from simdiag.spans import NOWHERE, Span

DECIDE_MOST = 3


def assess(program: Program, case: Case, inference: Inference) -> Assessment:
    """Conclude everything about one case.

    Args:
        program: The knowledge base, made ready.
        case: The facts.
        inference: What an engine concluded from them.

    Returns:
        The assessment, its lists in their documented order.
    """
    base = program.base
    missing = MissingFacts(program, case, inference)
    ratings = {
        diagnosis.id: rate_subjects(base, diagnosis, inference)
        for diagnosis in base.diagnoses.values()
    }
    results = [rate_case(base.diagnoses[name], found) for name, found in ratings.items()]
    vetoes = veto_results(base, inference)
    planner = Planner(base, inference, ratings, vetoes, missing)
    actions = planner.plan()
    gaps = missing.matters(_groups(base, results))
    return Assessment(
        case.id,
        case.as_of,
        tuple(sorted((found for found in results if _is_shown(found)), key=_diagnosis_order)),
        actions,
        vetoes,
        _conflicts(base, inference, ratings),
        gaps,
        _amounts(base, inference, ratings),
        (*case.warnings, *_warnings(program, case, inference, planner.warnings)),
        inference,
        _decide_most(gaps, base),
        case.passed_through,
    )


def _is_shown(found: DiagnosisResult) -> bool:
    rating = found.rating
    plain = rating.state is rating.low is rating.high is PLAIN.state
    return not plain or rating.conflict


def _diagnosis_order(found: DiagnosisResult) -> tuple[int, int, str]:
    return (-found.rating.state, -found.rating.score, found.id)


def _groups(base: KnowledgeBase, results: Iterable[DiagnosisResult]) -> dict[str, list[str]]:
    """Give the rules of every diagnosis, action and veto by its id."""
    groups: dict[str, list[str]] = {}
    reachable = {found.id for found in results if found.rating.high >= State.SUGGESTED}
    for rule in base.rules.values():
        advised = rule.purpose is Purpose.DO and rule.diagnosis in reachable
        if advised or rule.purpose in {Purpose.RATE, Purpose.VETO, Purpose.DONE}:
            groups.setdefault(rule.target, []).append(rule.id)
    return groups


def _decide_most(gaps: Iterable[Missing], base: KnowledgeBase) -> tuple[SlotName, ...]:
    """Give the slots on which most diagnoses depend, among those that can be asked."""
    counts: Counter[tuple[str, str]] = Counter()
    for gap in gaps:
        slot = base.templates[gap.slot.template].slots[gap.slot.slot]
        if slot.question is not None:
            touched = sum(1 for name in gap.matters_for if name in base.diagnoses)
            key = (gap.slot.template, gap.slot.slot)
            counts[key] = max(counts[key], touched)
    ranked = sorted(counts, key=lambda key: (-counts[key], key))
    return tuple(
        SlotName(template, slot)
        for template, slot in ranked[:DECIDE_MOST]
        if counts[template, slot]
    )


def _conflicts(base: KnowledgeBase, inference: Inference, ratings: Ratings) -> tuple[Conflict, ...]:
    found = []
    for rule in base.rules.values():
        outcome = inference.outcomes.get(rule.id, {}).get(())
        if rule.purpose is Purpose.CONTRADICTION and outcome is not None and outcome.truth is TRUE:
            rows = tuple(sorted(row for row in outcome.binding.values() if row.index >= 0))
            found.append(Conflict(rule.id, rows))
    for diagnosis, rated in ratings.items():
        for subject, rating in rated.items():
            if rating.conflict:
                found.append(Conflict(diagnosis, tuple(subject), diagnosis))
    return tuple(sorted(found, key=lambda conflict: (conflict.rule, conflict.facts)))


# Amounts
# -------------------------------------------------------------------------------------------


def _amounts(
    base: KnowledgeBase, inference: Inference, ratings: Ratings
) -> tuple[BillAmounts, ...]:
    """Give total, sum of the lines and amount in dispute of each given bill.

    A line that several diagnoses dispute counts once, with the greatest amount.
    """
    bills = [row for row in inference.rows.get("bill", ()) if row.index >= 0]
    disputed = _disputed(base, inference, ratings)
    return tuple(
        BillAmounts(
            bill,
            _money(inference.slots[bill].get("total")),
            _sum_of_lines(inference, bill),
            _sum(value for row, value in disputed.items() if _belongs(inference, row, bill, bills)),
        )
        for bill in bills
    )


def _disputed(base: KnowledgeBase, inference: Inference, ratings: Ratings) -> dict[RowId, Interval]:
    found: dict[RowId, Interval] = {}
    for diagnosis in base.diagnoses.values():
        for subject, rating in ratings[diagnosis.id].items():
            value = inference.values.get(diagnosis.disputed, {}).get(subject)
            counts = rating.state >= State.SUGGESTED and subject and subject[0].index >= 0
            if counts and isinstance(value, Interval) and value.exact:
                known = found.get(subject[0], exactly(0))
                found[subject[0]] = max(known, value, key=lambda interval: interval.low)
    return found


def _belongs(inference: Inference, row: RowId, bill: RowId, bills: list[RowId]) -> bool:
    """Say whether a disputed fact is of a bill; of a single bill it is unless it names another."""
    if row == bill:
        return True
    named = inference.slots[row].get("bill")
    if isinstance(named, str):
        return named == inference.slots[bill].get("id") or (
            len(bills) == 1 and "id" not in inference.slots[bill]
        )
    return len(bills) == 1


def _sum_of_lines(inference: Inference, bill: RowId) -> Interval | None:
    rows: Rows = inference.rows.get("bill_line", ())
    if not rows or any(row.index < 0 for row in rows):
        return None
    bills = [row for row in inference.rows["bill"] if row.index >= 0]
    values = [
        _money(inference.slots[row].get("amount"))
        for row in rows
        if _belongs(inference, row, bill, bills)
    ]
    if any(value is None for value in values):
        return None
    return _sum(value for value in values if value is not None)


def _sum(values: Iterable[Interval]) -> Interval:
    return exactly(int(sum(value.low for value in values)))


def _money(value: Value | None) -> Interval | None:
    return value if isinstance(value, Interval) and value.exact else None


# Warnings
# ------------------------------------------------------------------------------------------


def _warnings(
    program: Program, case: Case, inference: Inference, crossing: Iterable[str]
) -> list[Problem]:
    found = [
        Problem(NOWHERE, "dates-cross", f"`{action}` is due before it may begin", level="warning")
        for action in crossing
    ]
    for rule in program.relevance.values():
        found.extend(_given_but_irrelevant(program, case, inference, rule.id))
    return found


def _given_but_irrelevant(
    program: Program, case: Case, inference: Inference, rule: str
) -> Iterable[Problem]:
    """Warn of values that count although their slot or template is not relevant (S15)."""
    target = program.relevance[rule].target
    name, _, slot = (
        target.partition(":")[2].partition(".")
        if target.startswith("relevant:")
        else (target, "", "")
    )
    given = case.facts(name)
    for index, fact in enumerate(given.facts):
        subject: Rows = (RowId(name, index),) if slot else ()
        if inference.truth(rule, subject) is FALSE and (not slot or slot in fact.slots):
            what = f"{name}.{slot}" if slot else name
            yield _irrelevant(fact.span, what)


def _irrelevant(span: Span, what: str) -> Problem:
    return Problem(
        span,
        "not-relevant",
        f"`{what}` is given although it does not matter for this problem",
        "check the kind of problem; the value counts all the same",
        "warning",
    )
