"""Random cases of values that are right, and as far out as they may be."""

from __future__ import annotations

import json
from random import Random as Chance
from typing import Any

from simdiag.loading.scalars import NotReadable, read_value
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.terms import Cardinality, Slot
from simdiag.model.values import Kind

DAYS = (
    "1900-01-01", "2199-12-31", "2025-11-20", "2025-11-19", "2024-02-29", "2025-10-31",
    "2199-11-30", "1900-02-28",
)  # fmt: skip
MOMENTS = (
    *DAYS, "1900-01-01 00:00", "2199-12-31 23:59:59", "2025-10-26 02:30", "2025-03-30 02:30",
    "2025-11-20 17:59", "1900-01-01T00:00+14:00", "2199-12-31T23:59-12:00", "2025-11-20T00:00Z",
)  # fmt: skip
WRITTEN: dict[Kind, tuple[str, ...]] = {
    Kind.BOOLEAN: ("yes", "no"),
    Kind.INTEGER: ("0", "1", "-1", "2", "12", "30", "365", "9" * 12, "-" + "9" * 12),
    Kind.DECIMAL: ("0", "99.99", "100", "1", "9" * 12),
    Kind.MONEY: ("0", "-0.01", "9999999999.99", "-9999999999.99", "10,00", "€ 5", "0.01"),
    Kind.DATE: DAYS,
    Kind.DATETIME: MOMENTS,
    Kind.DURATION: ("0 s", "999999999 weeks", "1 hour", "999999999 w 999999999 w"),
}
TEXTS = (
    "x", "a1", "b1", "0470123456", "+32470123456", "BE68539007547034", "7034", "123/4567/89002",
    "123456789002", "9" * 400, "²" * 12, "é" * 500, "\u202e\u200b", "{until}%s",
    "/".join("12") * 200, "premium sms stop data internet", "BE0403019261", "٣" * 12,
)  # fmt: skip


def _fits(slot: Slot, text: str) -> bool:
    try:
        read_value(text, slot.type)
    except NotReadable:
        return False
    return True


def _value(chance: Chance, slot: Slot) -> str | list[str]:
    if chance.random() < 0.1:
        return "unknown"
    if slot.type.kind is Kind.CHOICE:
        return chance.choice(slot.type.choices)
    if slot.type.kind is Kind.SET:
        return chance.sample(slot.type.choices, chance.randint(0, min(3, len(slot.type.choices))))
    known = WRITTEN.get(slot.type.kind, TEXTS)
    return chance.choice([text for text in known if _fits(slot, text)] or ["unknown"])


def edge_case(base: KnowledgeBase, seed: int) -> bytes:
    """Write a case as JSON."""
    chance = Chance(f"edge {seed}")
    kinds = base.templates["problem"].slots["kind"].type.choices
    found: dict[str, Any] = {
        "as_of": chance.choice(MOMENTS),
        "problem": {"kind": chance.sample(kinds, chance.randint(0, 2))},
    }
    for template in base.fact_templates():
        form = chance.random()
        if form < 0.4 or template.name == "problem":
            continue
        rows = [
            {
                name: _value(chance, slot)
                for name, slot in template.slots.items()
                if chance.random() < 0.6
            }
            for _ in range(chance.choice((0, 1, 1, 2)))
        ]
        many = template.cardinality is Cardinality.MANY
        found[template.name] = "none" if form < 0.45 else rows if many else (rows or [{}])[0]
        if many and chance.random() < 0.3:
            found.setdefault("open", []).append(template.name)
    return json.dumps(found).encode()
