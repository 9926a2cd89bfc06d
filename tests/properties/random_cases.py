"""Random cases of any knowledge base, drawn from its terms and from the literals of its rules."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from copy import deepcopy
from typing import Any

from simdiag.loading.scalars import write_value
from simdiag.model.conditions import Compare, Literal, SlotRef, conditions_in
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.terms import Cardinality, Slot, Template
from simdiag.model.values import Interval, Kind

Facts = dict[str, Any]
NOW = dt.datetime(2025, 11, 20, 18, 0)  # noqa: DTZ001 - written without a zone, as people do
DAYS = (0, 0, 1, 2, 5, 8, 14, 20, 30, 45, 60, 80, 100, 190, 370, 400, 800)
PHONES = ("0470 12 34 56", "0470 12 34 56", "0485 12 34 56", "+32 456 12 34 57", "0470 12")
IBANS = ("BE68 5390 0754 7034", "BE62 5100 0754 7061", "BE68 5390 0754 7035")
REFERENCES = ("123/4567/89002", "+++123/4567/89002+++", "123/4567/89012")
MONEY = ("0.00", "2.50", "5.00", "9.99", "10.00", "10.00", "15.00", "20.00", "50.00", "70.00")


class Cases:
    """Draws cases.

    Args:
        base: The knowledge base.
    """

    def __init__(self, base: KnowledgeBase) -> None:
        """Collect the values that rules speak of."""
        self.templates = base.fact_templates()
        self.literals: dict[tuple[str, str], list[str]] = defaultdict(list)
        names = {slot for template in self.templates for slot in template.slots}
        for rule in base.rules.values():
            for condition in conditions_in(rule.when):
                if isinstance(condition, Compare) and isinstance(condition.left, SlotRef):
                    self._note(condition.left.slot, condition, names)

    def _note(self, slot: str, condition: Compare, names: set[str]) -> None:
        for right in condition.right:
            if slot in names and isinstance(right, Literal):
                text = write_value(right.value, right.type)
                if isinstance(right.value, (str, Interval)):
                    self.literals[right.type.kind.value, slot].append(text)

    def draw(self, seed: int) -> Facts:
        """Draw one case."""
        chance = random.Random(seed)
        found: Facts = {"case": f"r{seed}", "as_of": f"{NOW:%Y-%m-%d %H:%M}", "open": []}
        share = chance.choice((0.3, 0.5, 0.8))
        for template in self.templates:
            form = chance.random()
            if form < 0.25:
                continue
            if form < 0.3:
                found[template.name] = "none"
            elif template.cardinality is Cardinality.ONE:
                found[template.name] = self._row(chance, template, share)
            else:
                count = chance.choice((0, 1, 1, 2, 3))
                rows = [self._row(chance, template, share) for _ in range(count)]
                found[template.name] = rows
                if chance.random() < 0.3:
                    found["open"].append(template.name)
        return found

    def thinned(self, facts: Facts, seed: int) -> tuple[Facts, str]:
        """Take one value away that matters whatever else is known; say which."""
        chance = random.Random(seed)
        found: Facts = deepcopy(facts)
        ways: list[tuple[dict[str, Any], str, str]] = []
        for template in self.templates:
            value = found.get(template.name)
            for row in [value] if isinstance(value, dict) else value or ():
                if isinstance(row, dict):
                    # A value that is given although it does not matter counts all the same.
                    slots = [name for name in row if template.slots[name].relevant is None]
                    ways.extend((row, name, template.name) for name in slots)
        if not ways:
            return found, "nothing"
        row, name, owner = chance.choice(ways)
        del row[name]
        return found, f"{owner}.{name}"

    def _row(self, chance: random.Random, template: Template, share: float) -> dict[str, Any]:
        return {
            slot.name: self._value(chance, slot)
            for slot in template.slots.values()
            if chance.random() < share
        }

    def _value(self, chance: random.Random, slot: Slot) -> Any:  # noqa: ANN401 - text or a list
        kind = slot.type.kind
        if kind is Kind.CHOICE:
            return chance.choice(slot.type.choices)
        if kind is Kind.SET:
            return chance.sample(slot.type.choices, chance.randint(0, 2))
        if kind is Kind.BOOLEAN:
            return chance.choice(("yes", "no"))
        literals = self.literals.get((kind.value, slot.name))
        if literals and chance.random() < 0.4 and kind is not Kind.MONEY:
            return chance.choice(literals)
        if kind in {Kind.DATE, Kind.DATETIME}:
            return self._time(chance, kind)
        fixed = {
            Kind.MONEY: MONEY,
            Kind.PHONE: PHONES if slot.type.lenient else PHONES[:4],
            Kind.IBAN: IBANS if slot.type.lenient else IBANS[:2],
            Kind.REFERENCE: REFERENCES if slot.type.lenient else REFERENCES[:2],
            Kind.DURATION: ("10 minutes", "2 days"),
            Kind.DECIMAL: ("0.06", "0.21") if slot.type.places > 1 else ("1",),
            Kind.VAT: ("BE 0403.019.261",),
            Kind.INTEGER: ("0", "1", "2", "5", "12", "24", "100"),
        }
        return chance.choice(fixed.get(kind, ("A-1", "A-2", "Proximus", "7788")))

    def _time(self, chance: random.Random, kind: Kind) -> str:
        moment = NOW - dt.timedelta(days=chance.choice(DAYS), minutes=chance.randint(0, 700))
        if kind is Kind.DATE or chance.random() < 0.3:
            return f"{moment:%Y-%m-%d}"
        return f"{moment:%Y-%m-%d %H:%M}"
