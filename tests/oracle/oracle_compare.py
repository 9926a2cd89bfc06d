"""What CLIPS concludes of a case beside what an engine of ours concluded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from oracle_run import ClipsRun  # type: ignore[import-not-found]

from simdiag.analysis.program import Program
from simdiag.calculation.functions import text_key
from simdiag.model.cases import Case
from simdiag.model.inference import Inference, Rows
from simdiag.model.rules import Purpose
from simdiag.model.truth import FALSE, TRUE, Truth
from simdiag.model.values import Value
from simdiag.reasoning.plan import veto_results
from simdiag.reasoning.rating import rate_subjects

if TYPE_CHECKING:
    from oracle_program import ClipsProgram  # type: ignore[import-not-found]


def differences(program: ClipsProgram, case: Case, inference: Inference) -> list[str]:
    """Conclude a case with CLIPS and compare.

    Args:
        program: The knowledge base for CLIPS.
        case: The facts.
        inference: What an engine of ours concluded from them.

    Returns:
        A line for each truth of a rule, value of a finding, rating and veto that is not the same.
    """
    run = ClipsRun(program, case, inference)
    return [
        *_of_rules(program, run, inference),
        *_of_findings(run, inference),
        *_of_ratings(program.program, run, inference),
        *_of_vetoes(program.program, run, inference),
    ]


def _of_rules(program: ClipsProgram, run: ClipsRun, inference: Inference) -> Iterable[str]:
    for name in sorted(program.translated):
        ours = {rows: found.truth for rows, found in inference.outcomes.get(name, {}).items()}
        yield from _unlike(f"rule {name}", ours, run.truths[name])


def _unlike(what: str, ours: Mapping[Rows, Truth], theirs: Mapping[Rows, Truth]) -> Iterable[str]:
    for rows in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(rows, FALSE), theirs.get(rows, FALSE)
        if mine is not other:
            yield f"{what} of {_named(rows)}: {mine.word}, CLIPS: {other.word}"


def _named(rows: Rows) -> str:
    return " and ".join(f"{row.template} {row.index}" for row in rows) or "the case"


def _of_findings(run: ClipsRun, inference: Inference) -> Iterable[str]:
    for name, found in sorted(run.findings.items()):
        ours = inference.values.get(name, {})
        for rows in sorted(found.keys() | ours.keys()):
            mine, other = ours.get(rows), found.get(rows)
            if _plain(mine) != _plain(other):
                yield f"finding {name} of {_named(rows)}: {mine}, CLIPS: {other}"


def _plain(value: Value | None) -> Value | None:
    """Give a text in the form in which texts are compared, for that is what CLIPS is given."""
    return text_key(value) if isinstance(value, str) else value


def _of_ratings(program: Program, run: ClipsRun, inference: Inference) -> Iterable[str]:
    ours = {
        (diagnosis.id, rows): tuple(map(int, (rated.state, rated.low, rated.high, rated.score)))
        for diagnosis in program.base.diagnoses.values()
        for rows, rated in rate_subjects(program.base, diagnosis, inference).items()
    }
    for name, rows in sorted(ours.keys() | run.ratings.keys()):
        mine, other = ours.get((name, rows)), run.ratings.get((name, rows))
        if mine != other:
            yield f"rating of {name} for {_named(rows)}: {mine}, CLIPS: {other}"


def _of_vetoes(program: Program, run: ClipsRun, inference: Inference) -> Iterable[str]:
    ours = {veto.id: veto.status.value for veto in veto_results(program.base, inference)}
    theirs: dict[str, str] = {}
    for rule in program.base.rules.values():
        if rule.purpose is Purpose.VETO and run.truths[rule.id]:
            holds = TRUE in run.truths[rule.id].values() or theirs.get(rule.target) == "holds"
            theirs[rule.target] = "holds" if holds else "possible"
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            yield f"veto {name}: {ours.get(name)}, CLIPS: {theirs.get(name)}"
