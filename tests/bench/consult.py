"""How many questions a consultation takes: `make bench`, or this file alone.

Four ways of choosing the next question are compared on the same cases, with the same relevance and
the same stopping: ours, the fixed order of the package, the first missing slot, and a random one.
Somebody who answers truthfully answers from the facts of the case, does not know what is not in
it, and says that there is no more when its facts are used up.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from complete import complete_cases  # type: ignore[import-not-found] # beside this file

from simdiag.api import Simdiag, consultation
from simdiag.loading.package import shipped_package
from simdiag.model.assessment import ActionStatus, Assessment, State, VetoStatus
from simdiag.model.cases import Case, FactList
from simdiag.reasoning.consultation import Consultation, Reply, Step
from simdiag.reasoning.planning import most_telling
from simdiag.reasoning.questions import Ask, Situation, Strategy, fixed_order

MOST = 150
CLOSED = FactList((), open=False, given=True)
KEPT_OPEN = frozenset({"line", "problem", "user"})


def first_missing(situation: Situation) -> Ask:
    """Choose the slot that the assessment lists first as missing."""
    missing = situation.stakes.found.missing
    places = {(gap.slot.template, gap.slot.slot): place for place, gap in enumerate(missing)}
    return min(situation.open, key=lambda ask: places.get((ask.template, ask.slot), len(places)))


def any_order(seed: int) -> Strategy:
    """Give a strategy that chooses at random."""
    chance = random.Random(seed)
    return lambda situation: chance.choice(situation.open)


STRATEGIES: dict[str, Callable[[], Strategy]] = {
    "ours": lambda: most_telling,
    "fixed order": lambda: fixed_order,
    "first missing": lambda: first_missing,
    "random": lambda: any_order(1),
}


@dataclass(slots=True)
class Tally:
    """What came of the consultations of one strategy.

    ``enough`` and ``settled`` are numbers of questions; ``never`` counts the cases without enough
    to act; ``other`` names those with another outcome than all facts have; ``wrong`` those in
    which a firm action was none; ``seconds`` is the time to each next question.
    """

    enough: list[int] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def truthful(case: Case, ask: Ask) -> Step:
    """Answer as somebody who knows exactly the facts of a case."""
    sheet = case.facts(ask.template)
    if ask.more:
        return Step(ask, Reply.MORE if ask.row < len(sheet.facts) else Reply.NO_MORE)
    if ask.row < len(sheet.facts) and ask.slot in sheet.facts[ask.row].slots:
        fact = sheet.facts[ask.row]
        return Step(ask, Reply.VALUE, fact.written.get(ask.slot, ""), fact.slots[ask.slot])
    none = not sheet.facts and (not sheet.open or ask.template not in KEPT_OPEN)
    return Step(ask, Reply.NO_FACT if none else Reply.DONT_KNOW)


def told(case: Case, state: Consultation) -> Case:
    """Give a case with the lists closed of which somebody said that there is nothing."""
    lists = dict(case.lists)
    for step in state.steps:
        if step.reply is Reply.NO_FACT:
            lists[step.ask.template] = CLOSED
    return replace(case, lists=lists)


def outcome(found: Assessment) -> tuple[object, ...]:
    """Give what somebody learns: states, what to do, and what not to do."""
    return (
        sorted(
            (each.id, each.rating.state)
            for each in found.diagnoses
            if each.rating.state is not State.UNCLEAR
        ),
        sorted(recommended(found)),
        sorted(each.id for each in found.vetoes if each.status is VetoStatus.HOLDS),
    )


def recommended(found: Assessment) -> set[str]:
    """Give the actions that are advised."""
    return {each.id for each in found.actions if each.status is ActionStatus.RECOMMENDED}


def consult(
    diag: Simdiag, case: Case, strategy: Strategy, tally: Tally, *, unsure: float = 0
) -> Consultation:
    """Answer until nothing is asked any more, and note what happened.

    Args:
        diag: The knowledge base, with an engine.
        case: What the person knows.
        strategy: Chooses the questions.
        tally: Takes the numbers.
        unsure: How often the person says "don't know" all the same.
    """
    chance = random.Random(case.id)
    state = consultation(diag, case.as_of)
    state = replace(state, desk=replace(state.desk, strategy=strategy), case_id=case.id)
    enough, firm = -1, set()
    while len(state.steps) < MOST:
        start = time.perf_counter()
        ask = state.question
        tally.seconds.append(time.perf_counter() - start)
        firm |= {each.id for each in state.assessment.actions if each.firm}
        if enough < 0 and state.enough:
            enough = len(state.steps)
        if ask is None:
            break
        known = truthful(case, ask)
        forgets = ask.template != "problem" and chance.random() < unsure
        state = state.taken(Step(ask, Reply.DONT_KNOW) if forgets else known)
    tally.settled.append(len(state.steps))
    if enough >= 0:
        tally.enough.append(enough)
    else:
        tally.never.append(case.id)
    full = diag.assess(told(case, state))
    if not unsure and outcome(full) != outcome(state.assessment):
        tally.other.append(case.id)
    if firm - recommended(full):
        tally.wrong.append(case.id)
    return state


def share(numbers: Iterable[int], count: int, limit: int) -> float:
    """Give which share of all cases needs at most so many questions."""
    return sum(number <= limit for number in numbers) / max(1, count)


def ninth(numbers: Sequence[float]) -> float:
    """Give the 90th percentile."""
    return sorted(numbers)[int(0.9 * (len(numbers) - 1))] if numbers else 0


def row(name: str, tally: Tally) -> dict[str, object]:
    """Give the numbers of one strategy."""
    count = len(tally.settled)
    return {
        "strategy": name,
        "cases": count,
        "enough": round(statistics.mean(tally.enough or [0]), 2),
        "enough p90": ninth(tally.enough),
        "within 8": round(share(tally.enough, count, 8), 3),
        "over 15": count - len(tally.never) - sum(number <= 15 for number in tally.enough),
        "never": len(tally.never),
        "settled": round(statistics.mean(tally.settled), 2),
        "settled p90": ninth(tally.settled),
        "other outcome": len(tally.other),
        "wrong firm": len(tally.wrong),
        "ms p90": round(1000 * ninth(tally.seconds), 1),
    }


def main() -> None:
    """Run the comparison and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--each", type=int, default=1, help="complete cases for each diagnosis")
    parser.add_argument("--every", type=int, default=5, help="take each so manyth case")
    parser.add_argument("--engine", default="reference", help="experta or reference")
    parser.add_argument("--package", type=Path, default=None, help="another package")
    options = parser.parse_args()
    folder = options.package or Path(shipped_package())
    diag = Simdiag.load(folder, languages=["en"], engine=options.engine)
    cases = [case for _, case in complete_cases(diag, folder, options.each)][:: options.every]
    rows = []
    for name, make in STRATEGIES.items():
        tally, strategy = Tally(), make()
        for case in cases:
            consult(diag, case, strategy, tally)
        rows.append(row(name, tally))
    unsure = Tally()
    for case in cases:
        consult(diag, case, most_telling, unsure, unsure=0.3)
    rows.append(row("ours, 30 % don't know", unsure))
    print(json.dumps(rows, indent=2) if options.json else _table(rows))


def _table(rows: Sequence[dict[str, object]]) -> str:
    heads = list(rows[0])
    lines = ["".join(f"{head:>15}" for head in heads)]
    lines += ["".join(f"{found[head]!s:>15.14}" for head in heads) for found in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
