"""YAML becomes a tree of texts with places; what could do harm or is ambiguous is refused."""

from __future__ import annotations

import pytest

from simdiag.errors import Problems
from simdiag.loading.tree import (
    MAX_DEPTH,
    Mapping,
    Node,
    Scalar,
    Sequence,
    decode,
    is_null,
    kind_of,
    parse_yaml,
    shorten,
)


def parse(text: str) -> tuple[tuple[Node, ...], list[str]]:
    """Parse and give the codes of the problems."""
    problems = Problems()
    nodes = parse_yaml(text, "f.yaml", problems)
    return nodes, [problem.code for problem in problems]


def texts(text: str) -> dict[str, str]:
    """Give the scalars of a flat mapping."""
    (node,), codes = parse(text)
    assert codes == []
    assert isinstance(node, Mapping)
    return {key.text: value.text for key, value in node.pairs if isinstance(value, Scalar)}


def test_no_scalar_is_resolved() -> None:
    """Octal numbers, floats, sexagesimal numbers, booleans and dates stay as they were written."""
    written = {"a": "0470123456", "b": "10.00", "c": "18:30", "d": "no", "e": "2025-11-20"}
    assert texts("".join(f"{key}: {value}\n" for key, value in written.items())) == written


def test_places_count_from_one() -> None:
    """Every node knows its line and column."""
    (node,), _ = parse("a: 1\nb:\n  - {c: x}\n")
    assert isinstance(node, Mapping)
    rows = node.get("b")
    assert isinstance(rows, Sequence)
    row = rows.items[0]
    assert isinstance(row, Mapping)
    assert str(row.span) == "f.yaml:3:5"
    assert str(row.key("c").span) == "f.yaml:3:6"
    assert str(row.pairs[0][1].span) == "f.yaml:3:9"


@pytest.mark.parametrize("text", ["", "~", "null", "Null"])
def test_nothing_is_null_only_without_quotes(text: str) -> None:
    """Empty, tilde and null mean nothing unless they are quoted."""
    (plain,), _ = parse(f"[{text}]") if text else parse("- \n")
    (quoted,), _ = parse(f"['{text}']")
    assert isinstance(plain, Sequence)
    assert isinstance(quoted, Sequence)
    assert is_null(plain.items[0])
    assert not is_null(quoted.items[0])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1\na: 2\n", "duplicate-key"),
        ("a: !!python/object:os.system x\n", "tag"),
        ("a: !mine x\n", "tag"),
        ("a: !!int 5\n", "tag"),
        ("a: *x\n", "alias"),
        ("a: [1\n", "syntax"),
        ("a: b: c\n", "syntax"),
        ("? [1, 2]\n: x\n", "key"),
        ("a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "too-deep"),
    ],
)
def test_what_is_refused(text: str, code: str) -> None:
    """Doubled keys, tags, broken syntax, keys that are no words and deep nesting are errors."""
    assert code in parse(text)[1]


def test_aliases_that_explode_are_refused() -> None:
    """A file that names ten copies of ten copies and so on is refused before it grows."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 9):
        before = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} [{before}]")
    assert "too-large" in parse("\n".join(lines))[1]


def test_anchors_are_allowed_within_reason() -> None:
    """An alias stands for what its anchor held."""
    (node,), codes = parse("a: &x {b: 1}\nc: *x\n")
    assert codes == []
    assert isinstance(node, Mapping)
    assert node.get("a") == node.get("c")


def test_several_documents() -> None:
    """Documents of one file come one by one, and anchors do not reach over."""
    nodes, codes = parse("a: 1\n---\nb: 2\n")
    assert (len(nodes), codes) == (2, [])
    assert parse("a: &x 1\n---\nb: *x\n")[1] != []


def test_bytes_that_are_no_utf_8() -> None:
    """A byte order mark is skipped; other encodings are named with line and column."""
    problems = Problems()
    assert decode(b"\xef\xbb\xbfa: 1", "f", problems) == "a: 1"
    assert decode("a: 1\nb: café".encode("latin-1"), "f", problems) is None
    (problem,) = problems
    assert (problem.code, problem.span.line, problem.span.column) == ("encoding", 2, 7)


def test_words_for_messages() -> None:
    """Messages name what was found and never print a whole text."""
    (node,), _ = parse("[a, [b], {c: d}, ~]")
    assert isinstance(node, Sequence)
    assert [kind_of(item) for item in node.items] == ["`a`", "a list", "a mapping", "nothing"]
    assert shorten("x" * 50) == "x" * 39 + "…"
