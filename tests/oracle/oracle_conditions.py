"""Conditions, as the loader made them, to left-hand sides of CLIPS rules.

Each condition is translated twice: `does` holds if it definitely holds, `could` if it is not ruled
out. Negation swaps the two and is CLIPS's own `not`; alternatives are its `or` and `exists`, and
`each` its `forall`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from oracle_words import (  # type: ignore[import-not-found] # found through conftest.py
    PRELUDE,
    NotTranslated,
    Reading,
    Term,
    fields,
    quoted,
    word,
)

from simdiag.calculation.functions import text_key
from simdiag.model.conditions import (
    All,
    Any,
    AtLeast,
    Compare,
    Condition,
    Each,
    Literal,
    Match,
    Not,
    Operator,
    SlotRef,
)
from simdiag.model.values import ORDERED_KINDS, TEXT_KINDS, Kind

DOES, COULD = "does", "could"
OPPOSITE = {DOES: COULD, COULD: DOES}
EXISTS = {DOES: "yes", COULD: "yes|maybe"}
_WORDS = TEXT_KINDS | {Kind.CHOICE, Kind.BOOLEAN}
_NEGATED = {
    Operator.NOT_EQUAL: Operator.EQUAL,
    Operator.NOT_IN: Operator.EQUAL,
    Operator.NOT_CONTAINS: Operator.CONTAINS,
    Operator.HAS_NONE: Operator.HAS_ANY,
}
_SINGLE = {Operator.IN: Operator.EQUAL, Operator.HAS_ALL: Operator.HAS_ANY}
_NUMBERS = {
    Operator.EQUAL: "equal",
    Operator.BELOW: "below",
    Operator.AT_MOST: "at-most",
    Operator.ABOVE: "above",
    Operator.AT_LEAST: "at-least",
}
_EVERY = {Operator.HAS_ALL, *_NEGATED}

# Tests of two values, one for each mode; a value that is not applicable never passes.
_INTERVAL_TESTS = {
    "equal": ("(= ?a ?b ?c ?d)", "(and (<= ?a ?d) (<= ?c ?b))"),
    "below": ("(< ?b ?c)", "(< ?a ?d)"),
    "at-least": ("(>= ?a ?d)", "(>= ?b ?c)"),
    "above": ("(> ?a ?d)", "(> ?b ?c)"),
    "at-most": ("(<= ?b ?c)", "(<= ?a ?d)"),
}
_TEXT_TESTS = {"same": "(eq ?a ?b)", "holds": "(integerp (str-index ?b ?a))"}
_SET_TESTS = (
    # The members of the left set, the word `with`, those of the right.
    """(deffunction share ($?all)
         (bind ?at (member$ with $?all))
         (bind $?left (subseq$ $?all 1 (- ?at 1)))
         (bind $?right (subseq$ $?all (+ ?at 1) (length$ $?all)))
         (bind ?m (absent $?left $?right))
         (if ?m then (return ?m))
         (progn$ (?x $?right) (if (member$ ?x $?left) then (return yes)))
         no)""",
    "(deffunction share-does ($?all) (eq (share $?all) yes))",
    "(deffunction share-could ($?all) (neq (share $?all) no na))",
)


def functions() -> list[str]:
    """Write the functions that left-hand sides call."""
    found = list(PRELUDE)
    for name, (does, could) in _INTERVAL_TESTS.items():
        head = "(?a ?b ?c ?d) (bind ?m (absent ?a ?c)) (if ?m then"
        found.append(f"(deffunction {name}-does {head} FALSE else {does}))")
        found.append(f"(deffunction {name}-could {head} (eq ?m unknown) else {could}))")
    for name, test in _TEXT_TESTS.items():
        head = "(?a ?b) (bind ?m (absent ?a ?b)) (if ?m then"
        found.append(f"(deffunction {name}-does {head} FALSE else {test}))")
        found.append(f"(deffunction {name}-could {head} (eq ?m unknown) else {test}))")
    return [*found, *_SET_TESTS]


class LeftHandSide:
    """Translates the conditions of one rule.

    Args:
        subjects: Alias to template of the subjects.
        singles: Templates with one row, which may be read without a pattern.
    """

    def __init__(self, subjects: Mapping[str, str], singles: frozenset[str]) -> None:
        """Start with the subjects bound."""
        self.templates = dict(subjects)
        self.singles = singles
        self.count = 0

    def fresh(self) -> str:
        """Invent a variable."""
        self.count += 1
        return f"?v{self.count}"

    def row(self, alias: str) -> str:
        """Give the variable for the row that an alias stands for."""
        return f"?r-{word(alias)}"

    def owner(self, alias: str) -> tuple[str, str | None]:
        """Give the template of an alias and its row variable; none where there is one row."""
        if alias in self.singles or alias == "case":
            return alias, None
        return self.templates[alias], self.row(alias)

    def reading(self) -> Reading:
        """Give something that translates expressions."""
        return Reading(self.owner, self.fresh, [])

    # Conditions ----------------------------------------------------------------------------------

    def several(self, parts: Sequence[Condition], mode: str) -> list[str]:
        """Translate a conjunction.

        Raises:
            NotTranslated: CLIPS has nothing for a part of it.
        """
        return [element for part in parts for element in self.one(part, mode)]

    def one(self, part: Condition, mode: str) -> list[str]:
        """Translate one condition."""
        match part:
            case Match():
                return self._match(part, mode)
            case Compare():
                return self._compare(part, mode)
            case All(parts):
                return self.several(parts, mode)
            case Not(inner):
                return [f"(not {self._group(inner.parts, OPPOSITE[mode])})"]
            case Any(branches):
                return [_either([self._group(each.parts, mode) for each in branches])]
            case AtLeast(count, branches):
                return self._at_least(count, branches, mode)
            case Each(of, holds):
                # For all that could match: it does hold. For all that does match: it could hold.
                known = dict(self.templates)
                every = _grouped(self.several(of.parts, OPPOSITE[mode]))
                holding = self._group(holds.parts, mode)
                self.templates = known
                return [f"(forall {every} {holding})"]

    def _group(self, parts: Sequence[Condition], mode: str) -> str:
        """Translate an inner conjunction, whose names stay inside."""
        known = dict(self.templates)
        elements = self.several(parts, mode)
        self.templates = known
        return _grouped(elements)

    def _at_least(self, count: int, branches: Sequence[All], mode: str) -> list[str]:
        if count <= 0:
            return []
        groups = [self._group(each.parts, mode) for each in branches]
        if count > len(groups):
            return ["(t-case (row nobody))"]
        return [_either([f"(and {' '.join(some)})" for some in combinations(groups, count)])]

    def _match(self, part: Match, mode: str) -> list[str]:
        self.templates[part.alias] = part.template
        row, virtual = self.row(part.alias), self.fresh()
        found = [
            f"(t-{word(part.template)} (row {row}) (virtual {virtual}) (exists {EXISTS[mode]}))"
        ]
        found.extend(
            f"(test (or (eq {virtual} yes) (neq {row} {self.row(other)})))"
            for other in part.other_than
        )
        return found

    # Comparisons ---------------------------------------------------------------------------------

    def _compare(self, part: Compare, mode: str) -> list[str]:
        pattern = self._by_pattern(part, mode)
        if pattern is not None:
            return [pattern]
        reading = self.reading()
        left = reading.term(part.left)
        rights = [reading.term(each) for each in part.right]
        return [*reading.patterns, f"(test {_test(part.operator, left, rights, mode)})"]

    def _by_pattern(self, part: Compare, mode: str) -> str | None:
        """Write a test of one slot by words as the constraint of a field; none of other tests."""
        left = part.left
        if not isinstance(left, SlotRef) or left.type.kind not in _WORDS - {Kind.IBAN}:
            return None
        values = [each.value for each in part.right if isinstance(each, Literal)]
        kinds = {each.type.kind for each in part.right}
        if len(values) != len(part.right) or Kind.IBAN in kinds:
            return None
        words = [
            ("yes" if value else "no") if isinstance(value, bool) else quoted(text_key(str(value)))
            for value in values
        ]
        if part.operator in {Operator.EQUAL, Operator.IN}:
            constraint = "|".join([*words, *(["unknown"] if mode == COULD else [])])
        elif part.operator in {Operator.NOT_EQUAL, Operator.NOT_IN}:
            absent = ["na"] if mode == COULD else ["na", "unknown"]
            constraint = "&".join(f"~{each}" for each in [*words, *absent])
        else:
            return None
        template, row = self.owner(left.alias)
        key = f"(row {row}) " if row else ""
        return f"(t-{word(template)} {key}({fields(left.slot, left.type.kind)[0]} {constraint}))"


def _grouped(elements: Sequence[str]) -> str:
    # A pattern comes first, because CLIPS wants none of its tests to stand alone.
    return f"(and (t-case (row ?)) {' '.join(elements)})"


def _either(groups: Sequence[str]) -> str:
    return f"(or {' '.join(f'(exists {group})' for group in groups)})"


def _test(operator: Operator, left: Term, rights: Sequence[Term], mode: str) -> str:
    """Write a comparison; how it is read is the table of S4 and S5, with S15 for `na`."""
    if operator in {Operator.KNOWN, Operator.UNKNOWN}:
        # Every set known to have no members has no first field.
        first = f"(nth$ 1 (create$ {left.parts[0]} none))"
        known = f"(not (absent {first}))"
        return known if operator is Operator.KNOWN else f"(eq {first} unknown)"
    negated = _NEGATED.get(operator)
    single = negated or _SINGLE.get(operator, operator)
    found = []
    for right in rights:
        if negated is None:
            found.append(_pair(single, left, right, mode))
            continue
        # Not not applicable, and not so in the other mode.
        there = f"(neq na {_first(left)} {_first(right)})"
        found.append(f"(and {there} (not {_pair(single, left, right, OPPOSITE[mode])}))")
    joined = "and" if operator in _EVERY else "or"
    whole = f"({joined} {' '.join(found)} {'TRUE' if joined == 'and' else 'FALSE'})"
    flags = [term.parts[2] for term in (left, *rights) if term.type.kind in ORDERED_KINDS]
    if not flags:
        return whole
    flagged = f"(eq yes {' '.join(['(either', *flags, ')'])})"
    if mode == DOES:
        return f"(and {whole} (not {flagged}))"
    return whole


def _first(term: Term) -> str:
    return f"(nth$ 1 (create$ {term.parts[0]} none))"


def _pair(operator: Operator, left: Term, right: Term, mode: str) -> str:
    kinds = {left.type.kind, right.type.kind}
    if kinds <= ORDERED_KINDS:
        if left.type.kind is not right.type.kind:
            raise NotTranslated("a date beside a date-time")
        ends = " ".join((*left.parts[:2], *right.parts[:2]))
        return f"({_NUMBERS[operator]}-{mode} {ends})"
    if operator is Operator.CONTAINS_WORDS:
        raise NotTranslated("whole words")
    if operator is Operator.CONTAINS:
        return f"(holds-{mode} {left.parts[0]} {right.parts[0]})"
    if Kind.IBAN in kinds:
        raise NotTranslated("a part of an IBAN")
    if Kind.SET in kinds:
        return f"(share-{mode} (create$ {left.parts[0]} with {right.parts[0]}))"
    return f"(same-{mode} {left.parts[0]} {right.parts[0]})"
