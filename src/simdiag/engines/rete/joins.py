"""Rules at work: the steps of a plan over the working memory of one engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.memory import Matches, key_of, read
from simdiag.engines.rete.plan import Join, Meeting, Pattern, Plan, Test
from simdiag.engines.rete.strategy import head_and_tail

experta = load_experta()
_Activation: Any = experta.activation.Activation

# The entries of the positive patterns so far, one after the other.
Binding = tuple[Any, ...]
Step = Callable[[list[Binding]], list[Binding]]


class Match(_Activation):
    """An activation of a rule, made by us.

    experta's own hashes every slot of every fact.

    Attributes:
        rank: Its key for the strategy: no other activation of the engine has the same.
    """

    def __init__(
        self, rule: Any, facts: Sequence[Any], rank: tuple[Any, ...], context: dict[str, Any]
    ) -> None:
        self.rule = rule
        self.facts = facts
        self.rank = rank
        self.key = None
        self.context = context


class RuleState:
    """One rule with its steps over the patterns of an engine, and its activations.

    Args:
        rule: The rule.
        plan: Its plan.
        found_for: Gives the facts that fit a pattern.
        per: Variables; of matches with the same facts there only the first counts. None for all.
        strict: Whether joins hold only between values of one type.

    Attributes:
        rule: The rule.
        live: The activations that hold, by the ids of their facts.
        patterns: The facts that fit each of its patterns.
        leader: The strictest of those that some fact must fit.
        linked: Makes the state of the rule that fires instead of this one; none if there is none.
        stronger: That state, once this rule has matched.
    """

    __slots__ = (
        "_facts", "_head", "_names", "_per", "_single", "_steps", "_tail",
        "leader", "linked", "live", "patterns", "rule", "stronger",
    )  # fmt: skip

    def __init__(
        self,
        rule: Any,
        plan: Plan,
        found_for: Callable[[Pattern], Matches],
        per: tuple[str, ...] | None,
        *,
        strict: bool,
    ) -> None:
        self.rule = rule
        self.live: dict[tuple[int, ...], Any] = {}
        self.linked: Callable[[], RuleState] | None = None
        self.stronger: RuleState | None = None
        self.patterns: list[Matches] = []
        self._head, self._tail = head_and_tail(rule)
        self._names = plan.names
        self._facts = plan.facts
        places = dict(plan.names)
        self._per = None if per is None else [places[name] for name in per]
        self._steps: list[Step] = []
        fact_places = iter(plan.facts)
        leaders: list[Matches] = []
        for number, step in enumerate(plan.steps):
            if isinstance(step, Test):
                self._steps.append(_test(step))
                continue
            found = found_for(step.pattern)
            self.patterns.append(found)
            place = None if step.absent else next(fact_places)
            if place is not None:
                leaders.append(found)
            meeting = _meeting_of(place, plan.steps[number + 1 :])
            if meeting is not None and not step.pairs:
                self._steps.append(_meet(*meeting, found))
            else:
                self._steps.append(_join(step, found, strict=strict))
        # Most rules are one pattern, and every fact that fits it is a match.
        self._single = leaders[0] if len(self._steps) == 1 and leaders else None
        self.leader = max(leaders, key=lambda found: found.pattern.strictness)

    def update(self, added: list[Any], removed: list[Any]) -> None:
        """Match again, and the stronger rule too; report the difference to before."""
        bindings = self._bindings()
        stronger = self.stronger
        if bindings and stronger is None and self.linked is not None:
            stronger = self.stronger = self.linked()
        if stronger is not None:
            better = stronger._bindings() if bindings else []  # noqa: SLF001 - its own class
            if better:
                taken = {stronger._key(each) for each in better}  # noqa: SLF001 - its own class
                bindings = [each for each in bindings if self._key(each) not in taken]
            if better or stronger.live:
                stronger._report(better, added, removed)  # noqa: SLF001 - its own class
        if bindings or self.live:
            self._report(bindings, added, removed)

    def forget(self) -> None:
        """Have no activations any more."""
        self.live = {}
        if self.stronger is not None:
            self.stronger.live = {}

    def _report(self, bindings: list[Binding], added: list[Any], removed: list[Any]) -> None:
        before, places = self.live, self._facts
        now: dict[tuple[int, ...], Any] = {}
        for each in bindings:
            ids = tuple([each[place]["__factid__"] for place in places])
            now[ids] = before.get(ids) or self._activation(ids, each)
        self.live = now
        if not before:
            added.extend(now.values())
            return
        added.extend(each for ids, each in now.items() if ids not in before)
        removed.extend(each for ids, each in before.items() if ids not in now)

    def _bindings(self) -> list[Binding]:
        if self._single is not None:
            return self._single.entries()
        bindings: list[Binding] = [()]
        for step in self._steps:
            bindings = step(bindings)
            if not bindings:
                return bindings
        if self._per is None or len(bindings) == 1 or len(self._per) == len(self._facts):
            return bindings
        first: dict[tuple[int, ...], Binding] = {}
        for each in bindings:
            first.setdefault(self._key(each), each)
        return list(first.values())

    def _key(self, binding: Binding) -> tuple[int, ...]:
        """Give the facts by which firings are told apart."""
        places = self._facts if self._per is None else self._per
        return tuple([id(binding[place]) for place in places])

    def _activation(self, ids: tuple[int, ...], binding: Binding) -> Match:
        facts: Sequence[Any] = [binding[place] for place in self._facts]
        newest: tuple[int, ...] = (-ids[0],)
        if len(ids) > 1:
            newest = tuple(sorted({-number for number in ids}))
            if len(newest) < len(ids):
                # One fact for several patterns counts once.
                facts = list({id(fact): fact for fact in facts}.values())
        # The facts in the order of the patterns tell how it is bound.
        rank = (*self._head, newest, *self._tail, ids)
        return Match(self.rule, facts, rank, {name: binding[place] for name, place in self._names})


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


def _meeting_of(place: int | None, later: Sequence[Join | Test]) -> tuple[int, Meeting] | None:
    """Give what the first TEST of the fact at a place wants to be equal to another fact.

    Returns:
        The place of the other fact, and its slot before that of the fact in question.
    """
    for step in later:
        if isinstance(step, Join):
            if not step.absent:
                break
        elif step.meeting is not None and place in step.places:
            first, second = step.places
            if second == place:
                return first, step.meeting
            return second, Meeting(step.meeting.slots[::-1], step.meeting.key)
    return None


def _meet(place: int, meeting: Meeting, found: Matches) -> Step:
    (own_slot, slot), key = meeting.slots, meeting.key

    def join(bindings: list[Binding]) -> list[Binding]:
        table = found.meeting(slot, key)
        met: list[Binding] = []
        for left in bindings:
            own = key(read(left[place], own_slot))
            entries = found.entries() if own is None else table.get(own, table[None])
            met.extend([left + right for right in entries])
        return met

    return join


def _unjoined(step: Join, found: Matches) -> Step:
    def join(bindings: list[Binding]) -> list[Binding]:
        entries = found.entries()
        if len(bindings) == 1:
            (left,) = bindings
            return [left + right for right in entries] if left else entries
        return [left + right for left in bindings for right in entries]

    def drop(bindings: list[Binding]) -> list[Binding]:
        return [] if found.entries() else bindings

    if step.absent:
        return drop
    return join


def _test(step: Test) -> Step:
    """Make the step of a TEST; the usual numbers of arguments have a quick way of their own."""
    predicate = getattr(step.predicate, "check", step.predicate)
    match step.places:
        case (a,):
            return lambda bindings: [each for each in bindings if predicate(each[a])]
        case (a, b):
            return lambda bindings: [each for each in bindings if predicate(each[a], each[b])]
        case places:
            return lambda bindings: [
                each for each in bindings if predicate(*[each[place] for place in places])
            ]
