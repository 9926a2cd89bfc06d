"""Of which fact a rule reads a slot."""

from __future__ import annotations

from simdiag.analysis.reading import Readings
from simdiag.api import Simdiag
from simdiag.testing import build

TERMS = """
templates:
  t:
    cardinality: many
    title: t
    slots:
      c: {type: choice, title: c, choices: {red: R, blue: B}}
      n: {type: integer, title: n}
      m: {type: integer, title: m, relevant: [{self: {c: red}}]}
  u: {cardinality: one, title: u, slots: {b: {type: boolean, title: b}}}
"""
FINDINGS = """
findings:
  t.big:
    of: t x
    type: boolean
    title: b
    rules: {r: {when: [{x: {n: {above: 5}}}, {u: {b: true}}]}}
  t.twin: {of: t x, type: boolean, title: w, rules: {r: {when: [{t y: {other_than: x, n: x.n}}]}}}
  pair.near: {of: [t x, t y], type: boolean, title: p, rules: {r: {when: [{x: {c: y.c}}]}}}
"""
DIAGNOSIS = """
diagnosis: d
ref: X
title: d
summary: d
about: t a
rules:
  own: {when: [{a: {big: true}}], rate: strong, text: t}
  inner: {when: [{a: {m: 1}}], rate: weak, text: t}
  other: {when: [{a: {twin: true}}], rate: weak, text: t}
  pairs: {when: [{t b: {other_than: a}}, {a & b: {near: true}}], rate: weak, text: t}
  way: {when: [{a: {c: red}}], rate: weak, text: t, unless: own}
advice: [{do: look}]
"""
ACTIONS = """
actions: {look: {title: l, text: l, who: user, phase: self_help, urgency: later, effort: 1}}
ladders: {last: {when: [], do: [look]}}
"""


def small() -> Readings:
    """Give what the rules of a small knowledge base read."""
    files = {
        "terms/t.yaml": TERMS,
        "findings/f.yaml": FINDINGS,
        "diagnoses/d.yaml": DIAGNOSIS,
        "actions/a.yaml": ACTIONS,
    }
    return Readings(build(files).program)


def test_slots_of_the_subject_are_told_from_those_of_others() -> None:
    """What is read of the rated fact itself, through findings too, is its own."""
    readings = small()
    own = {
        name: readings.of_rule(f"d#{name}").own[0] for name in ("own", "inner", "other", "pairs")
    }
    assert own["own"] == {"", "n"}
    assert own["inner"] == {"", "m", "c"}
    assert own["other"] == {"", "n"}
    assert own["pairs"] == {"", "c"}
    others = {name: readings.of_rule(f"d#{name}").others for name in ("own", "other", "pairs")}
    assert {("u", "b")} <= others["own"]
    assert not [slot for template, slot in others["own"] if template == "t"]
    assert {("t", "n"), ("t", "")} <= others["other"]
    assert {("t", "c"), ("t", "")} <= others["pairs"]


def test_a_rule_reads_what_it_gives_way_to() -> None:
    """Exceptions are read for the same fact."""
    assert small().of_rule("d#way").own[0] == {"", "c", "n"}


def test_nothing_is_lost_or_added_in_the_shipped_knowledge() -> None:
    """Taken together, own and other slots are exactly what the program says a rule reads."""
    program = Simdiag.load(languages=["en"]).program
    readings = Readings(program)
    wrong = {}
    for name, rule in program.rule.items():
        reading = readings.of_rule(name)
        found = set(reading.others)
        for subject, slots in zip(rule.subjects, reading.own, strict=False):
            found |= {(subject.template, slot) for slot in slots}
        asked = {(template, slot) for template, slot in found if slot}
        expected = {(template, slot) for template, slot in program.reads(name) if slot}
        if asked != expected:
            wrong[name] = asked ^ expected
    assert wrong == {}
