"""Facts files: text to cases.

A case that cannot be read leaves the others alone: each comes with the problems of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePath

from simdiag.calculation.functions import as_moment
from simdiag.errors import Problems, did_you_mean
from simdiag.loading.jsontext import parse_json
from simdiag.loading.scalars import NotReadable, read_choice, read_moment, read_value, write_value
from simdiag.loading.terms import choice_forms
from simdiag.loading.tree import Mapping as MappingNode
from simdiag.loading.tree import (
    Node,
    Scalar,
    Sequence,
    decode,
    is_null,
    kind_of,
    parse_yaml,
    shorten,
)
from simdiag.model.cases import Case, FactList, GivenFact
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.terms import Cardinality, Slot, Template
from simdiag.model.values import Interval, Kind, Value
from simdiag.spans import Span

RESERVED_KEYS = ("case", "as_of", "open")
# Rules compare facts in pairs, so time and memory grow with the square of their number.
MAX_FACTS = 500
MAX_KEYS = 1000
MAX_ID = 200
UNKNOWN_WORD, NONE_WORD = "unknown", "none"


@dataclass(frozen=True, slots=True)
class CaseInput:
    """One case as it stood in the input.

    Attributes:
        id: Its id, or file name and ordinal.
        span: Where it stands.
        case: The case; none if it has errors.
        problems: What is wrong with it, warnings included.
    """

    id: str
    span: Span
    case: Case | None
    problems: Problems


def is_unknown(text: str, *, plain: bool = True) -> bool:
    """Say whether a written text means that nothing is known."""
    return text.strip().casefold() in {"", UNKNOWN_WORD} or (
        plain and text in {"~", "null", "Null", "NULL"}
    )


@dataclass
class FactReader:
    """Reads written facts by the terms of a knowledge base.

    Attributes:
        base: The knowledge base.
        as_of: Moment of judgement that wins over the one in the file.
        default_as_of: Moment of judgement of cases that state none.
    """

    base: KnowledgeBase
    as_of: Interval | None = None
    default_as_of: Interval | None = None
    _forms: Mapping[tuple[str, str], dict[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        """Work out the written forms of choices once."""
        self._forms = choice_forms(self.base.templates)

    @cached_property
    def templates(self) -> dict[str, Template]:
        """The templates that a case may have facts of."""
        return {template.name: template for template in self.base.fact_templates()}

    # One value -----------------------------------------------------------------------------------

    def value(
        self, template: str, slot: Slot, text: str, span: Span, problems: Problems
    ) -> Value | None:
        """Read the written text of one slot; none if it is unknown or wrong."""
        try:
            if slot.type.kind is Kind.SET:
                return self.set_value(
                    template, slot, [part for part in text.split(",") if part.strip()]
                )
            if slot.type.kind is Kind.CHOICE:
                return read_choice(text, self._forms[template, slot.name], slot.type.choices)
            return read_value(text, slot.type)
        except NotReadable as error:
            problems.add(
                span,
                "unknown-choice" if slot.type.kind in {Kind.CHOICE, Kind.SET} else "value",
                f"`{template}.{slot.name}` must be {error.expected},"
                f" found {self._shown(slot, text)}",
                error.suggestion,
            )
            return None

    def _shown(self, slot: Slot, text: str) -> str:
        """Show what was written; numbers of people only in part."""
        if slot.type.kind in {Kind.PHONE, Kind.IBAN}:
            visible = 2
            return f"`…{text.strip()[-visible:]}` ({len(text.strip())} characters)"
        return f"`{shorten(text)}`"

    def set_value(self, template: str, slot: Slot, texts: list[str]) -> frozenset[str]:
        """Read the members of a set."""
        forms = self._forms[template, slot.name]
        return frozenset(read_choice(text, forms, slot.type.choices) for text in texts)

    # One fact ------------------------------------------------------------------------------------

    def fact(self, template: Template, node: Node, problems: Problems) -> GivenFact | None:
        """Read one fact."""
        if not isinstance(node, MappingNode):
            problems.add(
                node.span,
                "form",
                f"a fact of `{template.name}` must be a mapping of slots, found {kind_of(node)}",
            )
            return None
        slots: dict[str, Value] = {}
        written: dict[str, str] = {}
        for key, value in node.pairs:
            slot = template.slots.get(key.text)
            if slot is None:
                problems.add(
                    key.span,
                    "unknown-slot",
                    f"`{template.name}` has no slot `{shorten(key.text)}`",
                    did_you_mean(key.text, template.slots),
                )
                continue
            found = self._slot(template, slot, value, problems)
            if found is not None:
                slots[key.text] = found
                written[key.text] = value.text.strip() if isinstance(value, Scalar) else ""
        return GivenFact(template.name, slots, written, node.span)

    def _slot(self, template: Template, slot: Slot, node: Node, problems: Problems) -> Value | None:
        if is_null(node):
            return None
        if isinstance(node, Scalar):
            if is_unknown(node.text, plain=node.plain):
                return None
            return self.value(template.name, slot, node.text, node.span, problems)
        if slot.type.kind is Kind.SET and isinstance(node, Sequence):
            return self._members(template, slot, node, problems)
        problems.add(
            node.span,
            "form",
            f"`{template.name}.{slot.name}` must be a single value, found {kind_of(node)}",
        )
        return None

    def _members(
        self, template: Template, slot: Slot, node: Sequence, problems: Problems
    ) -> Value | None:
        found: set[str] = set()
        for item in node.items:
            if not isinstance(item, Scalar):
                problems.add(item.span, "form", f"expected a choice, found {kind_of(item)}")
            elif is_unknown(item.text):
                return None
            else:
                value = self.value(template.name, slot, item.text, item.span, problems)
                found |= value if isinstance(value, frozenset) else frozenset()
        return frozenset(found)

    def facts(self, template: Template, node: Node, problems: Problems) -> FactList | None:
        """Read all facts of a template in a case; none if it is as good as not given."""
        if is_null(node) or (isinstance(node, Scalar) and is_unknown(node.text)):
            return None
        if isinstance(node, Scalar) and node.text.strip().casefold() == NONE_WORD:
            return FactList((), open=False, given=True)
        if template.cardinality is Cardinality.ONE:
            return self._one(template, node, problems)
        if not isinstance(node, Sequence):
            problems.add(
                node.span,
                "form",
                f"`{template.name}` must be a list of facts, found {kind_of(node)}",
                "put `- ` before each fact, or write `none`",
            )
            return None
        if len(node.items) > MAX_FACTS:
            problems.add(
                node.span,
                "too-large",
                f"{len(node.items):,} facts of `{template.name}` are more than one case can hold",
                f"keep the {MAX_FACTS} that matter, or make several cases",
            )
            return None
        found = [self.fact(template, item, problems) for item in node.items]
        given = [fact for fact in found if fact is not None]
        return FactList(canonical(given, template), open=False, given=True)

    def _one(self, template: Template, node: Node, problems: Problems) -> FactList | None:
        if isinstance(node, Sequence):
            problems.add(
                node.span,
                "cardinality",
                f"there is only one `{template.name}` in a case, found a list of {len(node.items)}",
                "write it as a mapping; two customer problems are two cases",
            )
            return None
        fact = self.fact(template, node, problems)
        return None if fact is None else FactList((fact,), open=False, given=True)

    # One case ------------------------------------------------------------------------------------

    def case(self, node: Node, default_id: str) -> CaseInput:
        """Read one case."""
        problems = Problems()
        if not isinstance(node, MappingNode):
            problems.add(node.span, "form", f"a case must be a mapping, found {kind_of(node)}")
            return CaseInput(default_id, node.span, None, problems)
        if len(node.pairs) > MAX_KEYS:
            problems.add(node.span, "too-large", f"a case with {len(node.pairs):,} keys")
            return CaseInput(default_id, node.span, None, problems)
        identity = self._identity(node, problems) or default_id
        lists: dict[str, FactList] = {}
        for key, value in node.pairs:
            if key.text in RESERVED_KEYS:
                continue
            template = self.templates.get(key.text)
            if template is None:
                problems.add(
                    key.span,
                    "unknown-template",
                    f"unknown template `{shorten(key.text)}`",
                    did_you_mean(key.text, [*self.templates, *RESERVED_KEYS]),
                )
                continue
            found = self.facts(template, value, problems)
            if found is not None:
                lists[key.text] = found
        self._open(node.get("open"), lists, problems)
        as_of = self._as_of(node, problems)
        if problems.errors or as_of is None:
            return CaseInput(identity, node.span, None, problems)
        return self.finished(identity, as_of, lists, node.span, problems)

    def finished(
        self,
        identity: str,
        as_of: Interval,
        lists: dict[str, FactList],
        span: Span,
        problems: Problems,
    ) -> CaseInput:
        """Make a case of facts that were read, and warn of events that have not happened yet."""
        for template, found in sorted(lists.items()):
            for fact in found.facts:
                self._warn_of_future(self.templates[template], fact, as_of, problems)
        case = Case(identity, as_of, dict(sorted(lists.items())), problems.warnings, span=span)
        return CaseInput(identity, span, case, problems)

    def _warn_of_future(
        self, template: Template, fact: GivenFact, as_of: Interval, problems: Problems
    ) -> None:
        for name, value in fact.slots.items():
            slot = template.slots[name]
            if not slot.past or not isinstance(value, Interval):
                continue
            if as_moment(value, slot.type.kind).low > as_of.high:
                shown = write_value(value, slot.type)
                problems.warn(
                    fact.span,
                    "after-as-of",
                    f"`{template.name}.{name}` is {shown}, after the moment of judgement",
                    "check the date, or judge the case for a later moment",
                )

    def _identity(self, node: MappingNode, problems: Problems) -> str:
        """Give the id of a case, in one line."""
        text = " ".join(self._text(node, "case", problems).split())
        if len(text) <= MAX_ID:
            return text
        found = f"the id `{shorten(text)}` has {len(text):,} characters"
        problems.add(node.key("case").span, "value", found, f"at most {MAX_ID}")
        return ""

    def _text(self, node: MappingNode, key: str, problems: Problems) -> str:
        value = node.get(key)
        if is_null(value):
            return ""
        if isinstance(value, Scalar):
            return value.text.strip()
        assert value is not None  # noqa: S101 - is_null told
        problems.add(value.span, "form", f"`{key}` must be a single value, found {kind_of(value)}")
        return ""

    def _open(self, node: Node | None, lists: dict[str, FactList], problems: Problems) -> None:
        if node is None or is_null(node):
            return
        items = node.items if isinstance(node, Sequence) else (node,)
        if len(items) > MAX_KEYS:
            problems.add(node.span, "too-large", f"`open` has {len(items):,} entries")
            return
        for item in items:
            name = item.text if isinstance(item, Scalar) else ""
            template = self.templates.get(name)
            if template is None or template.cardinality is Cardinality.ONE:
                many = [
                    known.name
                    for known in self.templates.values()
                    if known.cardinality is Cardinality.MANY
                ]
                problems.add(
                    item.span,
                    "unknown-template",
                    f"`open` names lists of facts, found {kind_of(item)}",
                    did_you_mean(name, many),
                )
            elif name in lists:
                lists[name] = replace(lists[name], open=True)

    def _as_of(self, node: MappingNode, problems: Problems) -> Interval | None:
        text = self._text(node, "as_of", problems)
        written = None
        if text:
            try:
                written = judged_at(text)
            except NotReadable as error:
                place = node.get("as_of")
                problems.add(
                    place.span if place is not None else node.span,
                    "value",
                    f"`as_of` must be {error.expected}, found `{shorten(text)}`",
                )
        if self.as_of is not None:
            return self.as_of
        if not text and self.default_as_of is None:
            problems.add(
                node.span,
                "missing-key",
                "the case does not say for which moment it is judged",
                "add `as_of: 2025-11-20 18:00`, or use --as-of",
            )
        return written if text else self.default_as_of


def judged_at(text: str) -> Interval:
    """Read the moment for which a case is judged; a date alone means its end.

    Raises:
        NotReadable: If it is no date or date-time.
    """
    moment = read_moment(text)
    return Interval(moment.high, moment.high)


def canonical(facts: list[GivenFact], template: Template) -> tuple[GivenFact, ...]:
    """Put facts into the order of their contents, so that written order cannot show."""
    return tuple(sorted(facts, key=lambda fact: fact_order(fact, template)))


def fact_order(fact: GivenFact, template: Template) -> list[tuple[str, str]]:
    """Give the key by which facts of a template are ordered."""
    return [
        (name, write_value(fact.slots[name], template.slots[name].type))
        for name in [*template.key, *sorted(set(template.slots) - set(template.key))]
        if name in fact.slots
    ]


def case_nodes(text: str, file: str, suffix: str, problems: Problems) -> Iterator[tuple[Node, int]]:
    """Split a facts file into the nodes of its cases, with their ordinals.

    Args:
        text: The text of the file.
        file: Its name, for messages.
        suffix: ``.yaml``, ``.yml``, ``.json``, ``.ndjson`` or ``.jsonl``.
        problems: Takes what is wrong with the file as a whole.
    """
    number = 0
    for document in _documents(text, file, suffix, problems):
        items: tuple[Node, ...] = (document,)
        if isinstance(document, MappingNode) and document.get("cases") is not None:
            items = _listed(document, problems)
        elif isinstance(document, Sequence) and suffix == ".json":
            items = document.items
        for item in items:
            number += 1
            yield item, number


def _documents(text: str, file: str, suffix: str, problems: Problems) -> Iterator[Node]:
    if suffix in {".ndjson", ".jsonl"}:
        for line_number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                node = parse_json(line.rstrip("\r"), file, problems, line_number)
                if node is not None:
                    yield node
        return
    if suffix == ".json":
        node = parse_json(text, file, problems)
        if node is not None:
            yield node
        return
    for document in parse_yaml(text, file, problems):
        if not is_null(document):
            yield document


def _listed(document: MappingNode, problems: Problems) -> tuple[Node, ...]:
    for key, _ in document.pairs:
        if key.text != "cases":
            problems.add(
                key.span,
                "unknown-key",
                f"unknown key `{shorten(key.text)}` beside `cases`",
                "each case has its facts in its own mapping",
            )
    cases = document.get("cases")
    if isinstance(cases, Sequence):
        return cases.items
    if cases is not None:
        problems.add(cases.span, "form", f"`cases` must be a list, found {kind_of(cases)}")
    return ()


def read_cases(
    data: bytes, file: str, reader: FactReader, problems: Problems
) -> Iterator[CaseInput]:
    """Read every case of a facts file (YAML, JSON or NDJSON, by its suffix).

    Args:
        data: The bytes of the file.
        file: Its name.
        reader: Reads the facts.
        problems: Takes what is wrong with the file as a whole.
    """
    path = PurePath(file)
    text = decode(data, file, problems)
    if text is None:
        return
    suffix = path.suffix.lower()
    empty = True
    for node, number in case_nodes(text, file, suffix, problems):
        empty = False
        yield reader.case(node, f"{path.stem}-{number}")
    if empty and not problems.errors:
        problems.add(Span(file), "empty", "there is no case in the file")
