"""Small parts that all readers of package files share: texts, words, numbers, types, choices."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingOf
from dataclasses import replace

from simdiag.errors import Problems
from simdiag.loading.keys import read_keys
from simdiag.loading.scalars import NotReadable, read_value
from simdiag.loading.tree import (
    Node,
    Scalar,
    expect_mapping,
    expect_scalar,
    expect_sequence,
    kind_of,
    shorten,
    unknown_word,
)
from simdiag.model.knowledge import CASE
from simdiag.model.terms import Choice
from simdiag.model.values import Interval, Kind, SlotType, Value

RESERVED = frozenset({CASE, "as_of", "open", "pair", "self", "unknown", "none"})
WORD = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*")


# In an expression a hyphen would be a minus.
_READ_IN_EXPRESSIONS = frozenset({"template", "slot", "constant", "group", "reference", "finding"})


def text_of(keys: MappingOf[str, Node], name: str, problems: Problems) -> str:
    """Give the text of a key, single blanks instead of line breaks; empty if it is left out."""
    node = keys.get(name)
    scalar = expect_scalar(node, f"`{name}`", problems) if node is not None else None
    return " ".join(scalar.text.split()) if scalar else ""


def flag_of(keys: MappingOf[str, Node], name: str, problems: Problems, *, default: bool) -> bool:
    """Give the yes or no of a key."""
    node = keys.get(name)
    if node is None:
        return default
    value = read_typed(node, SlotType(Kind.BOOLEAN), problems)
    return value if isinstance(value, bool) else default


def number_of(keys: MappingOf[str, Node], name: str, problems: Problems, default: int = 0) -> int:
    """Give the whole number of a key."""
    node = keys.get(name)
    if node is None:
        return default
    value = read_typed(node, SlotType(Kind.INTEGER), problems)
    return int(value.low) if isinstance(value, Interval) else default


def words_of(keys: MappingOf[str, Node], name: str, problems: Problems) -> tuple[Scalar, ...]:
    """Give the words of a key: a list, or one word."""
    node = keys.get(name)
    if node is None:
        return ()
    items = (node,) if isinstance(node, Scalar) else expect_sequence(node, f"`{name}`", problems)
    found = (expect_scalar(item, f"each of `{name}`", problems) for item in items)
    return tuple(item for item in found if item is not None)


def word_of(
    keys: MappingOf[str, Node],
    name: str,
    allowed: MappingOf[str, object] | tuple[str, ...],
    problems: Problems,
    default: str,
) -> str:
    """Give the word of a key if it is one of those allowed."""
    node = keys.get(name)
    if node is None:
        return default
    scalar = expect_scalar(node, f"`{name}`", problems)
    if scalar is None:
        return default
    if scalar.text not in allowed:
        unknown_word(scalar.span, "unknown-word", name, scalar.text, list(allowed), problems)
        return default
    return scalar.text


def check_word(name: Scalar, what: str, problems: Problems) -> bool:
    """Check that a name is a word in lower case and not taken by the language."""
    readable = what not in _READ_IN_EXPRESSIONS or "-" not in name.text
    if WORD.fullmatch(name.text) and name.text not in RESERVED and readable:
        return True
    problems.add(
        name.span,
        "name",
        f"`{shorten(name.text)}` cannot be the name of a {what}",
        "lower-case letters, digits, `_` or `-`; not a word of the language",
    )
    return False


def named_parts(
    keys: MappingOf[str, Node], name: str, what: str, problems: Problems
) -> list[tuple[Scalar, Node]]:
    """Give the named things below a key, those with impossible names left out."""
    mapping = expect_mapping(keys.get(name), f"`{name}`", problems)
    pairs = mapping.pairs if mapping else ()
    return [(key, value) for key, value in pairs if check_word(key, what, problems)]


def read_typed(node: Node, slot_type: SlotType, problems: Problems) -> Value | None:
    """Read a single value by a type; note a problem if it is none."""
    if not isinstance(node, Scalar):
        problems.add(node.span, "form", f"expected a single value, found {kind_of(node)}")
        return None
    try:
        return read_value(node.text, slot_type)
    except NotReadable as error:
        problems.add(
            node.span,
            "value",
            f"expected {error.expected}, found `{shorten(node.text)}`",
            error.suggestion,
        )
        return None


def read_type(
    keys: MappingOf[str, Node], problems: Problems, choices: tuple[Choice, ...] = ()
) -> SlotType:
    """Read the type of a slot, constant, finding or argument from its keys."""
    kind = Kind(word_of(keys, "type", tuple(map(str, Kind)), problems, "text"))
    slot_type = SlotType(
        kind,
        choices=tuple(choice.id for choice in choices),
        places=number_of(keys, "places", problems),
        lenient=flag_of(keys, "lenient", problems, default=False),
        fragment=flag_of(keys, "fragment", problems, default=False),
    )
    bounds = {}
    for name in ("minimum", "maximum"):
        value = read_typed(keys[name], slot_type, problems) if name in keys else None
        bounds[name] = int(value.low) if isinstance(value, Interval) else None
    return replace(slot_type, minimum=bounds["minimum"], maximum=bounds["maximum"])


def read_choices(node: Node | None, problems: Problems) -> tuple[Choice, ...]:
    """Read the choices of a slot: name to text, or to a mapping."""
    mapping = expect_mapping(node, "`choices`", problems) if node is not None else None
    found = []
    for name, value in mapping.pairs if mapping else ():
        if not check_word(
            Scalar(name.text if name.text != "none" else "x", name.span), "choice", problems
        ):
            continue
        if isinstance(value, Scalar):
            found.append(Choice(name.text, " ".join(value.text.split())))
            continue
        keys = read_keys(value, "choice", problems) or {}
        also = tuple(scalar.text for scalar in words_of(keys, "also", problems))
        found.append(Choice(name.text, text_of(keys, "text", problems), also))
    return tuple(found)


def read_shares(node: Node | None, problems: Problems) -> dict[str, float]:
    """Read how often answers are given: answer to a share from 0 to 1."""
    mapping = expect_mapping(node, "`frequencies`", problems) if node is not None else None
    found = {}
    for name, value in mapping.pairs if mapping else ():
        if isinstance(value, Scalar) and re.fullmatch(r"0?\.\d+|0(?:\.0+)?|1(?:\.0+)?", value.text):
            found[name.text] = float(value.text)
        else:
            shown = shorten(value.text) if isinstance(value, Scalar) else kind_of(value)
            problems.add(value.span, "value", f"expected a share from 0 to 1, found `{shown}`")
    return found


def note_twice(name: Scalar, what: str, line: int, problems: Problems) -> None:
    """Note that something is declared a second time."""
    problems.add(
        name.span,
        "duplicate-id",
        f"the {what} `{name.text}` is declared twice",
        f"the other one is in line {line}" if line else "",
    )
