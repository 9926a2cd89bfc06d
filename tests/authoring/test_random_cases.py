from __future__ import annotations

import random
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from simdiag.api import Simdiag
from simdiag.authoring.random_cases import Habits, RandomCases
from simdiag.authoring.selfcheck import facts_text
from simdiag.model.terms import Cardinality
from simdiag.model.values import Interval
from simdiag.testing import read_facts

SMALL = Path(__file__).parent.parent / "packages" / "small"


@cache
def tool(*, small: bool = True) -> Simdiag:
    """Load a knowledge base for the reference engine."""
    return Simdiag.load(SMALL if small else None, ["en"], "reference")


def test_a_case_depends_on_seed_and_number_only() -> None:
    """The same seed and number give the same case, wherever the drawing began; others do not."""
    cases = RandomCases(tool().program)
    first = list(cases.many(5, range(8)))
    assert list(RandomCases(tool().program).many(5, range(4, 8))) == first[4:]
    assert list(cases.many(6, range(8))) != first


@pytest.mark.parametrize("small", [True, False], ids=["small", "shipped"])
def test_cases_can_be_written_and_read(small: bool) -> None:
    """A case, written as a facts file and read again, is the same case."""
    found = tool(small=small)
    for case in RandomCases(found.program).many(1, range(25)):
        (again,) = read_facts(found, facts_text(found.program, case))
        assert again.id == case.id
        assert again.as_of == case.as_of
        # A list that is given, open and empty is written as one that is not given.
        given = {name: each for name, each in case.lists.items() if each.facts or not each.open}
        assert again.lists.keys() == given.keys()
        for name, facts in given.items():
            assert again.lists[name].open == facts.open
            read = Counter(frozenset(fact.slots.items()) for fact in again.lists[name].facts)
            drawn = Counter(frozenset(fact.slots.items()) for fact in facts.facts)
            assert read == drawn


def test_cases_keep_to_their_habits() -> None:
    """The share of unknown slots, the length of lists, open lists and none are as asked for."""
    found = tool(small=False)
    habits = Habits(unknown=0.3, most=3)
    slots = known = opened = lists = none = 0
    for case in RandomCases(found.program, habits).many(1, range(60)):
        for name, facts in case.lists.items():
            template = found.base.templates[name]
            many = template.cardinality is Cardinality.MANY
            assert len(facts.facts) <= (habits.most if many else 1)
            lists += many
            opened += facts.open
            none += not facts.facts and not facts.open
            slots += len(template.slots) * len(facts.facts)
            known += sum(len(fact.slots) for fact in facts.facts)
    assert 0.6 < known / slots < 0.8
    assert 0.1 < opened / lists < 0.4
    assert none


def test_values_lie_at_the_limits_of_rules() -> None:
    """Attempts are exactly as old as the usual delay at times, and a minute younger and older."""
    found = tool()
    usual = found.base.templates["delay"].rows[0].values["usual"]
    assert isinstance(usual, Interval)
    ages = Counter(
        case.as_of.low - at.low - usual.low
        for case in RandomCases(found.program).many(1, range(400))
        for fact in case.facts("attempt").facts
        if isinstance(at := fact.slots.get("at"), Interval) and at.exact
    )
    assert min(ages[-60], ages[0], ages[60]) > 0


def test_any_source_of_chance_will_do() -> None:
    """A case is drawn from whatever gives random numbers."""
    cases = RandomCases(tool().program)
    assert cases.draw(random.Random(3), "a") == cases.draw(random.Random(3), "a")
