"""Expressions: what they mean, which types fit, and what is said when they do not."""

from __future__ import annotations

import pytest

from simdiag.errors import Problems
from simdiag.loading.expressions import Scope, Terms, looks_like_expression, read_expression
from simdiag.loading.tree import Scalar
from simdiag.model.conditions import Arithmetic, AsOf, Call, Literal, SlotRef
from simdiag.model.terms import Cardinality, Slot, Template
from simdiag.model.values import Kind, SlotType, exactly
from simdiag.spans import Span

KINDS = {
    "n": Kind.INTEGER, "m": Kind.MONEY, "d": Kind.DATE, "at": Kind.DATETIME, "x": Kind.TEXT,
    "w": Kind.DURATION,
}  # fmt: skip
SLOTS = {name: Slot(name, SlotType(kind), name) for name, kind in KINDS.items()}
TERMS = Terms(
    {
        "t": Template("t", Cardinality.MANY, "t", SLOTS),
        "u": Template("u", Cardinality.ONE, "u", SLOTS),
    }
)


def scope() -> Scope:
    """Give a scope that knows `a` as a fact of `t` and `s` as the only fact of `u`."""
    return Scope(TERMS, Problems(), {"a": "t", "s": "u"})


def read(text: str, wanted: Kind | None = None) -> object:
    """Read an expression, or give the code of the problem."""
    where = scope()
    kind = None if wanted is None else SlotType(wanted)
    found = read_expression(Scalar(text, Span("f")), where, kind)
    codes = [problem.code for problem in where.problems]
    assert (found is None) == bool(codes)
    return codes[0] if codes else found


def test_atoms() -> None:
    """A slot of a bound fact, of the only fact of a template, the moment, numbers with units."""
    assert read("a.n") == SlotRef("a", "n", SlotType(Kind.INTEGER))
    assert read("u.n") == SlotRef("u", "n", SlotType(Kind.INTEGER))
    assert read("as_of") == AsOf()
    assert read("24 hours") == Literal(exactly(86_400), SlotType(Kind.DURATION))
    assert read("2.50 EUR") == Literal(exactly(250), SlotType(Kind.MONEY))
    assert read("1.50") == Literal(exactly(150), SlotType(Kind.DECIMAL, places=2))


def test_a_name_for_the_only_fact_is_the_name_of_its_template() -> None:
    """Where there is only one fact, an alias reads the same as the template does."""
    assert read("s.n") == read("u.n")


def test_products_bind_tighter_than_sums() -> None:
    """Sums are read from the left, products first, parentheses before both."""
    found = read("a.n - 2 * a.n - 1")
    assert isinstance(found, Arithmetic)
    assert found.symbol == "-"
    assert isinstance(found.left, Arithmetic)
    assert isinstance(found.left.right, Arithmetic)
    assert found.left.right.symbol == "*"
    grouped = read("a.n - (2 * a.n - 1)")
    assert isinstance(grouped, Arithmetic)
    assert isinstance(grouped.right, Arithmetic)


def test_a_call_states_its_rounding() -> None:
    """Division keeps the rounding that was stated; without one it is an error."""
    found = read("divide(a.m, 2, half_up)")
    assert isinstance(found, Call)
    assert (found.extra, found.type.kind) == (("half_up",), Kind.MONEY)
    assert read("divide(a.m, 2)") == "expression"


def test_months_of_a_moment_keep_the_clock() -> None:
    """The same function moves days and moments, each in its own way."""
    day, moment = read("add_months(a.d, 1)"), read("add_months(a.at, 1)")
    assert isinstance(day, Call)
    assert isinstance(moment, Call)
    assert day.function != moment.function
    assert (day.type.kind, moment.type.kind) == (Kind.DATE, Kind.DATETIME)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("b.n", "unknown-name"), ("a.nope", "unknown-slot"), ("t.n", "unknown-name"),
        ("a.m + a.n", "type"), ("a.d + 1 day", "type"), ("a.m * a.m", "type"),
        ("nope(a.n)", "unknown-function"), ("date(a.n)", "type"), ("add_days(a.d)", "type"),
        ("a.n +", "expression"), ("(a.n", "expression"), ("a.n a.n", "expression"),
        ("a.n / 2", "expression"), ("3 months", "value"), ("add_months_to_moment(a.at, 1)",
        "unknown-function"), ("", "expression"), ("a", "unknown-name"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused(text: str, code: str) -> None:
    """Unknown names, types that do not fit, and broken syntax each have a code."""
    assert read(text) == code


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("a.n", True), ("as_of - 1 day", True), ("date(a.at)", True), ("captured", False),
        ("b.n", False), ("www.example.be", False), ("pay z.s.a.p", False), ("10.00", False),
        ("2025-11-20", False), ("as_off", False),
    ],
)  # fmt: skip
def test_what_is_an_expression_and_what_a_literal(text: str, *, expression: bool) -> None:
    """A text is an expression if it names a fact, the moment or a function."""
    assert looks_like_expression(text, scope()) is expression


def test_a_literal_is_read_by_the_wanted_type() -> None:
    """The same text is money, a number, a day or a text, as it is wanted."""
    assert read("10", Kind.MONEY) == Literal(exactly(1000), SlotType(Kind.MONEY))
    assert read("10", Kind.INTEGER) == Literal(exactly(10), SlotType(Kind.INTEGER))
    assert read("10", Kind.TEXT) == Literal("10", SlotType(Kind.TEXT))
    assert read("10", Kind.DATE) == "value"


def test_what_is_computed_has_no_bounds() -> None:
    """The bounds of a slot are not those of a product of it."""
    bounded = Slot("k", SlotType(Kind.INTEGER, minimum=0, maximum=9), "k")
    terms = Terms({"t": Template("t", Cardinality.MANY, "t", {"k": bounded})})
    found = read_expression(Scalar("-a.k", Span("f")), Scope(terms, Problems(), {"a": "t"}))
    assert found is not None
    assert found.type.bounds == SlotType(Kind.INTEGER).bounds
