"""Terms: files of ``terms/`` to templates."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import replace

from simdiag.errors import Problems
from simdiag.loading.conditions import read_conditions
from simdiag.loading.expressions import Scope, Terms
from simdiag.loading.fields import (
    flag_of,
    named_parts,
    note_twice,
    read_choices,
    read_shares,
    read_type,
    text_of,
    word_of,
    words_of,
)
from simdiag.loading.keys import read_keys
from simdiag.loading.scalars import choice_key
from simdiag.loading.tree import Mapping, Node, Scalar, is_null, unknown_word
from simdiag.model.conditions import All, PairRef, SlotRef, expressions_in
from simdiag.model.terms import Cardinality, Choice, Question, Slot, Template
from simdiag.model.values import Kind

COSTS = ("at_hand", "look_up", "dig_out", "call")


def read_templates(
    node: Node, problems: Problems, into: dict[str, Template]
) -> list[tuple[str, Mapping]]:
    """Read one file of ``terms/`` without the relevance, which may name any term.

    Returns:
        Template names with their mappings, for :func:`read_relevance`.
    """
    keys = read_keys(node, "terms file", problems) or {}
    kept = []
    for name, value in named_parts(keys, "templates", "template", problems):
        parts = read_keys(value, "template", problems)
        if parts is None:
            continue
        if name.text in into:
            note_twice(name, "template", into[name.text].span.line, problems)
            continue
        into[name.text] = _read_template(name, parts, problems)
        if isinstance(value, Mapping):
            kept.append((name.text, value))
    return kept


def _read_template(name: Scalar, keys: dict[str, Node], problems: Problems) -> Template:
    slots = {}
    for slot_name, value in named_parts(keys, "slots", "slot", problems):
        if slot_name.text == "other_than":
            problems.add(slot_name.span, "name", "`other_than` is a word of the language")
            continue
        parts = read_keys(value, "slot", problems)
        if parts is not None:
            slots[slot_name.text] = _read_slot(slot_name, parts, problems)
    cardinality = word_of(keys, "cardinality", ("one", "many"), problems, "many")
    named = []
    for key in words_of(keys, "key", problems):
        if key.text in slots:
            named.append(key.text)
        else:
            unknown_word(key.span, "unknown-slot", "slot", key.text, slots, problems)
    return Template(
        name.text,
        Cardinality(cardinality),
        text_of(keys, "title", problems),
        slots,
        tuple(named),
        more=text_of(keys, "more", problems),
        span=name.span,
    )


def _read_slot(name: Scalar, keys: dict[str, Node], problems: Problems) -> Slot:
    choices = read_choices(keys.get("choices"), problems)
    slot_type = read_type(keys, problems, choices)
    needs = slot_type.kind in {Kind.CHOICE, Kind.SET}
    if needs and not choices and "choices_from" not in keys:
        problems.add(name.span, "missing-key", f"the {slot_type.kind} `{name.text}` has no choices")
    if choices and not needs:
        problems.add(name.span, "unknown-key", f"a {slot_type.kind} has no choices")
    question = None
    if "ask" in keys:
        ask = read_keys(keys["ask"], "ask", problems) or {}
        question = Question(
            text_of(ask, "text", problems),
            text_of(ask, "help", problems),
            word_of(ask, "cost", COSTS, problems, "at_hand"),
            flag_of(ask, "dont_know", problems, default=True),
            text_of(ask, "document", problems),
            read_shares(ask.get("frequencies"), problems),
        )
    title = text_of(keys, "title", problems)
    past = flag_of(keys, "past", problems, default=False)
    return Slot(name.text, slot_type, title, choices, question, past=past, span=name.span)


def fill_choices(
    kept: list[tuple[str, Mapping]], templates: dict[str, Template], problems: Problems
) -> set[str]:
    """Take the choices of ``choices_from`` slots from the rows of their reference.

    Returns:
        The slots (``template.slot``) whose choice texts are names that are never translated.
    """
    named = set()
    for template_name, node in kept:
        for slot_name, slot_node in _slot_nodes(node):
            source = slot_node.get("choices_from")
            if not isinstance(source, Scalar):
                continue
            choices = _choices_of(source, templates, problems)
            template = templates[template_name]
            slot = template.slots[slot_name]
            filled = replace(
                slot,
                choices=choices,
                type=replace(slot.type, choices=tuple(choice.id for choice in choices)),
            )
            slots = {**template.slots, slot_name: filled}
            templates[template_name] = replace(template, slots=slots)
            named.add(f"{template_name}.{slot_name}")
    return named


def _slot_nodes(node: Mapping) -> list[tuple[str, Mapping]]:
    slots = node.get("slots")
    pairs = slots.pairs if isinstance(slots, Mapping) else ()
    return [(key.text, value) for key, value in pairs if isinstance(value, Mapping)]


def _choices_of(
    source: Scalar, templates: dict[str, Template], problems: Problems
) -> tuple[Choice, ...]:
    name, _, slot = source.text.partition(".")
    reference = templates.get(name)
    if reference is None or slot not in reference.slots:
        known = [
            f"{template.name}.{key}"
            for template in templates.values()
            if template.cardinality is Cardinality.REFERENCE
            for key in template.slots
        ]
        unknown_word(source.span, "unknown-slot", "reference slot", source.text, known, problems)
        return ()
    found = []
    for row in reference.rows:
        value, title = row.values.get(slot), row.values.get("name")
        if isinstance(value, str):
            text = title if isinstance(title, str) else value
            found.append(Choice(value, text, (text,)))
    return tuple(found)


def choice_forms(templates: MappingOf[str, Template]) -> dict[tuple[str, str], dict[str, str]]:
    """Give every written form of every choice, by template and slot."""
    forms: dict[tuple[str, str], dict[str, str]] = {}
    for template in templates.values():
        for slot in template.slots.values():
            table = {}
            for choice in slot.choices:
                for written in (*choice.also, choice.id):
                    table[choice_key(written)] = choice.id
            if table:
                forms[template.name, slot.name] = table
    return forms


def read_relevance(kept: list[tuple[str, Mapping]], terms: Terms, problems: Problems) -> None:
    """Read the relevance of templates and slots, now that all terms are known."""
    for name, node in kept:
        template = terms.templates[name]
        relevant = _relevance(node, Scope(terms, problems))
        more_when = _more_when(node, terms, problems)
        slots = dict(template.slots)
        for slot_name, slot_node in _slot_nodes(node):
            found = _relevance(slot_node, Scope(terms, problems, {"self": name}))
            if found is not None and slot_name in slots:
                slots[slot_name] = replace(slots[slot_name], relevant=found)
            _check_frequencies(slot_node, slots.get(slot_name), problems)
        terms.templates[name] = replace(
            template, slots=slots, relevant=relevant, more_when=more_when
        )


def _relevance(node: Mapping, scope: Scope, key: str = "relevant") -> All | None:
    relevant = node.get(key)
    return None if is_null(relevant) else read_conditions(relevant, scope)


def _more_when(node: Mapping, terms: Terms, problems: Problems) -> All | None:
    """Read when there can be another fact; a dialogue decides that from answers alone."""
    found = _relevance(node, Scope(terms, problems), "more_when")
    slots = {slot for template in terms.templates.values() for slot in template.slots}
    for expression in expressions_in(found) if found is not None else ():
        computed = isinstance(expression, SlotRef) and expression.slot not in slots
        if computed or isinstance(expression, PairRef):
            problems.add(
                node.key("more_when").span,
                "finding",
                "`more_when` reads a finding",
                "name slots only",
            )
    return found


def _check_frequencies(node: Mapping, slot: Slot | None, problems: Problems) -> None:
    """Refuse frequencies of what is no answer."""
    ask = node.get("ask")
    shares = ask.get("frequencies") if isinstance(ask, Mapping) else None
    if slot is None or not isinstance(shares, Mapping):
        return
    known = ("yes", "no") if slot.type.kind is Kind.BOOLEAN else slot.type.choices
    for name, _ in shares.pairs:
        if name.text not in known:
            unknown_word(name.span, "unknown-choice", "answer", name.text, known, problems)
