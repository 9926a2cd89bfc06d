"""Of which fact a rule reads a slot: of the one it speaks about, or of any.

:meth:`Program.reads` says which slots a rule reads at all. Where several facts of a template are
given that is too coarse: what is not known of the second attempt decides nothing about the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from simdiag.analysis.program import (
    Program,
    aliases_of,
    consequent_matches,
    rule_expressions,
)
from simdiag.model.conditions import Match, PairRef, SlotRef, conditions_in, expressions_in
from simdiag.model.knowledge import CASE
from simdiag.model.rules import Finding, Rule, relevance_id
from simdiag.model.terms import Cardinality

Slots = set[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a rule reads, also through findings, relevance and exceptions.

    Attributes:
        own: For each subject the slots that are read of that very fact.
        others: (template, slot) that is read of any fact; an empty slot for whether there is one.
    """

    own: tuple[frozenset[str], ...]
    others: frozenset[tuple[str, str]]


class Readings:
    """Works out what rules and findings read, each once.

    Args:
        program: The knowledge base, made ready.
    """

    def __init__(self, program: Program) -> None:
        """Nothing is worked out before it is asked for."""
        self.program = program
        self._known: dict[str, Reading] = {}

    def of_rule(self, name: str) -> Reading:
        """Give what a rule reads, by its id."""
        if name not in self._known:
            rule = self.program.rule[name]
            self._known[name] = self._joined([rule, *self._exceptions(rule)])
        return self._known[name]

    def of_finding(self, finding: Finding) -> Reading:
        """Give what the rules of a finding read; each has the subjects of the finding."""
        if finding.id not in self._known:
            rules = [self.program.base.rules[name] for name in finding.rules]
            self._known[finding.id] = self._joined(rules)
        return self._known[finding.id]

    def _exceptions(self, rule: Rule) -> list[Rule]:
        found = [self.program.rule[name] for name in rule.unless]
        return [*found, *(inner for each in found for inner in self._exceptions(each))]

    def _joined(self, rules: Iterable[Rule]) -> Reading:
        parts = [_RuleReading(self, rule).read() for rule in rules]
        count = max((len(part.own) for part in parts), default=0)
        own = (
            frozenset(slot for part in parts if place < len(part.own) for slot in part.own[place])
            for place in range(count)
        )
        return Reading(tuple(own), frozenset(pair for part in parts for pair in part.others))

    @cached_property
    def deciding(self) -> frozenset[tuple[str, str]]:
        """The slots of templates with one fact that decide which other slots and facts matter."""
        base = self.program.base
        found = {pair for name in self.program.relevance for pair in self.of_rule(name).others}
        for template in base.fact_templates():
            if template.more_when is not None:
                found |= {
                    (part.alias.partition("#")[0], part.slot)
                    for part in expressions_in(template.more_when)
                    if isinstance(part, SlotRef)
                }
        return frozenset(
            (name, slot)
            for name, slot in found
            if name in base.templates and base.templates[name].cardinality is Cardinality.ONE
        )

    @cached_property
    def _findings(self) -> Mapping[tuple[str, str], Finding]:
        found = {}
        for finding in self.program.base.findings.values():
            template = {0: CASE, 1: ""}.get(len(finding.subjects), "pair")
            found[template or finding.subjects[0].template, finding.name] = finding
        return found

    def finding(self, template: str, name: str) -> Finding | None:
        """Give the finding of a template, of ``case`` or of a ``pair``; none if it is a slot."""
        return self._findings.get((template, name))


class _RuleReading:
    """The reading of one rule while it is put together."""

    def __init__(self, readings: Readings, rule: Rule) -> None:
        self.readings = readings
        self.rule = rule
        self.places = {subject.alias: place for place, subject in enumerate(rule.subjects)}
        self.own: list[set[str]] = [set() for _ in rule.subjects]
        self.others: Slots = set()
        self.aliases = aliases_of(rule, rule.when)

    def read(self) -> Reading:
        matches = [part for part in conditions_in(self.rule.when) if isinstance(part, Match)]
        for match in (*matches, *consequent_matches(self.rule)):
            self.aliases[match.alias] = match.template
            self._note_template(match.template)
            self.others.add((match.template, ""))
        for subject in self.rule.subjects:
            self._note_template(subject.template)
            self.own[self.places[subject.alias]].add("")
        for expression in rule_expressions(self.rule):
            if isinstance(expression, SlotRef):
                self._note(expression.alias, expression.slot)
            elif isinstance(expression, PairRef):
                found = self.readings.finding("pair", expression.finding)
                self._note_finding(found, (expression.first, expression.second))
        return Reading(tuple(map(frozenset, self.own)), frozenset(self.others))

    def _note_template(self, template: str) -> None:
        rule = self.readings.program.relevance.get(relevance_id(template))
        if rule is not None:
            self.others |= self.readings.of_rule(rule.id).others

    def _note(self, alias: str, slot: str) -> None:
        template = self.aliases.get(alias, alias)
        found = self.readings.finding(template, slot)
        if found is not None:
            self._note_finding(found, (alias,) if found.subjects else ())
            return
        known = self.readings.program.base.templates.get(template)
        if known is None or known.cardinality is Cardinality.REFERENCE:
            return
        self._note_template(template)
        self._add(alias, template, slot)
        name = relevance_id(template, slot)
        if name in self.readings.program.relevance:
            self._take(self.readings.of_rule(name), (alias,))

    def _note_finding(self, finding: Finding | None, aliases: tuple[str, ...]) -> None:
        if finding is not None:
            self._take(self.readings.of_finding(finding), aliases)

    def _take(self, inner: Reading, aliases: tuple[str, ...]) -> None:
        """Take over what is read below; the facts there are ours under our own aliases."""
        self.others |= inner.others
        for alias, slots in zip(aliases, inner.own, strict=False):
            for slot in slots:
                self._add(alias, self.aliases.get(alias, alias), slot)

    def _add(self, alias: str, template: str, slot: str) -> None:
        place = self.places.get(alias)
        if place is None:
            self.others.add((template, slot))
        else:
            self.own[place].add(slot)
