"""Checks for rules that can never matter and for actions that wait for each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simdiag.analysis.program import aliases_of
from simdiag.authoring.checking import Package, Violation
from simdiag.model.conditions import All, Compare, Condition, Literal, Operator, SlotRef
from simdiag.model.knowledge import ESTABLISHES, KnowledgeBase
from simdiag.model.rules import Action, Rule
from simdiag.model.values import INFINITE, Interval, Kind, SlotType

_LEAST = {Operator.ABOVE: 1, Operator.AT_LEAST: 0}
_MOST = {Operator.BELOW: 1, Operator.AT_MOST: 0}
_ONE_OF = {Operator.EQUAL, Operator.IN}
_NONE_OF = {Operator.NOT_EQUAL, Operator.NOT_IN}


def prerequisite_cycle(package: Package) -> Iterator[Violation]:
    """Actions wait for each other.

    Avoid: `a` with `requires: [b]` and `b` with `requires: [a]`.
    Prefer: an order in which one of them comes first.
    """
    actions = package.base.actions
    for action in actions.values():
        if action.id in _needed(action, actions):
            yield (
                action.span,
                f"`{action.id}` must wait for itself through `requires`",
                "break the circle at one place",
            )


def _needed(action: Action, actions: dict[str, Action] | object) -> set[str]:
    known = actions if isinstance(actions, dict) else {}
    found: set[str] = set()
    todo = list(action.requires)
    while todo:
        name = todo.pop()
        if name not in found and name in known:
            found.add(name)
            todo.extend(known[name].requires)
    return found


def never_suggested(package: Package) -> Iterator[Violation]:
    """All rules for a diagnosis together do not reach the score from which it is suggested.

    Avoid: one rule with `rate: faint`.
    Prefer: weights that add up to `suggested`, or a rule that `establishes`.
    """
    base = package.base
    for diagnosis in base.diagnoses.values():
        weights = [base.rules[rule].weight for rule in diagnosis.rules]
        best = sum(max(0, base.weights.get(weight, 0)) for weight in weights)
        if ESTABLISHES not in weights and best < base.thresholds.suggested:
            yield (
                diagnosis.span,
                f"`{diagnosis.id}` can never be suggested: its rules reach {best} at most",
                f"it takes {base.thresholds.suggested}",
            )


def unreachable_rule(package: Package) -> Iterator[Violation]:
    """The conditions of a rule can never all hold, because two of them exclude each other.

    Avoid: `{a: {payment_state: captured, refusal_step: funds}}` where `refusal_step` matters
    for refused payments only.
    Prefer: conditions that some facts can meet.
    """
    for rule in package.rules:
        clash = _clash(rule, package.base)
        if clash:
            yield rule.span, f"`{rule.id}` can never be true: {clash}", "take one condition out"


def _clash(rule: Rule, base: KnowledgeBase) -> str:
    """Say which slot the conditions of a rule leave no value for; empty if there is none."""
    tests = [part for part in rule.when.parts if _is_simple(part)]
    aliases = aliases_of(rule, rule.when)
    named = {
        (test.left.alias, test.left.slot)
        for test in tests
        if isinstance(test, Compare) and isinstance(test.left, SlotRef)
    }
    for alias, slot in sorted(named):
        tests.extend(_relevance(alias, slot, aliases.get(alias, alias), base))
    allowed: dict[tuple[str, str], _Allowed] = {}
    for test in tests:
        if isinstance(test, Compare) and isinstance(test.left, SlotRef):
            left = test.left
            known = allowed.setdefault((left.alias, left.slot), _Allowed(left.type))
            known.narrow(test)
            if known.empty:
                return f"no value of `{left.alias}.{left.slot}` meets all its conditions"
    return ""


def _is_simple(condition: Condition) -> bool:
    return (
        isinstance(condition, Compare)
        and isinstance(condition.left, SlotRef)
        and all(isinstance(side, Literal) for side in condition.right)
    )


def _relevance(alias: str, slot: str, template: str, base: KnowledgeBase) -> Iterable[Condition]:
    """Give the conditions under which a slot is relevant, said of an alias."""
    known = base.templates.get(template)
    found = known.slots.get(slot) if known is not None else None
    if found is None or not isinstance(found.relevant, All):
        return
    for part in found.relevant.parts:
        if isinstance(part, Compare) and isinstance(part.left, SlotRef) and _is_simple(part):
            left = part.left
            owner = alias if left.alias == "self" else left.alias
            yield Compare(SlotRef(owner, left.slot, left.type), part.operator, part.right)


class _Allowed:
    """The values that some tests leave to one slot of one fact."""

    def __init__(self, slot_type: SlotType) -> None:
        words: dict[Kind, tuple[object, ...]] = {
            Kind.BOOLEAN: (True, False),
            Kind.CHOICE: slot_type.choices,
        }
        self.words = set(words.get(slot_type.kind, ()))
        self.closed = slot_type.kind in words and bool(self.words)
        self.low, self.high = -INFINITE, INFINITE

    def narrow(self, test: Compare) -> None:
        """Take away the values for which a test is false."""
        values = [side.value for side in test.right if isinstance(side, Literal)]
        if self.closed and test.operator in _ONE_OF:
            self.words &= set(values)
        elif self.closed and test.operator in _NONE_OF:
            self.words -= set(values)
        for value in values:
            if isinstance(value, Interval):
                if test.operator in _LEAST:
                    self.low = max(self.low, value.low + _LEAST[test.operator])
                if test.operator in _MOST:
                    self.high = min(self.high, value.high - _MOST[test.operator])

    @property
    def empty(self) -> bool:
        """Whether no value is left."""
        return (self.closed and not self.words) or self.low > self.high
