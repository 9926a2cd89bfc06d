"""How often each answer is given, learned from solved cases."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from simdiag.model.cases import Case
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.terms import Slot
from simdiag.model.values import Kind, Value

PLACES = 3


def frequencies(
    base: KnowledgeBase, cases: Iterable[Case]
) -> dict[tuple[str, str], dict[str, float]]:
    """Count the answers in solved cases.

    Args:
        base: The knowledge base.
        cases: Their facts; what is not known in them does not count.

    Returns:
        For each slot (template, slot) that can be asked and was answered: answer to its share. An
        answer that was never seen gets a small one, as if each had been seen once more (Laplace's
        rule of succession), so that nothing is taken for impossible.
    """
    seen: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    totals: Counter[tuple[str, str]] = Counter()
    for case in cases:
        for name, value in _values(case):
            totals[name] += 1
            seen[name].update(_answers(value))
    found = {}
    for name in sorted(totals):
        slot = base.templates[name[0]].slots[name[1]]
        if slot.question is not None and possible(slot):
            found[name] = _shares(slot, seen[name], totals[name])
    return found


def _values(case: Case) -> Iterator[tuple[tuple[str, str], Value]]:
    for template, sheet in case.lists.items():
        for fact in sheet.facts:
            for slot, value in fact.slots.items():
                yield (template, slot), value


def _answers(value: Value) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    if isinstance(value, frozenset):
        return tuple(sorted(value))
    return (value,) if isinstance(value, str) else ()


def possible(slot: Slot) -> tuple[str, ...]:
    """Give the answers of a slot whose frequencies can be declared; none for dates and numbers."""
    if slot.type.kind is Kind.BOOLEAN:
        return ("yes", "no")
    return slot.type.choices if slot.type.kind in {Kind.CHOICE, Kind.SET} else ()


def _shares(slot: Slot, seen: Mapping[str, int], total: int) -> dict[str, float]:
    """Smooth the counts. In a set each choice is an answer of its own: there or not."""
    answers = possible(slot)
    added = 2 if slot.type.kind is Kind.SET else len(answers)
    return {name: round((seen.get(name, 0) + 1) / (total + added), PLACES) for name in answers}


def as_yaml(found: Mapping[tuple[str, str], Mapping[str, float]]) -> str:
    """Write frequencies in the form of ``terms/``, to be copied into the questions there."""
    lines = ["templates:"] if found else []
    last = ""
    for (template, slot), shares in found.items():
        if template != last:
            lines += [f"  {template}:", "    slots:"]
            last = template
        inner = ", ".join(f"{_word(name)}: {share}" for name, share in shares.items())
        lines.append(f"      {slot}: {{ask: {{frequencies: {{{inner}}}}}}}")
    return "\n".join(lines) + "\n" if lines else ""


def _word(name: str) -> str:
    """Quote what YAML would not read as itself."""
    return f'"{name}"' if name in {"yes", "no", "on", "off"} else name
