"""Every example gives what it promises: reversed, left out, buried, permuted, thinned out."""

from __future__ import annotations

import copy
import json
import random
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

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
ENGINES = ("reference", "experta")
SUGGESTED = {"suggested", "established"}
Facts = dict[str, Any]
Rated = tuple[State, State, State]

# Facts that say nothing about the problem: two top-ups that worked in full, and a second line with
# a bill of its own that is explained to the cent.
HARMLESS: Mapping[str, list[dict[str, str]]] = {
    "attempt": [
        {
            "id": "harmless-1", "at": "2025-06-02 10:00", "channel": "operator_web",
            "target_msisdn": "0499 11 22 33", "amount": "20.00", "method": "bancontact",
            "payment_state": "captured", "booking_date": "yes", "credit_state": "credited",
            "credit_taken_back": "no", "bundle_started": "yes", "receipt": "yes",
        },
        {
            "id": "harmless-2", "at": "2025-07-02 10:00", "channel": "operator_web",
            "target_msisdn": "0499 11 22 33", "amount": "20.00", "method": "bancontact",
            "payment_state": "captured", "booking_date": "yes", "credit_state": "credited",
            "credit_taken_back": "no", "bundle_started": "yes", "receipt": "yes",
        },
    ],
    "line": [
        {
            "msisdn": "0499 11 22 33", "brand": "orange", "contract_type": "postpaid",
            "sim_form": "physical", "status": "active", "identified": "yes", "roaming_on": "no",
        },
    ],
    "bill": [
        {
            "id": "harmless-b", "operator": "orange", "date": "2025-11-01", "due": "2025-11-29",
            "is_first": "no", "is_last": "no", "total": "12.00", "previous_balance": "0.00",
            "credits": "0.00",
        },
    ],
    "bill_line": [
        {
            "bill": "harmless-b", "number": "0499 11 22 33", "category": "subscription",
            "description": "Little plan", "amount": "12.00", "period_from": "2025-11-01",
            "period_to": "2025-11-30",
        },
    ],
}  # fmt: skip


@cache
def tool(engine: str) -> Simdiag:
    """Load the shipped knowledge for an engine, once."""
    if engine == "experta":
        return Simdiag(tool("reference").base, "experta")
    return Simdiag.load(languages=["en"], engine="reference")


def read(path: Path) -> dict[str, Any]:
    """Read a YAML file with every scalar left as it was written."""
    text = path.read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    return found


def expectations() -> dict[str, Any]:
    """Give what must come out, by `folder/file`."""
    found = {}
    for path in sorted(EXAMPLES.glob("*/expected.yaml")):
        for name, value in read(path).items():
            found[f"{path.parent.name}/{name}"] = value
    return found


EXPECTED = expectations()
NAMES = sorted(EXPECTED)
each_example = pytest.mark.parametrize("name", NAMES)


def written(engine: str, facts: Facts) -> str:
    """Assess facts and give the JSON."""
    found = tool(engine)
    (case,) = read_facts(found, json.dumps(facts, ensure_ascii=False))
    return write_json(found.serialiser().assessment(found.assess(case)))


def assessed(facts: Facts) -> dict[str, Any]:
    """Assess facts with the reference engine."""
    found: dict[str, Any] = json.loads(written("reference", facts))
    return found


def both(facts: Facts) -> dict[str, Any]:
    """Assess facts with both engines, which must give the same bytes."""
    first, second = (written(engine, facts) for engine in ENGINES)
    assert first == second
    found: dict[str, Any] = json.loads(first)
    return found


def suggested(result: Mapping[str, Any]) -> list[str]:
    """Give the diagnoses that are at least suggested, in their order."""
    return [each["id"] for each in result["diagnoses"] if each["state"] in SUGGESTED]


def rated(facts: Facts) -> dict[str, Rated]:
    """Give state, lowest and highest state of every diagnosis that is not plainly unclear."""
    found = tool("reference")
    (case,) = read_facts(found, json.dumps(facts, ensure_ascii=False))
    ratings = {each.id: each.rating for each in found.assess(case).diagnoses}
    return {name: (each.state, each.low, each.high) for name, each in ratings.items()}


def outside(before: Mapping[str, Rated], after: Mapping[str, Rated]) -> list[str]:
    """Give the diagnoses whose former state is outside of the range that they have now."""
    plain = (State.UNCLEAR, State.UNCLEAR, State.UNCLEAR)
    found = []
    for name in sorted(before.keys() | after.keys()):
        _, low, high = after.get(name, plain)
        if not low <= before.get(name, plain)[0] <= high:
            found.append(name)
    return found


# Variants -----------------------------------------------------------------------------------------


def change(facts: Facts, path: str, value: str | None) -> None:
    """Set or remove what `template[0].slot`, `template[0]` or `template` names."""
    match = re.fullmatch(r"(\w+)(?:\[(\d+)\])?(?:\.(\w+))?", path)
    assert match, path
    template, index, slot = match.groups()
    owner: Any = facts
    key: Any = template
    if index is not None:
        owner, key = facts[template], int(index)
    if slot is not None:
        owner, key = owner[key], slot
    if value is None:
        del owner[key]
    else:
        owner[key] = value


def varied(name: str, variant: Mapping[str, Any]) -> Facts:
    """Give the facts of an example with some values set or removed."""
    facts: Facts = copy.deepcopy(read(EXAMPLES / name))
    for path, value in variant.get("set", {}).items():
        change(facts, path, value)
    for path in variant.get("remove", []):
        change(facts, path, None)
    return facts


def buried(facts: Facts) -> Facts:
    """Add harmless facts; a list that was not given stays open, one given as `none` stays empty."""
    found = copy.deepcopy(facts)
    for template, rows in HARMLESS.items():
        if template not in found:
            found[template] = []
            found["open"] = [*found.get("open", []), template]
        if isinstance(found[template], list) and (found[template] or template in found["open"]):
            found[template] = [*found[template], *rows]
    return found


def thinned(facts: Facts) -> Iterator[tuple[str, Facts]]:
    """Take away every slot value and every template, one at a time."""
    for template, value in facts.items():
        if template in {"case", "as_of", "open"}:
            continue
        without = {key: each for key, each in facts.items() if key != template}
        yield template, without
        rows = value if isinstance(value, list) else [value]
        for number, row in enumerate(rows):
            for slot in row if isinstance(row, dict) else ():
                less = copy.deepcopy(facts)
                place = less[template][number] if isinstance(value, list) else less[template]
                del place[slot]
                yield f"{template}[{number}].{slot}", less


# The tests ----------------------------------------------------------------------------------------


def test_every_example_has_an_expectation() -> None:
    """No facts file stands in a folder with expectations without one of its own."""
    folders = {path.parent for path in EXAMPLES.glob("*/expected.yaml")}
    files = {
        f"{path.parent.name}/{path.name}"
        for folder in folders
        for path in folder.glob("*.yaml")
        if path.name != "expected.yaml"
    }
    assert files == set(NAMES)


@each_example
def test_an_example_gives_what_it_promises(name: str) -> None:
    """Cause, state, actions and vetoes are those that stand beside the example, on both engines."""
    wanted = EXPECTED[name]
    result = both(read(EXAMPLES / name))
    first = "" if wanted["first"] == "null" else wanted["first"]
    assert [*suggested(result), ""][0] == first
    if first:
        assert result["diagnoses"][0]["state"] == wanted["state"]
    possible = {each["id"] for each in result["diagnoses"] if each["possible"][1] in SUGGESTED}
    assert possible >= set(wanted.get("possible", []))
    advised = {each["id"] for each in result["actions"] if each["status"] == "recommended"}
    assert advised >= set(wanted["do"])
    holding = {each["id"] for each in result["vetoes"] if each["status"] == "holds"}
    assert holding >= set(wanted["vetoes"])


@each_example
def test_a_plan_obeys_the_vetoes_beside_it(name: str) -> None:
    """No plan is empty, and none holds an action that a holding veto forbids."""
    result = both(read(EXAMPLES / name))
    forbidden = {
        action
        for each in result["vetoes"]
        if each["status"] == "holds"
        for action in each["forbids"]
    }
    planned = {each["id"] for each in result["actions"]}
    assert planned
    assert not planned & forbidden


@each_example
def test_the_deciding_fact_reversed_takes_the_cause_away(name: str) -> None:
    """With the deciding fact reversed the cause is no longer suggested, or not established."""
    variant = EXPECTED[name]["variants"].get("reversed")
    if variant is None:
        assert EXPECTED[name]["first"] == "null"
        return
    result = both(varied(name, variant))
    if "not_suggested" in variant:
        assert variant["not_suggested"] not in suggested(result)
    else:
        states = {each["id"]: each["state"] for each in result["diagnoses"]}
        assert states.get(variant["not_established"]) != "established"


@each_example
def test_the_deciding_fact_left_out_leaves_the_cause_possible(name: str) -> None:
    """Without it the former state is in the range, its slot is missing, and no cause is new."""
    variant = EXPECTED[name]["variants"].get("left_out")
    if variant is None:
        assert EXPECTED[name]["first"] == "null"
        return
    facts = varied(name, variant)
    assert outside(rated(read(EXAMPLES / name)), rated(facts)) == []
    before, after = assessed(read(EXAMPLES / name)), both(facts)
    assert variant["missing"] in {each["slot"] for each in after["missing"]}
    causes = {each for each in suggested(after) if not each.startswith("escalation.")}
    assert causes <= {*suggested(before), *variant.get("new", ())}


@each_example
def test_a_buried_example_has_the_same_first_cause(name: str) -> None:
    """Two harmless attempts, another line and another bill do not hide or change the cause."""
    facts = buried(read(EXAMPLES / name))
    assert "harmless-1" in json.dumps(facts)
    result = both(facts)
    wanted = EXPECTED[name]["first"]
    assert [*suggested(result), "null"][0] == wanted


@each_example
def test_the_order_of_facts_does_not_matter(name: str) -> None:
    """With the rows of every list in another order, both engines give the same bytes."""
    facts = read(EXAMPLES / name)
    expected = written("reference", buried(facts))
    for seed in (1, 2):
        mixed = buried(facts)
        for rows in mixed.values():
            if isinstance(rows, list):
                random.Random(seed).shuffle(rows)
        shuffled = dict(sorted(mixed.items(), reverse=bool(seed % 2)))
        for engine in ENGINES:
            assert written(engine, shuffled) == expected


@each_example
def test_less_knowledge_never_excludes_what_was_so(name: str) -> None:
    """Without any one value or template the former states are within the printed ranges."""
    facts = read(EXAMPLES / name)
    before = rated(facts)
    found = {place: outside(before, rated(less)) for place, less in thinned(facts)}
    assert found
    assert {place: names for place, names in found.items() if names} == {}


# What the product promises of paid top-ups --------------------------------------------------------


def test_a_second_attempt_is_judged_for_itself() -> None:
    """Refused, then captured and not credited: F-03 is first, and about the second attempt."""
    result = both(
        {
            "as_of": "2025-11-20 18:00",
            "attempt": [
                {"id": "a1", "at": "2025-11-20 08:00", "payment_state": "refused",
                 "refusal_step": "three_ds", "credit_state": "rejected"},
                {"id": "a2", "at": "2025-11-20 08:30", "payment_state": "captured",
                 "credit_state": "pending"},
            ],
        }
    )  # fmt: skip
    first = result["diagnoses"][0]
    assert (first["ref"], first["state"]) == ("F-03", "established")
    assert [each["key"]["id"] for each in first["about"]] == ["a2"]


def one_attempt(at: str) -> dict[str, Any]:
    """Assess a single attempt that was paid and has not arrived."""
    attempt = {"at": at, "payment_state": "captured", "credit_state": "pending"}
    return both({"as_of": "2025-11-20 18:00", "attempt": [attempt]})


def test_ten_minutes_after_paying_one_waits() -> None:
    """With nothing but one attempt of ten minutes ago: wait, and do not pay again."""
    result = one_attempt("2025-11-20 17:50")
    assert "wait" in {each["id"] for each in result["actions"] if each["status"] == "recommended"}
    assert "pay_again" in {each["id"] for each in result["vetoes"] if each["status"] == "holds"}


def test_thirty_hours_after_paying_one_complains_with_a_date() -> None:
    """With nothing but one attempt of thirty hours ago: a written complaint with a date."""
    result = one_attempt("2025-11-19 12:00")
    actions = {each["id"]: each for each in result["actions"] if each["status"] == "recommended"}
    complaint = actions["complain_in_writing"]
    assert complaint["not_before"] or complaint["not_after"]
