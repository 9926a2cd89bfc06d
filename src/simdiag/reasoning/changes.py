"""Changes of the facts of a case, as somebody names them: ``attempt[2].amount=10``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from simdiag.errors import Problems, UsageError, did_you_mean
from simdiag.loading.cases import FactReader, canonical, is_unknown, judged_at
from simdiag.loading.scalars import NotReadable
from simdiag.model.cases import Case, FactList, GivenFact, RowId
from simdiag.model.terms import Slot, Template
from simdiag.model.values import UNKNOWN_VALUE, Interval, Value
from simdiag.spans import Span

WHOLE: Final = -1
AS_OF: Final = "as_of"
_NONE: Final = "none"
_FORM: Final = re.compile(
    r"\s*(?P<template>\w+)(?:\[(?P<fact>[^\]]*)\])?(?:\.(?P<slot>\w+))?\s*=(?P<value>.*)", re.DOTALL
)
_FACT: Final = re.compile(r"(?:(?P<template>\w+)\[)?(?P<fact>[^\]]*)\]?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a change is made.

    Attributes:
        template: Name of the template.
        index: Number of the fact in the case, from 0; one more than there are adds a fact.
            :data:`WHOLE` for the list as a whole.
        slot: The slot; empty for the list as a whole.
    """

    template: str
    index: int
    slot: str


@dataclass(frozen=True, slots=True)
class Change:
    """One slot that gets a value; unknown takes its value away.

    A change of a whole list is true if there are no facts beyond those given, false if there are
    none at all, and unknown if nothing is said of them.
    """

    place: Place
    value: Value


def with_changes(case: Case, changes: Iterable[Change]) -> Case:
    """Give a case with changes; its facts keep their numbers, a new one comes last."""
    lists = dict(case.lists)
    for change in changes:
        place = change.place
        sheet = lists.get(place.template, FactList())
        if place.slot:
            lists[place.template] = _with_fact(sheet, change)
        elif change.value is UNKNOWN_VALUE:
            lists[place.template] = FactList()
        else:
            kept = sheet.facts if change.value is True else ()
            lists[place.template] = FactList(kept, open=False, given=True)
    return replace(case, lists=dict(sorted(lists.items())))


def _with_fact(sheet: FactList, change: Change) -> FactList:
    facts, place = list(sheet.facts), change.place
    if place.index >= len(facts):
        facts.append(GivenFact(place.template, {}))
    index = min(place.index, len(facts) - 1)
    facts[index] = _with_slot(facts[index], place.slot, change.value)
    return FactList(tuple(facts), open=sheet.open and sheet.given, given=True)


def _with_slot(fact: GivenFact, slot: str, value: Value) -> GivenFact:
    slots = {name: known for name, known in fact.slots.items() if name != slot}
    written = {name: text for name, text in fact.written.items() if name != slot}
    if value is not UNKNOWN_VALUE:
        slots[slot] = value
    return replace(fact, slots=slots, written=written)


def in_order(case: Case, reader: FactReader) -> Case:
    """Give a changed case as its file would be read: facts in their order, warnings anew."""
    lists = {
        name: replace(sheet, facts=canonical(list(sheet.facts), reader.templates[name]))
        for name, sheet in case.lists.items()
        if sheet.facts or not sheet.open
    }
    found = reader.finished(case.id, case.as_of, lists, case.span, Problems()).case
    assert found is not None  # noqa: S101 - it is only none where reading failed
    return replace(found, passed_through=case.passed_through)


# As written ---------------------------------------------------------------------------------------


class ChangeReader:
    """Reads changes of one case.

    Args:
        case: The case as given.
        reader: Reads values by the terms.
    """

    def __init__(self, case: Case, reader: FactReader) -> None:
        """Keep what names are looked up in."""
        self.case = case
        self.reader = reader

    def changed(self, texts: Sequence[str]) -> Case:
        """Give the case with changes, made one after the other.

        Args:
            texts: Each ``template.slot=value``, ``template[number or id].slot=value``,
                ``template=none``, ``template=unknown`` or ``as_of=moment``.

        Raises:
            UsageError: A change cannot be read, or does not say which fact it is of.
        """
        found = self.case
        for text in texts:
            match = _FORM.fullmatch(text)
            if match is None:
                raise UsageError(f"cannot read the change `{text}`; write `attempt.amount=10`")
            name, value = match["template"], match["value"].strip()
            if name == AS_OF and not match["slot"]:
                found = replace(found, as_of=_moment(value))
            else:
                place = self._place(match)
                found = with_changes(found, [Change(place, self._value(place, value))])
        return in_order(found, self.reader)

    def _place(self, match: re.Match[str]) -> Place:
        template = self._template(match["template"])
        slot = match["slot"] or ""
        if slot and slot not in template.slots:
            advice = did_you_mean(slot, template.slots)
            raise UsageError(f"`{template.name}` has no slot `{slot}`; {advice}")
        if not slot:
            return Place(template.name, WHOLE, "")
        if match["fact"] is not None:
            return Place(template.name, self.row(template.name, match["fact"]).index, slot)
        known = len(self.case.facts(template.name).facts)
        if known > 1:
            raise UsageError(
                f"there are {known} facts of `{template.name}`; say which: "
                f"`{template.name}[1].{slot}=...` is the first in the file"
            )
        return Place(template.name, 0, slot)

    def _template(self, name: str) -> Template:
        if name not in self.reader.templates:
            advice = did_you_mean(name, [*self.reader.templates, AS_OF])
            raise UsageError(f"there are no facts `{name}`; {advice}")
        return self.reader.templates[name]

    def row(self, template: str, text: str) -> RowId:
        """Give the fact that has a number, from 1 in the order of the file, or a key value.

        Args:
            template: Name of its template; ``text`` may name it too, as in ``attempt[2]``.
            text: The number or the value.

        Raises:
            UsageError: There is no such fact.
        """
        match = _FACT.fullmatch(text.strip())
        wanted = text.strip() if match is None else match["fact"].strip()
        named = template if match is None else match["template"] or template
        facts = self.case.facts(template).facts
        order = sorted(range(len(facts)), key=lambda index: (_place_of(facts[index].span), index))
        keys = self._template(template).key
        for index in order:
            if named == template and wanted in {facts[index].slots.get(key) for key in keys}:
                return RowId(template, index)
        if named != template or not wanted.isdecimal() or not 1 <= int(wanted) <= len(facts):
            raise UsageError(f"there is no `{template}[{wanted}]` among {len(facts)} facts")
        return RowId(template, order[int(wanted) - 1])

    def _value(self, place: Place, text: str) -> Value:
        if is_unknown(text):
            return UNKNOWN_VALUE
        template = self.reader.templates[place.template]
        if not place.slot:
            if text.casefold() == _NONE:
                return False
            raise UsageError(
                f"name a slot, as in `{place.template}.slot=...`, or say `none` or `unknown`"
            )
        slot = template.slots[place.slot]
        if text.casefold() == _NONE and not _accepts(slot, _NONE):
            return UNKNOWN_VALUE
        return self._read(template, slot, text)

    def _read(self, template: Template, slot: Slot, text: str) -> Value:
        problems = Problems()
        found = self.reader.value(template.name, slot, text, Span("--what-if"), problems)
        if problems.errors:
            raise UsageError(f"{problems.errors[0].message}; {problems.errors[0].help}".strip("; "))
        return UNKNOWN_VALUE if found is None else found


def _accepts(slot: Slot, word: str) -> bool:
    return word in slot.type.choices or any(word in choice.also for choice in slot.choices)


def _place_of(span: Span) -> tuple[int, int]:
    return (span.line, span.column)


def _moment(text: str) -> Interval:
    try:
        return judged_at(text)
    except NotReadable as error:
        raise UsageError(f"`as_of` must be {error.expected}, found `{text}`") from error
