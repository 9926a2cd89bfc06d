"""YAML text to a tree of nodes with places, and nothing more: no value is resolved here.

YAML's own resolution would make ``0470123456`` an octal number and ``no`` a boolean; so scalars
stay the text that somebody wrote, and the type of the slot decides what it means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias

import yaml

from simdiag.errors import Problems, did_you_mean
from simdiag.spans import Span

MAX_BYTES = 64_000_000
MAX_NODES = 2_000_000
# Entries that aliases repeat, in all: enough to write a fact once, too few to flood the memory.
MAX_COPIES = 100_000
MAX_DEPTH = 40
NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text as written; ``plain`` tells that it stood without quotes."""

    text: str
    span: Span
    plain: bool = True
    size: int = 1

    @property
    def null(self) -> bool:
        """Whether the text stands for nothing at all."""
        return self.plain and self.text in NULLS


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    span: Span
    size: int = 1


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping; keys are unique and in written order."""

    pairs: tuple[tuple[Scalar, Node], ...]
    span: Span
    size: int = 1
    _index: dict[str, Node] = field(default_factory=dict, compare=False, repr=False)

    def get(self, key: str) -> Node | None:
        """Give the value of a key, or none."""
        if not self._index and self.pairs:
            self._index.update((name.text, value) for name, value in self.pairs)
        return self._index.get(key)

    def key(self, name: str) -> Scalar:
        """Give the key itself, for its place."""
        return next(key for key, _ in self.pairs if key.text == name)


Node: TypeAlias = Scalar | Sequence | Mapping


def is_null(node: Node | None) -> bool:
    """Say whether a node is left out, empty or null."""
    return node is None or (isinstance(node, Scalar) and node.null)


def kind_of(node: Node) -> str:
    """Name the form of a node for a message."""
    if isinstance(node, Scalar):
        return "nothing" if node.null else f"`{shorten(node.text)}`"
    return "a list" if isinstance(node, Sequence) else "a mapping"


def shorten(text: str, limit: int = 40) -> str:
    """Shorten a text for a message."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


# The stubs of PyYAML know the marks, tags and anchors of events only in part.
_Event: TypeAlias = Any


class _Stop(Exception):  # noqa: N818 - leaves one file, carries nothing
    """The file cannot be read any further; the problem is noted already."""


def decode(data: bytes, file: str, problems: Problems) -> str | None:
    """Decode UTF-8 with or without a byte order mark; note what cannot be read."""
    if len(data) > MAX_BYTES:
        problems.add(
            Span(file), "too-large", f"the file has {len(data):,} bytes", f"at most {MAX_BYTES:,}"
        )
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        problems.add(
            Span(file, line, column),
            "encoding",
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            "save the file as UTF-8",
        )
        return None


def parse_yaml(text: str, file: str, problems: Problems) -> tuple[Node, ...]:
    """Parse every document of a YAML text.

    Args:
        text: The text.
        file: Its name, for messages.
        problems: Takes what is wrong.

    Returns:
        The documents that could be read; none after a syntax error.
    """
    reader = _Reader(file, problems)
    try:
        return tuple(reader.documents(text))
    except _Stop:
        return ()
    except yaml.YAMLError as error:
        _note_syntax(error, file, problems)
        return ()
    except RecursionError:
        problems.add(Span(file), "too-deep", "the file is nested too deeply")
        return ()


def _note_syntax(error: yaml.YAMLError, file: str, problems: Problems) -> None:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    span = Span(file, mark.line + 1, mark.column + 1) if mark else Span(file)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    problems.add(
        span, "syntax", f"not valid YAML: {what}", "check indentation, colons, brackets and quotes"
    )


class _Reader:
    def __init__(self, file: str, problems: Problems) -> None:
        self.file = file
        self.problems = problems
        self.anchors: dict[str, Node] = {}
        self.depth = 0
        self.count = 0
        self.copies = 0

    def span(self, event: _Event) -> Span:
        mark = event.start_mark
        return Span(self.file, mark.line + 1, mark.column + 1)

    def documents(self, text: str) -> Iterator[Node]:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        events = iter(yaml.parse(text, Loader=loader))
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                self.anchors = {}
                yield self.node(next(events), events)

    def node(self, event: _Event, events: Iterator[_Event]) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        self.check_tag(event)
        self.depth += 1
        self.count += 1
        if self.depth > MAX_DEPTH:
            self.stop(event, "too-deep", f"nested more than {MAX_DEPTH} levels deep")
        if self.count > MAX_NODES:
            self.stop(event, "too-large", f"more than {MAX_NODES:,} entries", "split the file")
        node = self.content(event, events)
        self.depth -= 1
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def stop(self, event: _Event, code: str, message: str, help_text: str = "") -> NoReturn:
        self.problems.add(self.span(event), code, message, help_text)
        raise _Stop

    def content(self, event: _Event, events: Iterator[_Event]) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, self.span(event), plain=not event.style)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(event, events)
        return self.mapping(event, events)

    def alias(self, event: _Event) -> Node:
        known = self.anchors.get(event.anchor)
        if known is None:
            self.problems.add(
                self.span(event),
                "alias",
                f"the alias `*{shorten(event.anchor)}` has no anchor before it",
                "write the value out",
            )
            return Scalar("", self.span(event))
        self.copies += known.size
        if self.copies > MAX_COPIES:
            self.stop(event, "too-large", f"aliases repeat more than {MAX_COPIES:,} entries")
        return known

    def check_tag(self, event: _Event) -> None:
        tag = event.tag
        if tag is None or tag == "!":
            return
        shown = tag.replace("tag:yaml.org,2002:", "!!")
        self.problems.add(
            self.span(event),
            "tag",
            f"the tag `{shorten(shown)}` is not allowed",
            "remove the tag; what a value means is decided by its slot",
        )

    def sequence(self, start: _Event, events: Iterator[_Event]) -> Sequence:
        items = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self.node(event, events))
        return Sequence(tuple(items), self.span(start), 1 + sum(item.size for item in items))

    def mapping(self, start: _Event, events: Iterator[_Event]) -> Mapping:
        pairs: dict[str, tuple[Scalar, Node]] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self.node(event, events)
            value = self.node(next(events), events)
            self.keep(pairs, key, value)
        size = 1 + sum(value.size for _, value in pairs.values())
        return Mapping(tuple(pairs.values()), self.span(start), size)

    def keep(self, pairs: dict[str, tuple[Scalar, Node]], key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            self.problems.add(
                key.span, "key", f"a key must be a word, found {kind_of(key)}", "quote it"
            )
        elif key.text in pairs:
            first = pairs[key.text][0].span
            self.problems.add(
                key.span,
                "duplicate-key",
                f"the key `{shorten(key.text)}` stands twice",
                f"the first one is in line {first.line}; keep one",
            )
        else:
            pairs[key.text] = (key, value)


def expect_mapping(node: Node | None, what: str, problems: Problems) -> Mapping | None:
    """Give the node if it is a mapping; note a problem otherwise."""
    if isinstance(node, Mapping):
        return node
    if node is not None:
        problems.add(node.span, "form", f"{what} must be a mapping, found {kind_of(node)}")
    return None


def expect_sequence(node: Node | None, what: str, problems: Problems) -> tuple[Node, ...]:
    """Give the items if the node is a list; note a problem otherwise."""
    if isinstance(node, Sequence):
        return node.items
    if not is_null(node) and node is not None:
        problems.add(node.span, "form", f"{what} must be a list, found {kind_of(node)}")
    return ()


def expect_scalar(node: Node | None, what: str, problems: Problems) -> Scalar | None:
    """Give the node if it is a single value; note a problem otherwise."""
    if isinstance(node, Scalar):
        return node
    if node is not None:
        problems.add(node.span, "form", f"{what} must be a single value, found {kind_of(node)}")
    return None


def unknown_word(
    span: Span, code: str, what: str, word: str, known: object, problems: Problems
) -> None:
    """Note a word that does not exist, with the nearest that does."""
    names = list(known) if isinstance(known, (dict, set, frozenset, list, tuple)) else []
    problems.add(
        span, code, f"unknown {what} `{shorten(word)}`", did_you_mean(word, map(str, names))
    )
