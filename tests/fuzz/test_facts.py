"""Damaged facts files: problems with their places, or results; never a traceback, never a hang.

`SIMDIAG_FUZZ=20` tries twenty times as many.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest
from harness import (  # type: ignore[import-not-found] # found through conftest.py
    EXAMPLES,
    as_json,
    faults_of_facts,
    seeds,
    shipped,
)
from mutate import (  # type: ignore[import-not-found]
    CSV_DAMAGE,
    JSON_DAMAGE,
    YAML_DAMAGE,
    damaged,
)

PARTS = 2
ROWS = b"""\
case,as_of,problem.kind,line.brand,attempt.at,attempt.amount,attempt.payment_state,voucher,note
A,2025-11-20 18:00,paid_not_credited,proximus,2025-11-20 17:50,"10,00",captured,none,hi
B,2025-11-20,topup_failed|renewal_failed,base,,5.00,refused,,"a, b"
"""
SHEET = b"""\
case;id;amount;payment_state;at
A;a1;10;captured;2025-11-20 12:00
A;a2;10;refused;2025-11-20 12:00
B;;;;
"""


def failure(kind: str, inputs: Mapping[str, bytes], damage: object, chosen: range) -> str:
    """Try many damaged files; tell the first that shows a fault, or nothing."""
    for seed in chosen:
        chance = random.Random(f"{kind} {seed}")
        name = chance.choice(sorted(inputs))
        data = damaged(chance, inputs[name], damage)
        try:
            found = faults_of_facts(name, data)
        except Exception as error:  # noqa: BLE001 - this is what must not happen
            found = [repr(error)]
        if found:
            return f"{kind} {seed}: {found[:3]} in {name}: {data[:2000]!r}"
    return ""


@pytest.mark.parametrize("part", range(PARTS))
def test_damaged_yaml(part: int) -> None:
    """A damaged YAML file gives problems or a result, the same on both engines."""
    assert failure("yaml", shipped(), YAML_DAMAGE, seeds(120)[part::PARTS]) == ""


@pytest.mark.parametrize("part", range(PARTS))
def test_damaged_json(part: int) -> None:
    """A damaged JSON file gives problems or a result, the same on both engines."""
    assert failure("json", as_json(), JSON_DAMAGE, seeds(120)[part::PARTS]) == ""


def test_damaged_json_lines() -> None:
    """Damaged JSON lines give problems or a result for each line."""
    whole = list(as_json().values())
    inputs = {f"{number}.jsonl": b"\n".join(whole[number : number + 2]) for number in range(9)}
    assert failure("ndjson", inputs, JSON_DAMAGE, seeds(25)) == ""


def test_damaged_tables() -> None:
    """A damaged CSV file gives problems or a result for each row."""
    tickets = (EXAMPLES / "tickets.csv").read_bytes()
    inputs = {"rows.csv": ROWS, "attempt.csv": SHEET, "tickets.csv": tickets}
    assert failure("csv", inputs, CSV_DAMAGE, seeds(40)) == ""
