"""Expressions of the knowledge language: text to typed nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from simdiag.calculation.functions import (
    FUNCTIONS,
    MONTHS_OF_MOMENT,
    ROUNDINGS,
    arithmetic_type,
)
from simdiag.errors import Problems, did_you_mean
from simdiag.loading.scalars import NotReadable, read_value
from simdiag.loading.tree import Scalar, shorten
from simdiag.model.conditions import Arithmetic, AsOf, Call, Expression, Literal, SlotRef
from simdiag.model.knowledge import CASE
from simdiag.model.terms import Template
from simdiag.model.values import ORDERED_KINDS, TEXT_KINDS, Kind, SlotType, exactly
from simdiag.spans import Span

# Both the parser and the engines go down into an expression by calls.
MAX_TOKENS = 200
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>EUR\b|[a-z]+\b)?"
    r"|(?P<name>[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?)"
    r"|(?P<symbol>[-+*(),])|(?P<bad>\S))"
)


@dataclass(frozen=True, slots=True)
class FindingHeader:
    """What conditions need to know of a finding before its rules are read."""

    id: str
    name: str
    templates: tuple[str, ...]
    type: SlotType


@dataclass(slots=True)
class Terms:
    """All names that expressions may use: templates, and findings by what they are about."""

    templates: dict[str, Template]
    findings: dict[tuple[str, str], FindingHeader] = field(default_factory=dict)
    pairs: dict[str, FindingHeader] = field(default_factory=dict)
    choice_forms: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def slot_names(self, template: str) -> list[str]:
        """Give the slots and findings of a template (or of ``case``)."""
        known = list(self.templates[template].slots) if template in self.templates else []
        return known + [name for owner, name in self.findings if owner == template]

    def type_of(self, template: str, slot: str) -> SlotType | None:
        """Give the type of a slot or finding, or none if there is none of that name."""
        header = self.findings.get((template, slot))
        if header is not None:
            return header.type
        known = self.templates.get(template)
        found = known.slots.get(slot) if known else None
        return found.type if found else None


@dataclass(slots=True)
class Scope:
    """The names that a condition sees.

    Attributes:
        aliases: Alias to template, of this rule so far.
        knowledge_tests: Whether ``known`` and ``unknown`` may be tested here.
    """

    terms: Terms
    problems: Problems
    aliases: dict[str, str] = field(default_factory=dict)
    knowledge_tests: bool = False
    counter: list[int] = field(default_factory=lambda: [0])
    tested_knowledge: list[Span] = field(default_factory=list)

    def inside(self) -> Scope:
        """Give a scope whose new aliases stay inside."""
        return Scope(
            self.terms,
            self.problems,
            dict(self.aliases),
            self.knowledge_tests,
            self.counter,
            self.tested_knowledge,
        )

    def fresh(self, template: str) -> str:
        """Invent an alias that nobody can write."""
        self.counter[0] += 1
        return f"{template}#{self.counter[0]}"

    def owner(self, name: str) -> str | None:
        """Give the template that a name before a dot stands for, or none."""
        if name in self.aliases:
            return self.aliases[name]
        if name == CASE:
            return CASE
        template = self.terms.templates.get(name)
        return name if template is not None and template.single else None

    def fact(self, alias: str) -> str:
        """Give the name by which conditions read a fact: where there is only one, its template."""
        name = self.aliases.get(alias, alias)
        template = self.terms.templates.get(name)
        return name if template is not None and template.single else alias

    def owners(self) -> list[str]:
        """Give every name that may stand before a dot."""
        singles = [name for name, template in self.terms.templates.items() if template.single]
        written = [alias for alias in self.aliases if "#" not in alias]
        return [*written, *singles, CASE]


def looks_like_expression(text: str, scope: Scope) -> bool:
    """Say whether a text names a fact, the case, a constant, a function or ``as_of``."""
    if re.search(r"\bas_of\b", text):
        return True
    if any(name in FUNCTIONS for name in re.findall(r"\b([a-z_]+)\(", text)):
        return True
    heads = re.findall(r"(?<![\w.])([a-z_][a-z0-9_]*)\.[a-z_]", text)
    return any(scope.owner(head) is not None for head in heads)


class _Malformed(Exception):  # noqa: N818 - never leaves this module
    """An expression cannot be read; the problem is noted already."""


def read_expression(
    node: Scalar, scope: Scope, wanted: SlotType | None = None
) -> Expression | None:
    """Read an expression, or a literal of the wanted type.

    Args:
        node: The text and its place.
        scope: The names that may be used.
        wanted: The type that a literal is read by, if the text is no expression.

    Returns:
        The typed expression; none if a problem was noted.
    """
    if wanted is not None and not looks_like_expression(node.text, scope):
        return read_literal(node, wanted, scope.problems, scope)
    try:
        return _Parser(node, scope).parse()
    except _Malformed:
        return None


def read_literal(
    node: Scalar, wanted: SlotType, problems: Problems, scope: Scope | None = None
) -> Literal | None:
    """Read a literal by a type; note a problem if it is none."""
    text = node.text.strip()
    if wanted.kind in {Kind.CHOICE, Kind.SET}:
        if text in wanted.choices:
            return Literal(text, SlotType(Kind.CHOICE, wanted.choices))
        problems.add(
            node.span,
            "unknown-choice",
            f"unknown choice `{shorten(text)}`",
            did_you_mean(text, wanted.choices),
        )
        return None
    try:
        return Literal(read_value(text, wanted), wanted)
    except NotReadable as error:
        hint = error.suggestion
        head = re.match(r"([a-z_][a-z0-9_]*)\.[a-z_]", text)
        if head and scope is not None:
            hint = f"`{head[1]}` is no name here; {did_you_mean(head[1], scope.owners())}"
        problems.add(
            node.span,
            "value",
            f"expected {error.expected}, found `{shorten(text)}`",
            hint,
        )
        return None


class _Parser:
    """Recursive descent: sum of products of atoms."""

    def __init__(self, node: Scalar, scope: Scope) -> None:
        self.node = node
        self.scope = scope
        self.tokens = list(islice(self._tokens(), MAX_TOKENS + 1))
        if len(self.tokens) > MAX_TOKENS:
            self.fail("the expression is too long", "make a finding of a part of it")
        self.at = 0

    def _tokens(self) -> Iterator[re.Match[str]]:
        text = self.node.text.rstrip()
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                return
            if match["bad"]:
                self.fail(f"`{match['bad']}` has no meaning in an expression")
            yield match
            position = match.end()

    def fail(self, message: str, help_text: str = "", code: str = "expression") -> None:
        self.scope.problems.add(self.node.span, code, message, help_text)
        raise _Malformed

    def peek(self) -> str:
        return self.tokens[self.at][0].strip() if self.at < len(self.tokens) else ""

    def take(self) -> re.Match[str]:
        if self.at >= len(self.tokens):
            self.fail(f"the expression `{shorten(self.node.text)}` ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def parse(self) -> Expression:
        result = self.sum()
        if self.at < len(self.tokens):
            self.fail(f"`{self.peek()}` is not expected here")
        return result

    def sum(self) -> Expression:
        left = self.product()
        while self.peek() in {"+", "-"}:
            left = self.combine(self.take()[0].strip(), left, self.product())
        return left

    def product(self) -> Expression:
        left = self.atom()
        while self.peek() == "*":
            left = self.combine(self.take()[0].strip(), left, self.atom())
        return left

    def combine(self, symbol: str, left: Expression, right: Expression) -> Expression:
        result = arithmetic_type(symbol, left.type, right.type)
        if result is None:
            self.fail(
                f"`{left.type.kind} {symbol} {right.type.kind}` has no meaning",
                "use add_days, add_months, scale or divide where a unit changes",
                "type",
            )
            raise _Malformed
        return Arithmetic(symbol, left, right, unbounded(result))

    def atom(self) -> Expression:
        token = self.take()
        if token["number"]:
            return self.number(token["number"], token["unit"] or "")
        if token["symbol"] == "(":
            inner = self.sum()
            self.expect(")")
            return inner
        if token["symbol"] == "-":
            minus_one = Literal(exactly(-1), SlotType(Kind.INTEGER))
            return self.combine("*", minus_one, self.atom())
        if not token["name"]:
            self.fail(f"`{token[0].strip()}` is not expected here")
        return self.name(token["name"])

    def expect(self, symbol: str) -> None:
        if self.peek() != symbol:
            self.fail(f"`{symbol}` is missing in `{shorten(self.node.text)}`")
        self.take()

    def number(self, digits: str, unit: str) -> Expression:
        slot_type = SlotType(Kind.INTEGER)
        if unit == "EUR":
            slot_type = SlotType(Kind.MONEY)
        elif unit:
            digits, slot_type = f"{digits} {unit}", SlotType(Kind.DURATION)
        elif "." in digits:
            slot_type = SlotType(Kind.DECIMAL, places=len(digits.split(".")[1]))
        literal = read_literal(Scalar(digits, self.node.span), slot_type, self.scope.problems)
        if literal is None:
            raise _Malformed
        return literal

    def name(self, name: str) -> Expression:
        if name == "as_of":
            return AsOf()
        if self.peek() == "(":
            return self.call(name)
        owner_name, dot, slot = name.partition(".")
        owner = self.scope.owner(owner_name)
        if owner is None or not dot:
            self.fail(
                f"unknown name `{owner_name}`",
                did_you_mean(owner_name, self.scope.owners()),
                "unknown-name",
            )
            raise _Malformed
        return self.slot(owner_name, owner, slot)

    def slot(self, alias: str, owner: str, slot: str) -> Expression:
        slot_type = self.scope.terms.type_of(owner, slot)
        if slot_type is None:
            self.fail(
                f"`{owner}` has no slot `{slot}`",
                did_you_mean(slot, self.scope.terms.slot_names(owner)),
                "unknown-slot",
            )
            raise _Malformed
        return SlotRef(self.scope.fact(alias), slot, slot_type)

    def call(self, name: str) -> Expression:
        function = FUNCTIONS.get(name)
        if function is None or name == MONTHS_OF_MOMENT:
            self.fail(
                f"unknown function `{name}`", did_you_mean(name, FUNCTIONS), "unknown-function"
            )
            raise _Malformed
        arguments, rounding = self.arguments(function.rounds, function.signature)
        result = function.result([argument.type for argument in arguments])
        if result is None:
            kinds = ", ".join(str(argument.type.kind) for argument in arguments)
            self.fail(f"`{name}({kinds})` does not fit", f"expected {function.signature}", "type")
            raise _Malformed
        if name == "add_months" and result.kind is Kind.DATETIME:
            name = MONTHS_OF_MOMENT
        extra: tuple[int | str, ...] = (rounding,) if function.rounds else ()
        if name == "scale":
            extra = (rounding, arguments[1].type.places)
        return Call(name, tuple(arguments), unbounded(result), extra)

    def arguments(self, rounds: bool, signature: str) -> tuple[list[Expression], str]:  # noqa: FBT001
        self.expect("(")
        found: list[Expression] = []
        rounding = ""
        while self.peek() != ")":
            if rounds and self.peek() in ROUNDINGS:
                rounding = self.take()[0].strip()
            else:
                found.append(self.sum())
            if self.peek() != ",":
                break
            self.take()
        self.expect(")")
        if rounds and not rounding:
            self.fail("the rounding is not stated", f"expected {signature}")
        return found, rounding


def unbounded(slot_type: SlotType) -> SlotType:
    """Give a type without the bounds of one slot: what is computed from it may lie elsewhere."""
    return replace(slot_type, minimum=None, maximum=None)


def comparable(left: SlotType, right: SlotType) -> bool:
    """Say whether two values can be compared at all."""
    times = {Kind.DATE, Kind.DATETIME}
    words = TEXT_KINDS | {Kind.CHOICE}
    if left.kind in ORDERED_KINDS:
        same = left.kind == right.kind and left.places == right.places
        return same or {left.kind, right.kind} <= times
    if left.kind in words:
        return right.kind in words
    if left.kind is Kind.SET:
        return right.kind in {Kind.CHOICE, Kind.SET}
    return left.kind == right.kind
