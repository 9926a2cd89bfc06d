"""Diagnoses with their rules and advice: files of ``diagnoses/`` to the model."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from simdiag.loading.conditions import read_conditions
from simdiag.loading.expressions import (
    Scope,
)
from simdiag.loading.fields import (
    named_parts,
    note_twice,
    text_of,
    word_of,
    words_of,
)
from simdiag.loading.findings import FindingReader
from simdiag.loading.keys import read_keys
from simdiag.loading.tree import (
    Mapping,
    Node,
    Scalar,
    expect_mapping,
    expect_sequence,
    unknown_word,
)
from simdiag.model.conditions import Expression
from simdiag.model.knowledge import CASE, ESTABLISHES, EXCLUDES
from simdiag.model.rules import (
    Diagnosis,
    Finding,
    Purpose,
    Rule,
    Subject,
)
from simdiag.model.terms import Cardinality
from simdiag.model.values import Kind, SlotType
from simdiag.spans import Span

_MONEY = SlotType(Kind.MONEY)


class RuleReader(FindingReader):
    """Reads everything that rules are made of, over all files of a package."""

    __slots__ = ()

    def read_diagnosis(self, node: Node, place: str) -> None:
        """Read one file of ``diagnoses/``; ``place`` is the id that its place asks for."""
        keys = read_keys(node, "diagnosis", self.problems)
        if keys is None:
            return
        name = keys.get("diagnosis")
        identity = name.text if isinstance(name, Scalar) else place
        if isinstance(name, Scalar) and name.text != place:
            self.problems.add(
                name.span,
                "name",
                f"the file of `{name.text}` has another place",
                f"its place asks for `{place}`",
            )
        if identity in self.diagnoses:
            note_twice(Scalar(identity, node.span), "diagnosis", 0, self.problems)
            return
        subjects = self.subjects(keys.get("about"), self.problems)[:1]
        rules = self._ratings(identity, subjects, keys)
        advice = self._advice(identity, subjects, keys)
        disputed = self._disputed(identity, subjects, keys)
        sources = words_of(keys, "sources", self.problems)
        for source in sources:
            self.refer(source, "source")
        self.diagnoses[identity] = Diagnosis(
            identity,
            text_of(keys, "ref", self.problems),
            text_of(keys, "title", self.problems),
            text_of(keys, "summary", self.problems),
            subjects[0] if subjects else None,
            rules,
            advice,
            disputed,
            tuple(source.text for source in sources),
            text_of(keys, "limitations", self.problems),
            word_of(keys, "status", ("experimental", "stable"), self.problems, "stable"),
            node.span,
        )

    def _disputed(
        self, diagnosis: str, subjects: tuple[Subject, ...], keys: dict[str, Node]
    ) -> str:
        """Make the amount in dispute a finding, so that engines need to know nothing of it."""
        if "disputed" not in keys:
            return ""
        owner = subjects[0].template if subjects else CASE
        name = f"disputed:{diagnosis}"
        finding = f"{owner}.{name}"
        rules = self.value_rule(finding, subjects, {"value": keys["disputed"]}, _MONEY)
        span = keys["disputed"].span
        self.findings[finding] = Finding(finding, name, subjects, _MONEY, "", rules, span)
        return finding

    def _ratings(
        self, diagnosis: str, subjects: tuple[Subject, ...], keys: dict[str, Node]
    ) -> tuple[str, ...]:
        allowed = {**self.weights, ESTABLISHES: 0, EXCLUDES: 0}
        found = []
        for slug, value in named_parts(keys, "rules", "rule", self.problems):
            parts = read_keys(value, "rating rule", self.problems)
            if parts is None:
                continue
            rule_id = f"{diagnosis}#{slug.text}"
            scope = self.scope(subjects)
            when = read_conditions(parts.get("when"), scope)
            weight = word_of(parts, "rate", allowed, self.problems, EXCLUDES)
            rule = Rule(
                rule_id,
                Purpose.RATE,
                diagnosis,
                subjects,
                when,
                text_of(parts, "text", self.problems),
                weight,
                self._gives_way(rule_id, diagnosis, parts),
                span=slug.span,
            )
            self._warn_about(rule, scope)
            self.add(rule, slug.span)
            found.append(rule_id)
        return tuple(sorted(found))

    def _warn_about(self, rule: Rule, scope: Scope) -> None:
        outer = [
            alias
            for alias, template in scope.aliases.items()
            if self.terms.templates[template].cardinality is Cardinality.MANY
        ]
        two = 2
        if len(outer) > two:
            self.problems.warn(
                rule.span,
                "many-names",
                f"the rule joins {len(outer)} lists",
                "each more makes it slower and harder to explain; a finding may carry a part",
            )
        if rule.weight == EXCLUDES and not rule.subjects and outer:
            self.problems.warn(
                rule.span,
                "excludes-by-any",
                f"one {scope.aliases[outer[0]]} is enough to exclude the diagnosis",
                "add `about`, or use `each` or `not`",
            )

    def _gives_way(self, rule_id: str, owner: str, keys: dict[str, Node]) -> tuple[str, ...]:
        found = []
        for name in words_of(keys, "unless", self.problems):
            other = name.text if "#" in name.text else f"{owner}#{name.text}"
            self._unless.append((rule_id, Scalar(other, name.span)))
            found.append(other)
        return tuple(sorted(found))

    def _advice(
        self, diagnosis: str, subjects: tuple[Subject, ...], keys: dict[str, Node]
    ) -> tuple[str, ...]:
        if "advice" not in keys:
            return ()
        found = []
        for item in expect_sequence(keys["advice"], "`advice`", self.problems):
            parts = read_keys(item, "advice", self.problems)
            rule = (
                None if parts is None else self._advice_rule(diagnosis, subjects, parts, item.span)
            )
            if rule is not None:
                found.append(rule)
        return tuple(self._numbered(found))

    def _numbered(self, rules: list[Rule]) -> list[str]:
        """Give repeated advice of one action numbers that do not depend on the written order."""
        counts = Counter(rule.id for rule in rules)
        seen: Counter[str] = Counter()
        ids = []
        for rule in sorted(rules, key=repr):
            seen[rule.id] += 1
            number = seen[rule.id]
            new = rule.id if counts[rule.id] == 1 or number == 1 else f"{rule.id}-{number}"
            self.add(replace(rule, id=new), rule.span)
            ids.append(new)
        return ids

    def _advice_rule(
        self, diagnosis: str, subjects: tuple[Subject, ...], keys: dict[str, Node], span: Span
    ) -> Rule | None:
        name = keys.get("do") or keys.get("veto")
        if not isinstance(name, Scalar) or ("do" in keys) == ("veto" in keys):
            self.problems.add(span, "advice", "advice must have either `do` or `veto`")
            return None
        what = "do" if "do" in keys else "veto"
        if what == "veto" and "when" not in keys:
            self.problems.add(name.span, "missing-key", "a veto must have `when`")
        self.refer(name, "action" if what == "do" else "veto")
        scope = self.scope(subjects, knowledge=True)
        when = read_conditions(keys.get("when"), scope)
        inner = self.scope(subjects)
        rule_id = f"{diagnosis}#{what}-{name.text}"
        return Rule(
            rule_id,
            Purpose.DO if what == "do" else Purpose.VETO,
            name.text,
            subjects,
            when,
            text_of(keys, "text", self.problems),
            unless=self._gives_way(rule_id, diagnosis, keys),
            diagnosis=diagnosis,
            not_before=self._date(keys.get("not_before"), inner),
            not_after=self._date(keys.get("not_after"), inner),
            arguments=self._arguments(name.text, keys, inner),
            tests_knowledge=bool(scope.tested_knowledge),
            span=name.span,
        )

    def _date(self, node: Node | None, scope: Scope) -> Expression | None:
        if node is None or self._no_aggregate(node):
            return None
        found = self.value(node, scope, None)
        if found is not None and found.type.kind not in {Kind.DATE, Kind.DATETIME}:
            self.problems.add(node.span, "type", f"expected a date, found a {found.type.kind}")
            return None
        return found

    def _no_aggregate(self, node: Node) -> bool:
        if isinstance(node, Mapping):
            self.problems.add(
                node.span, "expression", "an aggregate cannot stand here", "make it a finding"
            )
            return True
        return False

    def _arguments(self, action: str, keys: dict[str, Node], scope: Scope) -> dict[str, Expression]:
        mapping = expect_mapping(keys.get("args"), "`args`", self.problems)
        declared = self.actions[action].arguments if action in self.actions else {}
        found = {}
        for name, value in mapping.pairs if mapping else ():
            if name.text not in declared:
                unknown_word(
                    name.span,
                    "unknown-argument",
                    "argument",
                    name.text,
                    list(declared),
                    self.problems,
                )
                continue
            if self._no_aggregate(value):
                continue
            expression = self.value(value, scope, declared[name.text])
            if expression is not None:
                found[name.text] = expression
        return dict(sorted(found.items()))
