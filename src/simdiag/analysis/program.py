"""A knowledge base made ready to be run: what depends on what, and in which order.

Findings and relevance decide what rules read, so they are computed first, stratum by stratum.
Everything else (ratings, advice, vetoes, contradictions, ladders) is read by no rule and comes
last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from simdiag.errors import Problems
from simdiag.model.conditions import (
    Aggregate,
    All,
    Condition,
    Expression,
    Match,
    PairRef,
    SlotRef,
    conditions_in,
    expressions_below,
    expressions_in,
)
from simdiag.model.knowledge import CASE, KnowledgeBase
from simdiag.model.rules import Finding, Purpose, Rule, Subject, relevance_id
from simdiag.model.terms import Cardinality
from simdiag.spans import Span


@dataclass(frozen=True, slots=True)
class Stratum:
    """What can be computed together: relevance rules and findings, none of which reads another."""

    relevance: tuple[Rule, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Program:
    """A knowledge base with its strata.

    Attributes:
        base: The knowledge base.
        strata: Lowest first.
        relevance: The rules that decide relevance, by id.
        final: The rules that no other rule reads, by id.
    """

    base: KnowledgeBase
    strata: tuple[Stratum, ...]
    relevance: Mapping[str, Rule]
    final: tuple[Rule, ...]
    _reads: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict, repr=False)

    def reads(self, rule: str) -> frozenset[tuple[str, str]]:
        """Give the (template, slot) that a rule reads, also through findings and relevance."""
        return self._reads.get(rule, frozenset())

    @cached_property
    def kept(self) -> dict[str, Any]:
        """What engines have worked out from the knowledge base, by names of theirs."""
        return {}

    @cached_property
    def rule(self) -> Mapping[str, Rule]:
        """Every rule by id, relevance rules included."""
        return {**self.base.rules, **self.relevance}


def aliases_of(rule: Rule, condition: Condition) -> dict[str, str]:
    """Give alias to template for everything that a condition of a rule may name."""
    found = {subject.alias: subject.template for subject in rule.subjects}
    for inner in conditions_in(condition):
        if isinstance(inner, Match):
            found[inner.alias] = inner.template
    return found


def rule_expressions(rule: Rule) -> Iterator[Expression]:
    """Iterate over the expressions of a rule, those of its consequent included."""
    yield from expressions_in(rule.when)
    for expression in (rule.value, rule.not_before, rule.not_after, *rule.arguments.values()):
        if expression is not None:
            yield from expressions_below(expression)


def consequent_matches(rule: Rule) -> Iterator[Match]:
    """Iterate over the patterns inside the expressions of a consequent."""
    for expression in (rule.value, rule.not_before, rule.not_after, *rule.arguments.values()):
        if expression is None:
            continue
        for inner in expressions_below(expression):
            if isinstance(inner, Aggregate):
                yield inner.match
                for condition in conditions_in(inner.where):
                    if isinstance(condition, Match):
                        yield condition


def direct_reads(rule: Rule) -> frozenset[tuple[str, str]]:
    """Give (template, slot) for every slot and finding that a rule reads itself.

    Findings of pairs have the template ``pair``; a pattern without a test has an empty slot.
    """
    aliases = aliases_of(rule, rule.when)
    found: set[tuple[str, str]] = {(subject.template, "") for subject in rule.subjects}
    for condition in conditions_in(rule.when):
        if isinstance(condition, Match):
            found.add((condition.template, ""))
    for match in consequent_matches(rule):
        aliases[match.alias] = match.template
        found.add((match.template, ""))
    for expression in rule_expressions(rule):
        if isinstance(expression, SlotRef):
            found.add((aliases.get(expression.alias, expression.alias), expression.slot))
        elif isinstance(expression, PairRef):
            found.add(("pair", expression.finding))
    return frozenset(found)


def relevance_rules(base: KnowledgeBase) -> dict[str, Rule]:
    """Give the rules that decide relevance, made from the terms."""
    found = {}
    for template in base.fact_templates():
        if isinstance(template.relevant, All):
            name = relevance_id(template.name)
            found[name] = Rule(
                name, Purpose.RELEVANCE, template.name, (), template.relevant, span=template.span
            )
        for slot in template.slots.values():
            if isinstance(slot.relevant, All):
                name = relevance_id(template.name, slot.name)
                subject = (Subject("self", template.name),)
                found[name] = Rule(
                    name, Purpose.RELEVANCE, name, subject, slot.relevant, span=slot.span
                )
    return found


class _Graph:
    """Which finding or relevance needs which others."""

    def __init__(self, base: KnowledgeBase) -> None:
        self.base = base
        self._direct: dict[str, frozenset[tuple[str, str]]] = {}
        self.relevance = relevance_rules(base)
        self.rules_of: dict[str, tuple[Rule, ...]] = {
            finding.id: tuple(base.rules[rule] for rule in finding.rules)
            for finding in base.findings.values()
        }
        self.rules_of.update({name: (rule,) for name, rule in self.relevance.items()})
        self.needs = {name: self._needs(rules) for name, rules in self.rules_of.items()}
        self.level = self._levels()

    def _needs(self, rules: Iterable[Rule]) -> set[str]:
        found: set[str] = set()
        for rule in rules:
            found |= self.nodes_read(rule)
        return found

    def direct(self, rule: Rule) -> frozenset[tuple[str, str]]:
        """Give what a rule reads itself, worked out once."""
        if rule.id not in self._direct:
            self._direct[rule.id] = direct_reads(rule)
        return self._direct[rule.id]

    def nodes_read(self, rule: Rule) -> set[str]:
        """Give the findings and relevances on which a rule depends directly."""
        found: set[str] = set()
        for template, slot in self.direct(rule):
            candidates = [f"{template}.{slot}"]
            if template != CASE:
                candidates += [relevance_id(template), relevance_id(template, slot)]
            found |= {name for name in candidates if name in self.rules_of}
        return found

    def _levels(self) -> dict[str, int]:
        """Give each node the number of its stratum; nodes on a cycle get none."""
        level: dict[str, int] = {}
        left = dict(self.needs)
        number = 0
        while left:
            ready = [name for name, needs in left.items() if all(need in level for need in needs)]
            if not ready:
                break
            for name in ready:
                del left[name]
            level.update(dict.fromkeys(ready, number))
            number += 1
        return level

    def cycles(self) -> list[list[str]]:
        """Give the groups of nodes that need each other."""
        groups: list[list[str]] = []
        left = sorted(name for name in self.needs if name not in self.level)
        reach = {name: self._reach(name) for name in left}
        for name in left:
            group = sorted(other for other in reach[name] if name in reach.get(other, ()))
            if group and group not in groups:
                groups.append(group)
        return groups

    def _reach(self, start: str) -> set[str]:
        seen: set[str] = set()
        todo = list(self.needs[start])
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo.extend(self.needs[name])
        return seen


def check_cycles(base: KnowledgeBase, problems: Problems) -> None:
    """Note every cycle of findings, relevance and exceptions, with every rule on it."""
    graph = _Graph(base)
    for group in graph.cycles():
        rules = [rule for name in group for rule in graph.rules_of[name]]
        _note_cycle(
            "findings that need each other", [(rule.id, rule.span) for rule in rules], problems
        )
    left = {rule.id: set(rule.unless) & set(base.rules) for rule in base.rules.values()}
    while True:
        done = [name for name, others in left.items() if not others & set(left)]
        if not done:
            break
        for name in done:
            del left[name]
    if left:
        places = [(name, base.rules[name].span) for name in sorted(left)]
        _note_cycle("rules that give way to each other", places, problems)


def _note_cycle(what: str, places: list[tuple[str, Span]], problems: Problems) -> None:
    names = ", ".join(f"`{name}`" for name, _ in places)
    for name, span in places:
        problems.add(
            span, "cycle", f"`{name}` is on a cycle of {what}: {names}", "break it at one place"
        )


def prepare(base: KnowledgeBase) -> Program:
    """Order a knowledge base for running.

    Args:
        base: A knowledge base without cycles (see :func:`check_cycles`).

    Returns:
        The program.
    """
    graph = _Graph(base)
    level = graph.level
    count = max(level.values(), default=-1) + 1
    strata = []
    for number in range(count):
        names = sorted(name for name, found in level.items() if found == number)
        strata.append(
            Stratum(
                tuple(graph.relevance[name] for name in names if name in graph.relevance),
                tuple(base.findings[name] for name in names if name in base.findings),
            )
        )
    final = tuple(
        rule for _, rule in sorted(base.rules.items()) if rule.purpose is not Purpose.DERIVE
    )
    return Program(base, tuple(strata), graph.relevance, final, _all_reads(graph, base))


def _all_reads(graph: _Graph, base: KnowledgeBase) -> dict[str, frozenset[tuple[str, str]]]:
    """Follow findings and relevance down to the slots that a person can know."""
    below: dict[str, frozenset[tuple[str, str]]] = {}
    for name in sorted(graph.needs, key=lambda name: graph.level.get(name, 0)):
        below[name] = _follow(graph, graph.rules_of[name], below, base)
    return {
        rule.id: _follow(graph, _with_exceptions(rule, base), below, base)
        for rule in (*base.rules.values(), *graph.relevance.values())
    }


def _with_exceptions(rule: Rule, base: KnowledgeBase) -> list[Rule]:
    """Give a rule and every rule to which it gives way, directly or not."""
    found = [rule]
    for known in found:
        found.extend(
            base.rules[other]
            for other in known.unless
            if other in base.rules and base.rules[other] not in found
        )
    return found


def _follow(
    graph: _Graph,
    rules: Iterable[Rule],
    below: Mapping[str, frozenset[tuple[str, str]]],
    base: KnowledgeBase,
) -> frozenset[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for rule in rules:
        for template, slot in graph.direct(rule):
            known = base.templates.get(template)
            if known is None or known.cardinality is Cardinality.REFERENCE:
                continue
            if not slot or slot in known.slots:
                found.add((template, slot))
        for name in graph.nodes_read(rule):
            found |= below.get(name, frozenset())
    return frozenset(found)
