"""Which records of pair findings a result holds."""

from __future__ import annotations

import json

from simdiag.api import Simdiag
from simdiag.testing import read_facts


def test_only_pairs_that_a_record_reads_are_told() -> None:
    """Every pair in the record is read by another one; a long bill does not tell all its pairs."""
    tool = Simdiag.load(engine="reference", languages=["en"])
    lines = [
        {"bill": "b", "category": "one_off", "amount": f"{n}.00", "event_at": f"2025-10-{n:02d}"}
        for n in range(1, 13)
    ]
    facts = {"as_of": "2025-11-20", "bill": [{"id": "b"}], "bill_line": lines}
    (case,) = read_facts(tool, json.dumps({"case": "c", **facts}))
    found = tool.assess(case)
    records = tool.serialiser().assessment(found)["justifications"]
    told = [each for each in records if each["for"].startswith("pair.")]
    all_pairs = sum(
        len(outcomes)
        for rule, outcomes in found.inference.outcomes.items()
        if rule.startswith("pair.")
    )
    assert told
    assert len(told) < all_pairs
    slots = {name for each in records for name in slots_of(each["conditions"])}
    assert {each["for"].partition(".")[2] for each in told} <= slots


def slots_of(conditions: list[dict[str, object]]) -> set[str]:
    """Give the names of the slots that conditions read, their parts included."""
    found: set[str] = set()
    for each in conditions:
        found |= {str(read["slot"]).partition(".")[2] for read in each["reads"]}  # type: ignore[attr-defined]
        found |= slots_of(each["parts"])  # type: ignore[arg-type]
    return found
