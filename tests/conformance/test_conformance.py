"""The meaning of the language as data: every engine gives what `design` says, case by case.

Each file is about one operator. A group has a package of its own (its conditions are the rule
`probe#r`, unless it brings whole files), and cases: facts, and what must come out of them, worked
out by hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from simdiag.api import Simdiag
from simdiag.loading.scalars import write_value
from simdiag.model.assessment import ActionStatus, Assessment
from simdiag.model.cases import RowId
from simdiag.model.inference import Rows
from simdiag.model.values import Interval, Value
from simdiag.testing import assess_text, build, result_of

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.yaml"))
ENGINES = ("reference", "experta", "columnar")
MOMENT = "2025-11-20 18:00"
Short = str | list[str] | dict[str, Any]
Word = str | dict[str, str]
PROBE = {"diagnosis": "probe", "ref": "X-1", "title": "probe", "summary": "probe"}
CATALOGUE = {
    "actions": {
        "look": {
            "title": "look", "text": "look", "who": "user", "phase": "self_help",
            "urgency": "later", "effort": "1",
        },
    },
    "ladders": {"default": {"when": [], "do": ["look"]}},
}  # fmt: skip


@cache
def document(path: Path) -> dict[str, Any]:
    """Read a file with every scalar left as it was written."""
    # BaseLoader makes texts of all scalars, as the loader of facts reads them.
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    return found


def slot(name: str, short: Short) -> dict[str, Any]:
    """Write out the short form of a slot: a type, or a list of choices."""
    if isinstance(short, str):
        return {"type": short, "title": name}
    if isinstance(short, list):
        return {"type": "choice", "title": name, "choices": {word: word for word in short}}
    full = {"title": name, **short}
    if isinstance(full.get("choices"), list):
        full["choices"] = {word: word for word in full["choices"]}
    return full


def templates(short: Mapping[str, Any]) -> dict[str, Any]:
    """Write out the short form of templates: `name: {many: {slot: type}}`."""
    found = {}
    for name, parts in short.items():
        cardinality = "many" if "many" in parts else "one"
        slots = {word: slot(word, value) for word, value in parts[cardinality].items()}
        rest = {key: value for key, value in parts.items() if key != cardinality}
        key = ["id"] if "id" in slots else []
        found[name] = {
            "cardinality": cardinality,
            "title": name,
            "key": key,
            "slots": slots,
            **rest,
        }
    return found


def package(file: Mapping[str, Any], group: Mapping[str, Any]) -> dict[str, str]:
    """Give the files of the package of a group."""
    terms = {**file.get("terms", {}), **group.get("terms", {})}
    parts: dict[str, Any] = {"terms/t.yaml": {"templates": templates(terms)}}
    parts["actions/a.yaml"] = CATALOGUE
    if "data" in file or "data" in group:
        parts["data/d.yaml"] = {**file.get("data", {}), **group.get("data", {})}
    findings = {**file.get("findings", {}), **group.get("findings", {})}
    if findings:
        titled = {name: {"title": name, **value} for name, value in findings.items()}
        parts["findings/f.yaml"] = {"findings": titled}
    if "when" in group:
        rule = {"when": group["when"], "rate": "establishes", "text": "it is so"}
        about = {"about": group["about"]} if "about" in group else {}
        parts["diagnoses/probe.yaml"] = {**PROBE, **about, "rules": {"r": rule}}
    parts |= {**file.get("files", {}), **group.get("files", {})}
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in parts.items()
    }


@lru_cache(maxsize=8)
def tool(path: Path, number: int, engine: str) -> Simdiag:
    """Load the package of a group for an engine."""
    file = document(path)
    return build(package(file, file["groups"][number]), engine)


def cases() -> Iterator[Any]:
    """Give every case of every file, for every engine."""
    for path in FILES:
        for number, group in enumerate(document(path)["groups"]):
            for engine in ENGINES:
                for place, case in enumerate(group["cases"], 1):
                    name = f"{path.stem}-{group['name']}-{place}-{engine}".replace(" ", "_")
                    yield pytest.param(path, number, case, engine, id=name)


# What came out, in the words of the files ---------------------------------------------------------


def name_of(assessment: Assessment, row: RowId) -> str:
    """Name a fact by its id; the fact that stands for unseen ones is `unseen`."""
    identity = assessment.inference.slots[row].get("id")
    if row.index < 0:
        return "unseen"
    return identity if isinstance(identity, str) else f"{row.template}{row.index}"


def by_subject(assessment: Assessment, found: Mapping[Rows, str], default: str) -> Word:
    """Give one word for the case, or one for each fact or pair of facts."""
    if not found or () in found:
        return found.get((), default)
    return {
        " ".join(name_of(assessment, row) for row in subject): word
        for subject, word in found.items()
    }


def truth_of(assessment: Assessment, rule: str) -> Word:
    """Give the truth of a rule, for each fact that it is true or undecided for."""
    outcomes = assessment.inference.outcomes.get(rule, {})
    return by_subject(
        assessment, {subject: found.truth.word for subject, found in outcomes.items()}, "false"
    )


def value_of(found: Simdiag, assessment: Assessment, finding: str) -> Word:
    """Give the value of a finding as text."""
    slot_type = found.base.findings[finding].type

    def written(value: Value) -> str:
        text = write_value(value, slot_type)
        absent = isinstance(value, Interval) and value.maybe_absent
        return f"{text} or none" if absent else text

    values = assessment.inference.values.get(finding, {})
    return by_subject(
        assessment, {subject: written(value) for subject, value in values.items()}, "no value"
    )


def diagnoses(result: Mapping[str, Any], key: str, names: Iterable[str]) -> dict[str, Any]:
    """Give one key of some diagnoses; those not shown are plain unclear."""
    plain = {"state": "unclear", "possible": ["unclear", "unclear"], "score": 0, "about": []}
    shown = {each["id"]: each for each in result["diagnoses"]}
    found = {name: shown.get(name, plain)[key] for name in names}
    if key == "about":
        return {name: [fact["key"].get("id") for fact in facts] for name, facts in found.items()}
    return {name: str(value) if key == "score" else value for name, value in found.items()}


def observed(
    found: Simdiag,
    assessment: Assessment,
    result: Mapping[str, Any],
    key: str,
    wanted: Iterable[str],
) -> object:
    """Give what came out for one key of an expectation."""
    actions = {each["id"]: each for each in result["actions"]}
    simple: dict[str, Callable[[], object]] = {
        "is": lambda: truth_of(assessment, "probe#r"),
        "rules": lambda: {rule: truth_of(assessment, rule) for rule in wanted},
        "values": lambda: {name: value_of(found, assessment, name) for name in wanted},
        "states": lambda: diagnoses(result, "state", wanted),
        "ranges": lambda: diagnoses(result, "possible", wanted),
        "scores": lambda: diagnoses(result, "score", wanted),
        "facts_of": lambda: diagnoses(result, "about", wanted),
        "first": lambda: result["diagnoses"][0]["id"],
        "do": lambda: _actions(assessment, ActionStatus.RECOMMENDED),
        "possible": lambda: _actions(assessment, ActionStatus.POSSIBLE),
        "firm": lambda: [each.id for each in assessment.actions if each.firm],
        "vetoes": lambda: {each["id"]: each["status"] for each in result["vetoes"]},
        "conflicts": lambda: [each["rule"] for each in result["conflicts"]],
        "missing": lambda: sorted({each["slot"] for each in result["missing"]}),
        "warnings": lambda: [each["code"] for each in result["warnings"]],
        "dates": lambda: {
            name: [str(actions[name][end]) for end in ("not_before", "not_after")]
            for name in wanted
        },
        "after": lambda: {name: actions[name]["after"] for name in wanted},
        "args": lambda: {name: actions[name]["args"] for name in wanted},
        "reasons": lambda: {name: actions[name]["for"] for name in wanted},
        "ladder": lambda: sorted({each["ladder"] for each in result["actions"]}),
        "find_out": lambda: {
            name: [each["slot"] for each in actions[name]["first_find_out"]] for name in wanted
        },
    }
    return simple[key]()


def _actions(assessment: Assessment, status: ActionStatus) -> list[str]:
    return [each.id for each in assessment.actions if each.status is status]


# The tests ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "number", "case", "engine"), list(cases()))
def test_an_engine_gives_what_the_language_means(
    path: Path, number: int, case: Mapping[str, Any], engine: str
) -> None:
    """Every case of the conformance files comes out as it was worked out by hand."""
    found = tool(path, number, engine)
    facts = case.get("facts", {})
    text = facts if isinstance(facts, str) else json.dumps(facts, ensure_ascii=False)
    as_of = case.get("as_of", MOMENT)
    assessment = assess_text(found, text, as_of=as_of)
    result = result_of(found, text, as_of=as_of)
    wanted = dict(case.get("expect", {}))
    if "is" in case:
        wanted["is"] = case["is"]
    assert wanted
    assert {
        key: observed(found, assessment, result, key, value) for key, value in wanted.items()
    } == wanted


def test_there_are_enough_cases() -> None:
    """The files hold at least 150 cases."""
    assert sum(len(group["cases"]) for path in FILES for group in document(path)["groups"]) >= 150


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_condition_is_shown_true_false_and_unknown(path: Path) -> None:
    """A group about a condition has a case for each truth, or says which it never has and why."""
    for group in document(path)["groups"]:
        shown = {str(case["is"]) for case in group["cases"] if isinstance(case.get("is"), str)}
        if shown and "about" not in group:
            assert shown | set(group.get("never", {})) >= {"true", "false", "unknown"}, group[
                "name"
            ]
