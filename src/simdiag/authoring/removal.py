"""Takes single elements out of a knowledge base, to see which scenarios notice."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from simdiag.analysis.program import Program, direct_reads
from simdiag.model.knowledge import CASE, KnowledgeBase
from simdiag.model.rules import Finding, Purpose, Rule
from simdiag.model.terms import Cardinality, ReferenceRow, Template

SCENARIO = "scenario:"


def elements(base: KnowledgeBase) -> frozenset[str]:
    """Give the ids of everything that can be taken out of a knowledge base.

    Those are diagnoses, findings, rules and advice by their ids; ``action:x``, ``veto:x`` and
    ``ladder:x``; constants as ``group.name``; columns of reference tables as ``table.slot`` and
    single cells as ``table.row.slot``.
    """
    found = {*base.diagnoses, *base.findings, *base.rules}
    found |= {f"action:{name}" for name in base.actions}
    found |= {f"veto:{name}" for name in base.vetoes}
    found |= {f"ladder:{ladder.id}" for ladder in base.ladders}
    for template in base.templates.values():
        if template.cardinality is Cardinality.REFERENCE:
            found |= {f"{template.name}.{slot}" for slot in template.slots}
            found |= {cell for cell, _, _ in _cells(template)}
    return frozenset(found)


def _cells(template: Template) -> Iterator[tuple[str, int, str]]:
    """Iterate over (id, number of the row, slot) of the cells of a reference table."""
    key = template.key[0] if template.key else next(iter(template.slots), "")
    for number, row in enumerate(template.rows):
        name = row.values.get(key)
        if isinstance(name, str):
            for slot in row.values:
                yield f"{template.name}.{name}.{slot}", number, slot


def without(base: KnowledgeBase, element: str) -> KnowledgeBase:
    """Give a knowledge base without one element.

    A finding stays, but loses its rules, so that it is false or unknown; a figure becomes a hole.

    Args:
        base: The knowledge base.
        element: One of :func:`elements`.

    Raises:
        KeyError: There is no such element.
    """
    if element in base.rules:
        return _without_rules(base, {element})
    if element in base.diagnoses:
        found = base.diagnoses[element]
        left = _without_rules(base, {*found.rules, *found.advice})
        return replace(left, diagnoses=_less(left.diagnoses, {element}))
    if element in base.findings:
        return _without_rules(base, set(base.findings[element].rules))
    kind, _, name = element.partition(":")
    if kind in {"action", "veto"} and name:
        return _without_rules(base, _concluding(base, kind, name))
    if kind == "ladder" and name:
        return replace(base, ladders=tuple(found for found in base.ladders if found.id != name))
    return _without_figure(base, element)


def _concluding(base: KnowledgeBase, kind: str, name: str) -> set[str]:
    wanted = Purpose.DO if kind == "action" else Purpose.VETO
    return {
        rule.id for rule in base.rules.values() if rule.purpose is wanted and rule.target == name
    }


def _less(group: Mapping[str, object], names: Collection[str]) -> dict:  # type: ignore[type-arg]
    return {name: value for name, value in group.items() if name not in names}


def _without_rules(base: KnowledgeBase, gone: Collection[str]) -> KnowledgeBase:
    def kept(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if name not in gone)

    rules = {
        name: replace(rule, unless=kept(rule.unless))
        for name, rule in base.rules.items()
        if name not in gone
    }
    diagnoses = {
        name: replace(found, rules=kept(found.rules), advice=kept(found.advice))
        for name, found in base.diagnoses.items()
    }
    findings = {
        name: replace(found, rules=kept(found.rules)) for name, found in base.findings.items()
    }
    ladders = tuple(ladder for ladder in base.ladders if ladder.rule not in gone)
    return replace(base, rules=rules, diagnoses=diagnoses, findings=findings, ladders=ladders)


def _without_figure(base: KnowledgeBase, element: str) -> KnowledgeBase:
    name, _, slot = element.partition(".")
    template = base.templates[name]
    cells = {cell: (number, found) for cell, number, found in _cells(template)}
    if element in cells:
        number, slot = cells[element]
        rows = tuple(
            _hole(row, slot) if place == number else row for place, row in enumerate(template.rows)
        )
    elif slot in template.slots:
        rows = tuple(_hole(row, slot) for row in template.rows)
    else:
        raise KeyError(element)
    return replace(base, templates={**base.templates, name: replace(template, rows=rows)})


def _hole(row: ReferenceRow, slot: str) -> ReferenceRow:
    return replace(row, values=_less(row.values, {slot}))


def affected(program: Program, element: str) -> frozenset[str]:
    """Give the diagnoses whose rules or advice depend on an element, directly or not.

    It is a guess of which scenarios will notice first; the others may notice too.
    """
    base = program.base
    rules = _first_rules(base, element)
    readers = _readers(base)
    found: set[str] = set()
    seen: set[str] = set()
    while rules:
        rule = rules.pop()
        if rule.id in seen:
            continue
        seen.add(rule.id)
        if rule.purpose is Purpose.DERIVE:
            rules += readers.get(_slot_of(base.findings[rule.target]), [])
        found |= {name for name in (rule.diagnosis, rule.target) if name in base.diagnoses}
    return frozenset(found)


def _first_rules(base: KnowledgeBase, element: str) -> list[Rule]:
    if element in base.rules:
        return [base.rules[element]]
    if element in base.diagnoses:
        found = base.diagnoses[element]
        return [base.rules[name] for name in (*found.rules, *found.advice)]
    if element in base.findings:
        return [base.rules[name] for name in base.findings[element].rules]
    kind, _, name = element.partition(":")
    if kind in {"action", "veto"}:
        return [base.rules[rule] for rule in _concluding(base, kind, name)]
    table, _, slot = element.partition(".")
    return list(_readers(base).get((table, slot.rpartition(".")[2]), []))


def _slot_of(finding: Finding) -> tuple[str, str]:
    if not finding.subjects:
        return (CASE, finding.name)
    return (finding.subjects[0].template if len(finding.subjects) == 1 else "pair", finding.name)


def _readers(base: KnowledgeBase) -> dict[tuple[str, str], list[Rule]]:
    found: dict[tuple[str, str], list[Rule]] = {}
    for rule in base.rules.values():
        for place in direct_reads(rule):
            found.setdefault(place, []).append(rule)
    return found
