"""The `when` of a rule to condition nodes."""

from __future__ import annotations

import re
from collections.abc import Callable

from simdiag.errors import did_you_mean
from simdiag.loading.expressions import (
    Scope,
    comparable,
    looks_like_expression,
    read_expression,
    read_literal,
    unbounded,
)
from simdiag.loading.tree import Mapping, Node, Scalar, Sequence, is_null, kind_of, shorten
from simdiag.model.conditions import (
    Aggregate,
    AggregateKind,
    All,
    Any,
    AtLeast,
    Compare,
    Condition,
    Each,
    Expression,
    Literal,
    Match,
    Not,
    Operator,
    PairRef,
    SlotRef,
    expressions_in,
)
from simdiag.model.knowledge import CASE
from simdiag.model.terms import Cardinality
from simdiag.model.values import ORDERED_KINDS, TEXT_KINDS, Interval, Kind, SlotType
from simdiag.spans import Span

_BOOLEAN = SlotType(Kind.BOOLEAN)
_INTEGER = SlotType(Kind.INTEGER)
_ORDER = {
    "below": Operator.BELOW,
    "at_most": Operator.AT_MOST,
    "above": Operator.ABOVE,
    "at_least": Operator.AT_LEAST,
}
_TIME_ORDER = {
    "before": Operator.BELOW,
    "not_after": Operator.AT_MOST,
    "after": Operator.ABOVE,
    "not_before": Operator.AT_LEAST,
}
_TEXT = {
    "contains": Operator.CONTAINS,
    "lacks": Operator.NOT_CONTAINS,
    "contains_words": Operator.CONTAINS_WORDS,
}
_TESTS = (*_ORDER, *_TIME_ORDER, *_TEXT, "not", "between", "has_all", "is")
_AGGREGATES = {kind.value: kind for kind in AggregateKind}
OUTER_LIMIT = 2


def read_conditions(node: Node | None, scope: Scope) -> All:
    """Read a list of conditions that must all hold; a single condition counts as a list of one.

    New aliases stay visible in ``scope``, so that what follows the antecedent may use them.
    """
    if node is None or is_null(node):
        return All((), node.span if node else Span("<none>"))
    items = node.items if isinstance(node, Sequence) else (node,)
    parts: list[Condition] = []
    for item in items:
        for found in _read_item(item, scope):
            parts.extend(found.parts if isinstance(found, All) else (found,))
    return All(tuple(parts), node.span)


def _read_item(node: Node, scope: Scope) -> list[Condition]:
    if not isinstance(node, Mapping) or not node.pairs:
        scope.problems.add(
            node.span,
            "condition",
            f"a condition must be a mapping, found {kind_of(node)}",
            "for example `{attempt a: {payment_state: captured}}`",
        )
        return []
    names = [key.text for key, _ in node.pairs]
    form = next((name for name in _READERS if name in names), None)
    if form is not None:
        found = _READERS[form](node, scope)
        return [] if found is None else [found]
    if len(node.pairs) > 1:
        scope.problems.add(
            node.pairs[1][0].span,
            "condition",
            "a condition has one pattern",
            "write each pattern as an item of its own",
        )
    key, tests = node.pairs[0]
    return _read_pattern(key, tests, scope)


def _check_keys(node: Mapping, allowed: tuple[str, ...], scope: Scope) -> None:
    for key, _ in node.pairs:
        if key.text not in allowed:
            scope.problems.add(
                key.span,
                "unknown-key",
                f"unknown key `{key.text}` in this condition",
                did_you_mean(key.text, allowed),
            )


def _nested(node: Node | None, scope: Scope, span: Span) -> All:
    """Read conditions whose aliases stay inside, and check what they read outside."""
    inner = scope.inside()
    found = read_conditions(node, inner)
    _check_outer(found, scope, span)
    return found


def outer_aliases(condition: Condition, outer: dict[str, str], scope: Scope) -> set[str]:
    """Give the aliases of lists outside a condition that it reads."""
    read: set[str] = set()
    for expression in expressions_in(condition):
        if isinstance(expression, SlotRef):
            read.add(expression.alias)
        elif isinstance(expression, PairRef):
            read |= {expression.first, expression.second}
    return {alias for alias in read if _is_list(alias, outer, scope)}


def _is_list(alias: str, outer: dict[str, str], scope: Scope) -> bool:
    template = scope.terms.templates.get(outer.get(alias, ""))
    return template is not None and template.cardinality is Cardinality.MANY


def _check_outer(found: Condition, scope: Scope, span: Span) -> None:
    read = outer_aliases(found, scope.aliases, scope)
    if len(read) > OUTER_LIMIT:
        scope.problems.add(
            span,
            "too-many-names",
            f"this part reads {len(read)} names from outside: {', '.join(sorted(read))}",
            f"at most {OUTER_LIMIT}; use a finding for a part of it",
        )


def _read_not(node: Mapping, scope: Scope) -> Condition | None:
    _check_keys(node, ("not",), scope)
    part = node.get("not")
    found = _nested(part, scope, node.span)
    if not found.parts:
        _note_empty("not", node, scope)
        return None
    return Not(found, node.span)


def _note_empty(form: str, node: Mapping, scope: Scope) -> None:
    if len(scope.problems.errors) == 0:
        scope.problems.add(node.span, "condition", f"`{form}` has no conditions")


def _branches(node: Node | None, scope: Scope, form: str, span: Span) -> tuple[All, ...]:
    if not isinstance(node, Sequence):
        scope.problems.add(span, "condition", f"`{form}` must have a list")
        return ()
    found = (_nested(item, scope, item.span) for item in node.items)
    return tuple(part for part in found if part.parts)


def _read_any(node: Mapping, scope: Scope) -> Condition | None:
    _check_keys(node, ("any",), scope)
    parts = _branches(node.get("any"), scope, "any", node.span)
    if parts:
        return Any(parts, node.span)
    _note_empty("any", node, scope)
    return None


def _read_all(node: Mapping, scope: Scope) -> Condition:
    _check_keys(node, ("all",), scope)
    return read_conditions(node.get("all"), scope)


def _read_at_least(node: Mapping, scope: Scope) -> Condition | None:
    _check_keys(node, ("at_least", "of"), scope)
    count = node.get("at_least")
    literal = read_literal(count, _INTEGER, scope.problems) if isinstance(count, Scalar) else None
    parts = _branches(node.get("of"), scope, "of", node.span)
    if literal is None or not parts:
        _note_empty("at_least", node, scope)
        return None
    assert isinstance(literal.value, Interval)  # noqa: S101 - read as a whole number
    return AtLeast(int(literal.value.low), parts, node.span)


def _read_each(node: Mapping, scope: Scope) -> Condition | None:
    _check_keys(node, ("each", "holds"), scope)
    inner = scope.inside()
    of = read_conditions(node.get("each"), inner)
    holds = read_conditions(node.get("holds"), inner.inside())
    if not of.parts or not holds.parts:
        _note_empty("each", node, scope)
        return None
    found = Each(of, holds, node.span)
    _check_outer(found, scope, node.span)
    return found


def _read_test(node: Mapping, scope: Scope) -> Condition | None:
    _check_keys(node, ("test", "equals", *_TESTS), scope)
    left_node = node.get("test")
    if not isinstance(left_node, Scalar):
        scope.problems.add(node.span, "condition", "`test` must have an expression")
        return None
    left = read_expression(left_node, scope)
    if left is None:
        return None
    return _operators(left, node, scope, skip=("test",))


def _operators(
    left: Expression, node: Mapping, scope: Scope, skip: tuple[str, ...]
) -> Condition | None:
    """Read the operators beside a value; none of them means that the value is true."""
    found: list[Condition] = []
    for key, operand in node.pairs:
        if key.text in skip:
            continue
        if key.text == "equals":
            found.extend(_slot_test(left, operand, scope))
        else:
            found.extend(_operator(left, key, operand, scope))
    if len(node.pairs) == len(skip):
        if left.type.kind is not Kind.BOOLEAN:
            scope.problems.add(
                node.span, "condition", "the value is compared with nothing", "add an operator"
            )
        found.append(
            Compare(left, Operator.EQUAL, (Literal(value=True, type=_BOOLEAN),), node.span)
        )
    return found[0] if len(found) == 1 else All(tuple(found), node.span)


def read_aggregate(node: Mapping, scope: Scope) -> Aggregate | None:
    """Read an aggregate; operators beside it are left to the caller."""
    name = next((key.text for key, _ in node.pairs if key.text in _AGGREGATES), None)
    if name is None:
        scope.problems.add(
            node.span, "expression", "a mapping here must be an aggregate", "such as `sum`, `of`"
        )
        return None
    kind = _AGGREGATES[name]
    inner = scope.inside()
    pattern = node.get("count") if kind is AggregateKind.COUNT else node.get("of")
    if not isinstance(pattern, Mapping) or len(pattern.pairs) != 1:
        scope.problems.add(node.span, "condition", f"`{name}` must have one pattern")
        return None
    found = _read_pattern(*pattern.pairs[0], inner, may_be_empty=True)
    if not found or not isinstance(found[0], Match):
        scope.problems.add(pattern.span, "condition", f"`{name}` must have a pattern of a list")
        return None
    where = read_conditions(node.get("where"), inner)
    everything = All((*found[1:], *where.parts), node.span)
    value = None
    if kind is not AggregateKind.COUNT:
        value_node = node.get(name)
        value = read_expression(value_node, inner) if isinstance(value_node, Scalar) else None
        if value is None:
            return None
    result = _aggregate_type(kind, value, node, scope)
    aggregate = Aggregate(kind, found[0], everything, value, result, node.span)
    _check_outer(Compare(aggregate, Operator.KNOWN), scope, node.span)
    return aggregate


def _aggregate_type(
    kind: AggregateKind, value: Expression | None, node: Mapping, scope: Scope
) -> SlotType:
    if kind is AggregateKind.COUNT or value is None:
        return _INTEGER
    if kind is AggregateKind.ALL_EQUAL:
        return _BOOLEAN
    summable = {Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.DURATION}
    if value.type.kind not in (summable if kind is AggregateKind.SUM else ORDERED_KINDS):
        scope.problems.add(node.span, "type", f"a {value.type.kind} has no {kind}")
    if kind is AggregateKind.SUM:
        # The bounds of one value are not those of their sum.
        return unbounded(value.type)
    return value.type


def _read_aggregate_condition(node: Mapping, scope: Scope) -> Condition | None:
    name = next(key.text for key, _ in node.pairs if key.text in _AGGREGATES)
    beside = tuple(part for part in (name, "of", "where") if node.get(part) is not None)
    _check_keys(node, (*beside, "equals", *_TESTS), scope)
    aggregate = read_aggregate(node, scope)
    return None if aggregate is None else _operators(aggregate, node, scope, skip=beside)


_READERS: dict[str, Callable[[Mapping, Scope], Condition | None]] = {
    # First, because `{test: ..., not: 2}` is a comparison.
    "test": _read_test,
    **dict.fromkeys(_AGGREGATES, _read_aggregate_condition),
    "not": _read_not,
    "any": _read_any,
    "all": _read_all,
    "each": _read_each,
    # Last, because `{count: ..., at_least: 2}` is an aggregate.
    "at_least": _read_at_least,
}


def _read_pattern(
    key: Scalar, tests: Node, scope: Scope, *, may_be_empty: bool = False
) -> list[Condition]:
    words = key.text.split()
    if "&" in words:
        return _read_pair(key, words, tests, scope)
    bound = len(words) == 1 and words[0] in scope.aliases
    two = 2
    template = scope.aliases[words[0]] if bound else words[0]
    if len(words) > two or (template not in scope.terms.templates and template != CASE):
        known = [*scope.terms.templates, *scope.owners()]
        scope.problems.add(
            key.span,
            "unknown-template",
            f"unknown template or name `{shorten(key.text)}`",
            did_you_mean(words[0] if words else "", known),
        )
        return []
    alias = _alias(words, template, key, scope, bound=bound)
    found: list[Condition] = []
    if not bound and template != CASE:
        found.append(Match(alias, template, (), key.span))
        scope.aliases[alias] = template
    found = _read_tests(alias, template, tests, scope, found, key.span)
    nothing = is_null(tests) or (isinstance(tests, Mapping) and not tests.pairs)
    if nothing and not found and not may_be_empty:
        scope.problems.add(key.span, "condition", f"`{key.text}` tests nothing", "add a test")
    return found


def _alias(words: list[str], template: str, key: Scalar, scope: Scope, *, bound: bool) -> str:
    if bound:
        return words[0]
    if len(words) == 1:
        known = scope.terms.templates.get(template)
        return template if known is None or known.single else scope.fresh(template)
    alias = words[1]
    if (
        alias in scope.aliases
        or alias in scope.terms.templates
        or not re.fullmatch(r"[a-z]\w*", alias)
    ):
        scope.problems.add(
            key.span, "alias", f"the name `{alias}` is taken or no name", "choose another one"
        )
    return alias


def _read_tests(
    alias: str,
    template: str,
    tests: Node,
    scope: Scope,
    found: list[Condition],
    span: Span,
) -> list[Condition]:
    if is_null(tests):
        return found
    if not isinstance(tests, Mapping):
        scope.problems.add(tests.span, "form", f"tests must be a mapping, found {kind_of(tests)}")
        return found
    for name, test in tests.pairs:
        if name.text == "other_than":
            others = _read_others(template, test, scope)
            found = [part for part in found if not isinstance(part, Match)]
            found.insert(0, Match(alias, template, others, span))
            continue
        slot_type = scope.terms.type_of(template, name.text)
        if slot_type is None:
            scope.problems.add(
                name.span,
                "unknown-slot",
                f"`{template}` has no slot `{name.text}`",
                did_you_mean(name.text, scope.terms.slot_names(template)),
            )
            continue
        left = SlotRef(scope.fact(alias), name.text, slot_type)
        found.extend(_slot_test(left, test, scope))
    return found


def _read_others(template: str, node: Node, scope: Scope) -> tuple[str, ...]:
    """Read the names of the facts, of the same list, that a pattern must not match."""
    items = node.items if isinstance(node, Sequence) else (node,)
    fits = [name for name, owner in scope.aliases.items() if owner == template]
    names = []
    for item in items:
        if isinstance(item, Scalar) and item.text in fits and scope.fact(item.text) == item.text:
            names.append(item.text)
        else:
            scope.problems.add(
                item.span,
                "unknown-name",
                f"`other_than` must name another {template}, found {kind_of(item)}",
                did_you_mean(getattr(item, "text", ""), fits),
            )
    return tuple(names)


def _read_pair(key: Scalar, words: list[str], tests: Node, scope: Scope) -> list[Condition]:
    three = 3
    names = [word for word in words if word != "&"]
    if len(words) != three or any(name not in scope.aliases for name in names):
        scope.problems.add(
            key.span,
            "unknown-name",
            f"a pair must be two names that stand before it, found `{shorten(key.text)}`",
            "for example `{a & b: {same_purchase: true}}`",
        )
        return []
    found: list[Condition] = []
    for name, test in tests.pairs if isinstance(tests, Mapping) else ():
        header = scope.terms.pairs.get(name.text)
        templates = tuple(scope.aliases[alias] for alias in names)
        if header is None or header.templates != templates:
            scope.problems.add(
                name.span,
                "unknown-slot",
                f"there is no finding `{name.text}` of {' and '.join(templates)}",
                did_you_mean(name.text, scope.terms.pairs),
            )
            continue
        left = PairRef(names[0], names[1], name.text, header.type)
        found.extend(_slot_test(left, test, scope))
    return found


def _slot_test(left: Expression, node: Node, scope: Scope) -> list[Condition]:
    """Read the test of one value: a literal, a list of them, or operators."""
    if isinstance(node, Mapping):
        found: list[Condition] = []
        for key, operand in node.pairs:
            found.extend(_operator(left, key, operand, scope))
        return found
    many = isinstance(node, Sequence)
    if left.type.kind is Kind.SET:
        return _compare(left, Operator.HAS_ANY, node, scope)
    return _compare(left, Operator.IN if many else Operator.EQUAL, node, scope)


def _operator(left: Expression, key: Scalar, operand: Node, scope: Scope) -> list[Condition]:
    kind = left.type.kind
    name = key.text
    if name == "not":
        many = isinstance(operand, Sequence)
        plain = Operator.NOT_IN if many else Operator.NOT_EQUAL
        return _compare(left, Operator.HAS_NONE if kind is Kind.SET else plain, operand, scope)
    if name == "is":
        return _knowledge_test(left, operand, scope)
    if name == "between":
        return _between(left, operand, scope)
    fits = {
        **(dict(_ORDER) if kind in ORDERED_KINDS else {}),
        **(_TIME_ORDER if kind in {Kind.DATE, Kind.DATETIME} else {}),
        **(_TEXT if kind in TEXT_KINDS else {}),
        **({"has_all": Operator.HAS_ALL} if kind is Kind.SET else {}),
    }
    if name not in fits:
        allowed = [*fits, "not", "is", *(["between"] if kind in ORDERED_KINDS else [])]
        scope.problems.add(
            key.span,
            "operator",
            f"`{shorten(name)}` is no test of a {kind}",
            did_you_mean(name, allowed),
        )
        return []
    return _compare(left, fits[name], operand, scope)


def _between(left: Expression, operand: Node, scope: Scope) -> list[Condition]:
    two = 2
    if not isinstance(operand, Sequence) or len(operand.items) != two:
        scope.problems.add(operand.span, "operator", "`between` must have a list of two values")
        return []
    low, high = operand.items
    return [
        *_compare(left, Operator.AT_LEAST, low, scope),
        *_compare(left, Operator.AT_MOST, high, scope),
    ]


def _knowledge_test(left: Expression, operand: Node, scope: Scope) -> list[Condition]:
    word = operand.text if isinstance(operand, Scalar) else ""
    if word not in {"known", "unknown"}:
        scope.problems.add(operand.span, "operator", "`is` must be `known` or `unknown`")
        return []
    if not scope.knowledge_tests:
        scope.problems.add(
            operand.span,
            "knowledge-test",
            f"`is: {word}` may be tested in advice only",
            "in a rule that rates, derives or decides relevance it would make ranges wrong",
        )
        return []
    scope.tested_knowledge.append(operand.span)
    operator = Operator.KNOWN if word == "known" else Operator.UNKNOWN
    return [Compare(left, operator, (), operand.span)]


def _compare(left: Expression, operator: Operator, node: Node, scope: Scope) -> list[Condition]:
    items = node.items if isinstance(node, Sequence) else (node,)
    right = []
    for item in items:
        if not isinstance(item, Scalar):
            scope.problems.add(
                item.span, "operator", f"expected a single value, found {kind_of(item)}"
            )
            continue
        value = _operand(left, operator, item, scope)
        if value is not None:
            right.append(value)
    single = operator in {*_ORDER.values(), Operator.EQUAL, Operator.NOT_EQUAL}
    if single and len(items) != 1:
        scope.problems.add(node.span, "operator", "expected a single value, found a list")
    if not right:
        return []
    return [Compare(left, operator, tuple(right), node.span)]


def _operand(left: Expression, operator: Operator, item: Scalar, scope: Scope) -> Expression | None:
    wanted = left.type
    phrases = {Operator.CONTAINS, Operator.NOT_CONTAINS, Operator.CONTAINS_WORDS}
    if wanted.kind in TEXT_KINDS and not looks_like_expression(item.text, scope):
        # What a fact holds may be ill-formed, so what it is compared with may be too.
        if operator in phrases:
            return Literal(item.text, SlotType(Kind.TEXT))
        return read_expression(item, scope, _loose(left))
    if isinstance(left, Aggregate) and left.kind is AggregateKind.COUNT:
        wanted = _INTEGER
    value = read_expression(item, scope, wanted)
    if value is not None and not comparable(left.type, value.type):
        scope.problems.add(
            item.span, "type", f"a {left.type.kind} cannot be compared with a {value.type.kind}"
        )
        return None
    return value


def _loose(left: Expression) -> SlotType:
    return SlotType(left.type.kind, lenient=True, fragment=left.type.fragment)
