"""Checks of the scenarios beside diagnoses."""

from __future__ import annotations

from collections.abc import Iterator

from simdiag.authoring.checking import Package, Violation
from simdiag.loading.scenarios import KINDS, Expectation, Scenario
from simdiag.model.assessment import State
from simdiag.spans import Span

_LIKELY = {State.SUGGESTED.word, State.ESTABLISHED.word}


def untested_diagnosis(package: Package) -> Iterator[Violation]:
    """A diagnosis has no scenarios beside it.

    Avoid: `topup/refund.yaml` alone.
    Prefer: `topup/refund.yaml` and `topup/refund.test.yaml`.
    """
    for diagnosis in package.base.diagnoses.values():
        if diagnosis.id not in package.tested:
            file = diagnosis.id.rpartition(".")[2]
            yield (
                diagnosis.span,
                f"`{diagnosis.id}` has no scenarios",
                f"add `{file}.test.yaml` beside it",
            )


def missing_kind(package: Package) -> Iterator[Violation]:
    """The scenarios of a diagnosis lack a kind: it holds, it does not, or a fact is unknown.

    Avoid: only scenarios in which the diagnosis is established.
    Prefer: at least one `positive`, one `negative` and one `unknown` scenario.
    """
    found: dict[str, set[str]] = {}
    files: dict[str, Span] = {}
    for scenario in package.scenarios:
        found.setdefault(scenario.diagnosis, set()).add(scenario.kind)
        files.setdefault(scenario.diagnosis, Span(scenario.span.file))
    for diagnosis in sorted(set(found) & package.tested):
        lacking = [kind for kind in KINDS if kind not in found[diagnosis]]
        if lacking:
            yield (
                files[diagnosis],
                f"`{diagnosis}` has no {' and no '.join(lacking)} scenario",
                "add one with `kind: " + lacking[0] + "`",
            )


def kind_not_shown(package: Package) -> Iterator[Violation]:
    """A scenario does not expect what its kind says of the diagnosis beside it.

    Avoid: `kind: positive` with nothing but `do: [wait]`.
    Prefer: `kind: positive` with `states: {topup.refund: established}`.
    """
    for scenario in package.scenarios:
        if scenario.diagnosis and not _shows_kind(scenario):
            yield (
                scenario.span,
                f"`{scenario.name}` is {scenario.kind}, but its expectations do not show it",
                _SHOWN_BY[scenario.kind].format(scenario.diagnosis),
            )


_SHOWN_BY = {
    "positive": "expect `{}` as `first`, or suggested or established in `states`",
    "negative": "expect `{}` unclear or excluded in `states`",
    "unknown": "expect `{}` in `states` or `ranges`, or a slot in `missing`",
}


def _shows_kind(scenario: Scenario) -> bool:
    about = [each for each in scenario.expectations if each.subject == scenario.diagnosis]
    if scenario.kind == "positive":
        return any(_is_likely(each) for each in about)
    if scenario.kind == "negative":
        return any(each.form == "state" and not _is_likely(each) for each in about) or any(
            each.form == "range" and each.wanted[1] not in _LIKELY for each in about
        )
    asks = any(each.form == "missing" for each in scenario.expectations)
    return asks or any(each.form in {"state", "range"} for each in about)


def _is_likely(each: Expectation) -> bool:
    return each.form == "first" or (each.form in {"state", "range"} and each.wanted[0] in _LIKELY)
