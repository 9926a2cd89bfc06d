"""A knowledge base made ready for columns, and its evaluation stratum by stratum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from simdiag.analysis.program import Program
from simdiag.engines.columnar.calculating import as_moments
from simdiag.engines.columnar.columns import ABSENT, Column, Index, Pool, Truths, encode
from simdiag.engines.columnar.encode import withdraw
from simdiag.engines.columnar.nodes import Compiler, ConjunctionNode, Node
from simdiag.engines.columnar.results import Values, branch_values, truth_column
from simdiag.engines.columnar.run import Run
from simdiag.engines.columnar.tables import Batch, Domain, whole_cases, whole_table
from simdiag.errors import NotYet
from simdiag.model.inference import NOT_AFTER, NOT_BEFORE
from simdiag.model.knowledge import CASE
from simdiag.model.rules import Finding, Purpose, Rule
from simdiag.model.terms import Cardinality
from simdiag.model.truth import TRUE
from simdiag.model.values import UNKNOWN_VALUE, Kind

_PAIR = 2


@dataclass(slots=True)
class RuleNode:
    """A rule made ready.

    Attributes:
        rule: The rule.
        when: Its antecedent.
        value: What a valued finding takes, or none.
        computed: Dates and arguments of advice.
    """

    rule: Rule
    when: ConjunctionNode
    value: Node | None
    computed: dict[str, Node]


@dataclass(slots=True)
class Found:
    """What came out for one rule.

    Attributes:
        truth: For each subject, in the order of the table or of the pairs.
        bindings: For each further alias the row of the first best binding, if that was asked for.
        computed: Dates and arguments of advice, for each subject.
        unless: The rules to which this one gives way, for each subject.
    """

    truth: Truths
    bindings: Mapping[str, Index] = field(default_factory=dict)
    computed: dict[str, Column] = field(default_factory=dict)
    unless: tuple[tuple[str, Truths], ...] = ()


class ColumnarProgram:
    """The rules of a knowledge base over columns.

    Args:
        program: The knowledge base, made ready.

    Raises:
        NotYet: A rule needs what columns cannot do; it names the rule.
    """

    def __init__(self, program: Program) -> None:
        """Prepare every rule."""
        self.program = program
        self.base = program.base
        self._compiler = Compiler(program.base)
        self._refuse_large_sets()
        self.rules = {rule.id: self._prepare(rule) for rule in program.rule.values()}
        self.pool = self._words()

    def _prepare(self, rule: Rule) -> RuleNode:
        scope = {subject.alias: subject.template for subject in rule.subjects}
        for name in scope.values():
            if self.base.templates[name].cardinality is Cardinality.REFERENCE:
                raise NotYet(f"{rule.id}: a subject that is reference data")
        computed = dict(rule.arguments)
        if rule.not_before is not None:
            computed[NOT_BEFORE] = rule.not_before
        if rule.not_after is not None:
            computed[NOT_AFTER] = rule.not_after
        return RuleNode(
            rule,
            self._compiler.conjunction(rule.when.parts, scope),
            None if rule.value is None else self._compiler.expression(rule.value, scope),
            {name: self._compiler.expression(part, scope) for name, part in computed.items()},
        )

    def _refuse_large_sets(self) -> None:
        for template in self.base.templates.values():
            for slot in template.slots.values():
                if len(slot.type.choices) > _BITS and slot.type.kind is Kind.SET:
                    raise NotYet(f"{template.name}.{slot.name}: a set of more than {_BITS} choices")

    def _words(self) -> Pool:
        """Give a pool that knows every choice, so that it stays small while cases come and go."""
        pool = Pool()
        for template in self.base.templates.values():
            for slot in template.slots.values():
                pool.codes(slot.type.choices)
        return pool

    def evaluate(self, batch: Batch, *, bindings: bool = False) -> Evaluation:
        """Decide every rule for every case.

        Args:
            batch: The cases; its tables take the findings.
            bindings: Whether to find out which facts decided each rule.
        """
        return Evaluation(self, batch, bindings=bindings).run()


_BITS = 62


class Evaluation:
    """What came out for a batch.

    Attributes:
        run: The tables, with all findings.
        found: By rule.
    """

    def __init__(self, owner: ColumnarProgram, batch: Batch, *, bindings: bool) -> None:
        """Begin with the given facts."""
        self.owner = owner
        self.batch = batch
        self.run_ = Run(batch)
        self.found: dict[str, Found] = {}
        self._bindings = bindings
        self._resolved: dict[str, Truths] = {}

    def run(self) -> Evaluation:
        """Work out everything, stratum by stratum."""
        program = self.owner.program
        for stratum in program.strata:
            rules = [
                program.base.rules[name] for finding in stratum.findings for name in finding.rules
            ]
            for rule in (*stratum.relevance, *rules):
                self._decide(rule)
            for rule in stratum.relevance:
                self._withdraw(rule)
            for finding in stratum.findings:
                self._conclude(finding)
        for rule in program.final:
            self._decide(rule)
        for rule in program.final:
            if rule.unless:
                self._give_way(rule)
        for rule in program.final:
            self._compute(rule)
        return self

    # Rules ---------------------------------------------------------------------------------------

    def domain(self, rule: Rule) -> Domain:
        """Give the subjects of a rule."""
        subjects = rule.subjects
        if not subjects:
            return whole_cases(self.batch)
        if len(subjects) == 1:
            return whole_table(self.batch, subjects[0].alias, subjects[0].template)
        pairs = self.run_.pairs(subjects[0].template, subjects[1].template)
        return pairs.domain(self.batch, (subjects[0].alias, subjects[1].alias))

    def _decide(self, rule: Rule) -> None:
        node = self.owner.rules[rule.id]
        domain = self.domain(rule)
        limit = self._existence(rule, domain)
        wanted = self._bindings or rule.purpose is Purpose.CONTRADICTION
        if wanted:
            truth, bindings = self.run_.bindings(node.when, domain, limit)
            self.found[rule.id] = Found(truth, bindings)
        else:
            self.found[rule.id] = Found(self.run_.conjunction(node.when, domain, limit))

    def _existence(self, rule: Rule, domain: Domain) -> Truths:
        """Findings are computed for facts that may not exist; ratings are of facts that do."""
        limit = np.full(domain.size, TRUE, np.int8)
        if rule.purpose in {Purpose.DERIVE, Purpose.RELEVANCE}:
            return limit
        for subject in rule.subjects:
            exists = self.batch.tables[subject.template].exists
            rows = domain.rows[subject.alias]
            limit = np.minimum(limit, exists if rows is None else exists[rows])
        return limit

    def _compute(self, rule: Rule) -> None:
        node = self.owner.rules[rule.id]
        if not node.computed:
            return
        found = self.found[rule.id]
        at = np.flatnonzero(found.truth)
        if len(at):
            domain = self.domain(rule)
            for name, part in node.computed.items():
                # Only where the rule is not false; other places are never looked at.
                column = self.run_.value(part, domain.some(at)).spread(len(at))
                spread = np.zeros(domain.size, np.int64)
                spread[at] = np.arange(len(at))
                found.computed[name] = column.take_first(spread)

    # Relevance and findings ----------------------------------------------------------------------

    def _withdraw(self, rule: Rule) -> None:
        truth = self.found[rule.id].truth
        if rule.subjects:
            template, slot = rule.subjects[0].template, rule.target.rpartition(".")[2]
            self.run_.relevance[template, slot] = truth
            columns = self.batch.tables[template].columns
            columns[slot] = withdraw(columns[slot], truth == 0)
            return
        if truth.all():
            return
        table = self.batch.tables[rule.target]
        gone = (truth[table.case] == 0) & (table.exists == 1)
        if self.owner.base.templates[rule.target].cardinality is Cardinality.ONE:
            table.exists = np.where(gone, np.int8(0), table.exists)
            for name, column in table.columns.items():
                tag = np.where(gone, np.int8(ABSENT), column.tags())
                code = None if column.code is None else np.where(gone, 0, column.code)
                table.columns[name] = Column(
                    column.type, tag, column.low, column.high, code, column.bits,
                    column.maybe, column.far,
                )  # fmt: skip
            return
        if gone.any():
            self._drop(rule.target, ~gone)

    def _drop(self, template: str, kept: Truths) -> None:
        """Drop unseen rows that turned out not to be, with what was decided for them."""
        self.run_.relevance = {
            key: truth[kept] if key[0] == template else truth
            for key, truth in self.run_.relevance.items()
        }
        for name, found in self.found.items():
            subjects = self.owner.rules[name].rule.subjects
            if len(subjects) == 1 and subjects[0].template == template:
                found.truth = found.truth[kept]
                found.bindings = {alias: rows[kept] for alias, rows in found.bindings.items()}
            elif len(subjects) == _PAIR and template in {part.template for part in subjects}:
                raise NotYet(f"{name}: pairs of facts that may turn out not to matter")
        self.run_.forget(template, kept)

    def _conclude(self, finding: Finding) -> None:
        rules = [self.owner.rules[name] for name in finding.rules]
        truths = [self.found[name].truth for name in finding.rules]
        domain = self.domain(rules[0].rule)
        boolean = finding.type.kind is Kind.BOOLEAN
        if boolean and all(node.value is None for node in rules):
            joined = truths[0]
            for other in truths[1:]:
                joined = np.maximum(joined, other)
            column = truth_column(joined, finding.type)
        else:
            column = branch_values(
                finding.type, truths, [self._value(node, finding) for node in rules], domain
            )
        if len(finding.subjects) == _PAIR:
            first, second = finding.subjects
            self.run_.pair_templates[finding.name] = (first.template, second.template)
            self.run_.pair_values[finding.name] = column
            return
        owner = finding.subjects[0].template if finding.subjects else CASE
        self.batch.tables[owner].columns[finding.name] = column

    def _value(self, node: RuleNode, finding: Finding) -> Values:
        """Give what works out the value of a branch for some subjects."""

        def value(domain: Domain) -> Column:
            if node.value is None:
                return encode([UNKNOWN_VALUE], finding.type, domain.batch.pool)
            aliases = dict(
                zip(
                    (part.alias for part in node.rule.subjects),
                    domain.rows.values(),
                    strict=True,
                )
            )
            templates = {part.alias: part.template for part in node.rule.subjects}
            own = Domain(domain.batch, domain.size, aliases, templates, domain.own_case)
            column = self.run_.value(node.value, own)
            moment = finding.type.kind is Kind.DATETIME and column.low is not None
            return as_moments(column) if moment else column

        return value

    # Exceptions ----------------------------------------------------------------------------------

    def _give_way(self, rule: Rule) -> None:
        found = self.found[rule.id]
        others = tuple((other, self._theirs(rule, other)) for other in rule.unless)
        found.unless = others
        self._resolve(rule.id)

    def _theirs(self, rule: Rule, other: str) -> Truths:
        """Give the truth of the rule to which another gives way, for the subjects of that."""
        truth = self._resolve(other)
        domain = self.domain(rule)
        if self.owner.base.rules[other].subjects or domain.own_case is None:
            return truth
        return truth[domain.own_case]

    def _resolve(self, name: str) -> Truths:
        """Give the truth of a rule after the rules to which it gives way (S13)."""
        if name not in self._resolved:
            rule = self.owner.base.rules[name]
            truth = self.found[name].truth
            for other in rule.unless:
                truth = np.minimum(truth, 2 - self._theirs(rule, other)).astype(np.int8)
            self._resolved[name] = truth
        return self._resolved[name]

    def truth(self, name: str) -> Truths:
        """Give the truth of a rule in the end."""
        return self._resolved[name] if name in self._resolved else self.found[name].truth
