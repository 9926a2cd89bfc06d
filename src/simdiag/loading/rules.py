"""Findings, contradictions, diagnoses, actions, vetoes and ladders to the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field, replace

from simdiag.errors import Problems, did_you_mean
from simdiag.loading.conditions import read_aggregate, read_conditions
from simdiag.loading.expressions import (
    FindingHeader,
    Scope,
    Terms,
    read_expression,
)
from simdiag.loading.fields import (
    check_word,
    flag_of,
    named_parts,
    note_twice,
    number_of,
    read_choices,
    read_type,
    read_typed,
    text_of,
    word_of,
    words_of,
)
from simdiag.loading.keys import read_keys
from simdiag.loading.tree import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    expect_mapping,
    expect_sequence,
    kind_of,
    unknown_word,
)
from simdiag.model.conditions import All, Expression
from simdiag.model.knowledge import CASE, ESTABLISHES, EXCLUDES, Source
from simdiag.model.rules import (
    PHASES,
    URGENCIES,
    Action,
    Diagnosis,
    Finding,
    Ladder,
    Purpose,
    Rule,
    Subject,
    Veto,
)
from simdiag.model.terms import Cardinality
from simdiag.model.values import TEXT_KINDS, Interval, Kind, SlotType
from simdiag.spans import Span

WHO = ("user", "seller", "operator", "bank", "police", "body")
_MONEY = SlotType(Kind.MONEY)


@dataclass(slots=True)
class RuleReader:
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

    # Findings ------------------------------------------------------------------------------------

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
        readers = {"rules": self._or_rules, "value": self._value_rule, "branches": self._branches}
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

    def _value_rule(
        self, target: str, subjects: tuple[Subject, ...], keys: dict[str, Node], slot_type: SlotType
    ) -> tuple[str, ...]:
        scope = self.scope(subjects)
        value = self.value(keys["value"], scope, slot_type)
        span = keys["value"].span
        rule = Rule(
            f"{target}#1", Purpose.DERIVE, target, subjects, All(()), value=value, span=span
        )
        self.add(rule, span)
        return (rule.id,)

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

    # Diagnoses -----------------------------------------------------------------------------------

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
        rules = self._value_rule(finding, subjects, {"value": keys["disputed"]}, _MONEY)
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

    # The catalogue -------------------------------------------------------------------------------

    def read_actions(self, node: Node) -> None:
        """Read one file of ``actions/``. All of them must be read before the diagnoses."""
        keys = read_keys(node, "actions file", self.problems) or {}
        for name, value in named_parts(keys, "actions", "action", self.problems):
            parts = read_keys(value, "action", self.problems)
            if parts is not None:
                if name.text in self.actions:
                    note_twice(name, "action", self.actions[name.text].span.line, self.problems)
                self.actions[name.text] = self._action(name, parts)
        for name, value in named_parts(keys, "vetoes", "veto", self.problems):
            parts = read_keys(value, "veto", self.problems)
            if parts is not None:
                if name.text in self.vetoes:
                    note_twice(name, "veto", self.vetoes[name.text].span.line, self.problems)
                self.vetoes[name.text] = self._veto(name, parts)
        for name, value in named_parts(keys, "ladders", "ladder", self.problems):
            parts = read_keys(value, "ladder", self.problems)
            if parts is not None:
                self._ladder(name, parts)

    def _action(self, name: Scalar, keys: dict[str, Node]) -> Action:
        requires = words_of(keys, "requires", self.problems)
        for required in requires:
            self.refer(required, "action")
        done = ""
        if "done_when" in keys:
            done = f"action:{name.text}#done"
            when = read_conditions(keys["done_when"], self.scope())
            self.add(Rule(done, Purpose.DONE, name.text, (), when, span=name.span), name.span)
        types, titles = self._argument_types(keys)
        cost = read_typed(keys["cost"], _MONEY, self.problems) if "cost" in keys else None
        return Action(
            name.text,
            text_of(keys, "title", self.problems),
            text_of(keys, "text", self.problems),
            word_of(keys, "who", WHO, self.problems, "user"),
            word_of(keys, "phase", PHASES, self.problems, "self_help"),
            word_of(keys, "urgency", URGENCIES, self.problems, "soon"),
            number_of(keys, "effort", self.problems),
            int(cost.low) if isinstance(cost, Interval) else 0,
            tuple(proof.text for proof in words_of(keys, "proofs", self.problems)),
            text_of(keys, "say", self.problems),
            tuple(sorted(required.text for required in requires)),
            types,
            titles,
            flag_of(keys, "once", self.problems, default=False),
            done,
            name.span,
        )

    def _argument_types(self, keys: dict[str, Node]) -> tuple[dict[str, SlotType], dict[str, str]]:
        found = {}
        titles = {}
        for name, value in named_parts(keys, "args", "argument", self.problems):
            parts = read_keys(value, "argument", self.problems) or {}
            choices = read_choices(parts.get("choices"), self.problems)
            found[name.text] = read_type(parts, self.problems, choices)
            titles[name.text] = text_of(parts, "title", self.problems)
        return found, titles

    def _veto(self, name: Scalar, keys: dict[str, Node]) -> Veto:
        forbids = words_of(keys, "forbids", self.problems)
        for action in forbids:
            self.refer(action, "action")
        return Veto(
            name.text,
            text_of(keys, "title", self.problems),
            text_of(keys, "text", self.problems),
            tuple(sorted(action.text for action in forbids)),
            flag_of(keys, "precaution", self.problems, default=False),
            name.span,
        )

    def _ladder(self, name: Scalar, keys: dict[str, Node]) -> None:
        actions = words_of(keys, "do", self.problems)
        for action in actions:
            self.refer(action, "action")
        rule = f"ladder:{name.text}#when"
        when = read_conditions(keys.get("when"), self.scope())
        self.add(Rule(rule, Purpose.LADDER, name.text, (), when, span=name.span), name.span)
        text = text_of(keys, "text", self.problems)
        words = tuple(action.text for action in actions)
        self.ladders.append(Ladder(name.text, rule, words, text))

    # Everything read -----------------------------------------------------------------------------

    def finish(self) -> None:
        """Check every name that could only be checked at the end."""
        known: dict[str, MappingOf[str, object]] = {
            "action": self.actions,
            "veto": self.vetoes,
            "source": self.sources,
        }
        for name, what in self._references:
            free = what == "source" and (name.text == "design" or name.text.startswith("guide:"))
            if name.text not in known[what] and not free:
                unknown_word(
                    name.span, f"unknown-{what}", what, name.text, list(known[what]), self.problems
                )
        for _, other in self._unless:
            if other.text not in self.rules:
                unknown_word(
                    other.span, "unknown-rule", "rule", other.text, list(self.rules), self.problems
                )
        self._check_ladders()

    def _check_ladders(self) -> None:
        forbidden = {action for veto in self.vetoes.values() for action in veto.forbids}
        for ladder in self.ladders:
            if ladder.actions and set(ladder.actions) <= forbidden:
                self.problems.add(
                    self.rules[ladder.rule].span,
                    "ladder",
                    f"every action of the ladder `{ladder.id}` is forbidden by some veto",
                    "add one that is always allowed, so that a plan is never empty",
                )


def _pairs(node: Node | None) -> tuple[tuple[Scalar, Node], ...]:
    return node.pairs if isinstance(node, Mapping) else ()


def _same_kind(found: SlotType, wanted: SlotType) -> bool:
    if wanted.kind in {Kind.DATE, Kind.DATETIME} and found.kind in {Kind.DATE, Kind.DATETIME}:
        # A date stands for any moment of its day, but a moment is no date: that needs `date(...)`.
        return found.kind == wanted.kind or wanted.kind is Kind.DATETIME
    if wanted.kind is Kind.TEXT:
        return found.kind in TEXT_KINDS or found.kind is Kind.CHOICE
    return found.kind == wanted.kind and found.places == wanted.places
