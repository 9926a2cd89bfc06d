"""The engine class to build on, with the guards that experta needs.

An engine is made for one thread: make one instance for each, of the same class. After an exception
its working memory is not to be trusted, so it refuses to go on; make a new one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.matcher import BatchMatcher
from simdiag.engines.rete.plan import Plan, UnsafeRule, compile_rule
from simdiag.engines.rete.strategy import TotalOrderStrategy
from simdiag.errors import EngineFailure

experta = load_experta()
_KnowledgeEngine: Any = experta.KnowledgeEngine
_Rule: Any = experta.Rule
_Agenda: Any = experta.agenda.Agenda
_FactList: Any = experta.factlist.FactList

# These would collide with the first parameter of a call inside experta.
_RESERVED_NAMES = {"self", "engine"}
_MOST_FIRED = 5


class StepBudgetExceeded(EngineFailure):
    """A run was stopped because it fired too often.

    Attributes:
        fired: The rules that fired most, with their numbers of firings, most first.
    """

    def __init__(self, budget: int, fired: Sequence[tuple[str, int]]) -> None:
        """Name the rules."""
        self.fired = tuple(fired)
        names = ", ".join(f"{name} ({count})" for name, count in self.fired)
        super().__init__(f"stopped after {budget} firings; fired most: {names}")


class EngineMisused(EngineFailure):
    """The engine was asked for something that would leave its working memory wrong."""


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One rule of an engine.

    Attributes:
        name: Unique in the engine; any text.
        conditions: experta patterns and conditional elements, best of the safe subset.
        callback: The right-hand side, called as ``callback(engine, **bindings)`` with every
            captured fact (``AS.f << Fact(...)``) and every variable (``MATCH.x``).
        salience: Rules of higher salience fire first.
        ordinal: Among equal salience the smaller fires first; None for the order of names.
        types: Classes of facts without which the rule cannot match. Such a rule is compiled when
            there are facts of all of them, so its conditions may be made only then.
        per: Variables of facts, or None. Of matches with the same facts there only the first
            fires, in the order of the conditions and of facts.
        weaker: Name of a rule of the same ``types`` and ``per``, or empty. It matches whatever
            this rule matches, and for what this rule fires, it does not.
    """

    name: str
    conditions: Sequence[Any]
    callback: Callable[..., None]
    salience: int = 0
    ordinal: int | None = None
    types: tuple[type, ...] = ()
    per: tuple[str, ...] | None = None
    weaker: str = ""


class ProductionRule(_Rule):
    """A rule with a name of its own, an ordinal and a compiled plan, which copies keep.

    Attributes:
        ordinal: The rank among rules of equal salience.
        plan: The match plan, or None if the rule is outside of the safe subset.
    """

    ordinal: int
    plan: Plan | None

    @classmethod
    def from_spec(cls, spec: RuleSpec, ordinal: int) -> ProductionRule:
        """Make the rule that a specification describes, without a plan."""
        rule: ProductionRule = cls(*spec.conditions, salience=spec.salience)
        rule._wrapped = spec.callback  # experta's own way runs inspect.signature for each rule
        rule.__name__ = spec.name
        rule.ordinal = ordinal
        rule.plan = None
        return rule

    def __call__(self, engine: Any, **bindings: Any) -> None:
        """Carry out the right-hand side."""
        self._wrapped(engine, **bindings)

    def new_conditions(self, *args: Any) -> ProductionRule:
        """Copy the rule for other conditions (experta's name for it), without its plan."""
        copy: ProductionRule = type(self)(*args, salience=self.salience)
        copy._wrapped = self._wrapped
        copy.__name__ = self.__name__
        copy.ordinal = self.ordinal
        copy.plan = None
        return copy

    def clone(self) -> ProductionRule:
        """Copy the rule with its plan, for another engine instance."""
        copy = self.new_conditions(*self)
        copy.plan = self.plan
        return copy


class Production:
    """A rule of a class of engines, compiled once, when the first of them needs it.

    Args:
        spec: How it was specified.
        ordinal: The rank among rules of equal salience.
        safe_only: Whether it must be of the safe subset.
    """

    __slots__ = ("_rule", "ordinal", "safe_only", "spec")

    def __init__(self, spec: RuleSpec, ordinal: int, *, safe_only: bool) -> None:
        """Compile nothing yet."""
        self.spec = spec
        self.ordinal = ordinal
        self.safe_only = safe_only
        self._rule: ProductionRule | None = None

    @property
    def plan(self) -> Plan | None:
        """The match plan; see `ProductionRule`."""
        return self._compiled().plan

    def rule(self) -> ProductionRule:
        """Give a copy of the rule, for one engine.

        Raises:
            UnsafeRule: It is outside of the safe subset, and only safe ones are allowed.
            ValueError: A variable has a name that experta cannot pass on.
        """
        return self._compiled().clone()

    def _compiled(self) -> ProductionRule:
        if self._rule is None:
            rule = ProductionRule.from_spec(self.spec, self.ordinal)
            _compile(rule, safe_only=self.safe_only)
            self._rule = rule
        return self._rule


class _CountingAgenda(_Agenda):
    """An agenda that keeps the rules that it has given to be fired."""

    def __init__(self) -> None:
        super().__init__()
        self.fired: list[Any] = []

    def get_next(self) -> Any:
        activations = self.activations
        if not activations:
            return None
        activation = activations.pop()
        self.fired.append(activation.rule)
        return activation


class _Facts(_FactList):
    """The facts of a working memory, in which equal facts are separate facts.

    What experta does beyond this for each fact takes longer than to match it: it looks for equal
    facts by hashing every slot, and writes it to a log.
    """

    def declare(self, fact: Any) -> Any:
        if not isinstance(fact, experta.Fact):
            raise TypeError(f"not a fact: {fact!r}")
        if fact.__fields__:
            fact.validate()
        number = self.last_index
        self.last_index += 1
        dict.__setitem__(fact, "__factid__", number)
        self[number] = fact
        self.added.append(fact)
        return fact

    def retract(self, idx_or_fact: Any) -> Any:
        number = idx_or_fact if isinstance(idx_or_fact, int) else idx_or_fact.__factid__
        if number not in self:
            raise IndexError("there is no such fact")
        self.removed.append(self.pop(number))
        return number


class Engine(_KnowledgeEngine):
    """A knowledge engine with a total firing order, the batch matcher and a step budget.

    Equal facts are separate facts, and there are no `DefFacts`. The use is ``reset()``,
    ``declare_all(facts)``, ``run()``, as often as wanted.

    Attributes:
        productions: The rules, in the order of their ordinals; each instance copies them when it
            needs them.
        step_budget: The most firings of one `run`.
        safe_only: Whether rules outside of the safe subset are refused.
        record_only: Whether right-hand sides are kept from changing the working memory.
        strict_types: Whether True, 1 and 1.0 are different values to patterns.
    """

    __matcher__ = BatchMatcher
    __strategy__ = TotalOrderStrategy

    productions: ClassVar[tuple[Production, ...]] = ()
    step_budget: ClassVar[int] = 100_000
    safe_only: ClassVar[bool] = False
    record_only: ClassVar[bool] = False
    strict_types: ClassVar[bool] = True

    def __init__(self) -> None:
        """Link the rules; call `reset` before the first facts."""
        self._failure: BaseException | None = None
        super().__init__()
        self._empty()

    def _empty(self) -> None:
        self.agenda = _CountingAgenda()
        self.facts = _Facts()

    def get_rules(self) -> list[Any]:
        """Give copies of the rules: experta binds a rule object to the engine that looks at it."""
        if self.productions:
            return [production.rule() for production in self.productions]
        return [rule.new_conditions(*rule) for rule in super().get_rules()]

    def get_deffacts(self) -> list[Any]:
        """Give nothing: `DefFacts` objects are shared by all engines of a class."""
        return []

    def reset(self) -> None:
        """Start with an empty working memory, which holds the `InitialFact` only.

        Raises:
            EngineMisused: An exception has gone through this engine before.
        """
        with self._whole():
            self._empty()
            self.matcher.reset()
            self.running = False
            self.facts.declare(experta.InitialFact())

    def declare(self, *facts: Any) -> Any:
        """Declare facts with a single update of the agenda.

        Args:
            *facts: Facts of typed `Fact` classes, with every slot filled.

        Returns:
            The last of them.

        Raises:
            EngineMisused: The right-hand sides of this engine only record, and one of them tried
                to declare; or an exception has gone through this engine before.
        """
        self._refuse_while_running("declare")
        with self._whole():
            return super().declare(*facts)

    def declare_all(self, facts: Iterable[Any]) -> None:
        """Declare many facts with a single update of the agenda; see `declare`.

        Other than there, nobody looks whether the facts hold values and no constraints.
        """
        self._refuse_while_running("declare")
        with self._whole():
            for fact in facts:
                self.facts.declare(fact)
            self._update_agenda()

    def retract(self, idx_or_declared_fact: Any) -> None:
        """Retract a fact.

        Raises:
            EngineMisused: As for `declare`.
        """
        self._refuse_while_running("retract")
        with self._whole():
            super().retract(idx_or_declared_fact)

    def run(self, steps: float = float("inf")) -> None:
        """Fire until nothing is left to fire.

        Args:
            steps: Stop quietly after that many firings.

        Raises:
            StepBudgetExceeded: There is more to fire after `step_budget` firings.
            EngineMisused: An exception has gone through this engine before.
        """
        with self._whole():
            self.agenda.fired.clear()
            super().run(min(steps, self.step_budget))
            if steps > self.step_budget == len(self.agenda.fired):
                self._update_agenda()
                if self.agenda.activations:
                    fired = Counter(rule.__name__ for rule in self.agenda.fired)
                    most = sorted(fired.items(), key=lambda item: (-item[1], item[0]))
                    raise StepBudgetExceeded(self.step_budget, most[:_MOST_FIRED])

    def get_activations(self) -> Any:
        """Give what has come and gone on the agenda (experta's name for it)."""
        if self.facts.added or self.facts.removed:
            return super().get_activations()
        return (), ()  # experta asks after each firing

    def _update_agenda(self) -> None:
        self.strategy.update_agenda(self.agenda, *self.get_activations())

    def _refuse_while_running(self, verb: str) -> None:
        if self.running and self.record_only:
            raise EngineMisused(f"a right-hand side of {type(self).__name__} tried to {verb}")

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Keep an engine from being used again once an exception has gone through it."""
        if self._failure is not None:
            raise EngineMisused("the engine has failed before; make a new one") from self._failure
        try:
            yield
        except BaseException as failure:
            self._failure = failure
            self.running = False
            raise


def build_engine(
    name: str,
    rules: Iterable[RuleSpec],
    *,
    safe_only: bool = True,
    record_only: bool = True,
    step_budget: int = Engine.step_budget,
) -> type[Engine]:
    """Make an engine class from a list of rules; do it once per process and set of rules.

    Args:
        name: The name of the class.
        rules: The rules; their order has no meaning.
        safe_only: Refuse rules outside of the safe subset.
        record_only: Make it an error if a right-hand side declares or retracts.
        step_budget: The most firings of one run.

    Returns:
        A subclass of `Engine`, whose instances take no arguments.

    Raises:
        UnsafeRule: A rule is outside of the safe subset, and only safe ones are allowed.
        ValueError: Two rules have one name, or a variable has a name that experta cannot pass on.
    """
    specs = sorted(rules, key=lambda spec: spec.name)
    for spec, following in pairwise(specs):
        if spec.name == following.name:
            raise ValueError(f"two rules are named {spec.name}")
    productions = [
        Production(spec, rank if spec.ordinal is None else spec.ordinal, safe_only=safe_only)
        for rank, spec in enumerate(specs)
    ]
    for production in productions:
        if not production.spec.types:
            production.rule()
    namespace = {
        "productions": tuple(sorted(productions, key=lambda each: each.ordinal)),
        "safe_only": safe_only,
        "record_only": record_only,
        "step_budget": step_budget,
    }
    return type(name, (Engine,), namespace)


def _compile(rule: ProductionRule, *, safe_only: bool) -> None:
    try:
        rule.plan = compile_rule(rule)
    except UnsafeRule:
        if safe_only:
            raise
        return
    for variable, _ in rule.plan.names:
        if variable in _RESERVED_NAMES or variable.startswith("__"):
            raise ValueError(f"rule {rule.__name__}: a variable cannot be named {variable}")
