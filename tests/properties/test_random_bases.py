"""What must hold of every knowledge base and every case, tried on small random ones."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from generate import (  # type: ignore[import-not-found] # found through conftest.py
    Facts,
    completions,
    facts,
    knowledge,
    lessons,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from simdiag.api import Simdiag, write_json
from simdiag.model.assessment import ActionStatus, Assessment, State, VetoStatus
from simdiag.model.inference import Rows
from simdiag.model.truth import FALSE, TRUE, Truth
from simdiag.testing import build, compare_engines, read_facts

HERE = Path(__file__).parent
CASES = 3
seeds = st.integers(min_value=0, max_value=2**32)


def effort(examples: int) -> settings:
    """Give a bounded number of examples, unless the profile searches for longer."""
    chosen = settings()
    return settings(max_examples=examples if chosen.derandomize else chosen.max_examples)


@lru_cache(maxsize=64)
def tool(seed: int) -> Simdiag:
    """Load a random knowledge base for the reference engine."""
    return build(knowledge(seed))


def assessed(found: Simdiag, given_facts: Facts) -> Assessment:
    """Assess facts."""
    (case,) = read_facts(found, json.dumps(given_facts))
    return found.assess(case)


def written(found: Simdiag, given_facts: Facts) -> str:
    """Give the JSON of an assessment."""
    return write_json(found.serialiser().assessment(assessed(found, given_facts)))


# What may not change the result -------------------------------------------------------------------


@effort(60)
@given(seeds)
def test_both_engines_give_the_same_bytes(seed: int) -> None:
    """Whatever the knowledge and the case, the two engines give the same JSON."""
    found = tool(seed)
    cases = [
        read_facts(found, json.dumps({"case": f"c{number}", **facts(seed + number, most=3)}))[0]
        for number in range(CASES)
    ]
    assert compare_engines(found.base, cases) == []


def shuffled(files: dict[str, str], seed: int) -> dict[str, str]:
    """Write the same knowledge with rules in another order, and in other files."""
    chance = random.Random(seed)
    found = {}
    for path, text in sorted(files.items(), reverse=True):
        content = json.loads(text)
        for key in ("rules", "findings", "actions", "vetoes"):
            if isinstance(content.get(key), dict):
                pairs = list(content[key].items())
                chance.shuffle(pairs)
                content[key] = dict(pairs)
        chance.shuffle(content.get("advice", []))
        found[path] = json.dumps(content)
    findings = json.loads(found.pop("findings/f.yaml"))["findings"]
    for name, value in findings.items():
        found[f"findings/{chance.random()}.yaml"] = json.dumps({"findings": {name: value}})
    found[f"terms/{chance.random()}.yaml"] = found.pop("terms/t.yaml")
    return found


@effort(25)
@given(seeds)
def test_the_order_of_rules_and_files_does_not_matter(seed: int) -> None:
    """Rules, advice and files in another order give the same bytes, the hash included."""
    moved = build(shuffled(knowledge(seed), seed))
    for number in range(CASES):
        case = facts(seed + number)
        assert written(moved, case) == written(tool(seed), case)


@effort(25)
@given(seeds)
def test_the_order_of_facts_does_not_matter(seed: int) -> None:
    """The rows of every list in another order give the same bytes, on both engines."""
    found = tool(seed)
    other = Simdiag(found.base, "experta")
    for number in range(CASES):
        case = facts(seed + number, most=4)
        mixed = dict(reversed(case.items()))
        for template in ("t", "v"):
            if isinstance(mixed.get(template), list):
                mixed[template] = list(reversed(mixed[template]))
        assert written(other, mixed) == written(found, case)


@effort(25)
@given(seeds)
def test_an_unrelated_fact_changes_nothing(seed: int) -> None:
    """Facts of a template that no rule reads give the same bytes."""
    found = tool(seed)
    case = facts(seed)
    assert written(found, {**case, "z": [{"n": "1"}, {}]}) == written(found, case)


PROGRAM = """
import hashlib, json, sys
sys.path.insert(0, sys.argv[1])
from generate import facts, knowledge
from simdiag.api import Simdiag, write_json
from simdiag.testing import build, result_of
for seed in range(6):
    found = build(knowledge(seed))
    for tool in (found, Simdiag(found.base, "experta")):
        text = write_json(result_of(tool, json.dumps(facts(seed))))
        print(seed, hashlib.sha256(text.encode()).hexdigest())
"""


def test_the_hash_seed_does_not_matter() -> None:
    """Processes with different hash seeds print the same results."""
    printed = set()
    for hash_seed in ("0", "1", "4711"):
        command = [sys.executable, "-W", "error", "-c", PROGRAM, str(HERE)]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        printed.add(done.stdout)
    assert len(printed) == 1
    lines = printed.pop().decode().split("\n")
    assert [line.split()[1] for line in lines[0:12:2]] == [
        line.split()[1] for line in lines[1:12:2]
    ]
    assert len(set(lines)) > len(lines) / 4


# Soundness ----------------------------------------------------------------------------------------


def truths(found: Assessment) -> dict[tuple[str, Rows], Truth]:
    """Give the truth of every rule for every given subject, false ones included."""
    inference = found.inference
    known = {}
    for rule, outcomes in inference.outcomes.items():
        for subject, outcome in outcomes.items():
            if all(row.index >= 0 for row in subject):
                known[rule, subject] = outcome.truth
    return known


def check_learned(before: Assessment, after: Assessment) -> None:
    """Assert that more knowledge settles what was open and changes nothing that was settled."""
    old, new = truths(before), truths(after)
    for key, truth in old.items():
        if truth is TRUE:
            assert new.get(key, FALSE) is TRUE, key
    for key, truth in new.items():
        seen = all(row in before.inference.slots for row in key[1])
        if truth is not FALSE and seen:
            assert old.get(key, FALSE) is not FALSE, key
    plain = (State.UNCLEAR, State.UNCLEAR)
    first = {each.id: (each.rating.low, each.rating.high) for each in before.diagnoses}
    then = {each.id: (each.rating.low, each.rating.high) for each in after.diagnoses}
    for name in first.keys() | then.keys():
        low, high = first.get(name, plain)
        new_low, new_high = then.get(name, plain)
        assert low <= new_low <= new_high <= high, name


def check_complete(before: Assessment, after: Assessment) -> None:
    """Assert that what was said of a case holds of one of its completions."""
    states = {each.id: each.rating.state for each in after.diagnoses}
    first = {each.id: (each.rating.low, each.rating.high) for each in before.diagnoses}
    for name in first.keys() | states.keys():
        low, high = first.get(name, (State.UNCLEAR, State.UNCLEAR))
        assert low <= states.get(name, State.UNCLEAR) <= high, name
    advised = {each.id for each in after.actions if each.status is ActionStatus.RECOMMENDED}
    assert {each.id for each in before.actions if each.firm} <= advised
    possible = {each.id for each in before.vetoes}
    holding = {each.id for each in before.vetoes if each.status is VetoStatus.HOLDS}
    later = {each.id for each in after.vetoes if each.status is VetoStatus.HOLDS}
    assert holding <= later <= possible


@effort(60)
@given(seeds)
def test_learning_settles_and_never_unsettles(seed: int) -> None:
    """One thing learned leaves true true and false false, and widens no range."""
    found = tool(seed)
    for number in range(CASES):
        case = facts(seed + number)
        before = assessed(found, case)
        for more in lessons(case, seed):
            check_learned(before, assessed(found, more))


@effort(60)
@given(seeds)
def test_ranges_firm_actions_and_vetoes_survive_completion(seed: int) -> None:
    """Whatever the unknowns turn out to be: states in range, firm actions and vetoes stay."""
    found = tool(seed)
    for number in range(CASES):
        case = facts(seed + number)
        before = assessed(found, case)
        for full in completions(case, seed, 32):
            check_complete(before, assessed(found, full))


@effort(60)
@given(seeds)
def test_plans_are_never_empty_and_obey_their_vetoes(seed: int) -> None:
    """A plan advises something, and nothing that a veto printed beside it forbids."""
    found = tool(seed)
    for number in range(CASES):
        result = assessed(found, facts(seed + number))
        check_plan(result)


def check_plan(result: Assessment) -> None:
    """Assert that a plan is not empty and obeys the vetoes that hold."""
    assert any(each.status is ActionStatus.RECOMMENDED for each in result.actions)
    forbidden = {
        action
        for each in result.vetoes
        if each.status is VetoStatus.HOLDS
        for action in each.forbids
    }
    assert not forbidden & {each.id for each in result.actions}


# The tests can fail -------------------------------------------------------------------------------


def test_the_generator_shows_every_truth_and_state() -> None:
    """Random cases reach all truths and states, firm actions and vetoes of both kinds."""
    shown: set[Any] = set()
    for seed in range(40):
        result = assessed(tool(seed), facts(seed))
        shown |= {truth.word for truth in truths(result).values()}
        shown |= {each.rating.state for each in result.diagnoses}
        shown |= {each.status for each in result.vetoes}
        shown |= {"firm" for each in result.actions if each.firm}
    assert shown >= {"true", "unknown", *State, *VetoStatus, "firm"}


def test_a_wrong_range_is_seen() -> None:
    """The check of completions fails when the completions are those of other cases."""
    found = tool(1)
    full = [assessed(found, next(completions(facts(number), 1, 1))) for number in range(30)]

    def agrees(number: int) -> bool:
        try:
            check_complete(full[number], full[number + 1])
        except AssertionError:
            return False
        return True

    assert not all(agrees(number) for number in range(29))
    for result in full:
        check_complete(result, result)
