"""A small knowledge base for tests of consultations, and answers and completions at random."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

from simdiag.api import Simdiag, consultation
from simdiag.loading.cases import canonical, judged_at
from simdiag.loading.scalars import write_value
from simdiag.model.cases import Case, FactList, GivenFact, RowId
from simdiag.model.rules import relevance_id
from simdiag.model.terms import Cardinality, Slot
from simdiag.model.truth import FALSE
from simdiag.model.values import UNKNOWN_VALUE, Kind, Value, exactly
from simdiag.reasoning.consultation import Consultation, Reply, Step
from simdiag.reasoning.questions import Ask
from simdiag.testing import build

AS_OF = judged_at("2025-11-20 18:00")

TERMS = """
templates:
  p:
    cardinality: one
    title: problem
    slots:
      kind:
        type: set
        title: kind
        choices: {topup: T, bill: B}
        ask: {text: "What?", dont_know: false}
      signs:
        type: set
        title: signs
        choices: {more: M, odd: O, nothing: N}
        ask: {text: "Which?"}
      hurry: {type: boolean, title: hurry, ask: {text: "Now?"}}
  a:
    cardinality: many
    title: attempt
    more: Another attempt?
    more_when: [{p: {signs: more}}]
    relevant: [{p: {kind: topup}}]
    slots:
      id: {type: text, title: name}
      pay:
        type: choice
        title: bank
        choices: {none: N, refused: R, taken: T}
        ask: {text: "Bank?", document: bank app, frequencies: {none: 0.2, refused: 0.3, taken: 0.5}}
      step:
        type: choice
        title: step
        relevant: [{self: {pay: refused}}]
        choices: {limit: L, funds: F, other: O}
        ask: {text: "Where?", cost: look_up}
      credit:
        type: choice
        title: credit
        choices: {come: C, away: W}
        ask: {text: "There?", document: app}
      odd: {type: boolean, title: odd, relevant: [{p: {signs: odd}}], ask: {text: "Odd?"}}
      n: {type: integer, title: n, minimum: 0, ask: {text: "How much?", cost: dig_out}}
  b:
    cardinality: many
    title: bill
    more: Another bill?
    relevant: [{p: {kind: bill}}]
    slots:
      c: {type: choice, title: colour, choices: {red: R, blue: B}, ask: {text: "Colour?"}}
      n: {type: integer, title: n, minimum: 0, ask: {text: "Total?", cost: look_up}}
"""
ACTIONS = """
actions:
  look: {title: l, text: l, who: user, phase: self_help, urgency: later, effort: 1}
  wait: {title: w, text: w, who: user, phase: self_help, urgency: now, effort: 1}
  again: {title: g, text: g, who: user, phase: self_help, urgency: now, effort: 2}
  bank: {title: b, text: b, who: bank, phase: contact, urgency: soon, effort: 3, once: true}
  object: {title: o, text: o, who: operator, phase: complaint, urgency: soon, effort: 9}
vetoes:
  twice: {title: t, text: t, forbids: [again], precaution: true}
  codes: {title: c, text: c, forbids: []}
ladders: {last: {when: [], do: [look]}}
"""
FINDINGS = """
findings:
  a.bad:
    of: a x
    type: boolean
    title: bad
    rules: {r: {when: [{x: {pay: refused, credit: away}}]}}
  case.two:
    type: boolean
    title: two
    rules: {r: {when: [{a x: {pay: refused}}, {a y: {other_than: x, pay: refused}}]}}
  case.sum: {type: integer, title: sum, value: {sum: x.n, of: {b x: {}}}}
"""
PAID = """
diagnosis: paid
ref: X-1
title: paid
summary: paid
about: a x
rules:
  missing: {when: [{x: {pay: taken, credit: away}}], rate: strong, text: t}
  much: {when: [{x: {pay: taken, n: {above: 10}}}], rate: weak, text: t}
  there: {when: [{x: {credit: come}}], rate: excludes, text: t}
  not-paid: {when: [{x: {pay: [none, refused]}}], rate: against-very-strong, text: t}
advice:
  - {veto: twice, when: [{x: {pay: taken, credit: {not: come}}}], text: t}
  - {do: wait}
  - {do: bank, when: [{p: {hurry: true}}]}
"""
LIMIT = """
diagnosis: limit
ref: X-2
title: limit
summary: limit
about: a x
rules:
  limit: {when: [{x: {step: limit}}], rate: establishes, text: t, unless: both}
  both: {when: [{case: {two: true}}], rate: against-weak, text: t}
  bad: {when: [{x: {bad: true}}], rate: weak, text: t}
advice: [{do: again}, {do: bank}]
"""
FRAUD = """
diagnosis: fraud
ref: X-3
title: fraud
summary: fraud
about: a x
rules:
  odd: {when: [{x: {odd: true}}], rate: very-strong, text: t}
  fair: {when: [{x: {odd: false}}], rate: excludes, text: t}
advice: [{veto: codes, when: [{x: {odd: true}}], text: t}, {do: bank}]
"""
DEAR = """
diagnosis: dear
ref: X-4
title: dear
summary: dear
rules:
  red:
    when: [{b x: {c: red}}, {each: {b y: {}}, holds: [{y: {n: {above: 5}}}]}]
    rate: strong
    text: t
  sum: {when: [{case: {sum: {above: 20}}}], rate: medium, text: t}
  no-bill: {when: [{p: {kind: bill}}, {not: {b z: {}}}], rate: excludes, text: t}
advice: [{do: object}]
"""


@cache
def tool() -> Simdiag:
    """Build the small knowledge base."""
    order = "p.kind, p.signs, p.hurry, a.n, a.odd, a.step, a.credit, a.pay, b.n, b.c"
    manifest = (
        "package: sample\nversion: 0.0.1\ntitle: A sample\nlanguages: [en]\n"
        "weights: {weak: 10, medium: 20, strong: 40, very-strong: 80,\n"
        "  against-weak: -10, against-very-strong: -80}\n"
        f"question_order: [{order}]\n"
    )
    files = {"package.yaml": manifest, "terms/t.yaml": TERMS, "actions/a.yaml": ACTIONS}
    files |= {"findings/f.yaml": FINDINGS}
    for name, text in (("paid", PAID), ("limit", LIMIT), ("fraud", FRAUD), ("dear", DEAR)):
        files[f"diagnoses/{name}.yaml"] = text
    return build(files)


def start() -> Consultation:
    """Begin a consultation of which nothing is known."""
    return consultation(tool(), AS_OF)


def drawn(slot: Slot, chance: random.Random) -> Value:
    """Draw a value of a slot."""
    match slot.type.kind:
        case Kind.CHOICE:
            return chance.choice(slot.type.choices)
        case Kind.SET:
            return frozenset({chance.choice(slot.type.choices)})
        case Kind.BOOLEAN:
            return chance.random() < 0.5
        case _:
            return exactly(chance.choice((0, 4, 9, 30)))


def answered(state: Consultation, ask: Ask, chance: random.Random) -> Consultation:
    """Answer a question at random."""
    if ask.more:
        more = chance.random() < 0.4 and ask.row < 3
        return state.taken(Step(ask, Reply.MORE if more else Reply.NO_MORE))
    if state.may_be_none(ask) and chance.random() < 0.2:
        return state.taken(Step(ask, Reply.NO_FACT))
    slot = state.desk.base.templates[ask.template].slots[ask.slot]
    if ask.name != "p.kind" and chance.random() < 0.25:
        return state.taken(Step(ask, Reply.DONT_KNOW))
    value = drawn(slot, chance)
    return state.taken(Step(ask, Reply.VALUE, write_value(value, slot.type), value))


def completed(state: Consultation, chance: random.Random) -> Case:
    """Give a case in which everything that was never asked has turned out somehow.

    What somebody was asked and does not know stays unknown.
    """
    case = state.case
    settled = {step.ask for step in state.steps}
    for name in ("p", "a", "b"):
        case = _with_rows(case, name, settled, chance)
        for slot in tool().base.templates[name].slots.values():
            case = _filled(case, name, slot, settled, chance)
    return case


def _with_rows(case: Case, name: str, settled: set[Ask], chance: random.Random) -> Case:
    """Add facts that nobody has told of, where there can be any."""
    sheet = case.facts(name)
    one = tool().base.templates[name].cardinality is Cardinality.ONE
    inference = tool().assess(case).inference
    excluded = inference.truth(relevance_id(name), ()) is FALSE and name != "p"
    asked = not sheet.facts and any(ask.template == name for ask in settled)
    if not sheet.open or excluded or asked or Ask(name, len(sheet.facts)) in settled:
        return case
    count = 1 if one else chance.choice((0, 1, 2))
    facts = (*sheet.facts, *(GivenFact(name, {}) for _ in range(count)))
    return replace(case, lists={**case.lists, name: FactList(facts, open=False, given=True)})


def _filled(case: Case, name: str, slot: Slot, settled: set[Ask], chance: random.Random) -> Case:
    """Fill in one slot where it applies, is unknown and was never asked."""
    if slot.question is None:
        return case
    slots = tool().assess(case).inference.slots
    # Rows of a case are in another order than those of a consultation: any "don't know" counts.
    if any(ask.template == name and ask.slot == slot.name for ask in settled):
        return case
    facts = [
        replace(fact, slots={**fact.slots, slot.name: drawn(slot, chance)})
        if slots[RowId(name, index)].get(slot.name) is UNKNOWN_VALUE
        else fact
        for index, fact in enumerate(case.facts(name).facts)
    ]
    sheet = replace(case.facts(name), facts=canonical(facts, tool().base.templates[name]))
    return replace(case, lists={**case.lists, name: sheet}) if facts else case
