"""An assessment to the JSON that results files hold, and facts to the names that people see.

Keys and order are fixed. Phone numbers and account numbers are masked unless they are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

from simdiag.analysis.program import Program
from simdiag.loading.scalars import write_value
from simdiag.model.assessment import (
    ActionResult,
    Assessment,
    DiagnosisResult,
    Missing,
    SlotName,
    VetoResult,
)
from simdiag.model.cases import RowId
from simdiag.model.conditions import All, AtLeast, Compare, Condition, Each, Match, Not
from simdiag.model.conditions import Any as AnyOf
from simdiag.model.inference import Inference, Outcome, Read, Rows, Support
from simdiag.model.knowledge import CASE, KnowledgeBase
from simdiag.model.rules import Rule
from simdiag.model.terms import Template
from simdiag.model.truth import Truth
from simdiag.model.values import Absent, Interval, Kind, SlotType, Value
from simdiag.reasoning.plan import is_told
from simdiag.reasoning.wording import condition_text

Json = dict[str, Any]
JsonValue = str | int | bool | list[str] | None
PAIR = 2
_MONEY = SlotType(Kind.MONEY)
_KINDS = {
    Compare: "compare",
    Match: "match",
    All: "all",
    AnyOf: "any",
    Not: "not",
    AtLeast: "at_least",
    Each: "each",
}
_LONG_NUMBER = re.compile(r"(?:\+|00)?\d(?:[\s./-]?\d){7,}")


def mask(text: str) -> str:
    """Hide all but the first and last two characters of a number that belongs to a person."""
    visible = 2
    if len(text) <= 2 * visible:
        return "•" * len(text)
    hidden = len(text) - 2 * visible
    return f"{text[:visible]}{'•' * hidden}{text[-visible:]}"


@lru_cache(maxsize=1024)
def mask_text(text: str) -> str:
    """Mask everything in a text that may be a phone, card or account number."""
    return _LONG_NUMBER.sub(
        lambda match: mask(match[0]),
        re.sub(r"\b[A-Z]{2}\d{2}(?:\s?[0-9A-Z]{4}){2,7}\b", lambda m: mask(m[0]), text),
    )


class Serialiser:
    """Writes assessments of one knowledge base.

    Args:
        program: The knowledge base, made ready.
        lang: Language of titles and texts.
        reveal: Whether numbers of people are written in full.
    """

    def __init__(self, program: Program, lang: str = "en", *, reveal: bool = False) -> None:
        """Keep what every assessment needs."""
        self.program = program
        self.base: KnowledgeBase = program.base
        self.lang = lang
        self.reveal = reveal

    def text(self, key: str, default: str = "") -> str:
        """Give a text of the knowledge base in the language of the result."""
        try:
            return self.base.text(self.lang, key)
        except KeyError:
            return default

    # The whole -----------------------------------------------------------------------------------

    def assessment(self, found: Assessment, *, justifications: bool = True) -> Json:
        """Give the JSON of an assessment."""
        inference = found.inference
        result: Json = {
            **self.heading(found),
            "diagnoses": [self._diagnosis(each, inference) for each in found.diagnoses],
            "actions": [self._action(each, inference) for each in found.actions],
            "vetoes": [self._veto(each, inference) for each in found.vetoes],
            "conflicts": [
                {
                    "rule": each.rule,
                    "text": self._conflict_text(each.rule, each.diagnosis),
                    "facts": self.facts(each.facts, inference),
                    "ask": self.text(f"{each.rule}/ask"),
                }
                for each in found.conflicts
            ],
            "missing": [self._missing(each, inference) for each in found.missing],
            "decide_most": [f"{each.template}.{each.slot}" for each in found.decide_most],
            "amounts": self._amounts(found),
            "warnings": _warnings(found),
        }
        if justifications:
            result["justifications"] = self.justifications(inference)
        if found.passed_through:
            result["passed_through"] = dict(found.passed_through)
        return result

    def heading(self, found: Assessment) -> Json:
        """Give the keys that say which case was judged, when, and by which knowledge."""
        return {
            "case": found.case,
            "as_of": write_value(found.as_of, SlotType(Kind.DATETIME)),
            "lang": self.lang,
            "knowledge": {
                "id": self.base.id,
                "version": self.base.version,
                "hash": self.base.hash,
            },
        }

    def _conflict_text(self, rule: str, diagnosis: str) -> str:
        if diagnosis:
            return self.text(f"{diagnosis}/title")
        return self.text(f"{rule}/text")

    def _diagnosis(self, found: DiagnosisResult, inference: Inference) -> Json:
        diagnosis = self.base.diagnoses[found.id]
        rating = found.rating
        return {
            "id": found.id,
            "ref": diagnosis.ref,
            "title": self.text(f"{found.id}/title"),
            "state": rating.state.word,
            "score": rating.score,
            "possible": [rating.low.word, rating.high.word],
            "because": list(rating.because),
            "about": self.facts(found.about, inference),
        }

    def _action(self, found: ActionResult, inference: Inference) -> Json:
        action = self.base.actions[found.id]
        arguments = {
            name: self.value(value, action.arguments[name])
            for name, value in found.arguments.items()
            if is_told(value)
        }
        title = self.text(f"action:{found.id}/title")
        return {
            "id": found.id,
            "title": fill(title, arguments),
            "status": found.status.value,
            "firm": found.firm,
            "for": list(found.diagnoses),
            "because": list(found.because),
            "args": arguments,
            "about": None if found.about is None else self.fact(found.about, inference),
            "who": action.who,
            "phase": action.phase,
            "urgency": action.urgency,
            "effort": action.effort,
            "cost": write_value(Interval(action.cost, action.cost), _MONEY),
            "not_before": self._date(found.not_before, is_date=found.not_before_is_date, late=True),
            "not_after": self._date(found.not_after, is_date=found.not_after_is_date, late=False),
            "after": list(found.after),
            "first_find_out": [self.slot(each, inference) for each in found.first_find_out],
            "ladder": found.ladder,
        }

    def _date(self, value: Interval | None, *, is_date: bool, late: bool) -> str | None:
        """Write a date on the safe side of what is known: the latest start, the earliest end."""
        if value is None:
            return None
        end = value.high if late else value.low
        return write_value(Interval(end, end), SlotType(Kind.DATE if is_date else Kind.DATETIME))

    def _veto(self, found: VetoResult, inference: Inference) -> Json:
        return {
            "id": found.id,
            "title": self.text(f"veto:{found.id}/title"),
            "status": found.status.value,
            "forbids": list(found.forbids),
            "because": list(found.because),
            "about": self.facts(found.about, inference),
        }

    def _missing(self, found: Missing, inference: Inference) -> Json:
        key = f"{found.slot.template}.{found.slot.slot}"
        title = self.text(f"slot:{key}/title", key)
        return {
            **self.slot(found.slot, inference),
            "question": self.text(f"slot:{key}/question", title),
            "matters_for": list(found.matters_for),
        }

    def _amounts(self, found: Assessment) -> Json:
        if not found.amounts:
            return {}
        bills = [
            {
                "bill": self.fact(each.bill, found.inference),
                "total": None if each.total is None else write_value(each.total, _MONEY),
                "lines": None if each.lines is None else write_value(each.lines, _MONEY),
                "disputed": write_value(each.disputed, _MONEY),
            }
            for each in found.amounts
        ]
        total = int(sum(each.disputed.low for each in found.amounts))
        return {"bills": bills, "disputed": write_value(Interval(total, total), _MONEY)}

    # Facts and values ----------------------------------------------------------------------------

    def facts(self, rows: Iterable[RowId], inference: Inference) -> list[Json]:
        """Name facts; facts with equal names stand once."""
        found: list[Json] = []
        for row in rows:
            if row.index >= 0 and self._is_fact(row):
                named = self.fact(row, inference)
                if named not in found:
                    found.append(named)
        return found

    def _is_fact(self, row: RowId) -> bool:
        return row.template != CASE

    def fact(self, row: RowId, inference: Inference) -> Json:
        """Name a fact by its known key slots."""
        template: Template = self.base.templates[row.template]
        slots = inference.slots[row]
        key = {
            name: self.value(slots[name], template.slots[name].type)
            for name in template.key
            if not isinstance(slots[name], Absent)
        }
        return {"template": row.template, "key": key}

    def slot(self, name: SlotName, inference: Inference) -> Json:
        """Name a slot of a fact."""
        of = None if name.row is None else self.fact(name.row, inference)
        return {"slot": f"{name.template}.{name.slot}", "of": of}

    def value(self, value: Value, slot_type: SlotType) -> JsonValue:
        """Write a value for JSON; unknown is none."""
        if isinstance(value, Absent):
            return None
        if isinstance(value, bool):
            return value
        if isinstance(value, frozenset):
            return sorted(value)
        if slot_type.kind is Kind.INTEGER and isinstance(value, Interval) and value.exact:
            return int(value.low)
        written = write_value(value, slot_type)
        if self.reveal:
            return written
        if slot_type.kind in {Kind.PHONE, Kind.IBAN}:
            return mask(written)
        return mask_text(written) if slot_type.kind is Kind.TEXT else written

    # Justifications ------------------------------------------------------------------------------

    def justifications(self, inference: Inference) -> list[Json]:
        """Give the record of every rule that is true or undecided.

        Of findings about pairs only those that another record reads: a bill of a hundred lines
        has ten thousand pairs, most of which concern nothing.
        """
        read = pairs_read(self.program, inference)
        return [
            self._justification(rule, outcomes[subject], inference)
            for name, outcomes in sorted(inference.outcomes.items())
            for rule in (self.program.rule[name],)
            for subject in (outcomes if len(rule.subjects) < PAIR else read.get(rule.target, ()))
            if subject in outcomes
        ]

    def _justification(self, rule: Rule, outcome: Outcome, inference: Inference) -> Json:
        return {
            "rule": rule.id,
            "kind": rule.purpose.value,
            "for": rule.target,
            "about": self.facts(outcome.subject, inference),
            "unseen": any(row.index < 0 for row in outcome.subject),
            "truth": outcome.truth.word,
            "text": self.text(f"{rule.id}/text"),
            "weight": rule.weight,
            "facts": {
                alias: self.fact(row, inference)
                for alias, row in outcome.binding.items()
                if row.index >= 0 and self._is_fact(row) and "#" not in alias
            },
            "unless": [{"rule": name, "truth": truth.word} for name, truth in outcome.unless],
            "conditions": [self._support(each, inference) for each in outcome.support],
        }

    def _support(self, found: Support, inference: Inference) -> Json:
        result: Json = {
            "kind": condition_kind(found.condition),
            "truth": Truth(found.truth).word,
            "text": condition_text(found.condition),
            "reads": [self.read(each, inference) for each in found.reads],
            "parts": [self._support(each, inference) for each in found.parts],
        }
        if found.result is not None:
            result["result"] = self._result(found)
        if found.rows:
            result["facts"] = self.facts(found.rows, inference)
        return result

    def _result(self, found: Support) -> JsonValue:
        value = found.result
        assert value is not None  # noqa: S101 - asked before
        return self.value(value, found.result_type)

    def read(self, found: Read, inference: Inference) -> Json:
        """Write a value that a condition read, with the fact and the slot."""
        template = CASE if found.row is None else found.row.template
        slot_type, is_finding = self._type_of(template, found.slot)
        fact = None
        if found.row is not None and found.row.index >= 0 and self._is_fact(found.row):
            fact = self.fact(found.row, inference)
        return {
            "fact": fact,
            "slot": f"{template}.{found.slot}",
            "value": self.value(found.value, slot_type),
            "finding": is_finding,
        }

    def _type_of(self, template: str, slot: str) -> tuple[SlotType, bool]:
        known: Mapping[str, Any] = (
            self.base.templates[template].slots if template in self.base.templates else {}
        )
        if slot in known:
            return known[slot].type, False
        for name in (f"{template}.{slot}", f"pair.{slot}"):
            if name in self.base.findings:
                return self.base.findings[name].type, True
        return SlotType(Kind.TEXT), True


def condition_kind(condition: Condition) -> str:
    """Name the form of a condition, as results show it."""
    return _KINDS[type(condition)]


def pairs_read(program: Program, inference: Inference) -> dict[str, list[Rows]]:
    """Give the pairs to whose findings records lead, also through other pairs, by finding."""
    found: set[tuple[str, Rows]] = set()
    todo = [
        support
        for rule, outcomes in inference.outcomes.items()
        if len(program.rule[rule].subjects) < PAIR
        for outcome in outcomes.values()
        for support in outcome.support
    ]
    while todo:
        support = todo.pop()
        todo.extend(support.parts)
        for first, second in pairwise(support.reads):
            name = f"pair.{first.slot}"
            if first.row is None or second.row is None or first.slot != second.slot:
                continue
            subject: Rows = (first.row, second.row)
            if name in program.base.findings and (name, subject) not in found:
                found.add((name, subject))
                for rule in program.base.findings[name].rules:
                    outcome = inference.outcomes.get(rule, {}).get(subject)
                    todo.extend(outcome.support if outcome else ())
    by_finding: dict[str, list[Rows]] = {}
    for name, pair in sorted(found):
        by_finding.setdefault(name, []).append(pair)
    return by_finding


def _warnings(found: Assessment) -> list[Json]:
    """Give each warning once; without its place, which tells in what order facts were written."""
    told = {(each.code, mask_text(each.message)) for each in found.warnings}
    return [{"code": code, "text": text} for code, text in sorted(told)]


def fill(text: str, arguments: Mapping[str, object]) -> str:
    """Put arguments into ``{name}`` places; a place without an argument becomes an ellipsis."""
    return re.sub(r"\{(\w+)\}", lambda match: str(arguments.get(match[1], "…")), text)
