"""Explanations: the tree from a conclusion down to the facts.

It is made from the records of the run and nothing else. A node is a mapping that JSON can hold,
with the keys ``kind`` and ``parts`` (the nodes below it) and, by kind:

=============  ====================================================================================
kind           other keys
=============  ====================================================================================
``diagnosis``  ``id``, ``title``, ``state``, ``possible``, ``score``, ``about``
``action``     ``id``, ``title``, ``status`` (or ``absent``), ``firm``, ``about``, ``ladder``
``veto``       ``id``, ``title``, ``status`` (or ``absent``), ``forbids``, ``about``
``finding``    ``id``, ``title``, ``value``, ``about``, ``again`` (its parts stand above already)
``rule``       ``id``, ``text``, ``purpose``, ``weight``, ``score``, ``truth``, ``about``,
               ``unseen`` (it speaks of facts that a list may still hold)
``condition``  ``form``, ``truth``, ``text``, ``operator``, ``against``, ``reads``, ``facts``
``unless``     ``id``, ``text``, ``truth``
``required``   ``id``, ``title``: the action that this one must come before
``findings``   ``id``, ``title``: a finding of several facts
``rules``      ``id``, ``text``, ``purpose``: a rule that is true or undecided for several facts
=============  ====================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simdiag.analysis.program import Program
from simdiag.errors import UsageError, did_you_mean
from simdiag.model.assessment import ActionResult, Assessment, DiagnosisResult, State
from simdiag.model.cases import RowId
from simdiag.model.conditions import (
    Arithmetic,
    Call,
    Compare,
    Expression,
    Literal,
    SlotRef,
    expressions_below,
)
from simdiag.model.inference import Outcome, Read, Rows, Support
from simdiag.model.knowledge import CASE, ESTABLISHES, EXCLUDES
from simdiag.model.rules import Finding, Purpose, Rule
from simdiag.model.truth import TRUE
from simdiag.model.values import NOT_APPLICABLE, UNKNOWN_VALUE
from simdiag.reasoning.rating import PLAIN
from simdiag.reasoning.serialise import Json, Serialiser, condition_kind
from simdiag.reasoning.wording import condition_text, expression_text

ABSENT = "absent"


def explain(
    program: Program, assessment: Assessment, serialiser: Serialiser, name: str = ""
) -> Json:
    """Explain a conclusion.

    Args:
        program: The knowledge base, made ready.
        assessment: What was concluded about a case, with its records.
        serialiser: Writes facts and values, in its language and masked as it was told.
        name: Id of a diagnosis, action, veto, finding or rule; the first diagnosis if empty, or
            the first action where no diagnosis is suggested.

    Returns:
        The tree.

    Raises:
        UsageError: There is nothing of that name.
    """
    return Explainer(program, assessment, serialiser).tree(name or usual_subject(assessment))


def usual_subject(assessment: Assessment) -> str:
    """Give the id of what is explained when nothing is named."""
    likely = [e.id for e in assessment.diagnoses if e.rating.state >= State.SUGGESTED]
    return (likely or [entry.id for entry in assessment.actions])[0]


class Explainer:
    """Makes the trees of the conclusions about one case.

    Args:
        program: The knowledge base, made ready.
        assessment: What was concluded, with its records.
        serialiser: Writes facts and values.
    """

    def __init__(self, program: Program, assessment: Assessment, serialiser: Serialiser) -> None:
        """Start with nothing told."""
        self.program = program
        self.base = program.base
        self.assessment = assessment
        self.inference = assessment.inference
        self.write = serialiser
        self.told: set[tuple[str, Rows]] = set()

    def tree(self, name: str) -> Json:
        """Give the tree of whatever has this id."""
        makers = (
            (self.base.diagnoses, self.diagnosis),
            (self.base.actions, self.action),
            (self.base.vetoes, self.veto),
            (self.base.findings, self.findings),
            (self.program.rule, self.rules),
        )
        for known, make in makers:
            if name in known:
                return make(name)
        names = [each for known, _ in makers[:-1] for each in known]
        raise UsageError(
            f"there is no diagnosis, action, veto or finding `{name}`; {did_you_mean(name, names)}"
        )

    # Conclusions ---------------------------------------------------------------------------------

    def diagnosis(self, name: str) -> Json:
        """Give the tree of a diagnosis: its true rules, then those that are undecided."""
        shown = (each for each in self.assessment.diagnoses if each.id == name)
        found = next(shown, DiagnosisResult(name, PLAIN))
        rating = found.rating
        rules = self.base.diagnoses[name].rules
        return {
            "kind": "diagnosis",
            "id": name,
            "title": self.write.text(f"{name}/title"),
            "state": rating.state.word,
            "possible": [rating.low.word, rating.high.word],
            "score": rating.score,
            "about": self.write.facts(found.about, self.inference),
            "parts": list(self.outcomes(rules, found.about)),
        }

    def action(self, name: str) -> Json:
        """Give the tree of an action: the advice, its diagnoses, and the vetoes that forbid it."""
        entries = [entry for entry in self.assessment.actions if entry.id == name]
        first = entries[0] if entries else None
        parts = [part for entry in entries for part in self.entry(entry)]
        parts += [self.veto(veto.id) for veto in self.assessment.vetoes if name in veto.forbids]
        if not entries:
            advice = [rule.id for rule in self.base.rules.values() if _advises(rule, name)]
            parts += self.outcomes(advice, ())
        return {
            "kind": "action",
            "id": name,
            "title": self.write.text(f"action:{name}/title"),
            "status": ABSENT if first is None else first.status.value,
            "firm": first is not None and first.firm,
            "about": self.write.facts(
                [entry.about for entry in entries if entry.about is not None], self.inference
            ),
            "ladder": "" if first is None else self.write.text(f"ladder:{first.ladder}/text"),
            "parts": _distinct(parts),
        }

    def entry(self, entry: ActionResult) -> Iterator[Json]:
        """Give why one entry of the plan is there."""
        about = () if entry.about is None else (entry.about,)
        yield from self.outcomes(entry.because, about)
        for other in self.assessment.actions:
            if other is not entry and entry.id in self.base.actions[other.id].requires:
                title = self.write.text(f"action:{other.id}/title")
                yield {"kind": "required", "id": other.id, "title": title, "parts": []}
        for name in entry.diagnoses:
            yield self.diagnosis(name)

    def veto(self, name: str) -> Json:
        """Give the tree of a veto."""
        found = next((veto for veto in self.assessment.vetoes if veto.id == name), None)
        rules = [
            rule.id
            for rule in self.base.rules.values()
            if rule.purpose is Purpose.VETO and rule.target == name
        ]
        return {
            "kind": "veto",
            "id": name,
            "title": self.write.text(f"veto:{name}/title"),
            "status": ABSENT if found is None else found.status.value,
            "forbids": list(self.base.vetoes[name].forbids),
            "about": [] if found is None else self.write.facts(found.about, self.inference),
            "parts": list(self.outcomes(rules, () if found is None else found.about)),
        }

    def findings(self, name: str) -> Json:
        """Give the trees of a finding, one for each fact or pair of facts that is given."""
        subjects = self.inference.values.get(name, {})
        given = [rows for rows in subjects if all(row.index >= 0 for row in rows)]
        trees = [self.finding(self.base.findings[name], rows) for rows in given or subjects]
        if len(trees) == 1:
            return trees[0]
        title = self.write.text(f"finding:{name}/title")
        return {"kind": "findings", "id": name, "title": title, "parts": trees}

    def rules(self, name: str) -> Json:
        """Give the tree of one rule for every subject for which it is not false."""
        parts = list(self.outcomes((name,), ()))
        if len(parts) == 1:
            return parts[0]
        rule = self.program.rule[name]
        whole = {"kind": "rules", "id": name, "text": self.write.text(f"{name}/text")}
        return {**whole, "purpose": rule.purpose.value, "parts": parts}

    # Rules ---------------------------------------------------------------------------------------

    def outcomes(self, rules: Iterable[str], about: Rows) -> Iterator[Json]:
        """Give the trees of rules that are true, then of those that are undecided.

        Args:
            rules: Ids of rules.
            about: The facts for which they are told; all if empty.
        """
        found = [
            outcome
            for rule in rules
            for subject, outcome in self.inference.outcomes.get(rule, {}).items()
            if not about or not subject or set(subject) & set(about)
        ]
        told: list[Json] = []
        for outcome in sorted(found, key=self.weight_order):
            node = self.rule(outcome)
            bare = _bare(node)
            # Two facts may be equal in every slot, and what holds for both is said once.
            if bare not in told:
                told.append(bare)
                yield node

    def weight_order(self, outcome: Outcome) -> tuple[int, int, str, Rows]:
        """Order outcomes: what is true before what is undecided, what weighs most first."""
        weight = self.program.rule[outcome.rule].weight
        decisive = 1_000_000 * (weight in {ESTABLISHES, EXCLUDES})
        score = abs(self.base.weights.get(weight, decisive))
        return (-outcome.truth, -score, outcome.rule, outcome.subject)

    def rule(self, outcome: Outcome) -> Json:
        """Give the tree of one rule for one subject."""
        rule = self.program.rule[outcome.rule]
        parts = [node for each in outcome.support for node in self.condition(each)]
        if rule.value is not None:
            parts += self.expression(rule.value, outcome)
        parts += [
            {
                "kind": "unless",
                "id": other,
                "text": self.write.text(f"{other}/text"),
                "truth": truth.word,
                "parts": [],
            }
            for other, truth in outcome.unless
        ]
        return {
            "kind": "rule",
            "id": rule.id,
            "text": self.write.text(f"{rule.id}/text"),
            "purpose": rule.purpose.value,
            "weight": rule.weight,
            "score": self.base.weights.get(rule.weight),
            "truth": outcome.truth.word,
            "about": self.write.facts(outcome.subject, self.inference),
            "unseen": any(row.index < 0 for row in outcome.subject),
            "parts": parts,
        }

    def condition(self, support: Support) -> Iterator[Json]:
        """Give the node of a condition; a finding that it read stands below it."""
        condition = support.condition
        node: Json = {
            "kind": "condition",
            "form": "aggregate" if support.result is not None else condition_kind(condition),
            "truth": support.truth.word,
            "text": condition_text(condition),
            "reads": list(self.reads(support.reads)),
            "facts": self.write.facts(support.rows, self.inference),
            "parts": [node for part in support.parts for node in self.condition(part)],
        }
        if isinstance(condition, Compare):
            node["operator"] = condition.operator.value
            node["against"] = [
                self.write.value(side.value, side.type)
                for side in condition.right
                if isinstance(side, Literal)
            ]
            sides = (condition.left, *condition.right)
            node["computed"] = any(isinstance(side, Arithmetic | Call) for side in sides)
        if support.result is not None:
            node["result"] = self.write.value(support.result, support.result_type)
        node["parts"] += self.behind(support.reads)
        yield node

    def expression(self, expression: Expression, outcome: Outcome) -> Iterator[Json]:
        """Give the node of the expression that a finding takes its value from."""
        reads = [
            Read(row, each.slot, self.inference.slots[row].get(each.slot, NOT_APPLICABLE))
            for each in expressions_below(expression)
            if isinstance(each, SlotRef) and (row := self.row(each.alias, outcome)) is not None
        ]
        yield {
            "kind": "condition",
            "form": "value",
            "truth": TRUE.word,
            "text": expression_text(expression),
            "reads": list(self.reads(reads)),
            "facts": [],
            "parts": list(self.behind(reads)),
        }

    def row(self, alias: str, outcome: Outcome) -> RowId | None:
        """Give the fact that an alias stands for; none for one that ranges over many."""
        if alias in outcome.binding:
            return outcome.binding[alias]
        rows = self.inference.rows.get(alias, ())
        return rows[0] if len(rows) == 1 else None

    # Facts ---------------------------------------------------------------------------------------

    def reads(self, reads: Iterable[Read]) -> Iterator[Json]:
        """Give the values that were read, each once."""
        seen: list[Json] = []
        for read in reads:
            node = self.write.read(read, self.inference)
            node["applies"] = read.value is not NOT_APPLICABLE
            node["unseen"] = read.row is not None and read.row.index < 0
            if node not in seen:
                seen.append(node)
                yield node

    def behind(self, reads: Iterable[Read]) -> Iterator[Json]:
        """Give the trees of the findings among the values that were read."""
        left = list(reads)
        while left:
            read = left.pop(0)
            template = CASE if read.row is None else read.row.template
            finding = self.base.findings.get(f"{template}.{read.slot}")
            subject: Rows = () if template == CASE or read.row is None else (read.row,)
            if finding is None and f"pair.{read.slot}" in self.base.findings and left:
                finding = self.base.findings[f"pair.{read.slot}"]
                other = left.pop(0).row
                subject = (*subject, other) if other is not None else subject
            if finding is not None:
                yield self.finding(finding, subject)

    def finding(self, finding: Finding, subject: Rows) -> Json:
        """Give the tree of a finding for one subject; its parts only the first time."""
        again = (finding.id, subject) in self.told
        self.told.add((finding.id, subject))
        value = self.inference.values.get(finding.id, {}).get(subject, UNKNOWN_VALUE)
        return {
            "kind": "finding",
            "id": finding.id,
            "title": self.write.text(f"finding:{finding.id}/title"),
            "value": self.write.value(value, finding.type),
            "about": self.write.facts(subject, self.inference),
            "again": again,
            "parts": [] if again else list(self.deciding(finding, subject)),
        }

    def deciding(self, finding: Finding, subject: Rows) -> Iterator[Json]:
        """Give the rules of a finding that made its value: no branch after the true one."""
        joined = all(self.base.rules[name].value is None for name in finding.rules)
        known = (self.inference.outcomes.get(name, {}).get(subject) for name in finding.rules)
        outcomes = [outcome for outcome in known if outcome is not None]
        true = [outcome for outcome in outcomes if outcome.truth is TRUE]
        if joined:
            # One rule that is true is enough; what is open beside it changes nothing.
            yield from map(self.rule, true or outcomes)
            return
        for outcome in outcomes:
            yield self.rule(outcome)
            if outcome in true:
                return


def _advises(rule: Rule, action: str) -> bool:
    return rule.purpose is Purpose.DO and rule.target == action


def _bare(node: Json) -> Json:
    """Give a node without what depends on where it stands: the parts of findings."""
    parts = [] if node["kind"] == "finding" else [_bare(part) for part in node["parts"]]
    return {**node, "again": False, "parts": parts}


def _distinct(nodes: Iterable[Json]) -> list[Json]:
    """Give nodes once that several entries of one action share."""
    found: list[Json] = []
    for node in nodes:
        known = [(each["kind"], each.get("id"), each.get("about")) for each in found]
        if (node["kind"], node.get("id"), node.get("about")) not in known:
            found.append(node)
    return found
