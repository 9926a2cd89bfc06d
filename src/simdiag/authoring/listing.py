"""What a knowledge base holds, as rows to list and as cards to show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from simdiag.errors import UsageError, did_you_mean
from simdiag.model.knowledge import ESTABLISHES, EXCLUDES, KnowledgeBase
from simdiag.model.rules import Rule
from simdiag.model.terms import Cardinality, Slot
from simdiag.model.values import Kind
from simdiag.reasoning.wording import condition_text, expression_text

Row = dict[str, Any]


def diagnosis_rows(base: KnowledgeBase, lang: str = "en") -> list[Row]:
    """List the diagnoses by id.

    Returns:
        For each ``id``, ``ref``, ``title``, ``status``, ``place``, and the lists of ids ``rules``
        and ``sources``.
    """
    return [
        {
            "id": diagnosis.id,
            "ref": diagnosis.ref,
            "title": base.text(lang, f"{diagnosis.id}/title"),
            "status": diagnosis.status,
            "rules": list(diagnosis.rules),
            "sources": list(diagnosis.sources),
            "place": str(diagnosis.span),
        }
        for diagnosis in base.diagnoses.values()
    ]


def card(base: KnowledgeBase, name: str, lang: str = "en") -> list[str]:
    """Show a diagnosis, action, veto or finding with everything that is declared of it.

    Returns:
        Lines of text.

    Raises:
        UsageError: There is nothing of that name.
    """
    if name in base.diagnoses:
        return list(_diagnosis(base, name, lang))
    if name in base.actions:
        return list(_action(base, name, lang))
    if name in base.vetoes:
        return list(_veto(base, name, lang))
    if name in base.findings:
        return list(_finding(base, name, lang))
    known = [*base.diagnoses, *base.actions, *base.vetoes, *base.findings]
    raise UsageError(
        f"there is no diagnosis, action, veto or finding `{name}`; {did_you_mean(name, known)}"
    )


def _diagnosis(base: KnowledgeBase, name: str, lang: str) -> Iterator[str]:
    found = base.diagnoses[name]
    yield f"{name} ({found.ref}, {found.status}): {base.text(lang, f'{name}/title')}"
    yield f"  {base.text(lang, f'{name}/summary')}"
    yield f"  {found.span}"
    if found.about:
        yield f"  rated for each {found.about.template} ({found.about.alias})"
    for rule in found.rules:
        yield from _rule(base, base.rules[rule], lang)
    for rule in found.advice:
        yield from _rule(base, base.rules[rule], lang)
    if found.sources:
        yield f"  sources: {', '.join(found.sources)}"
    if found.limitations:
        yield f"  limitations: {base.text(lang, f'{name}/limitations')}"


def _rule(base: KnowledgeBase, rule: Rule, lang: str) -> Iterator[str]:
    score = base.weights.get(rule.weight)
    weight = rule.weight if score is None else f"{rule.weight} {score:+}"
    head = f"{rule.purpose.value} {rule.target}" if not rule.weight else weight
    if rule.weight in {ESTABLISHES, EXCLUDES}:
        head = rule.weight
    yield f"  {rule.id.partition('#')[2] or rule.id} [{head}]"
    if rule.text:
        yield f"    {base.text(lang, f'{rule.id}/text')}"
    yield f"    when {condition_text(rule.when)}"
    if rule.unless:
        yield f"    unless {', '.join(rule.unless)}"
    dates = (("not before", rule.not_before), ("not after", rule.not_after), ("value", rule.value))
    for title, expression in (*dates, *sorted(rule.arguments.items())):
        if expression is not None:
            yield f"    {title} {expression_text(expression)}"


def _action(base: KnowledgeBase, name: str, lang: str) -> Iterator[str]:
    found = base.actions[name]
    yield f"{name}: {base.text(lang, f'action:{name}/title')}"
    yield f"  {base.text(lang, f'action:{name}/text')}"
    yield f"  {found.span}"
    yield f"  by {found.who}, {found.phase}, {found.urgency}, {found.effort} minutes"
    if found.requires:
        yield f"  after {', '.join(found.requires)}"
    yield from _users("advised by", (r for r in base.rules.values() if r.target == name))
    forbidding = [veto.id for veto in base.vetoes.values() if name in veto.forbids]
    if forbidding:
        yield f"  forbidden by {', '.join(forbidding)}"


def _veto(base: KnowledgeBase, name: str, lang: str) -> Iterator[str]:
    found = base.vetoes[name]
    yield f"{name}: {base.text(lang, f'veto:{name}/title')}"
    yield f"  {base.text(lang, f'veto:{name}/text')}"
    yield f"  {found.span}"
    early = ", as a precaution" if found.precaution else ""
    yield f"  forbids {', '.join(found.forbids) or 'nothing'}{early}"
    yield from _users("set by", (r for r in base.rules.values() if r.target == name))


def _finding(base: KnowledgeBase, name: str, lang: str) -> Iterator[str]:
    found = base.findings[name]
    about = " and ".join(f"{subject.template} {subject.alias}" for subject in found.subjects)
    title = base.texts["en"].get(f"finding:{name}/title") and base.text(
        lang, f"finding:{name}/title"
    )
    yield f"{name} ({found.type.kind}{f', of {about}' if about else ''}): {title or ''}"
    yield f"  {found.span}"
    for rule in found.rules:
        yield from _rule(base, base.rules[rule], lang)


def _users(what: str, rules: Iterable[Rule]) -> Iterator[str]:
    for rule in rules:
        yield f"  {what} {rule.id}"


def facts_guide(base: KnowledgeBase, lang: str) -> list[str]:
    """Give what a facts file may hold: every template with its slots, types and choices."""
    lines: list[str] = []
    for template in base.fact_templates():
        form = "a mapping" if template.cardinality is Cardinality.ONE else "a list of mappings"
        title = base.text(lang, f"template:{template.name}/title")
        lines.append(f"{template.name}: {form}  # {title}")
        for slot in template.slots.values():
            key = f"{template.name}.{slot.name}"
            note = base.text(lang, f"slot:{key}/title")
            lines.append(f"  {slot.name}: {_values(slot)}  # {note}")
    return lines


def _values(slot: Slot) -> str:
    if not slot.choices:
        return slot.type.kind.value
    words = ", ".join(choice.id for choice in slot.choices)
    return f"[{words}]" if slot.type.kind is Kind.SET else words
