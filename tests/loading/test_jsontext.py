"""JSON becomes the same tree as YAML, with places, and numbers stay as they were written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simdiag.errors import Problems
from simdiag.loading.jsontext import parse_json
from simdiag.loading.tree import Mapping, Node, Scalar, Sequence, is_null


def parse(text: str) -> tuple[Node | None, list[str]]:
    """Parse and give the codes and places of the problems."""
    problems = Problems()
    node = parse_json(text, "f.json", problems)
    return node, [
        f"{problem.code} {problem.span.line}:{problem.span.column}" for problem in problems
    ]


def plain(node: Node | None) -> object:
    """Give a tree as lists, dictionaries and texts."""
    if isinstance(node, Mapping):
        return {key.text: plain(value) for key, value in node.pairs}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)
    return None if is_null(node) else node.text


TREES = st.recursive(
    st.none() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


@given(TREES)
def test_a_tree_is_read_as_it_was_written(tree: object) -> None:
    """Whatever json writes is read back, with every indentation."""
    for text in (json.dumps(tree), json.dumps(tree, ensure_ascii=False, indent=2)):
        node, problems = parse(text)
        assert problems == []
        assert plain(node) == tree


def test_numbers_and_words_stay_as_they_are() -> None:
    """No number is made a float, and true is the text of it."""
    node, _ = parse('{"a": 10.00, "b": 1e5, "c": true, "d": null, "e": "null"}')
    assert plain(node) == {"a": "10.00", "b": "1e5", "c": "true", "d": None, "e": "null"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "syntax 1:1"),
        ("{", "syntax 1:2"),
        ('{"a" 1}', "syntax 1:6"),
        ('{"a": 1,}', "syntax 1:9"),
        ("{a: 1}", "syntax 1:2"),
        ("[1 2]", "syntax 1:4"),
        ("[1]\n x", "syntax 2:2"),
        ('"\n"', "syntax 1:2"),
        ('"\\ud800"', "syntax 1:1"),
        ("[" * 60, "syntax 1:42"),
        ("NaN", "syntax 1:1"),
        ("'a'", "syntax 1:1"),
    ],
)
def test_wrong_json_is_named_with_its_place(text: str, problem: str) -> None:
    """The first thing that is no JSON is reported with line and column, and nothing is given."""
    assert parse(text) == (None, [problem])


def test_a_key_that_stands_twice() -> None:
    """A doubled key is an error at its second place, and the rest is still read."""
    node, problems = parse('{"a": 1,\n "a": 2, "b": 3}')
    assert problems == ["duplicate-key 2:2"]
    assert plain(node) == {"a": "1", "b": "3"}


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the reader fail in another way than by a problem."""
    node, problems = parse(text)
    assert (node is None) == bool(problems) or problems[0].startswith("duplicate-key")
