"""The acceptance scenarios as somebody outside would write them: many wordings of the same trouble.

The facts files were written from the description of the problems and of the facts alone. Each is
checked as it stands, with its deciding fact reversed and left out, buried under harmless facts, and
with every single value taken away.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from simdiag.api import Simdiag, write_json
from simdiag.model.assessment import State
from simdiag.testing import read_facts

HERE = Path(__file__).resolve().parent
SUGGESTED = {"suggested", "established"}
ACCUSING = ("F-26", "M-33", "M-50")
PLAIN = (State.UNCLEAR, State.UNCLEAR, State.UNCLEAR)
Facts = dict[str, Any]
Rated = tuple[State, State, State]

OTHER_LINE = {"msisdn": "0499 11 22 33", "brand": "scarlet", "contract_type": "postpaid"}
OTHER_TRIES = [
    {
        "id": f"harmless-{month}", "at": f"2025-0{month}-02 10:00", "channel": "operator_web",
        "target_msisdn": "0499 11 22 33", "amount": "20.00", "method": "bancontact",
        "payment_state": "captured", "credit_state": "credited", "receipt": "yes",
    }
    for month in (6, 7)
]  # fmt: skip
OTHER_BILL = {
    "id": "harmless-b", "operator": "scarlet", "date": "2025-07-01", "is_first": "no",
    "is_last": "no", "total": "12.00",
}  # fmt: skip
OTHER_BILL_LINE = {
    "bill": "harmless-b", "number": "0499 11 22 33", "category": "subscription",
    "description": "Little plan", "amount": "12.00", "period_from": "2025-07-01",
    "period_to": "2025-07-31",
}  # fmt: skip
HARMLESS: Mapping[str, list[dict[str, str]]] = {
    "line": [OTHER_LINE],
    "attempt": OTHER_TRIES,
    "bill": [OTHER_BILL],
    "bill_line": [OTHER_BILL_LINE],
}


@cache
def tool(engine: str) -> Simdiag:
    """Load the shipped knowledge for an engine, once."""
    if engine == "experta":
        return Simdiag(tool("reference").base, "experta")
    return Simdiag.load(languages=["en"], engine="reference")


def stories() -> dict[str, dict[str, Any]]:
    """Give every story by its id, with every scalar left as it was written."""
    found: dict[str, dict[str, Any]] = {}
    for path in (HERE / "topup.yaml", HERE / "bill.yaml"):
        text = path.read_text(encoding="utf-8")
        for each in yaml.load(text, Loader=yaml.BaseLoader)["cases"]:  # noqa: S506
            assert each["facts"]["case"] not in found
            found[each["facts"]["case"]] = each
    return found


STORIES = stories()
each_story = pytest.mark.parametrize("name", sorted(STORIES))
# Taking away every value of every story costs minutes; the examples do it for full stories.
each_minimal_story = pytest.mark.parametrize(
    "name", sorted(name for name in STORIES if name.endswith("-minimal"))
)
with_cause = pytest.mark.parametrize(
    "name", sorted(name for name, story in STORIES.items() if "first" in story)
)


def written(engine: str, facts: Facts) -> str:
    """Assess facts and give the JSON."""
    found = tool(engine)
    (case,) = read_facts(found, json.dumps(facts, ensure_ascii=False))
    return write_json(found.serialiser().assessment(found.assess(case)))


def assessed(facts: Facts) -> dict[str, Any]:
    """Assess facts with the reference engine."""
    found: dict[str, Any] = json.loads(written("reference", facts))
    return found


def rated(facts: Facts) -> dict[str, Rated]:
    """Give state, lowest and highest state of every diagnosis, by its ref."""
    found = tool("reference")
    (case,) = read_facts(found, json.dumps(facts, ensure_ascii=False))
    rows = ((each.id, each.rating) for each in found.assess(case).diagnoses)
    return {name: (rating.state, rating.low, rating.high) for name, rating in rows}


def suggested(result: Mapping[str, Any]) -> list[str]:
    """Give the refs of the diagnoses that are at least suggested, in their order."""
    return [each["ref"] for each in result["diagnoses"] if each["state"] in SUGGESTED]


def possible(result: Mapping[str, Any]) -> set[str]:
    """Give the refs of the diagnoses that are suggested or could still become so."""
    return {each["ref"] for each in result["diagnoses"] if each["possible"][1] in SUGGESTED}


def advised(result: Mapping[str, Any]) -> list[str]:
    """Give the recommended actions in their order."""
    return [each["id"] for each in result["actions"] if each["status"] == "recommended"]


# Variants -----------------------------------------------------------------------------------------


def change(facts: Facts, path: str, value: object) -> None:
    """Set or, with None, remove what `template[0].slot` or `template` names."""
    match = re.fullmatch(r"(\w+)(?:\[(\d+)\]\.(\w+))?", path)
    assert match, path
    template, index, slot = match.groups()
    owner: Any = facts if index is None else facts[template][int(index)]
    key = template if index is None else slot
    if value is None:
        del owner[key]
    else:
        owner[key] = value


def varied(name: str, values: Mapping[str, Any]) -> Facts:
    """Give the facts of a story with some values set or removed."""
    facts: Facts = copy.deepcopy(STORIES[name]["facts"])
    for path, value in values.items():
        change(facts, path, value)
    return facts


def buried(name: str, harmless: Mapping[str, list[dict[str, str]]]) -> Facts:
    """Add harmless facts, and leave open what the story left open."""
    facts: Facts = copy.deepcopy(STORIES[name]["facts"])
    for template, rows in harmless.items():
        given = facts.get(template)
        if given is None:
            facts["open"] = [*facts.get("open", []), template]
        facts[template] = [*(given if isinstance(given, list) else []), *rows]
    return facts


def thinned(facts: Facts) -> Iterator[tuple[str, Facts]]:
    """Take away every slot value and every template, one at a time."""
    for template, value in facts.items():
        if template in {"case", "as_of"}:
            continue
        yield template, {key: each for key, each in facts.items() if key != template}
        rows = value if isinstance(value, list) else [value]
        for number, row in enumerate(rows):
            for slot in row if isinstance(row, dict) else ():
                less = copy.deepcopy(facts)
                del (less[template][number] if isinstance(value, list) else less[template])[slot]
                yield f"{template}[{number}].{slot}", less


def outside(before: Mapping[str, Rated], after: Mapping[str, Rated]) -> list[str]:
    """Give the diagnoses whose former state is outside of the range that they have now."""
    return [
        name
        for name in sorted(before.keys() | after.keys())
        if not after.get(name, PLAIN)[1] <= before.get(name, PLAIN)[0] <= after.get(name, PLAIN)[2]
    ]


# The tests ----------------------------------------------------------------------------------------


def test_every_scenario_has_its_stories() -> None:
    """Each of the twenty scenarios is told in at least four ways."""
    for number in range(1, 21):
        assert sum(name.startswith(f"s{number:02}-") for name in STORIES) >= 4


@each_story
def test_a_story_gives_its_cause(name: str) -> None:
    """The cause stands first; without a decision both causes are still possible."""
    story, result = STORIES[name], assessed(STORIES[name]["facts"])
    if "first" in story:
        assert [*suggested(result), ""][0] == story["first"]
    assert possible(result) >= set(story.get("possible", []))


@each_story
def test_a_story_gives_its_advice(name: str) -> None:
    """The actions, their dates and the vetoes are there, and no veto forbids what is planned."""
    story, result = STORIES[name], assessed(STORIES[name]["facts"])
    plan = advised(result)
    assert set(plan) >= set(story.get("do", []))
    assert plan[0] in story.get("first_do", plan)
    held = [each for each in result["vetoes"] if each["status"] == "holds"]
    assert {each["id"] for each in held} >= set(story.get("veto", []))
    forbidden = {action for each in held for action in each["forbids"]}
    assert not {each["id"] for each in result["actions"]} & forbidden
    rows = {each["id"]: each for each in result["actions"]}
    for action, date in story.get("dates", {}).items():
        assert rows[action]["not_after"] == date
    for action in story.get("dated", []):
        row = rows[action]
        assert row["not_before"] or row["not_after"] or row["args"]


@each_story
def test_both_engines_give_the_same_bytes(name: str) -> None:
    """The story is assessed alike by both engines."""
    facts = STORIES[name]["facts"]
    assert written("experta", facts) == written("reference", facts)


@with_cause
def test_the_deciding_fact_reversed_takes_the_cause_away(name: str) -> None:
    """With the deciding fact reversed the cause is gone, or (`still`) not established."""
    story = STORIES[name]
    result = assessed(varied(name, story["reverse"]))
    if "still" not in story:
        assert story["first"] not in suggested(result)
    states = {each["ref"]: each["state"] for each in result["diagnoses"]}
    assert states.get(story["first"]) != "established"


@with_cause
def test_the_deciding_fact_left_out_leaves_the_cause_possible(name: str) -> None:
    """Without it the former state is in the range, a slot is missing, and nobody is accused."""
    story = STORIES[name]
    facts = varied(name, dict.fromkeys(story["leave_out"]))
    assert outside(rated(story["facts"]), rated(facts)) == []
    result = assessed(facts)
    slots = {each["slot"] for each in result["missing"]}
    for path in story["leave_out"]:
        found = re.sub(r"\[\d+\]", "", path)
        assert any(slot == found or slot.startswith(f"{found}.") for slot in slots)
    assert not set(suggested(result)) & set(ACCUSING)


@with_cause
def test_a_buried_story_has_the_same_first_cause(name: str) -> None:
    """Two attempts, another line and another bill, all harmless, do not hide the cause."""
    result = assessed(buried(name, HARMLESS))
    assert [*suggested(result), ""][0] == STORIES[name]["first"]


@each_minimal_story
def test_less_knowledge_never_excludes_what_was_so(name: str) -> None:
    """Without any one value or template the former states are within the printed ranges."""
    facts = STORIES[name]["facts"]
    before = rated(facts)
    found = {place: outside(before, rated(less)) for place, less in thinned(facts)}
    assert found
    assert {place: names for place, names in found.items() if names} == {}
