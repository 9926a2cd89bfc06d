"""Rules at work: the steps of a plan over the working memory of one engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.memory import Matches, key_of
from simdiag.engines.rete.plan import Join, Pattern, Plan, Test

experta = load_experta()
_Activation: Any = experta.activation.Activation

# The entries of the positive patterns so far, one after the other.
Binding = tuple[Any, ...]
Step = Callable[[list[Binding]], list[Binding]]


class RuleState:
    """One rule with its steps over the patterns of an engine, and its activations.

    Attributes:
        live: The activations that hold, by the ids of their facts.
    """

    __slots__ = ("_facts", "_names", "_steps", "live", "rule")

    def __init__(
        self, rule: Any, plan: Plan, found_for: Callable[[Pattern], Matches], *, strict: bool
    ) -> None:
        self.rule = rule
        self.live: dict[tuple[int, ...], Any] = {}
        self._names = plan.names
        self._facts = plan.facts
        self._steps: list[Step] = []
        for step in plan.steps:
            if isinstance(step, Test):
                self._steps.append(_test(step))
                continue
            found = found_for(step.pattern)
            found.users[id(self)] = self
            self._steps.append(_join(step, found, strict=strict))

    def update(self, added: list[Any], removed: list[Any]) -> None:
        """Match again; report the difference to before."""
        before = self.live
        bindings = self._bindings()
        if not before and not bindings:
            return
        places = self._facts
        now = {tuple([each[place]["__factid__"] for place in places]): each for each in bindings}
        self.live = {
            key: before.get(key) or self._activation(binding) for key, binding in now.items()
        }
        added.extend(each for key, each in self.live.items() if key not in before)
        removed.extend(each for key, each in before.items() if key not in now)

    def _bindings(self) -> list[Binding]:
        bindings: list[Binding] = [()]
        for step in self._steps:
            bindings = step(bindings)
            if not bindings:
                break
        return bindings

    def _activation(self, binding: Binding) -> Any:
        facts = [binding[place] for place in self._facts]
        return _Activation(self.rule, facts, {name: binding[place] for name, place in self._names})


def _join(step: Join, found: Matches, *, strict: bool) -> Step:
    if not step.pairs:
        return _unjoined(step, found)
    outer = key_of(tuple(pair[0] for pair in step.pairs), strict=strict)
    inner = tuple(pair[1] for pair in step.pairs)

    def join(bindings: list[Binding]) -> list[Binding]:
        table = found.table(inner)
        return [left + right for left in bindings for right in table.get(outer(left), ())]

    def drop(bindings: list[Binding]) -> list[Binding]:
        table = found.table(inner)
        return [each for each in bindings if outer(each) not in table] if table else bindings

    return drop if step.absent else join


def _unjoined(step: Join, found: Matches) -> Step:
    def join(bindings: list[Binding]) -> list[Binding]:
        entries = found.entries()
        return [left + right for left in bindings for right in entries]

    def drop(bindings: list[Binding]) -> list[Binding]:
        return [] if found.entries() else bindings

    if step.absent:
        return drop
    return join


def _test(step: Test) -> Step:
    """Make the step of a TEST; the usual numbers of arguments have a quick way of their own."""
    predicate = step.predicate
    match step.places:
        case (a,):
            return lambda bindings: [each for each in bindings if predicate(each[a])]
        case (a, b):
            return lambda bindings: [each for each in bindings if predicate(each[a], each[b])]
        case places:
            return lambda bindings: [
                each for each in bindings if predicate(*[each[place] for place in places])
            ]
