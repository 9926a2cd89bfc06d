"""The `when` of a rule: forms and scopes of names, and what is refused."""

from __future__ import annotations

import pytest

from simdiag.errors import Problems
from simdiag.loading.conditions import read_conditions
from simdiag.loading.expressions import Scope, Terms
from simdiag.loading.tree import parse_yaml
from simdiag.model.conditions import (
    All,
    Any,
    AtLeast,
    Compare,
    Condition,
    Each,
    Match,
    Not,
    Operator,
)
from simdiag.model.terms import Cardinality, Slot, Template
from simdiag.model.values import Kind, SlotType

KINDS = {
    "n": SlotType(Kind.INTEGER), "x": SlotType(Kind.TEXT), "d": SlotType(Kind.DATE),
    "c": SlotType(Kind.CHOICE, ("red", "blue")), "s": SlotType(Kind.SET, ("p", "q")),
    "b": SlotType(Kind.BOOLEAN),
}  # fmt: skip
SLOTS = {name: Slot(name, kind, name) for name, kind in KINDS.items()}
TERMS = Terms(
    {
        "t": Template("t", Cardinality.MANY, "t", SLOTS),
        "v": Template("v", Cardinality.MANY, "v", SLOTS),
        "u": Template("u", Cardinality.ONE, "u", SLOTS),
    }
)


def read(text: str, *, advice: bool = False) -> tuple[tuple[Condition, ...], list[str]]:
    """Read conditions, and give the codes of the problems."""
    problems = Problems()
    (node,) = parse_yaml(text, "f", problems)
    found = read_conditions(node, Scope(TERMS, problems, knowledge_tests=advice))
    return found.parts, [problem.code for problem in problems]


def operators(text: str) -> list[Operator]:
    """Give the operators of the comparisons of a pattern."""
    parts, codes = read(text)
    assert codes == []
    return [part.operator for part in parts if isinstance(part, Compare)]


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("c: red", [Operator.EQUAL]), ("c: [red, blue]", [Operator.IN]),
        ("c: {not: red}", [Operator.NOT_EQUAL]), ("c: {not: [red]}", [Operator.NOT_IN]),
        ("s: p", [Operator.HAS_ANY]), ("s: [p, q]", [Operator.HAS_ANY]),
        ("s: {not: p}", [Operator.HAS_NONE]), ("s: {has_all: [p, q]}", [Operator.HAS_ALL]),
        ("n: {below: 5}", [Operator.BELOW]), ("n: {at_most: 5}", [Operator.AT_MOST]),
        ("n: {above: 1, below: 5}", [Operator.ABOVE, Operator.BELOW]),
        ("n: {between: [1, 5]}", [Operator.AT_LEAST, Operator.AT_MOST]),
        ("d: {before: 2025-01-01}", [Operator.BELOW]),
        ("d: {not_before: 2025-01-01}", [Operator.AT_LEAST]),
        ("d: {after: 2025-01-01}", [Operator.ABOVE]),
        ("d: {not_after: 2025-01-01}", [Operator.AT_MOST]),
        ("x: {contains: [a, b]}", [Operator.CONTAINS]), ("x: {lacks: a}", [Operator.NOT_CONTAINS]),
        ("x: {contains_words: a}", [Operator.CONTAINS_WORDS]),
    ],
)  # fmt: skip
def test_every_test_of_a_slot(test: str, expected: list[Operator]) -> None:
    """Each test of the manual is read as its operator."""
    assert operators(f"- t a: {{{test}}}") == expected


def test_forms() -> None:
    """Each form of a condition becomes its node, and lists of conditions are spliced."""
    text = """
- t a: {c: red}
- all: [{a: {n: 1}}, {u: {b: yes}}]
- not: {v b: {n: a.n}}
- any: [{a: {n: 1}}, [{a: {n: 2}}, {u: {b: no}}]]
- at_least: 2
  of: [{a: {n: 1}}, {u: {b: yes}}, {u: {n: 1}}]
- each: {v l: {c: red}}
  holds: [{l: {n: 1}}]
- {count: {v l: {c: red}}, at_least: 2}
- {test: a.b}
"""
    parts, codes = read(text)
    assert codes == []
    kinds = [type(part) for part in parts]
    assert kinds == [
        Match, Compare, Compare, Match, Compare, Not, Any, AtLeast, Each, Compare, Compare,
    ]  # fmt: skip
    assert All not in kinds


def test_names_stay_where_they_are_given() -> None:
    """A name of a pattern is seen after it, and not outside of a part in which it was given."""
    assert read("[{t a: {c: red}}, {a: {n: 1}}]")[1] == []
    assert read("[{a: {n: 1}}, {t a: {c: red}}]")[1] == ["unknown-template"]
    for part in ("{not: {t a: {c: red}}}", "{any: [{t a: {c: red}}]}"):
        assert read(f"[{part}, {{a: {{n: 1}}}}]")[1] == ["unknown-template"]
    assert read("[{not: [{t a: {c: red}}, {a: {n: 1}}]}]")[1] == []


def test_at_most_two_names_from_outside() -> None:
    """A part may read two names of lists from outside; the only fact of a template is none."""
    three = "[{t a: {n: 1}}, {t b: {n: 1}}, {t d: {n: 1}}, {not: {v e: {n: [a.n, b.n, d.n]}}}]"
    assert read(three)[1] == ["too-many-names"]
    two = "[{t a: {n: 1}}, {t b: {n: 1}}, {u: {n: 1}}, {not: {v e: {n: [a.n, b.n, u.n]}}}]"
    assert read(two)[1] == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[a]", "condition"), ("[{}]", "condition"), ("[{z: {n: 1}}]", "unknown-template"),
        ("[{t a: {z: 1}}]", "unknown-slot"), ("[{t a: {c: green}}]", "unknown-choice"),
        ("[{t a: {c: {below: red}}}]", "operator"), ("[{t a: {x: {above: a}}}]", "operator"),
        ("[{t a: {n: {contains: 1}}}]", "operator"), ("[{t a: {n: one}}]", "value"),
        ("[{t a: {n: {between: [1]}}}]", "operator"), ("[{t a: {n: {below: [1, 2]}}}]", "operator"),
        ("[{t a: {n: a.x}}]", "type"), ("[{t a: 5}]", "form"), ("[{t t: {n: 1}}]", "alias"),
        ("[{t a: {n: 1}}, {v a: {n: 1}}]", "alias"), ("[{t a: {}, v b: {}}]", "condition"),
        ("[{not: []}]", "condition"), ("[{any: {t a: {n: 1}}}]", "condition"),
        ("[{not: {t a: {n: 1}}, holds: []}]", "unknown-key"), ("[{test: 5}]", "condition"),
        ("[{sum: l.x, of: {t l: {}}, above: 1}]", "type"), ("[{count: {z l: {}}, above: 1}]",
        "unknown-template"), ("[{t a: {n: 1}}, {a & z: {n: 1}}]", "unknown-name"),
        ("[{t a: {n: 1}}, {a & a: {n: 1}}]", "unknown-slot"), ("[{u: {}}, {u: {}}]", "condition"),
        ("[{t a: {n: {is: known}}}]", "knowledge-test"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, code: str) -> None:
    """Each mistake in a condition has a code."""
    assert code in read(text)[1]


def test_knowledge_may_be_tested_in_advice() -> None:
    """Only where the caller says that it is advice, known and unknown may be tested."""
    assert read("[{t a: {n: {is: unknown}}}]", advice=True)[1] == []
    assert read("[{t a: {n: {is: maybe}}}]", advice=True)[1] == ["operator"]
