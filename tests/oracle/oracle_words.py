"""Values, slots and expressions of the language as CLIPS has them; nothing of our engines is used.

What a slot holds is one field (`unknown` and `na`, for not applicable, are symbols; every text is a
string in the form in which texts are compared), a multifield for sets, or for ordered kinds two
fields with the ends of the interval and a third that tells whether there may be no number at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from simdiag.calculation.functions import text_key
from simdiag.model.conditions import (
    Aggregate,
    Arithmetic,
    AsOf,
    Call,
    Expression,
    Literal,
    PairRef,
    SlotRef,
)
from simdiag.model.values import NOT_APPLICABLE, UNKNOWN_VALUE, Interval, Kind, SlotType, Value

# Stands for an end without limit; the language has no number of that size.
BOUNDLESS = 1e300
ORDERED = {Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.DATE, Kind.DATETIME, Kind.DURATION}


class NotTranslated(Exception):  # noqa: N818 - reads as the sentence that it stands for
    """CLIPS has nothing for a part of the language; the text names the part."""


def word(name: str) -> str:
    """Give a name that CLIPS reads as one symbol."""
    return re.sub(r"[^a-z0-9_]", "-", name)


def quoted(text: str) -> str:
    """Write a string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def fields(slot: str, kind: Kind) -> tuple[str, ...]:
    """Give the CLIPS slots in which a slot is kept."""
    name = word(slot)
    return (f"{name}-lo", f"{name}-hi", f"{name}-flag") if kind in ORDERED else (f"{name}-v",)


def field_declarations(slot: str, kind: Kind) -> str:
    """Write the slots of a deftemplate in which a slot is kept."""
    form = "multislot" if kind is Kind.SET else "slot"
    return " ".join(f"({form} {name})" for name in fields(slot, kind))


def texts(kind: Kind, value: Value) -> tuple[str, ...]:
    """Write what the CLIPS slots of a slot hold."""
    if value is UNKNOWN_VALUE or value is NOT_APPLICABLE:
        absent = "unknown" if value is UNKNOWN_VALUE else "na"
        return (absent, absent, "no") if kind in ORDERED else (absent,)
    if isinstance(value, Interval):
        low, high = (str(max(-BOUNDLESS, min(BOUNDLESS, end))) for end in (value.low, value.high))
        return low, high, "yes" if value.maybe_absent else "no"
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    if isinstance(value, frozenset):
        return (" ".join(quoted(each) for each in sorted(value)),)
    return (quoted(text_key(str(value))),)


def held(slot: str, kind: Kind, value: Value) -> str:
    """Write the part of a fact that tells what a slot holds."""
    pairs = zip(fields(slot, kind), texts(kind, value), strict=True)
    return " ".join(f"({name} {text})" for name, text in pairs)


# Expressions --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Term:
    """A value in a test: the CLIPS expressions for its fields, and its kind."""

    parts: tuple[str, ...]
    type: SlotType


@dataclass(slots=True)
class Reading:
    """The patterns that a test needs before it, so that its variables are bound.

    Attributes:
        owner: Gives template and row variable (none if any row will do) of an alias.
        fresh: Gives a variable that is not in use.
        patterns: What was needed so far.
    """

    owner: Callable[[str], tuple[str, str | None]]
    fresh: Callable[[], str]
    patterns: list[str]

    def term(self, expression: Expression) -> Term:
        """Translate an expression.

        Raises:
            NotTranslated: It holds what CLIPS has nothing for.
        """
        match expression:
            case Literal(value, slot_type):
                return Term(_literal(value, slot_type), slot_type)
            case SlotRef(alias, slot, slot_type):
                template, row = self.owner(alias)
                keys = {"row": row} if row else {}
                return self._read(f"t-{word(template)}", keys, slot, slot_type)
            case PairRef(first, second, finding, slot_type):
                rows = (self.owner(first)[1] or "?", self.owner(second)[1] or "?")
                keys = {"first": rows[0], "second": rows[1]}
                return self._read(f"p-{word(finding)}", keys, finding, slot_type)
            case AsOf(slot_type):
                return self._read("t-case", {}, "as of", slot_type)
            case Arithmetic(symbol, left, right, slot_type):
                return _arithmetic(symbol, self.term(left), self.term(right), slot_type)
            case Call(function, arguments, slot_type):
                if function not in _CALLS:
                    raise NotTranslated(f"function {function}")
                return _CALLS[function]([self.term(each) for each in arguments], slot_type)
            case Aggregate(kind):
                raise NotTranslated(f"aggregate {kind}")

    def _read(self, name: str, keys: Mapping[str, str], slot: str, slot_type: SlotType) -> Term:
        multi = "$" if slot_type.kind is Kind.SET else ""
        names = fields(slot, slot_type.kind)
        variables = [f"{multi}{self.fresh()}" for _ in names]
        where = " ".join(f"({key} {variable})" for key, variable in keys.items())
        tests = " ".join(f"({n} {v})" for n, v in zip(names, variables, strict=True))
        self.patterns.append(f"({name} {where} {tests})")
        return Term(tuple(variables), slot_type)


def _literal(value: Value, slot_type: SlotType) -> tuple[str, ...]:
    found = texts(slot_type.kind, value)
    return (f"(create$ {found[0]})",) if isinstance(value, frozenset) else found


def _flag(terms: Iterable[Term]) -> str:
    return f"(either {' '.join(term.parts[2] for term in terms)})"


def _arithmetic(symbol: str, left: Term, right: Term, slot_type: SlotType) -> Term:
    flag = _flag((left, right))
    (a, b, _), (c, d, _) = left.parts, right.parts
    dates = [term.type.kind is Kind.DATE for term in (left, right)]
    if any(dates) and not all(dates):
        raise NotTranslated("a date beside a date-time")
    if symbol == "+":
        return Term((f"(plus {a} {c})", f"(plus {b} {d})", flag), slot_type)
    if symbol == "-":
        ends = (f"(minus {a} {d})", f"(minus {b} {c})")
        if all(dates):
            ends = (f"(times {ends[0]} 86400)", f"(times {ends[1]} 86400)")
        return Term((*ends, flag), slot_type)
    return Term((f"(product-lo {a} {b} {c} {d})", f"(product-hi {a} {b} {c} {d})", flag), slot_type)


def _by_ends(function: str) -> Callable[[list[Term], SlotType], Term]:
    def call(terms: list[Term], slot_type: SlotType) -> Term:
        lows, highs = (" ".join(term.parts[end] for term in terms) for end in (0, 1))
        return Term((f"({function} {lows})", f"({function} {highs})", _flag(terms)), slot_type)

    return call


def _abs(terms: list[Term], slot_type: SlotType) -> Term:
    low, high, flag = terms[0].parts
    return Term((f"(abs-lo {low} {high})", f"(abs-hi {low} {high})", flag), slot_type)


def _days_between(terms: list[Term], slot_type: SlotType) -> Term:
    # As whole numbers, so that their difference is not taken for a time.
    first, last = (Term(term.parts, slot_type) for term in terms)
    return _arithmetic("-", last, first, slot_type)


_CALLS: dict[str, Callable[[list[Term], SlotType], Term]] = {
    "least": _by_ends("least"),
    "greatest": _by_ends("greatest"),
    "abs": _abs,
    "days_between": _days_between,
}

# In `absent`, not applicable wins over unknown; if there is neither, it is FALSE.
_GUARD = "(bind ?m (absent $?x)) (if ?m then ?m else"
PRELUDE = (
    """(deffunction absent ($?x)
         (if (member$ na $?x) then na else (if (member$ unknown $?x) then unknown else FALSE)))""",
    "(deffunction either ($?x) (if (member$ yes $?x) then yes else no))",
    f"(deffunction plus ($?x) {_GUARD} (+ (expand$ $?x))))",
    f"(deffunction minus ($?x) {_GUARD} (- (expand$ $?x))))",
    f"(deffunction times ($?x) {_GUARD} (* (expand$ $?x))))",
    f"(deffunction least ($?x) {_GUARD} (min (expand$ $?x))))",
    f"(deffunction greatest ($?x) {_GUARD} (max (expand$ $?x))))",
    f"""(deffunction boundless ($?x)
          (or (>= (max (expand$ $?x)) {BOUNDLESS}) (<= (min (expand$ $?x)) -{BOUNDLESS})))""",
    """(deffunction corners ($?x)
         (bind ?a (nth$ 1 $?x)) (bind ?b (nth$ 2 $?x))
         (bind ?c (nth$ 3 $?x)) (bind ?d (nth$ 4 $?x))
         (create$ (* ?a ?c) (* ?a ?d) (* ?b ?c) (* ?b ?d)))""",
    f"""(deffunction product-lo ($?x) {_GUARD}
          (if (boundless $?x) then -{BOUNDLESS} else (min (expand$ (corners $?x))))))""",
    f"""(deffunction product-hi ($?x) {_GUARD}
          (if (boundless $?x) then {BOUNDLESS} else (max (expand$ (corners $?x))))))""",
    f"""(deffunction abs-lo ($?x) {_GUARD}
          (if (>= (nth$ 1 $?x) 0) then (nth$ 1 $?x) else (max 0 (- 0 (nth$ 2 $?x))))))""",
    f"""(deffunction abs-hi ($?x) {_GUARD}
          (max (abs (nth$ 1 $?x)) (abs (nth$ 2 $?x)))))""",
)
