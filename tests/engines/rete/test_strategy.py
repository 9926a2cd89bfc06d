"""Firing order is total and withdrawn activations are gone."""

# ruff: noqa: ANN401 - what comes from experta has no types

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import Any

import pytest

from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.matcher import BatchMatcher, TouchedReteMatcher
from simdiag.engines.rete.strategy import TotalOrderStrategy

experta: Any = load_experta()
Case: Any = type("Case", (experta.Fact,), {})
Block: Any = type("Block", (experta.Fact,), {})


def engine_with(matcher: type, strategy: type, rules: dict[str, Any]) -> Any:
    """Make an engine of experta's own class with another matcher and strategy."""
    namespace = {"__matcher__": matcher, "__strategy__": strategy, **rules}
    engine = type("Made", (experta.KnowledgeEngine,), namespace)()
    engine.reset()
    return engine


def blocked_rules(number: int, fired: list[str]) -> dict[str, Any]:
    """Rules over one case fact, each with a NOT of a blocking fact of its own."""

    def rule(index: int) -> Any:
        def act(self: Any) -> None:  # noqa: ARG001 - experta passes the engine
            fired.append(f"r{index}")

        return experta.Rule(Case(), experta.NOT(Block(rule=index)))(act)

    return {f"r{index}": rule(index) for index in range(number)}


def fired_after_late_blocks(matcher: type, strategy: type, number: int) -> list[str]:
    """Declare the case, then block every second rule, then run."""
    fired: list[str] = []
    engine = engine_with(matcher, strategy, blocked_rules(number, fired))
    engine.declare(Case())
    for index in range(0, number, 2):
        engine.declare(Block(rule=index))
    engine.run()
    return sorted(fired)


def activation(rule: Any, *facts: Any, **context: Any) -> Any:
    """Make an activation as a matcher does."""
    return experta.activation.Activation(rule, facts, context)


def facts(number: int) -> list[Any]:
    """Declare facts to a list of facts, which gives them their ids."""
    made = [Case(number=index) for index in range(number)]
    known = experta.factlist.FactList()
    return [known.declare(fact) for fact in made]


def test_stock_fires_withdrawn_activations() -> None:
    """X1: experta's own strategy fires rules whose condition no longer holds."""
    stock = experta.strategies.DepthStrategy
    fired = fired_after_late_blocks(experta.matchers.ReteMatcher, stock, 40)
    assert len(fired) > 20


@pytest.mark.parametrize(
    "matcher", [experta.matchers.ReteMatcher, TouchedReteMatcher, BatchMatcher]
)
@pytest.mark.parametrize("number", [4, 8, 12, 40])
def test_withdrawn_activations_do_not_fire(matcher: type, number: int) -> None:
    """X1: with the total order only rules whose condition holds fire, under every matcher."""
    fired = fired_after_late_blocks(matcher, TotalOrderStrategy, number)
    assert fired == sorted(f"r{index}" for index in range(1, number, 2))


def test_order_is_salience_ordinal_newest_facts_name_binding() -> None:
    """Each part of the key decides where the parts before it are equal."""
    old, new = facts(2)
    names = iter("abcdef")

    def rule(salience: int, ordinal: int) -> Any:
        made = experta.Rule(Case(), salience=salience)(lambda: None)
        made.__name__ = next(names)
        made.ordinal = ordinal
        return made

    important, first, second, later = rule(1, 9), rule(0, 1), rule(0, 2), rule(0, 2)
    expected = [
        activation(important, old),
        activation(first, old),
        activation(second, new),
        activation(later, new),
        activation(second, old, x=1),
        activation(second, old, x=2),
    ]
    for seed in range(20):
        agenda = experta.agenda.Agenda()
        mixed = random.Random(seed).sample(expected, len(expected))
        strategy = TotalOrderStrategy()
        strategy.update_agenda(agenda, mixed[:3], [])
        strategy.update_agenda(agenda, mixed[3:], [])
        assert [agenda.get_next() for _ in expected] == expected


def test_symmetric_self_join_keeps_both_bindings() -> None:
    """Two bindings of one rule to the same two facts are two keys, and are removed one by one."""
    one, other = facts(2)
    rule = experta.Rule(Case())(lambda: None)
    both = [
        activation(rule, one, other, a=one, b=other),
        activation(rule, one, other, a=other, b=one),
    ]
    strategy = TotalOrderStrategy()
    assert strategy.get_key(both[0]) != strategy.get_key(both[1])
    agenda = experta.agenda.Agenda()
    strategy.update_agenda(agenda, both, [])
    strategy.update_agenda(agenda, [], [activation(rule, one, other, a=other, b=one)])
    assert agenda.activations == both[:1]


def test_removing_the_unknown_changes_nothing() -> None:
    """An activation that has fired already may be withdrawn without effect on others."""
    one, other = facts(2)
    rule = experta.Rule(Case())(lambda: None)
    agenda = experta.agenda.Agenda()
    strategy = TotalOrderStrategy()
    strategy.update_agenda(agenda, [activation(rule, one)], [])
    strategy.update_agenda(agenda, [], [activation(rule, other), activation(rule, one, x=1)])
    assert agenda.activations == [activation_with_key(strategy, rule, one)]


def activation_with_key(strategy: TotalOrderStrategy, rule: Any, fact: Any) -> Any:
    """Make an activation that knows its key, as those on the agenda do."""
    made = activation(rule, fact)
    made.key = strategy.get_key(made)
    return made


def test_equal_twins_are_removed_one_at_a_time() -> None:
    """Of two activations equal in everything, taking back one leaves the other."""
    (fact,) = facts(1)
    rule = experta.Rule(Case())(lambda: None)
    agenda = experta.agenda.Agenda()
    strategy = TotalOrderStrategy()
    strategy.update_agenda(agenda, [activation(rule, fact), activation(rule, fact)], [])
    strategy.update_agenda(agenda, [], [activation(rule, fact)])
    assert len(agenda.activations) == 1


PROGRAM = """
from simdiag.engines.rete.guard import load_experta
experta = load_experta()
from simdiag.engines.rete.matcher import BatchMatcher, TouchedReteMatcher
from simdiag.engines.rete.strategy import TotalOrderStrategy
fired = []
def rule(name):
    def act(self, **bindings):
        fired.append((name, bindings["a"]["__factid__"], bindings["b"]["__factid__"]))
    return experta.Rule(experta.AS.a << experta.Fact(v=experta.MATCH.v),
                        experta.AS.b << experta.Fact(w=experta.MATCH.w))(act)
for matcher in (BatchMatcher, TouchedReteMatcher):
    namespace = {f"r{i}": rule(f"r{i}") for i in range(5)}
    namespace.update(__matcher__=matcher, __strategy__=TotalOrderStrategy)
    engine = type("Made", (experta.KnowledgeEngine,), namespace)()
    engine.reset()
    for i in range(4):
        engine.declare(experta.Fact(v=frozenset("abc"[:i]), w=("x", i)))
    engine.run()
print(fired)
"""


def test_hash_seed_changes_nothing() -> None:
    """X2: the order of firings is the same under every hash seed, in both matchers."""
    outputs = set()
    for seed in ("0", "1", "2", "77"):
        env = os.environ | {"PYTHONHASHSEED": seed}
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, check=True, text=True, env=env
        )
        outputs.add(result.stdout)
    assert len(outputs) == 1
    assert outputs.pop().count("r0") == 2 * 4 * 4
