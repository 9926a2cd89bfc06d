"""How often each operator of the language came out true, false and unknown, and each conclusion."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from simdiag.analysis.program import Program, aliases_of
from simdiag.engines.reference import ReferenceSession
from simdiag.model.assessment import Assessment, State
from simdiag.model.cases import RowId
from simdiag.model.conditions import (
    Aggregate,
    Any,
    Arithmetic,
    AtLeast,
    Call,
    Compare,
    Condition,
    Each,
    Expression,
    Match,
    Not,
    Operator,
    PairRef,
    SlotRef,
    conditions_in,
    expressions_below,
)
from simdiag.model.inference import Inference
from simdiag.model.rules import Rule
from simdiag.model.truth import UNKNOWN, Truth
from simdiag.model.values import Kind

TRUTHS = ("true", "false", "unknown")
# Whether something is known is always known itself.
NEVER = {("test known", "unknown"), ("test unknown", "unknown")}
_FORMS = {Not: "not", Any: "any", AtLeast: "at_least", Each: "each"}
_FUNCTIONS = (
    "date", "start_of", "end_of", "add_days", "add_months", "add_months_to_moment",
    "add_working_days", "days_between", "working_days_between", "days_in_month", "month_start",
    "month_end", "year", "month", "divide", "scale", "least", "greatest", "abs",
    "reference_valid", "iban_valid", "phone_valid", "digits", "prefix", "edits",
)  # fmt: skip
OPERATORS = (
    *(f"test {operator}" for operator in Operator),
    *(f"aggregate {kind}" for kind in ("count", "sum", "minimum", "maximum", "all_equal")),
    *(f"function {name}" for name in _FUNCTIONS),
    *(f"arithmetic {symbol}" for symbol in "+-*"),
    "pattern", "other_than", *_FORMS.values(), "unless", "boolean finding",
    "finding of the case", "finding of a fact", "finding of a pair",
    "relevance of a slot", "relevance of a template",
)  # fmt: skip
CONCLUSIONS = (
    *(f"state {state.word}" for state in State),
    "veto holds", "veto possible", "precaution holds", "precaution possible",
    "conflict of rules", "conflict of facts", "action recommended", "action possible",
    "action firm", "action of a ladder", "range of several states",
)  # fmt: skip

Tally = Counter[tuple[str, str]]


def wanted(tally: Tally, least: int) -> list[str]:
    """Name what came out less often than it must, with the truths that it concerns."""
    short = [
        f"{name}: {', '.join(few)}"
        for name in OPERATORS
        if (few := [t for t in TRUTHS if (name, t) not in NEVER and tally[name, t] < least])
    ]
    return [*short, *(name for name in CONCLUSIONS if tally[name, ""] < least)]


def lines(tally: Tally) -> Iterator[str]:
    """Write the counts, a line for each operator and each conclusion."""
    yield f"{'operator':<32}{'true':>12}{'false':>12}{'unknown':>12}"
    for name in OPERATORS:
        shown = (
            "never" if (name, truth) in NEVER else f"{tally[name, truth]:,}" for truth in TRUTHS
        )
        yield f"{name:<32}" + "".join(f"{each:>12}" for each in shown)
    yield f"{'conclusion':<32}{'times':>12}"
    for name in CONCLUSIONS:
        yield f"{name:<32}{tally[name, '']:>12,}"


class Counting:
    """Counts what comes out of one knowledge base.

    Args:
        program: The knowledge base, made ready.
    """

    def __init__(self, program: Program) -> None:
        """Name every condition of every rule once."""
        self.program = program
        self.tally: Tally = Counter()
        self.rules = [
            (aliases_of(rule, rule.when), self._named(rule)) for rule in program.rule.values()
        ]

    def _named(self, rule: Rule) -> list[tuple[Condition, list[str]]]:
        """Give the conditions of a rule that have a truth of their own, with what they count as."""
        named = [(part, self._names(part)) for part in conditions_in(rule.when)]
        return [(part, names) for part, names in named if names]

    def _names(self, part: Condition) -> list[str]:
        if isinstance(part, Match):
            return ["other_than" if part.other_than else "pattern"]
        if isinstance(part, Compare):
            found = {f"test {part.operator}"}
            for side in (part.left, *part.right):
                found |= {name for each in expressions_below(side) for name in self._reads(each)}
            return sorted(found)
        return [_FORMS[type(part)]] if type(part) in _FORMS else []

    def _reads(self, expression: Expression) -> Iterator[str]:
        match expression:
            case Aggregate(kind):
                yield f"aggregate {kind}"
            case Call(function):
                yield f"function {function}"
            case Arithmetic(symbol):
                yield f"arithmetic {symbol}"
            case PairRef():
                yield "finding of a pair"
            case SlotRef("case"):
                yield "finding of the case"
            case SlotRef(_, slot) if any(
                finding.name == slot and finding.subjects
                for finding in self.program.base.findings.values()
            ):
                yield "finding of a fact"

    def conditions(self, session: ReferenceSession, chance: random.Random) -> None:
        """Count every condition for some facts of a case that was evaluated."""
        rows = session.world.rows
        for aliases, parts in self.rules:
            binding: dict[str, RowId] = {
                alias: chance.choice(rows[template])
                for alias, template in aliases.items()
                if rows[template]
            }
            if len(binding) == len(aliases):
                for part, names in parts:
                    truth = session.truth(part, binding).word
                    self.tally.update((name, truth) for name in names)

    def inference(self, found: Inference) -> None:
        """Count findings, relevance and exceptions."""
        base = self.program.base
        for finding in base.findings.values():
            if finding.type.kind is Kind.BOOLEAN:
                for value in found.values[finding.id].values():
                    known = isinstance(value, bool)
                    self._note("boolean finding", Truth(2 * bool(value)) if known else UNKNOWN)
        for rule in self.program.relevance.values():
            if rule.subjects:
                for row in found.rows[rule.subjects[0].template]:
                    self._note("relevance of a slot", found.truth(rule.id, (row,)))
            else:
                self._note("relevance of a template", found.truth(rule.id, ()))
        for rule in base.rules.values():
            for other in rule.unless:
                for subject in self._subjects(base.rules[other], found):
                    self._note("unless", found.truth(other, subject))

    def _subjects(self, rule: Rule, found: Inference) -> list[tuple[RowId, ...]]:
        if not rule.subjects:
            return [()]
        return [(row,) for row in found.rows[rule.subjects[0].template]]

    def _note(self, name: str, truth: Truth) -> None:
        self.tally[name, truth.word] += 1

    def assessment(self, found: Assessment) -> None:
        """Count states, vetoes, conflicts and actions."""
        told = Counter[str]()
        for name in self.program.base.diagnoses.keys() - {each.id for each in found.diagnoses}:
            told["state unclear"] += bool(name)
        for each in found.diagnoses:
            told[f"state {each.rating.state.word}"] += 1
            told["range of several states"] += each.rating.low is not each.rating.high
        for veto in found.vetoes:
            word = "precaution" if self.program.base.vetoes[veto.id].precaution else "veto"
            told[f"{word} {veto.status}"] += 1
        for conflict in found.conflicts:
            told["conflict of rules" if conflict.diagnosis else "conflict of facts"] += 1
        for action in found.actions:
            told[f"action {action.status}"] += 1
            told["action firm"] += action.firm
            told["action of a ladder"] += bool(action.ladder)
        for name, times in told.items():
            self.tally[name, ""] += times
