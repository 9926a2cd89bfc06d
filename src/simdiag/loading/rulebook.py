"""What all readers of rules share: the rules so far, scopes, subjects, values."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field

from simdiag.errors import Problems, did_you_mean
from simdiag.loading.conditions import read_aggregate
from simdiag.loading.expressions import (
    Scope,
    Terms,
    read_expression,
)
from simdiag.loading.tree import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    kind_of,
    unknown_word,
)
from simdiag.model.conditions import All, Expression
from simdiag.model.knowledge import Source
from simdiag.model.rules import (
    Action,
    Diagnosis,
    Finding,
    Ladder,
    Purpose,
    Rule,
    Subject,
    Veto,
)
from simdiag.model.values import TEXT_KINDS, Kind, SlotType
from simdiag.spans import Span


@dataclass(slots=True)
class RuleBook:
    """Collects everything that rules are made of, over all files of a package."""

    terms: Terms
    problems: Problems
    weights: MappingOf[str, int]
    sources: MappingOf[str, Source]
    rules: dict[str, Rule] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    diagnoses: dict[str, Diagnosis] = field(default_factory=dict)
    actions: dict[str, Action] = field(default_factory=dict)
    vetoes: dict[str, Veto] = field(default_factory=dict)
    ladders: list[Ladder] = field(default_factory=list)
    _places: dict[str, Span] = field(default_factory=dict)
    _references: list[tuple[Scalar, str]] = field(default_factory=list)
    _unless: list[tuple[str, Scalar]] = field(default_factory=list)

    def scope(self, subjects: tuple[Subject, ...] = (), *, knowledge: bool = False) -> Scope:
        """Give a scope that sees the subjects of a rule."""
        aliases = {subject.alias: subject.template for subject in subjects}
        return Scope(self.terms, self.problems, aliases, knowledge)

    def add(self, rule: Rule, place: Span) -> None:
        """Keep a rule; note a problem if its id is taken."""
        if rule.id in self.rules:
            self.problems.add(
                place,
                "duplicate-id",
                f"the rule `{rule.id}` is declared twice",
                f"the other one is at {self._places[rule.id]}",
            )
        self.rules[rule.id] = rule
        self._places[rule.id] = place

    def refer(self, name: Scalar, what: str) -> None:
        """Remember the name of an action, veto or source, to be checked when all are known."""
        self._references.append((name, what))

    def subjects(self, node: Node | None, problems: Problems) -> tuple[Subject, ...]:
        """Read ``template alias``, or a list of them."""
        if node is None:
            return ()
        items = node.items if isinstance(node, Sequence) else (node,)
        found = []
        for item in items:
            words = item.text.split() if isinstance(item, Scalar) else []
            two = 2
            if len(words) != two or words[0] not in self.terms.templates:
                problems.add(
                    item.span,
                    "unknown-template",
                    f"expected `template alias`, found {kind_of(item)}",
                    did_you_mean(words[0] if words else "", self.terms.templates),
                )
                continue
            found.append(Subject(words[1], words[0]))
        return tuple(found)

    def value(self, node: Node, scope: Scope, wanted: SlotType | None) -> Expression | None:
        """Read an expression or aggregate of the wanted type."""
        if isinstance(node, Mapping):
            found: Expression | None = read_aggregate(node, scope)
        elif isinstance(node, Scalar):
            found = read_expression(node, scope, wanted)
        else:
            self.problems.add(node.span, "form", f"expected an expression, found {kind_of(node)}")
            return None
        fits = found is None or wanted is None or _same_kind(found.type, wanted)
        if found is not None and wanted is not None and not fits:
            self.problems.add(
                node.span, "type", f"expected a {wanted.kind}, found a {found.type.kind}"
            )
            return None
        return found

    def value_rule(
        self, target: str, subjects: tuple[Subject, ...], keys: dict[str, Node], slot_type: SlotType
    ) -> tuple[str, ...]:
        """Add the only rule of a finding that has one expression."""
        scope = self.scope(subjects)
        value = self.value(keys["value"], scope, slot_type)
        span = keys["value"].span
        rule = Rule(
            f"{target}#1", Purpose.DERIVE, target, subjects, All(()), value=value, span=span
        )
        self.add(rule, span)
        return (rule.id,)

    def finish(self) -> None:
        """Check every name that could only be checked at the end."""
        known: dict[str, MappingOf[str, object]] = {
            "action": self.actions,
            "veto": self.vetoes,
            "source": self.sources,
        }
        for name, what in self._references:
            free = what == "source" and (
                name.text == "design" or name.text.startswith(("guide:", "law:"))
            )
            if name.text not in known[what] and not free:
                unknown_word(
                    name.span, f"unknown-{what}", what, name.text, list(known[what]), self.problems
                )
        for owner, other in self._unless:
            if other.text not in self.rules:
                unknown_word(
                    other.span, "unknown-rule", "rule", other.text, list(self.rules), self.problems
                )
            else:
                self._check_exception(self.rules[owner], self.rules[other.text], other.span)
        self._check_ladders()

    def _check_exception(self, rule: Rule, other: Rule, span: Span) -> None:
        """Refuse to give way to a rule about other facts: it could not be for the same one."""
        templates = tuple(subject.template for subject in rule.subjects)
        others = tuple(subject.template for subject in other.subjects)
        if other.purpose is Purpose.DERIVE:
            self.problems.add(
                span, "unless", f"`{other.id}` is a rule of a finding", "test the finding instead"
            )
        elif others and others != templates:
            self.problems.add(
                span,
                "unless",
                f"`{other.id}` is about each {others[0]}, and `{rule.id}` is not",
                "give way to a rule about the same facts, or of the whole case",
            )

    def _check_ladders(self) -> None:
        forbidden = self._may_be_forbidden()
        for ladder in self.ladders:
            if ladder.actions and set(ladder.actions) <= forbidden:
                self.problems.add(
                    self.rules[ladder.rule].span,
                    "ladder",
                    f"every action of the ladder `{ladder.id}` is forbidden by some veto",
                    "add one that is always allowed, so that a plan is never empty",
                )
        if self.ladders and self.rules[self.ladders[-1].rule].when.parts:
            self.problems.add(
                self.rules[self.ladders[-1].rule].span,
                "ladder",
                f"the last ladder `{self.ladders[-1].id}` has conditions",
                "add one with `when: []` after it, so that a plan is never empty",
            )

    def _may_be_forbidden(self) -> set[str]:
        """Give the actions that a veto may forbid, also through what they require."""
        found = {action for veto in self.vetoes.values() for action in veto.forbids}
        while True:
            more = {
                action.id for action in self.actions.values() if found & set(action.requires)
            } - found
            if not more:
                return found
            found |= more


def _same_kind(found: SlotType, wanted: SlotType) -> bool:
    if wanted.kind in {Kind.DATE, Kind.DATETIME} and found.kind in {Kind.DATE, Kind.DATETIME}:
        # A date stands for any moment of its day, but a moment is no date: that needs `date(...)`.
        return found.kind == wanted.kind or wanted.kind is Kind.DATETIME
    if wanted.kind is Kind.TEXT:
        return found.kind in TEXT_KINDS or found.kind is Kind.CHOICE
    return found.kind == wanted.kind and found.places == wanted.places
