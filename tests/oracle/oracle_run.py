"""One case, concluded by CLIPS stratum by stratum."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

import clips  # type: ignore[import-untyped]
from oracle_conditions import COULD, DOES  # type: ignore[import-not-found]
from oracle_words import fields, held, quoted, word  # type: ignore[import-not-found]

from simdiag.model.cases import VIRTUAL, Case, RowId
from simdiag.model.inference import Inference, Rows
from simdiag.model.knowledge import CASE
from simdiag.model.rules import Finding, Purpose, Rule
from simdiag.model.terms import Cardinality
from simdiag.model.truth import FALSE, TRUE, UNKNOWN, Truth
from simdiag.model.values import (
    ANY_NUMBER,
    NOT_APPLICABLE,
    UNKNOWN_VALUE,
    Interval,
    SlotType,
    Value,
)

if TYPE_CHECKING:
    from oracle_program import ClipsProgram, Layer  # type: ignore[import-not-found]

CASE_ROW = RowId(CASE, 0)
Truths = dict[str, dict[Rows, Truth]]


class ClipsRun:
    """One case, concluded by CLIPS.

    Args:
        program: The knowledge base for CLIPS.
        case: The facts.
        given: What was concluded elsewhere; of it only what CLIPS has nothing for is taken.
    """

    def __init__(self, program: ClipsProgram, case: Case, given: Inference) -> None:
        """Lay out the facts and run stratum by stratum."""
        self.program = program
        self.given = given
        self.case = case
        self.rows: dict[str, list[RowId]] = {CASE: [CASE_ROW]}
        self.exists: dict[RowId, Truth] = {CASE_ROW: TRUE}
        self.slots: dict[RowId, dict[str, Value]] = {CASE_ROW: {"as of": case.as_of}}
        self.pairs: dict[str, dict[Rows, Value]] = {}
        self.truths: Truths = {}
        self.findings: dict[str, dict[Rows, Value]] = {}
        self.ratings: dict[tuple[str, Rows], tuple[int, ...]] = {}
        self._lay_out()
        *below, final = program.layers
        for layer in below:
            self._decide(layer)
        self._decide_final(final)

    def _lay_out(self) -> None:
        for template in self.program.program.base.templates.values():
            found = self.case.facts(template.name)
            given = [fact.slots for fact in found.facts]
            truths = [TRUE] * len(given)
            if template.cardinality is Cardinality.REFERENCE:
                given, truths = [row.values for row in template.rows], [TRUE] * len(template.rows)
            elif template.cardinality is Cardinality.ONE:
                given, truths = [given[0]] if given else [{}], [TRUE]
                if not found.facts:
                    truths = [UNKNOWN if found.open else FALSE]
            elif found.open:
                given, truths = [*given, {}], [*truths, UNKNOWN]
            unseen = template.cardinality is Cardinality.MANY and found.open
            self.rows[template.name] = []
            for index, (known, truth) in enumerate(zip(given, truths, strict=True)):
                last = unseen and index == len(given) - 1
                row = RowId(template.name, VIRTUAL if last else index)
                blank = NOT_APPLICABLE if truth is FALSE else UNKNOWN_VALUE
                self.rows[template.name].append(row)
                self.exists[row] = truth
                self.slots[row] = {slot: known.get(slot, blank) for slot in template.slots}

    # One stratum ---------------------------------------------------------------------------------

    def _decide(self, layer: Layer) -> None:
        engine = layer.engine
        self._run(engine)
        decided = self._decided(engine, "decided")
        valued = self._valued(engine)
        for rule in layer.rules:
            self._keep(rule, decided)
            if rule.purpose is Purpose.RELEVANCE:
                self._withdraw(rule)
        for finding in layer.findings:
            self._conclude(finding, valued)

    def _keep(self, rule: Rule, decided: Truths) -> None:
        if rule.id in self.program.translated:
            self.truths[rule.id] = decided.get(f"r{self.program.number[rule.id]}", {})
        else:
            outcomes = self.given.outcomes.get(rule.id, {})
            self.truths[rule.id] = {rows: found.truth for rows, found in outcomes.items()}

    def _run(self, engine: Any, *, final: bool = False) -> None:  # noqa: ANN401 - no types
        errors = next(each for each in engine.routers() if each.name == "python-error-router")
        # It is asked about each character that is read, which takes nine tenths of the time.
        errors.deactivate()
        engine.reset()
        self._assert_facts(engine)
        if final:
            self._rating_facts(engine)
        errors.activate()
        engine.run()
        message = errors.last_message
        if message:
            raise RuntimeError(message)

    def _assert_facts(self, engine: Any) -> None:  # noqa: ANN401 - as above
        for name, slots in self.program.slots.items():
            for row in self.rows[name]:
                known = self.slots[row]
                kept = " ".join(
                    held(slot, slot_type.kind, known.get(slot, NOT_APPLICABLE))
                    for slot, slot_type in slots.items()
                )
                unseen = "yes" if row.index == VIRTUAL else "no"
                exists = {TRUE: "yes", UNKNOWN: "maybe", FALSE: "no"}[self.exists[row]]
                head = f"(row {symbol(row)}) (virtual {unseen}) (exists {exists})"
                engine.assert_string(f"(t-{word(name)} {head} {kept})")
        for name, pairs in self.pairs.items():
            kind = self.program.pairs[name].type.kind
            for (first, second), value in pairs.items():
                head = f"(first {symbol(first)}) (second {symbol(second)})"
                engine.assert_string(f"(p-{word(name)} {head} {held(name, kind, value)})")

    def _names(self) -> dict[str, RowId]:
        return {symbol(row): row for rows in self.rows.values() for row in rows}

    def _decided(self, engine: Any, template: str) -> Truths:  # noqa: ANN401 - as above
        names = self._names()
        found: Truths = {}
        for fact in engine.find_template(template).facts():
            rows = tuple(names[str(fact[s])] for s in ("s0", "s1") if str(fact[s]) != "nil")
            truths = found.setdefault(str(fact["rule"]), {})
            truth = TRUE if str(fact["mode"]) == DOES else UNKNOWN
            truths[rows] = max(truth, truths.get(rows, FALSE))
        return found

    def _valued(self, engine: Any) -> dict[str, dict[Rows, tuple[Any, ...]]]:  # noqa: ANN401
        names = self._names()
        found: dict[str, dict[Rows, tuple[Any, ...]]] = {}
        for fact in engine.find_template("valued").facts():
            rows = tuple(names[str(fact[s])] for s in ("s0", "s1") if str(fact[s]) != "nil")
            found.setdefault(str(fact["rule"]), {})[rows] = tuple(
                fact[p] for p in ("p0", "p1", "p2")
            )
        return found

    # What follows --------------------------------------------------------------------------------

    def _withdraw(self, rule: Rule) -> None:
        """Apply S15: what is certainly not relevant and not given is not there."""
        truths = self.truths[rule.id]
        if rule.subjects:
            slot = rule.target.rpartition(".")[2]
            for row in self.rows[rule.subjects[0].template]:
                if (row,) not in truths and self.slots[row][slot] is UNKNOWN_VALUE:
                    self.slots[row][slot] = NOT_APPLICABLE
        elif () not in truths:
            template = self.program.program.base.templates[rule.target]
            for row in list(self.rows[template.name]):
                if self.exists[row] is TRUE:
                    continue
                if template.cardinality is not Cardinality.ONE:
                    self.rows[template.name].remove(row)
                self.exists[row] = FALSE
                self.slots[row] = dict.fromkeys(self.slots[row], NOT_APPLICABLE)

    def _conclude(
        self, finding: Finding, valued: Mapping[str, Mapping[Rows, tuple[Any, ...]]]
    ) -> None:
        lists = [self.rows[subject.template] for subject in finding.subjects]
        rules = [self.program.rules[name] for name in finding.rules]
        found: dict[Rows, Value] = {}
        for subject in product(*lists):
            if finding.id in self.program.values:
                parts = valued[f"r{self.program.number[rules[0].id]}"][subject]
                found[subject] = from_parts(parts, finding.type)
            elif all(rule.value is None for rule in rules):
                best = max(
                    (self.truths[each.id].get(subject, FALSE) for each in rules), default=FALSE
                )
                found[subject] = UNKNOWN_VALUE if best is UNKNOWN else best is TRUE
            else:
                found[subject] = self.given.values[finding.id][subject]
        self.findings[finding.id] = found
        two = 2
        if len(finding.subjects) == two:
            self.pairs[finding.name] = found
            return
        for subject, value in found.items():
            self.slots[subject[0] if subject else CASE_ROW][finding.name] = value

    def _decide_final(self, layer: Layer) -> None:
        self._run(layer.engine, final=True)
        resolved = self._decided(layer.engine, "resolved")
        for rule in layer.rules:
            self.truths[rule.id] = resolved.get(f"r{self.program.number[rule.id]}", {})
        names = self._names()
        for fact in layer.engine.find_template("rated").facts():
            rows = tuple(names[str(fact[s])] for s in ("row",) if str(fact[s]) != "nil")
            numbers = tuple(int(fact[s]) for s in ("state", "low", "high", "score"))
            self.ratings[str(fact["diagnosis"]), rows] = numbers

    def _rating_facts(self, engine: Any) -> None:  # noqa: ANN401 - clipspy has no types
        base = self.program.program.base
        limits = base.thresholds
        engine.assert_string(
            f"(limits (established {limits.established}) (suggested {limits.suggested})"
            f" (excluded {limits.excluded}))"
        )
        for diagnosis in base.diagnoses.values():
            about = diagnosis.about
            rows = ["nil"] if about is None else map(symbol, self.rows[about.template])
            for row in rows:
                engine.assert_string(f"(to-rate (diagnosis {quoted(diagnosis.id)}) (row {row}))")
            for name in diagnosis.rules:
                weight = base.rules[name].weight
                decisive = weight if weight in {"establishes", "excludes"} else "no"
                engine.assert_string(
                    f"(weight (diagnosis {quoted(diagnosis.id)})"
                    f" (rule r{self.program.number[name]})"
                    f" (score {base.weights.get(weight, 0)}) (decisive {decisive}))"
                )
        for rule in self.program.program.final:
            if rule.id in self.program.left_out:
                self._assert_given(engine, rule)

    def _assert_given(self, engine: Any, rule: Rule) -> None:  # noqa: ANN401 - as above
        """Take over how a rule came out that CLIPS has nothing for.

        If it gives way to others, that is in its truth already, and giving way twice changes
        nothing.
        """
        for subject, outcome in self.given.outcomes.get(rule.id, {}).items():
            if not all(row in self.rows[row.template] for row in subject):
                continue
            rows = " ".join(f"(s{n} {symbol(row)})" for n, row in enumerate(subject))
            for mode in (DOES, COULD) if outcome.truth is TRUE else (COULD,):
                number = self.program.number[rule.id]
                engine.assert_string(f"(decided (rule r{number}) (mode {mode}) {rows})")


def symbol(row: RowId) -> str:
    """Name a row."""
    return f"{row.template}.{'unseen' if row.index == VIRTUAL else row.index}"


def from_parts(parts: tuple[Any, ...], slot_type: SlotType) -> Value:
    """Read back a value that CLIPS computed."""
    first = parts[0]
    if isinstance(first, clips.Symbol):
        known: dict[str, Value] = {
            "unknown": UNKNOWN_VALUE, "na": NOT_APPLICABLE, "yes": True, "no": False
        }  # fmt: skip
        return known[str(first)]
    if fields("x", slot_type.kind)[-1] == "x-v":
        return str(first)
    low, high = (_end(each) for each in parts[:2])
    return Interval(low, high, maybe_absent=str(parts[2]) == "yes")


def _end(number: float) -> float:
    infinite = abs(number) >= 1e299
    return (ANY_NUMBER.high if number > 0 else ANY_NUMBER.low) if infinite else int(number)
