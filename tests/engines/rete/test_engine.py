"""The experta engine is experta: without its `run()` nothing is concluded."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from simdiag.api import Simdiag
from simdiag.engines.rete.guard import load_experta
from simdiag.errors import EngineFailure
from simdiag.testing import build, read_facts, result_of

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
SUGGESTED = {"suggested", "established"}
FILES = {
    "terms/t.yaml": """
templates:
  t: {cardinality: many, title: t, slots: {n: {type: integer, title: n}}}
""",
    "actions/a.yaml": """
actions:
  look: {title: l, text: l, who: user, phase: self_help, urgency: later, effort: 1}
ladders: {last: {when: [], do: [look]}}
""",
    "diagnoses/d.yaml": """
diagnosis: d
ref: X
title: d
summary: d
rules: {r: {when: [{t a: {n: 1}}], rate: establishes, text: r}}
""",
}


@cache
def shipped() -> Simdiag:
    """Load the shipped knowledge once."""
    return Simdiag.load(languages=["en"], engine="experta")


def read(path: Path) -> dict[str, Any]:
    """Read a YAML file with every scalar left as it was written."""
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    return found


def examples() -> list[tuple[str, list[str]]]:
    """Give each example with the diagnoses that it must make suggested or at least possible."""
    found = []
    for path in sorted(EXAMPLES.glob("*/expected.yaml")):
        for name, wanted in read(path).items():
            causes = wanted.get("possible") or [wanted["first"]]
            found.append((f"{path.parent.name}/{name}", causes))
    return found


def reached(name: str) -> set[str]:
    """Give the diagnoses that an example makes suggested or possible, with the experta engine."""
    found = shipped()
    (case,) = read_facts(found, json.dumps(read(EXAMPLES / name)))
    result = found.serialiser().assessment(found.assess(case))
    return {each["id"] for each in result["diagnoses"] if each["possible"][1] in SUGGESTED}


def idle(*_: object, **__: object) -> None:
    """Do nothing, in place of experta's `run`."""


@pytest.mark.parametrize(("name", "causes"), examples())
def test_without_run_every_example_fails(
    name: str, causes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `KnowledgeEngine.run` turned into nothing no example reaches its cause any more."""
    assert set(causes) <= reached(name)
    monkeypatch.setattr(load_experta().KnowledgeEngine, "run", idle)
    assert not set(causes) & reached(name)


def test_a_failing_engine_names_the_case_and_leaves_the_next_one_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An exception inside experta becomes an engine failure, and the next case is assessed."""
    found = build(FILES, "experta")
    facts = "{case: c7, as_of: 2025-11-20, t: [{n: 1}]}"

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(load_experta().KnowledgeEngine, "run", broken)
        with pytest.raises(EngineFailure, match="c7"):
            result_of(found, facts)
    assert result_of(found, facts)["diagnoses"][0]["state"] == "established"


def test_one_engine_serves_many_cases_without_memory() -> None:
    """A case is assessed the same whatever cases came before it."""
    found = build(FILES, "experta")
    one, two = "{as_of: 2025-11-20, t: [{n: 1}]}", "{as_of: 2025-11-20, t: [{n: 2}]}"
    alone: Callable[[str], dict[str, Any]] = lambda text: result_of(build(FILES, "experta"), text)  # noqa: E731
    assert [result_of(found, each) for each in (one, two, one)] == [
        alone(one),
        alone(two),
        alone(one),
    ]
