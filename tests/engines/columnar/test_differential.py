"""The columnar engine gives what the reference engine gives, case by case and as a table."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from simdiag.analysis.program import Program
from simdiag.api import Assessor, Simdiag, assess_all, write_json
from simdiag.authoring.random_cases import RandomCases
from simdiag.engines.columnar.bulk import Assessor as TableAssessor
from simdiag.engines.columnar.calculating import TooLarge
from simdiag.engines.columnar.encode import encode_cases
from simdiag.engines.columnar.engine import ColumnarEngine
from simdiag.model.assessment import Assessment, State
from simdiag.model.cases import Case
from simdiag.model.rules import Purpose
from simdiag.model.truth import TRUE
from simdiag.testing import build, compare_engines, read_facts

sys.path.insert(0, str(Path(__file__).parents[2] / "properties"))

from generate import facts, knowledge  # type: ignore[import-not-found]

TOLD = {Purpose.RATE, Purpose.DO, Purpose.VETO, Purpose.CONTRADICTION}


@cache
def shipped() -> Simdiag:
    """Load the shipped knowledge once."""
    return Simdiag.load(languages=["en"], engine="reference")


def drawn(found: Simdiag, seed: int, count: int) -> list[Case]:
    """Draw cases of a random knowledge base."""
    texts = [{"case": f"c{n}", **facts(1000 * seed + n, most=3)} for n in range(count)]
    return [read_facts(found, json.dumps(text))[0] for text in texts]


@pytest.mark.parametrize("seed", range(12))
def test_a_batch_gives_the_bytes_of_the_reference_engine(seed: int) -> None:
    """Cases assessed together give the JSON that each gives by itself on the reference engine."""
    found = build(knowledge(seed))
    cases = drawn(found, seed, 20)
    results = list(assess_all(Assessor(Simdiag(found.base, "columnar")), cases))
    writer = found.serialiser()
    assert [write_json(result) for result in results if isinstance(result, dict)] == [
        write_json(writer.assessment(found.assess(case), justifications=False)) for case in cases
    ]


@pytest.mark.parametrize("seed", range(20, 26))
def test_the_full_record_is_the_same(seed: int) -> None:
    """With the record of rules, one case gives the same JSON on both engines."""
    found = build(knowledge(seed))
    cases = drawn(found, seed, 4)
    assert compare_engines(found.base, cases, ("reference", "columnar")) == []


def test_shipped_cases_are_the_same() -> None:
    """Random cases of the shipped knowledge give the same JSON, the record included."""
    cases = list(RandomCases(shipped().program).many(3, range(4)))
    assert compare_engines(shipped().base, cases, ("reference", "columnar")) == []


# As a table -------------------------------------------------------------------------------------


def expected(program: Program, found: Assessment, result: dict[str, Any]) -> dict[str, Any]:
    """Give a row of the table from the assessment of the reference engine."""
    likely = {each.id for each in found.diagnoses if each.rating.high >= State.SUGGESTED}
    outcomes = {
        rule: [outcome.truth is TRUE for outcome in subjects.values()]
        for rule, subjects in sorted(found.inference.outcomes.items())
        if program.rule[rule].purpose in TOLD
        and (program.rule[rule].purpose is not Purpose.DO or program.rule[rule].diagnosis in likely)
    }
    first = result["diagnoses"][0] if result["diagnoses"] else {"state": "unclear"}
    probable = first["state"] in {"suggested", "established"}
    return {
        "first": first["id"] if probable else None,
        "state": first["state"] if probable else None,
        "low": first["possible"][0] if probable else None,
        "high": first["possible"][1] if probable else None,
        "diagnoses": [
            {
                "id": each["id"],
                "state": each["state"],
                "low": each["possible"][0],
                "high": each["possible"][1],
                "score": each["score"],
            }
            for each in result["diagnoses"]
        ],
        "actions": [
            {
                "id": action.id,
                "status": action.status.value,
                "firm": action.firm,
                "about": None if action.about is None else action.about.index,
                "not_before": written["not_before"],
                "not_after": written["not_after"],
            }
            for action, written in zip(found.actions, result["actions"], strict=True)
        ],
        "vetoes": [{"id": each["id"], "status": each["status"]} for each in result["vetoes"]],
        "conflicts": [each["rule"] for each in result["conflicts"]],
        "missing": sorted({each["slot"] for each in result["missing"]}),
        "fired": [rule for rule, truths in outcomes.items() if any(truths)],
        "undecided": [rule for rule, truths in outcomes.items() if not all(truths)],
    }


def rows(found: Simdiag, cases: list[Case]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give what the table holds, and what it should hold."""
    assessor = TableAssessor(found.program)
    batch = encode_cases(found.base, cases, assessor.columnar.pool.copy())
    wanted = []
    for case in cases:
        assessment = found.assess(case)
        result = found.serialiser().assessment(assessment, justifications=False)
        wanted.append(expected(found.program, assessment, result))
    return assessor.assess(batch).to_dicts(), wanted


@pytest.mark.parametrize("seed", range(40, 52))
def test_the_table_of_random_knowledge_says_what_the_plans_say(seed: int) -> None:
    """States, ranges, plans, vetoes, conflicts, missing slots and rules are the same."""
    found = build(knowledge(seed))
    table, wanted = rows(found, drawn(found, seed, 25))
    assert table == wanted


def test_the_table_of_shipped_knowledge_says_what_the_plans_say() -> None:
    """The same for random cases of the shipped knowledge, with dates and arguments."""
    table, wanted = rows(shipped(), list(RandomCases(shipped().program).many(8, range(12))))
    assert table == wanted
    assert any(action["not_after"] for row in table for action in row["actions"])
    assert any(row["vetoes"] for row in table)


def test_a_wrong_table_is_seen() -> None:
    """The comparison fails for the rows of other cases."""
    found = build(knowledge(40))
    table, wanted = rows(found, drawn(found, 40, 10))
    assert table[1:] != wanted[:-1]


def test_numbers_too_large_for_columns_go_another_way() -> None:
    """A product that no column holds is worked out by definition, to the same bytes."""
    terms = {"cardinality": "one", "title": "u", "slots": {"n": {"type": "integer", "title": "n"}}}
    files = knowledge(1)
    files["terms/w.yaml"] = json.dumps({"templates": {"w": terms}})
    finding = {"type": "integer", "title": "square", "value": "w.n * w.n"}
    files["findings/w.yaml"] = json.dumps({"findings": {"case.square": finding}})
    found = build(files)
    text = {"case": "large", "as_of": "2025-11-20", "w": {"n": "999999999999"}}
    cases = read_facts(found, json.dumps(text))
    assert compare_engines(found.base, cases, ("reference", "columnar")) == []
    engine = Simdiag(found.base, "columnar").engine
    assert isinstance(engine, ColumnarEngine)
    with pytest.raises(TooLarge):
        list(engine.inferences(cases))
