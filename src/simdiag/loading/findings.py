"""Findings and contradictions: files of ``findings/`` to the model."""

from __future__ import annotations

from simdiag.errors import Problems
from simdiag.loading.catalogue import CatalogueReader
from simdiag.loading.conditions import read_conditions
from simdiag.loading.expressions import (
    FindingHeader,
)
from simdiag.loading.fields import (
    check_word,
    named_parts,
    note_twice,
    read_choices,
    read_type,
    text_of,
)
from simdiag.loading.keys import read_keys
from simdiag.loading.tree import (
    Mapping,
    Node,
    Scalar,
    expect_sequence,
)
from simdiag.model.knowledge import CASE
from simdiag.model.rules import (
    Finding,
    Purpose,
    Rule,
    Subject,
)
from simdiag.model.values import Kind, SlotType


class FindingReader(CatalogueReader):
    """Reads computed slots."""

    __slots__ = ()

    def read_headers(self, node: Node) -> None:
        """Read names and types of the findings of one file, so that any condition may use them."""
        quiet = Problems()
        keys = read_keys(node, "findings file", quiet) or {}
        for name, value in _pairs(keys.get("findings")):
            if not isinstance(value, Mapping):
                continue
            parts = read_keys(value, "finding", quiet) or {}
            owner, _, slot = name.text.partition(".")
            subjects = self.subjects(parts.get("of"), quiet)
            slot_type = read_type(parts, quiet, read_choices(parts.get("choices"), quiet))
            templates = tuple(subject.template for subject in subjects)
            header = FindingHeader(name.text, slot, templates, slot_type)
            if owner == "pair":
                self.terms.pairs[slot] = header
            else:
                self.terms.findings[owner, slot] = header

    def read_findings(self, node: Node) -> None:
        """Read one file of ``findings/``."""
        keys = read_keys(node, "findings file", self.problems) or {}
        for name, value in _pairs(keys.get("findings")):
            parts = read_keys(value, "finding", self.problems)
            if parts is not None:
                self._finding(name, parts)
        for name, value in named_parts(keys, "contradictions", "contradiction", self.problems):
            parts = read_keys(value, "contradiction", self.problems)
            if parts is None:
                continue
            rule_id = f"contradiction#{name.text}"
            when = read_conditions(parts.get("when"), self.scope())
            text = text_of(parts, "text", self.problems)
            ask = text_of(parts, "ask", self.problems)
            self.add(
                Rule(
                    rule_id, Purpose.CONTRADICTION, rule_id, (), when, text, ask=ask, span=name.span
                ),
                name.span,
            )

    def _finding(self, name: Scalar, keys: dict[str, Node]) -> None:
        subjects = self.subjects(keys.get("of"), self.problems)
        if not self._finding_name_fits(name, subjects):
            return
        if name.text in self.findings:
            note_twice(name, "finding", self.findings[name.text].span.line, self.problems)
            return
        slot = name.text.partition(".")[2]
        choices = read_choices(keys.get("choices"), self.problems)
        slot_type = read_type(keys, self.problems, choices)
        forms = [form for form in ("rules", "value", "branches") if form in keys]
        fits = slot_type.kind is Kind.BOOLEAN or forms != ["rules"]
        if len(forms) != 1 or not fits:
            self.problems.add(
                name.span,
                "finding",
                f"the finding `{name.text}` has {' and '.join(forms) or 'no rules'}",
                "exactly one of `value` and `branches`, or of `rules` if it is boolean",
            )
            return
        readers = {"rules": self._or_rules, "value": self.value_rule, "branches": self._branches}
        rules = readers[forms[0]](name.text, subjects, keys, slot_type)
        title = text_of(keys, "title", self.problems)
        self.findings[name.text] = Finding(
            name.text, slot, subjects, slot_type, title, rules, name.span
        )

    def _finding_name_fits(self, name: Scalar, subjects: tuple[Subject, ...]) -> bool:
        owner, dot, slot = name.text.partition(".")
        wanted = {0: CASE, 1: subjects[0].template if subjects else "", 2: "pair"}[len(subjects)]
        if (
            owner != wanted
            or not dot
            or not check_word(Scalar(slot, name.span), "finding", self.problems)
        ):
            self.problems.add(
                name.span,
                "name",
                f"`{name.text}` cannot be the id here",
                f"expected `{wanted}.name`",
            )
            return False
        known = self.terms.templates.get(owner)
        if known is not None and slot in known.slots:
            self.problems.add(
                name.span, "duplicate-id", f"`{name.text}` is a slot already", "choose another name"
            )
            return False
        return True

    def _or_rules(
        self, target: str, subjects: tuple[Subject, ...], keys: dict[str, Node], _: SlotType
    ) -> tuple[str, ...]:
        found = []
        for slug, value in named_parts(keys, "rules", "rule", self.problems):
            parts = read_keys(value, "finding rule", self.problems)
            if parts is None:
                continue
            when = read_conditions(parts.get("when"), self.scope(subjects))
            text = text_of(parts, "text", self.problems)
            rule = Rule(
                f"{target}#{slug.text}",
                Purpose.DERIVE,
                target,
                subjects,
                when,
                text,
                span=slug.span,
            )
            self.add(rule, slug.span)
            found.append(rule.id)
        return tuple(sorted(found))

    def _branches(
        self, target: str, subjects: tuple[Subject, ...], keys: dict[str, Node], slot_type: SlotType
    ) -> tuple[str, ...]:
        found = []
        items = expect_sequence(keys["branches"], "`branches`", self.problems)
        for number, item in enumerate(items, 1):
            parts = read_keys(item, "branch", self.problems)
            if parts is None or "value" not in parts:
                continue
            scope = self.scope(subjects)
            when = read_conditions(parts.get("when"), scope)
            # The value may read the subjects only: what else matched is not one fact.
            value = self.value(parts["value"], self.scope(subjects), slot_type)
            rule = Rule(
                f"{target}#{number}",
                Purpose.DERIVE,
                target,
                subjects,
                when,
                value=value,
                span=item.span,
            )
            self.add(rule, item.span)
            found.append(rule.id)
        return tuple(found)


def _pairs(node: Node | None) -> tuple[tuple[Scalar, Node], ...]:
    return node.pairs if isinstance(node, Mapping) else ()
