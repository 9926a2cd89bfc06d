"""Checks for parts of a package that nothing uses, and for questions that are never asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from simdiag.authoring.checking import Package, Violation
from simdiag.authoring.places import question_places, source_places
from simdiag.model.knowledge import CASE
from simdiag.model.rules import Purpose
from simdiag.model.terms import Cardinality


def unused_finding(package: Package) -> Iterator[Violation]:
    """No rule reads a finding.

    Avoid: a computed slot that changes nothing.
    Prefer: a rule that reads it, or no finding.
    """
    disputed = {diagnosis.disputed for diagnosis in package.base.diagnoses.values()}
    for finding in package.base.findings.values():
        templates = {subject.template for subject in finding.subjects} or {CASE}
        owner = "pair" if len(finding.subjects) > 1 else next(iter(templates))
        if finding.id not in disputed and (owner, finding.name) not in package.read:
            yield finding.span, f"no rule reads the finding `{finding.id}`", "use it or remove it"


def unused_slot(package: Package) -> Iterator[Violation]:
    """No rule reads a slot or a constant.

    Avoid: asking for what decides nothing.
    Prefer: slots that a rule reads or that name a fact to a person (`key`).
    """
    for template in package.base.templates.values():
        if template.cardinality is Cardinality.REFERENCE and not template.single:
            continue
        for slot in template.slots.values():
            if (template.name, slot.name) not in package.read and slot.name not in template.key:
                name = f"{template.name}.{slot.name}"
                yield slot.span, f"no rule reads `{name}`", "use it or remove it"


def unused_action(package: Package) -> Iterator[Violation]:
    """No diagnosis, ladder or other action leads to an action.

    Avoid: a remedy that is never advised.
    Prefer: a `do` in the diagnosis that it cures.
    """
    base = package.base
    used = {rule.target for rule in base.rules.values() if rule.purpose is Purpose.DO}
    used |= {action for ladder in base.ladders for action in ladder.actions}
    used |= {needed for action in base.actions.values() for needed in action.requires}
    for action in base.actions.values():
        if action.id not in used:
            yield action.span, f"nothing advises `{action.id}`", "use it or remove it"


def unused_veto(package: Package) -> Iterator[Violation]:
    """No diagnosis sets a veto.

    Avoid: a prohibition that can never hold.
    Prefer: a `veto` in the diagnosis that calls for it.
    """
    used = {rule.target for rule in package.base.rules.values() if rule.purpose is Purpose.VETO}
    for veto in package.base.vetoes.values():
        if veto.id not in used:
            yield veto.span, f"no diagnosis sets the veto `{veto.id}`", "use it or remove it"


def unused_source(package: Package) -> Iterator[Violation]:
    """Nothing cites a source.

    Avoid: addresses that were read and never needed.
    Prefer: the key of the source beside the figure or in the diagnosis that rests on it.
    """
    cited = {source for found in package.base.diagnoses.values() for source in found.sources}
    cited |= {
        provenance.source
        for template in package.base.templates.values()
        for row in template.rows
        for provenance in row.provenance.values()
    }
    places = source_places(package.folder)
    for key in package.base.sources:
        if key not in cited:
            yield places[key], f"nothing cites the source `{key}`", "cite it or remove it"


def unasked_slot(package: Package) -> Iterator[Violation]:
    """A slot has a question, but no place in the order of questions.

    Avoid: a new slot with `ask` that no questionnaire reaches.
    Prefer: an entry `template.slot` in `question_order` of `package.yaml`.
    """
    for template in package.base.fact_templates():
        for slot in template.slots.values():
            name = f"{template.name}.{slot.name}"
            if slot.question is not None and name not in package.base.question_order:
                yield (
                    slot.span,
                    f"`{name}` can be asked but is not in `question_order`",
                    "add it to `question_order` in package.yaml",
                )


def question_without_text(package: Package) -> Iterator[Violation]:
    """The order of questions names a slot that has no question, or names it twice.

    Avoid: `question_order: [line.id]` where `line.id` has no `ask`.
    Prefer: each slot with `ask` once.
    """
    places = question_places(package.folder)
    counts = Counter(package.base.question_order)
    for name, count in counts.items():
        template, _, slot = name.partition(".")
        known = package.base.templates[template].slots.get(slot)
        if known is None or known.question is None:
            yield places[name], f"`question_order` names `{name}`, which has no `ask`", "remove it"
        elif count > 1:
            yield places[name], f"`question_order` names `{name}` {count} times", "keep one"
