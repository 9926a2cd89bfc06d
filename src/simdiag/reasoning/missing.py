"""Which unknown slots matter, and for what (S8: static, from what undecided rules read)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simdiag.analysis.program import Program
from simdiag.model.assessment import Missing, SlotName
from simdiag.model.cases import VIRTUAL, Case
from simdiag.model.inference import Inference, Outcome
from simdiag.model.terms import Cardinality
from simdiag.model.truth import TRUE
from simdiag.model.values import UNKNOWN_VALUE, Interval, Kind


class MissingFacts:
    """The unknown slots of one case.

    Args:
        program: What rules read.
        case: Which lists are open.
        inference: What slots hold.
    """

    def __init__(self, program: Program, case: Case, inference: Inference) -> None:
        """Nothing is worked out before it is asked for."""
        self.program = program
        self.case = case
        self.inference = inference
        self._known: dict[tuple[str, str], tuple[SlotName, ...]] = {}

    def of_rules(self, rules: Iterable[str]) -> set[SlotName]:
        """Give the unknown slots that some rules read, also through findings and relevance."""
        found: set[SlotName] = set()
        for rule in rules:
            for template, slot in self.program.reads(rule):
                found |= set(self.of_slot(template, slot))
        return found

    def of_slot(self, template: str, slot: str) -> tuple[SlotName, ...]:
        """Give the facts in which a slot is unknown; without a row where more facts may exist."""
        key = (template, slot)
        if key not in self._known:
            self._known[key] = tuple(self._of_slot(template, slot))
        return self._known[key]

    def _of_slot(self, template: str, slot: str) -> Iterable[SlotName]:
        known = self.program.base.templates[template]
        for row in self.inference.rows.get(template, ()):
            held = self.inference.slots[row]
            if row.index == VIRTUAL:
                if not slot or held.get(slot) is UNKNOWN_VALUE:
                    yield SlotName(template, slot)
            elif slot and self._open_value(known.slots[slot].type.kind, held.get(slot)):
                single = known.cardinality is Cardinality.ONE
                yield SlotName(template, slot, None if single else row)

    def _open_value(self, kind: Kind, value: object) -> bool:
        """Say whether more could be known; for instance the time, where a date was given."""
        if value is UNKNOWN_VALUE:
            return True
        last = 4
        if kind is Kind.IBAN and isinstance(value, str):
            return len(value) == last
        return isinstance(value, Interval) and not value.exact

    def undecided(self, rules: Iterable[str]) -> list[str]:
        """Give those rules that are undecided for some subject, or lack a date of their advice."""
        found = []
        for rule in rules:
            outcomes = self.inference.outcomes.get(rule, {})
            if any(self._is_open(outcome) for outcome in outcomes.values()):
                found.append(rule)
        return found

    def _is_open(self, outcome: Outcome) -> bool:
        """Say whether a rule is undecided, or a date or argument of its advice is not known."""
        return outcome.truth is not TRUE or any(
            value is UNKNOWN_VALUE for value in outcome.computed.values()
        )

    def matters(self, groups: Mapping[str, Iterable[str]]) -> tuple[Missing, ...]:
        """Say for each unknown slot what it matters for.

        Args:
            groups: Id of a diagnosis, action or veto to its rules.
        """
        found: dict[SlotName, set[str]] = {}
        for name, rules in groups.items():
            for slot in self.of_rules(self.undecided(rules)):
                if slot.slot:
                    found.setdefault(slot, set()).add(name)
        return tuple(
            Missing(slot, tuple(sorted(names)))
            for slot, names in sorted(found.items(), key=lambda item: slot_order(item[0]))
        )


def slot_order(name: SlotName) -> tuple[str, str, int]:
    """Order slots by template, slot and row, open lists last."""
    return (name.template, name.slot, 1_000_000 if name.row is None else name.row.index)
