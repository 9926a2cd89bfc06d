"""Conditions as short machine-made texts, for the folded part of reports and for ``explain``."""

from __future__ import annotations

from simdiag.loading.scalars import write_value
from simdiag.model.conditions import (
    Aggregate,
    All,
    Arithmetic,
    AsOf,
    AtLeast,
    Call,
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
)
from simdiag.model.conditions import Any as AnyOf

_SIGNS = {
    Operator.EQUAL: "=",
    Operator.NOT_EQUAL: "≠",
    Operator.IN: "is one of",
    Operator.NOT_IN: "is none of",
    Operator.BELOW: "<",
    Operator.AT_MOST: "≤",
    Operator.ABOVE: ">",
    Operator.AT_LEAST: "≥",
    Operator.CONTAINS: "contains",
    Operator.NOT_CONTAINS: "lacks",
    Operator.CONTAINS_WORDS: "has the words",
    Operator.HAS_ANY: "has",
    Operator.HAS_ALL: "has all of",
    Operator.HAS_NONE: "has none of",
    Operator.KNOWN: "is known",
    Operator.UNKNOWN: "is unknown",
}


def expression_text(expression: Expression) -> str:
    """Write an expression as in the notation of the language."""
    match expression:
        case Literal(value, slot_type):
            return write_value(value, slot_type)
        case SlotRef(alias, slot):
            return f"{alias.partition('#')[0]}.{slot}"
        case PairRef(first, second, finding):
            return f"({first} & {second}).{finding}"
        case AsOf():
            return "as_of"
        case Arithmetic(symbol, left, right):
            return f"{expression_text(left)} {symbol} {expression_text(right)}"
        case Call(function, arguments):
            return f"{function}({', '.join(map(expression_text, arguments))})"
        case Aggregate(kind, _, _, value):
            inner = "" if value is None else f" {expression_text(value)}"
            return f"{kind.value}{inner} of {condition_text(expression.rows)}"


def condition_text(condition: Condition) -> str:
    """Write a condition on one line."""
    match condition:
        case Compare(left, operator, right):
            values = ", ".join(map(expression_text, right))
            return f"{expression_text(left)} {_SIGNS[operator]} {values}".rstrip()
        case Match(alias, template, other_than):
            name = template if "#" in alias or alias == template else f"{template} {alias}"
            others = f" other than {', '.join(other_than)}" if other_than else ""
            return f"there is a {name}{others}"
        case All(parts):
            return " and ".join(map(condition_text, parts)) or "always"
        case AnyOf(parts):
            return " or ".join(f"({condition_text(part)})" for part in parts)
        case AtLeast(count, parts):
            inner = ", ".join(f"({condition_text(part)})" for part in parts)
            return f"at least {count} of {inner}"
        case Not(part):
            return f"not ({condition_text(part)})"
        case Each(of, holds):
            return f"whenever {condition_text(of)}: {condition_text(holds)}"
