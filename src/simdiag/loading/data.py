"""Sources, constants and reference rows: files of ``data/``."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf

from simdiag.errors import Problems, did_you_mean
from simdiag.loading.fields import (
    named_parts,
    note_twice,
    read_choices,
    read_type,
    read_typed,
    text_of,
    word_of,
    words_of,
)
from simdiag.loading.keys import read_keys
from simdiag.loading.tree import (
    Mapping,
    Node,
    Scalar,
    expect_mapping,
    expect_sequence,
    is_null,
    kind_of,
    unknown_word,
)
from simdiag.model.knowledge import Source
from simdiag.model.terms import Cardinality, Provenance, ReferenceRow, Slot, Template
from simdiag.model.values import Interval, Kind, SlotType, Value

CONFIDENCES = ("law", "regulator", "operator", "reseller", "weak", "design")


class DataReader:
    """Reads files of ``data/``."""

    def __init__(self, problems: Problems) -> None:
        """Start without sources and rows."""
        self.problems = problems
        self.sources: dict[str, Source] = {}
        self.templates: dict[str, Template] = {}
        self._cited: list[Scalar] = []

    def read(self, node: Node) -> None:
        """Read one file."""
        keys = read_keys(node, "data file", self.problems) or {}
        mapping = expect_mapping(keys.get("sources"), "`sources`", self.problems)
        for name, value in mapping.pairs if mapping else ():
            parts = read_keys(value, "source", self.problems) or {}
            if name.text in self.sources:
                note_twice(name, "source", 0, self.problems)
            url, note = text_of(parts, "url", self.problems), text_of(parts, "note", self.problems)
            self.sources[name.text] = Source(name.text, url, note)
        for name, value in named_parts(keys, "constants", "group", self.problems):
            self._keep(name, self._constants(name, value))
        for name, value in named_parts(keys, "reference", "reference", self.problems):
            self._keep(name, self._reference(name, value))

    def _keep(self, name: Scalar, template: Template | None) -> None:
        if name.text in self.templates:
            note_twice(name, "reference", self.templates[name.text].span.line, self.problems)
        elif template is not None:
            self.templates[name.text] = template

    def finish(self) -> None:
        """Check that every cited source exists."""
        for cited in self._cited:
            if cited.text != "design" and cited.text not in self.sources:
                unknown_word(
                    cited.span, "unknown-source", "source", cited.text, self.sources, self.problems
                )

    def _provenance(
        self, keys: MappingOf[str, Node], default: Provenance | None = None
    ) -> Provenance:
        source = keys.get("source")
        if isinstance(source, Scalar):
            self._cited.append(source)
        base = default or Provenance("design")
        checked = keys.get("checked_on")
        day = read_typed(checked, SlotType(Kind.DATE), self.problems) if checked else None
        return Provenance(
            source.text if isinstance(source, Scalar) else base.source,
            int(day.low) if isinstance(day, Interval) else base.checked_on,
            word_of(keys, "confidence", CONFIDENCES, self.problems, base.confidence),
        )

    def _constants(self, name: Scalar, node: Node) -> Template | None:
        keys = read_keys(node, "constants", self.problems)
        if keys is None:
            return None
        slots: dict[str, Slot] = {}
        values: dict[str, Value] = {}
        provenance: dict[str, Provenance] = {}
        for row, value in named_parts(keys, "rows", "constant", self.problems):
            parts = read_keys(value, "constant", self.problems) or {}
            slot_type = read_type(parts, self.problems)
            title = text_of(parts, "title", self.problems) or row.text.replace("_", " ")
            slots[row.text] = Slot(row.text, slot_type, title, span=row.span)
            found = (
                read_typed(parts["value"], slot_type, self.problems) if "value" in parts else None
            )
            if found is not None:
                values[row.text] = found
            provenance[row.text] = self._provenance(parts)
        return Template(
            name.text,
            Cardinality.REFERENCE,
            text_of(keys, "title", self.problems),
            slots,
            rows=(ReferenceRow(values, provenance),),
            span=name.span,
        )

    def _reference(self, name: Scalar, node: Node) -> Template | None:
        keys = read_keys(node, "reference", self.problems)
        if keys is None:
            return None
        slots = {}
        for slot_name, value in named_parts(keys, "slots", "slot", self.problems):
            parts = read_keys(value, "reference slot", self.problems) or {}
            choices = read_choices(parts.get("choices"), self.problems)
            slot_type = read_type(parts, self.problems, choices)
            title = text_of(parts, "title", self.problems)
            slots[slot_name.text] = Slot(
                slot_name.text, slot_type, title, choices, span=slot_name.span
            )
        defaults = self._provenance(
            (read_keys(keys["defaults"], "provenance", self.problems) or {})
            if "defaults" in keys
            else {}
        )
        rows = tuple(
            self._row(item, slots, defaults)
            for item in expect_sequence(keys.get("rows"), "`rows`", self.problems)
        )
        key = tuple(word.text for word in words_of(keys, "key", self.problems))
        title = text_of(keys, "title", self.problems)
        return Template(
            name.text, Cardinality.REFERENCE, title, slots, key, rows=rows, span=name.span
        )

    def _row(self, node: Node, slots: dict[str, Slot], defaults: Provenance) -> ReferenceRow:
        mapping = expect_mapping(node, "a row", self.problems)
        values: dict[str, Value] = {}
        provenance: dict[str, Provenance] = {}
        for key, cell in mapping.pairs if mapping else ():
            slot = slots.get(key.text)
            if slot is None:
                unknown_word(key.span, "unknown-slot", "slot", key.text, slots, self.problems)
                continue
            if is_null(cell):
                continue
            value, where = self._cell(cell, slot, defaults)
            if value is not None:
                values[key.text] = value
                provenance[key.text] = where
        return ReferenceRow(values, provenance)

    def _cell(
        self, cell: Node, slot: Slot, defaults: Provenance
    ) -> tuple[Value | None, Provenance]:
        if isinstance(cell, Mapping):
            parts = read_keys(cell, "cell", self.problems) or {}
            value = self._value(parts["value"], slot) if "value" in parts else None
            return value, self._provenance(parts, defaults)
        return self._value(cell, slot), defaults

    def _value(self, node: Node, slot: Slot) -> Value | None:
        if slot.type.kind is not Kind.CHOICE:
            return read_typed(node, slot.type, self.problems)
        text = node.text if isinstance(node, Scalar) else ""
        if text in slot.type.choices:
            return text
        self.problems.add(
            node.span,
            "unknown-choice",
            f"unknown choice {kind_of(node)}",
            did_you_mean(text, slot.type.choices),
        )
        return None
