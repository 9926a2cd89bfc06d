"""A knowledge base as CLIPS programs, one for each stratum, and what they conclude of a case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import clips  # type: ignore[import-untyped]
from oracle_conditions import (  # type: ignore[import-not-found] # found through conftest.py
    COULD,
    DOES,
    LeftHandSide,
    functions,
)
from oracle_rating import RATING  # type: ignore[import-not-found]
from oracle_words import NotTranslated, field_declarations, word  # type: ignore[import-not-found]

from simdiag.analysis.program import Program, direct_reads
from simdiag.model.knowledge import CASE
from simdiag.model.rules import Finding, Purpose, Rule, relevance_id
from simdiag.model.values import Kind, SlotType

DATETIME = SlotType(Kind.DATETIME)


@dataclass(slots=True)
class Coverage:
    """What was translated.

    Attributes:
        rules: Rules of the base, relevance included.
        translated: Those of them that CLIPS decides.
        alone: Those for which it also concludes everything that they read.
        left_out: Why the others are not translated, with their number.
    """

    rules: int = 0
    translated: int = 0
    alone: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, other: Coverage) -> None:
        """Count another base in."""
        self.rules += other.rules
        self.translated += other.translated
        self.alone += other.alone
        self.left_out += other.left_out


@dataclass(slots=True)
class Layer:
    """What is decided together.

    Attributes:
        rules: The rules, translated or not.
        findings: The findings that follow.
        engine: CLIPS with the translated ones.
    """

    rules: list[Rule]
    findings: Sequence[Finding]
    engine: Any


class ClipsProgram:
    """A knowledge base for CLIPS.

    Args:
        program: The knowledge base with its strata.
    """

    def __init__(self, program: Program) -> None:
        """Translate every rule that can be; note why others cannot."""
        self.program = program
        base = program.base
        self.rules = dict(program.rule)
        self.number = {name: number for number, name in enumerate(sorted(self.rules))}
        self.singles = frozenset(each.name for each in base.templates.values() if each.single)
        self.slots: dict[str, dict[str, SlotType]] = {CASE: {"as of": DATETIME}}
        for template in base.templates.values():
            self.slots[template.name] = {s.name: s.type for s in template.slots.values()}
        self.pairs: dict[str, Finding] = {}
        for finding in base.findings.values():
            two = 2
            if len(finding.subjects) == two:
                self.pairs[finding.name] = finding
            else:
                owner = finding.subjects[0].template if finding.subjects else CASE
                self.slots[owner][finding.name] = finding.type
        self.translated: dict[str, list[str]] = {}
        self.left_out: dict[str, str] = {}
        for rule in self.rules.values():
            try:
                self.translated[rule.id] = [self._rule(rule, mode) for mode in (DOES, COULD)]
            except NotTranslated as reason:
                self.left_out[rule.id] = str(reason)
        self.values = self._values()
        self.layers = self._layers()

    # Translation ---------------------------------------------------------------------------------

    def _rule(self, rule: Rule, mode: str) -> str:
        side, head = self._subjects(rule, mode, must_exist=rule.purpose not in _OF_ANY_ROW)
        body = side.several(rule.when.parts, mode)
        number = self.number[rule.id]
        rows = " ".join(f"(s{n} {side.row(s.alias)})" for n, s in enumerate(rule.subjects))
        return (
            f"(defrule r{number}-{mode} (t-case (row ?)) {' '.join([*head, *body])} =>"
            f" (assert (decided (rule r{number}) (mode {mode}) {rows})))"
        )

    def _subjects(
        self, rule: Rule, mode: str, *, must_exist: bool
    ) -> tuple[LeftHandSide, list[str]]:
        subjects = {subject.alias: subject.template for subject in rule.subjects}
        side = LeftHandSide(subjects, self.singles)
        exists = {DOES: " (exists yes)", COULD: " (exists yes|maybe)"}[mode] if must_exist else ""
        return side, [
            f"(t-{word(template)} (row {side.row(alias)}){exists})"
            for alias, template in subjects.items()
        ]

    def _values(self) -> dict[str, str]:
        """Translate the findings that are one expression."""
        found = {}
        for finding in self.program.base.findings.values():
            if len(finding.rules) != 1:
                continue
            rule = self.rules[finding.rules[0]]
            if rule.value is None or rule.when.parts or rule.value.type.kind is Kind.SET:
                continue
            side, head = self._subjects(rule, DOES, must_exist=False)
            reading = side.reading()
            try:
                term = reading.term(rule.value)
            except NotTranslated:
                continue
            if rule.value.type.kind is not finding.type.kind:
                continue
            rows = " ".join(f"(s{n} {side.row(s.alias)})" for n, s in enumerate(rule.subjects))
            parts = " ".join(f"(p{n} {part})" for n, part in enumerate(term.parts))
            found[finding.id] = (
                f"(defrule v{self.number[rule.id]} (t-case (row ?)) {' '.join(head)}"
                f" {' '.join(reading.patterns)} => (assert (valued (rule r{self.number[rule.id]})"
                f" {rows} {parts})))"
            )
        return found

    def _layers(self) -> list[Layer]:
        base = self.program.base
        found = []
        for stratum in self.program.strata:
            rules = [*stratum.relevance]
            for finding in stratum.findings:
                rules.extend(base.rules[name] for name in finding.rules)
            found.append(Layer(rules, stratum.findings, self._engine(rules, stratum.findings)))
        final = list(self.program.final)
        found.append(Layer(final, (), self._engine(final, ())))
        for construct in (*RATING, *self._exceptions(final)):
            found[-1].engine.build(construct)
        return found

    def _engine(self, rules: Sequence[Rule], findings: Sequence[Finding]) -> Any:  # noqa: ANN401
        engine = clips.Environment()
        for construct in (*self._templates(), *functions()):
            engine.build(construct)
        for rule in rules:
            for construct in self.translated.get(rule.id, ()):
                engine.build(construct)
        for finding in findings:
            if finding.id in self.values:
                engine.build(self.values[finding.id])
        return engine

    def _templates(self) -> Iterator[str]:
        for name, slots in self.slots.items():
            kept = " ".join(field_declarations(slot, kind.kind) for slot, kind in slots.items())
            yield f"(deftemplate t-{word(name)} (slot row) (slot virtual) (slot exists) {kept})"
        for name, finding in self.pairs.items():
            kept = field_declarations(name, finding.type.kind)
            yield f"(deftemplate p-{word(name)} (slot first) (slot second) {kept})"
        yield "(deftemplate decided (slot rule) (slot mode) (slot s0) (slot s1))"
        yield "(deftemplate resolved (slot rule) (slot mode) (slot s0) (slot s1))"
        yield "(deftemplate valued (slot rule) (slot s0) (slot s1) (slot p0) (slot p1) (slot p2))"

    def _exceptions(self, rules: Sequence[Rule]) -> Iterator[str]:
        """Write that a rule gives way (S13): the others first, so the higher salience is theirs."""
        for rule in rules:
            number = self.number[rule.id]
            salience = -10 - self._depth(rule)
            for mode, other_mode in ((DOES, COULD), (COULD, DOES)):
                without = " ".join(
                    f"(not (resolved (rule r{self.number[other]}) (mode {other_mode})"
                    f" {'(s0 ?s)' if self.rules[other].subjects else ''}))"
                    for other in rule.unless
                )
                yield (
                    f"(defrule u{number}-{mode} (declare (salience {salience}))"
                    f" (decided (rule r{number}) (mode {mode}) (s0 ?s) (s1 ?t)) {without} =>"
                    f" (assert (resolved (rule r{number}) (mode {mode}) (s0 ?s) (s1 ?t))))"
                )

    def _depth(self, rule: Rule) -> int:
        return 1 + max((self._depth(self.rules[other]) for other in rule.unless), default=0)

    # Coverage ------------------------------------------------------------------------------------

    def coverage(self) -> Coverage:
        """Count what is translated."""
        alone = [name for name in self.translated if self._alone(name, set())]
        return Coverage(
            len(self.rules), len(self.translated), len(alone), Counter(self.left_out.values())
        )

    def _alone(self, name: str, seen: set[str]) -> bool:
        if name in seen:
            return True
        seen.add(name)
        if name in self.left_out:
            return False
        return all(self._concluded(owner, slot, seen) for owner, slot in self._read(name))

    def _read(self, name: str) -> frozenset[tuple[str, str]]:
        return frozenset(direct_reads(self.rules[name]))

    def _concluded(self, owner: str, slot: str, seen: set[str]) -> bool:
        """Say whether CLIPS concludes a finding, and whether slot and template are relevant."""
        needed = [relevance_id(owner), relevance_id(owner, slot)]
        if not all(self._alone(name, seen) for name in needed if name in self.rules):
            return False
        finding = self.program.base.findings.get(f"{owner}.{slot}")
        if finding is None:
            return True
        if finding.id in self.values:
            return self._alone(finding.rules[0], seen)
        valued = any(self.rules[rule].value is not None for rule in finding.rules)
        return not valued and all(self._alone(rule, seen) for rule in finding.rules)


_OF_ANY_ROW = {Purpose.DERIVE, Purpose.RELEVANCE}
