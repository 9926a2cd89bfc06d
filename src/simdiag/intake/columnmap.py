"""The column map: what the columns and words of somebody else's table mean.

A map is a YAML file, each key optional::

    columns: {Ticket: case, Number: [line.msisdn, attempt.target_msisdn], Remarks: null}
    values: {attempt.payment_state: {Betaald: captured, "?": unknown}}
    always: {problem.kind: paid_not_credited}
    date_format: dd/mm/yyyy hh:mm        # or a list of formats
    decimal: ","                         # what stands before the cents
    encoding: cp1252                     # if the table is not UTF-8

A column that is not in it, and whose name is no ``template.slot``, is passed through unchanged; so
is one that the map sends to ``null``, whatever its name.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from simdiag.errors import Problems, did_you_mean
from simdiag.loading.cases import RESERVED_KEYS, FactReader, is_unknown
from simdiag.loading.scalars import choice_key
from simdiag.loading.tree import Mapping as MappingNode
from simdiag.loading.tree import (
    Node,
    Scalar,
    Sequence,
    decode,
    expect_mapping,
    expect_scalar,
    is_null,
    parse_yaml,
    shorten,
)
from simdiag.model.terms import Slot
from simdiag.spans import Span

MAP_KEYS: Final = ("columns", "values", "always", "date_format", "decimal", "encoding")
_TARGET: Final = re.compile(r"(\w+)(?:\[(\d{1,3})\])?\.(\w+)")
_DATE_PARTS: Final = (
    ("hh:mm:ss", "%H:%M:%S"),
    ("hh:mm", "%H:%M"),
    ("yyyy", "%Y"),
    ("yy", "%y"),
    ("mm", "%m"),
    ("dd", "%d"),
)


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """Where a cell goes: a slot of the ``index``-th fact of a template, from 1.

    Without a slot it is the template itself, of which a cell can say ``none``. The words ``case``,
    ``as_of`` and ``open`` stand in ``template`` too.
    """

    template: str
    slot: str = ""
    index: int = 1

    def __str__(self) -> str:
        """Give the form in which it is written."""
        if not self.slot:
            return self.template
        number = f"[{self.index}]" if self.index > 1 else ""
        return f"{self.template}{number}.{self.slot}"


@dataclass(frozen=True, slots=True)
class DateForm:
    """A form in which dates are written: as the map says it, and as Python reads it."""

    shown: str
    format: str

    @property
    def has_time(self) -> bool:
        """Whether it holds a time of day."""
        return "%H" in self.format


@dataclass(slots=True)
class ColumnMap:
    """A column map that was read.

    Attributes:
        columns: Column to targets; none at all for one that is passed through.
        places: Column to its place in the map.
        values: Slot to written word (as ``choice_key`` gives it) to the word that it stands for.
        always: Target to the text that every case has there.
        dates: Forms of dates; those of facts files if empty.
        decimal: ``.`` or ``,``; either if empty.
        encoding: How the characters of the table are written; empty for UTF-8.
    """

    columns: dict[str, tuple[Target, ...]] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)
    values: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    always: dict[Target, Scalar] = field(default_factory=dict)
    dates: tuple[DateForm, ...] = ()
    decimal: str = ""
    encoding: str = ""


def parse_target(text: str, reader: FactReader) -> Target | str:
    """Read the name of a target.

    Returns:
        The target; or, if there is none of that name, what is wrong with it: a message and, after a
        line break, a suggestion.
    """
    word = text.strip()
    if word.casefold() in RESERVED_KEYS:
        return Target(word.casefold())
    if word in reader.templates:
        return Target(word)
    match = _TARGET.fullmatch(word)
    if match is None:
        return f"`{shorten(word)}` is no slot\nwrite it as `template.slot`, such as `line.brand`"
    template, index, slot = match[1], int(match[2] or 1), match[3]
    known = reader.templates.get(template)
    if known is None:
        return f"unknown template `{shorten(template)}`\n{did_you_mean(template, reader.templates)}"
    if slot not in known.slots:
        return f"`{template}` has no slot `{shorten(slot)}`\n{did_you_mean(slot, known.slots)}"
    return Target(template, slot, max(index, 1))


def read_column_map(data: bytes, file: str, reader: FactReader, problems: Problems) -> ColumnMap:
    """Read a column map, noting everything that is wrong with it.

    Args:
        data: The bytes of the YAML file.
        file: Its name, for messages.
        reader: Knows the terms, and reads values.
        problems: Takes what is wrong.
    """
    return _MapReader(file, reader, problems).read(data)


class _MapReader:
    def __init__(self, file: str, reader: FactReader, problems: Problems) -> None:
        self.file = file
        self.reader = reader
        self.problems = problems
        self.map = ColumnMap()

    def read(self, data: bytes) -> ColumnMap:
        text = decode(data, self.file, self.problems)
        documents = () if text is None else parse_yaml(text, self.file, self.problems)
        root = expect_mapping(documents[0] if documents else None, "a column map", self.problems)
        parts: Mapping[str, Callable[[Node], None]] = {
            "columns": self.columns,
            "values": self.values,
            "always": self.always,
            "date_format": self.dates,
            "decimal": self.decimal,
            "encoding": self.encoding,
        }
        for key, value in root.pairs if root else ():
            part = parts.get(key.text)
            if part is None:
                advice = did_you_mean(key.text, MAP_KEYS)
                found = f"unknown key `{shorten(key.text)}` in a column map"
                self.problems.add(key.span, "unknown-key", found, advice)
            elif not is_null(value):
                part(value)
        return self.map

    def pairs(self, node: Node, what: str) -> tuple[tuple[Scalar, Node], ...]:
        mapping = expect_mapping(node, what, self.problems)
        return mapping.pairs if isinstance(mapping, MappingNode) else ()

    def target(self, node: Node, *, slot: bool = False) -> Target | None:
        word = expect_scalar(node, "a slot", self.problems)
        if word is None:
            return None
        found = parse_target(word.text, self.reader)
        if isinstance(found, Target) and slot and not found.slot:
            found = f"`{shorten(word.text)}` is no slot\nwrite it as `template.slot`"
        if isinstance(found, str):
            message, _, advice = found.partition("\n")
            self.problems.add(word.span, "unknown-slot", message, advice)
            return None
        return found

    def columns(self, node: Node) -> None:
        taken: dict[Target, str] = {}
        for key, value in self.pairs(node, "`columns`"):
            column = " ".join(key.text.split())
            nodes = value.items if isinstance(value, Sequence) else (value,)
            targets = [self.target(each) for each in nodes if not is_null(each)]
            given = tuple(target for target in targets if target is not None)
            for target in given:
                if target in taken:
                    found = f"`{target}` is given by two columns"
                    advice = f"the other one is `{taken[target]}`; keep one"
                    self.problems.add(value.span, "duplicate-target", found, advice)
                taken[target] = column
            self.map.columns[column] = given
            self.map.places[column] = key.span

    def values(self, node: Node) -> None:
        for key, words in self.pairs(node, "`values`"):
            target = self.target(key, slot=True)
            if target is None:
                continue
            slot = self.reader.templates[target.template].slots[target.slot]
            known = self.map.values.setdefault((target.template, target.slot), {})
            for written, meant in self.pairs(words, f"the words of `{target}`"):
                if self.fits(target, slot, meant):
                    assert isinstance(meant, Scalar)  # noqa: S101 - fits told
                    known[choice_key(written.text)] = "" if meant.null else meant.text

    def fits(self, target: Target, slot: Slot, node: Node) -> bool:
        """Check that a text is a value of a slot; unknown is one."""
        scalar = expect_scalar(node, f"a value of `{target}`", self.problems)
        if scalar is None:
            return False
        if scalar.null or is_unknown(scalar.text):
            return True
        value = self.reader.value(target.template, slot, scalar.text, scalar.span, self.problems)
        return value is not None

    def always(self, node: Node) -> None:
        for key, value in self.pairs(node, "`always`"):
            target = self.target(key, slot=True)
            if target is None:
                continue
            slot = self.reader.templates[target.template].slots[target.slot]
            text = value
            if isinstance(value, Sequence):
                words = [item.text for item in value.items if isinstance(item, Scalar)]
                text = Scalar(", ".join(words), value.span)
            if self.fits(target, slot, text) and isinstance(text, Scalar):
                self.map.always[target] = text

    def dates(self, node: Node) -> None:
        nodes = node.items if isinstance(node, Sequence) else (node,)
        forms = []
        for each in nodes:
            word = expect_scalar(each, "a date format", self.problems)
            form = _date_form(word.text) if word else None
            if form:
                forms.append(form)
            elif word:
                found = f"`{shorten(word.text)}` is no date format"
                advice = "use dd, mm and yyyy (or yy), with hh:mm, such as `dd/mm/yyyy hh:mm`"
                self.problems.add(word.span, "value", found, advice)
        self.map.dates = tuple(forms)

    def decimal(self, node: Node) -> None:
        word = expect_scalar(node, "`decimal`", self.problems)
        if word and word.text in {".", ","}:
            self.map.decimal = word.text
        elif word:
            found = f'`decimal` must be "." or ",", found `{shorten(word.text)}`'
            self.problems.add(word.span, "value", found, "put it in quotes")

    def encoding(self, node: Node) -> None:
        word = expect_scalar(node, "`encoding`", self.problems)
        if word is None:
            return
        try:
            self.map.encoding = codecs.lookup(word.text).name
            b"".decode(word.text)
        except (LookupError, ValueError, TypeError):
            found = f"unknown encoding `{shorten(word.text)}`"
            self.problems.add(word.span, "value", found, "such as `utf-8`, `cp1252` or `utf-16`")


def _date_form(text: str) -> DateForm | None:
    """Turn ``dd/mm/yyyy`` into the form in which Python reads it; none if it is no such form."""
    pattern = text.strip()
    for part, code in _DATE_PARTS:
        pattern = pattern.replace(part, code, 1).replace(part.upper(), code, 1)
    years = pattern.count("%Y") + pattern.count("%y")
    complete = years == 1 and pattern.count("%m") == 1 and pattern.count("%d") == 1
    rest = re.sub(r"%[A-Za-z]", "", pattern)
    if not complete or re.search(r"[A-SU-Za-z%]", rest):
        return None
    return DateForm(text.strip(), pattern)
