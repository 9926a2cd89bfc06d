"""A matcher that takes all facts at once.

Rules of the safe subset (see `plan`) are matched here, set-wise. Facts that come or go touch
patterns, found by type and a literal slot value; only rules with a touched pattern are joined
again, condition by condition, and what differs from before is reported. What fits a pattern is
looked up when a rule gets that far, in columns of slot values that all patterns share. Facts that
come or go one by one are right as well, only slower. All other rules go to a network of experta's
own, which is built only if there are any.

Milliseconds for one case of 60 facts (12 templates of 12 slots) and one firing in eight rules. The
rules have one to three patterns, tests by Python predicates on captured facts and one NOT each;
the strategy is the same for all three; Python 3.11 on one core; "build" is class and instance:

| matcher              | 600 rules: build | run | 2,000 rules: build | run |
|----------------------|-----------------:|----:|-------------------:|----:|
| experta's own        |              165 |  36 |                660 | 192 |
| `TouchedReteMatcher` |              165 |  26 |                685 |  91 |
| `BatchMatcher`       |               15 | 3.1 |                 60 | 8.3 |

So a network of which only touched nodes are asked would have been simpler, but not fast enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.joins import RuleState
from simdiag.engines.rete.memory import Matches, Template
from simdiag.engines.rete.plan import Pattern, UnsafeRule, compile_rule

experta = load_experta()
_Matcher: Any = experta.abstract.Matcher
_ReteMatcher: Any = experta.matchers.ReteMatcher
_prepare_rule: Any = experta.matchers.rete.prepare_rule
_ConflictSetNode: Any = experta.matchers.rete.ConflictSetNode

Changes = tuple[list[Any], list[Any]]


class TouchedReteMatcher(_ReteMatcher):
    """experta's network, of which only rules with news are asked, and which `reset` truly empties.

    Args:
        engine: Anything with a method ``get_rules()``.
    """

    def __init__(self, engine: Any) -> None:
        super().__init__(engine)
        self._conflict_sets = tuple(_conflict_sets(self.root_node))

    @staticmethod
    def prepare_ruleset(engine: Any) -> set[Any]:
        """Prepare the rules for the network, keeping what their order depends on."""
        prepared = set()
        for position, rule in enumerate(engine.get_rules()):
            ready = _prepare_rule(rule)
            ready.ordinal = getattr(rule, "ordinal", None)
            ready.position = getattr(rule, "position", position)
            prepared.add(ready)
        return prepared

    def changes(self, adding: Any = None, deleting: Any = None) -> Changes:
        """Take facts out and put facts in; give the activations (added, removed)."""
        for fact in deleting or ():
            self.root_node.remove(fact)
        for fact in adding or ():
            self.root_node.add(fact)
        added: list[Any] = []
        removed: list[Any] = []
        for node in self._conflict_sets:
            if node.added or node.removed:
                new, gone = node.get_activations()
                added.extend(new)
                removed.extend(gone)
        return added, removed

    def reset(self) -> None:
        """Forget all facts, also what an exception has left behind unreported."""
        super().reset()
        for node in self._conflict_sets:
            node.get_activations()


def _conflict_sets(root: Any) -> Iterable[Any]:
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            waiting.extend(child.node for child in node.children)
            if isinstance(node, _ConflictSetNode):
                yield node


class BatchMatcher(_Matcher):
    """Matches rules of the safe subset set-wise, and all others in a network of experta's own.

    If the engine has a true attribute ``strict_types``, literals and joins hold only between values
    of one type: True, 1 and 1.0 are three values (nested values are compared by Python's rules).
    Rules left to the network compare as experta does.

    Attributes:
        unsafe_rules: Rules that are matched in the network, with the reasons.
    """

    def __init__(self, engine: Any) -> None:
        """Compile the rules of an engine.

        Args:
            engine: Any ``KnowledgeEngine``.

        Raises:
            UnsafeRule: A rule is outside of the safe subset, and the engine has a true attribute
                ``safe_only``.
        """
        super().__init__(engine)
        self._strict = bool(getattr(engine, "strict_types", False))
        self._patterns: dict[Pattern, Matches] = {}
        self._by_type: dict[type, Template] = {}
        self._known: set[int] = set()
        # Rules that may have activations.
        self._matched: list[RuleState] = []
        # Rules that are not compiled yet, each by one class of facts of which there were none.
        self._waiting: dict[type, list[tuple[int, Any]]] = {}
        self._stronger: dict[str, tuple[int, Any]] = {}
        self.unsafe_rules: list[tuple[Any, str]] = []
        productions = getattr(engine, "productions", ())
        for position, production in enumerate(productions):
            self._add_production(position, production)
        for position, rule in enumerate(() if productions else engine.get_rules()):
            self._add_rule(_free(rule, position))
        self._network = self._build_network()

    def _add_production(self, position: int, production: Any) -> None:
        spec = production.spec
        if spec.weaker:
            self._stronger[spec.weaker] = (position, production)
        elif spec.types:
            self._waiting.setdefault(spec.types[0], []).append((position, production))
        else:
            self._add_rule(_free(production.rule(), position), spec.per)

    def _add_rule(self, rule: Any, per: tuple[str, ...] | None = None) -> RuleState | None:
        plan = getattr(rule, "plan", None)
        try:
            plan = plan or compile_rule(rule)
        except UnsafeRule as unsafe:
            if getattr(self.engine, "safe_only", False):
                raise
            self.unsafe_rules.append((rule, str(unsafe)))
            return None
        state = RuleState(rule, plan, self._found, per, strict=self._strict)
        self._use(state, state.patterns)
        state.leader.led.append(state)
        return state

    def _use(self, state: RuleState, patterns: Iterable[Matches]) -> None:
        for found in patterns:
            found.template.use(found, state)

    def _link_ready(self, types: Iterable[type]) -> list[RuleState]:
        """Compile the rules that have waited for facts, as far as they have them all now."""
        ready = []
        for fact_type in types:
            if not self._facts_of(fact_type):
                continue
            for position, production in self._waiting.pop(fact_type, ()):
                spec = production.spec
                lacking = next((each for each in spec.types if not self._facts_of(each)), None)
                if lacking is not None:
                    self._waiting.setdefault(lacking, []).append((position, production))
                    continue
                state = self._add_rule(_free(production.rule(), position), spec.per)
                if state is not None:
                    ready.append(state)
                    if spec.name in self._stronger:
                        stronger = self._stronger[spec.name]
                        state.linked = partial(self._add_stronger, state, *stronger)
        return ready

    def _add_stronger(self, weaker: RuleState, position: int, production: Any) -> RuleState:
        """Compile the stronger rule of a rule, which has matched for the first time."""
        rule = _free(production.rule(), position)
        per = production.spec.per
        state = RuleState(rule, rule.plan, self._found, per, strict=self._strict)
        # What touches the one touches both.
        self._use(weaker, state.patterns)
        return state

    def _facts_of(self, fact_type: type) -> list[Any]:
        template = self._by_type.get(fact_type)
        return template.facts if template is not None else []

    def _build_network(self) -> TouchedReteMatcher | None:
        if not self.unsafe_rules:
            return None
        return TouchedReteMatcher(_RuleSource([rule for rule, _ in self.unsafe_rules]))

    def _found(self, pattern: Pattern) -> Matches:
        found = self._patterns.get(pattern)
        if found is None:
            template = self._template(pattern.fact_type)
            found = self._patterns[pattern] = Matches(pattern, template, strict=self._strict)
            template.add(found)
        return found

    def _template(self, fact_type: type) -> Template:
        template = self._by_type.get(fact_type)
        if template is None:
            template = self._by_type[fact_type] = Template(strict=self._strict)
        return template

    def changes(self, adding: Any = None, deleting: Any = None) -> Changes:
        """Take facts out and put facts in.

        Args:
            adding: Facts declared since the last call, or None.
            deleting: Facts retracted since the last call, or None.

        Returns:
            The activations that have become true, and those that no longer are.
        """
        if not adding and not deleting:
            return [], []
        fresh = not self._known
        coming, going = self._net_changes(adding or (), deleting or ())
        added: list[Any] = []
        removed: list[Any] = []
        touched = self._touched(coming, going, fresh=fresh)
        for rule in touched:
            rule.update(added, removed)
        self._matched += touched
        if self._network is not None:
            new, gone = self._network.changes(coming, going)
            added.extend(new)
            removed.extend(gone)
        return added, removed

    def reset(self) -> None:
        """Forget all facts."""
        self._known = set()
        for template in self._by_type.values():
            template.clear()
        for rule in self._matched:
            rule.forget()
        self._matched = []
        if self._network is not None:
            self._network.reset()

    def _net_changes(self, adding: Any, deleting: Any) -> Changes:
        """Leave out facts that came and went between two calls, which the network cannot take."""
        if not deleting and not self._known:
            self._known = set(map(id, adding))
            return list(adding), []
        gone = {id(fact) for fact in deleting}
        going = [fact for fact in deleting if id(fact) in self._known]
        self._known -= gone
        coming = []
        for fact in adding:
            if id(fact) in gone and self.engine.facts.get(fact.__factid__) is not fact:
                continue
            if id(fact) not in self._known:
                self._known.add(id(fact))
                coming.append(fact)
        return coming, going

    def _touched(self, coming: list[Any], going: list[Any], *, fresh: bool) -> list[RuleState]:
        changed: dict[type, tuple[list[Any], list[Any]]] = {}
        for fact in coming:
            changed.setdefault(type(fact), ([], []))[0].append(fact)
        for fact in going:
            changed.setdefault(type(fact), ([], []))[1].append(fact)
        for fact_type, (new, gone) in changed.items():
            self._template(fact_type).change(new, gone)
        touched = {id(state): state for state in self._link_ready(changed)}
        for fact_type, (new, gone) in changed.items():
            template = self._template(fact_type)
            if fresh:
                # There were no facts at all, so only rules that some of these fit can match.
                for found in template.fitted():
                    touched.update({id(state): state for state in found.led})
            else:
                touched.update(template.touched([*new, *gone]))
        return list(touched.values())


def _free(rule: Any, position: int) -> Any:
    """Copy a rule that experta has bound to its engine; an activation must call a free one."""
    free = rule if hasattr(rule, "plan") else rule.new_conditions(*rule)
    free.ordinal = getattr(rule, "ordinal", None)
    free.position = position
    return free


class _RuleSource:
    """Looks like an engine to the network, with some of its rules only."""

    def __init__(self, rules: list[Any]) -> None:
        self._rules = rules

    def get_rules(self) -> list[Any]:
        return self._rules
