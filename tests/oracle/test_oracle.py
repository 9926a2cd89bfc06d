"""CLIPS, an engine that nobody here wrote, concludes the same; and it would be seen if not."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle_compare import differences  # type: ignore[import-not-found] # through conftest.py
from oracle_program import ClipsProgram, Coverage  # type: ignore[import-not-found]
from soak_bases import knowledge  # type: ignore[import-not-found]

from simdiag.api import ENGINES, Simdiag
from simdiag.authoring.random_cases import Habits, RandomCases
from simdiag.authoring.selfcheck import Comparison, facts_text
from simdiag.engines import branches, values, world
from simdiag.engines.base import Session
from simdiag.engines.reference import ReferenceSession
from simdiag.model.assessment import State
from simdiag.model.cases import Case
from simdiag.model.truth import TRUE, Truth
from simdiag.reasoning import rating
from simdiag.testing import build, read_facts

sys.path.insert(0, str(Path(__file__).parent.parent / "conformance"))

import test_conformance as conformance  # type: ignore[import-not-found]

SMALL = Habits(most=2, given=0.8)
BASES = 16
CASES = 6
# What CLIPS has nothing for; all else is translated.
LEFT_OUT = (
    "aggregate ", "function ", "whole words", "a part of an IBAN", "a date beside a date-time",
)  # fmt: skip


def cases_of(found: Simdiag, seed: int, count: int = CASES) -> list[Case]:
    """Draw cases of a knowledge base."""
    return list(RandomCases(found.program, SMALL).many(seed, range(count)))


def unlike(found: Simdiag, cases: list[Case]) -> dict[str, list[str]]:
    """Give what CLIPS concludes otherwise than the reference, by case."""
    program = ClipsProgram(found.program)
    told = {case.id: differences(program, case, found.engine.infer(case)) for case in cases}
    return {name: lines for name, lines in told.items() if lines}


def written(files: Mapping[str, str], found: Simdiag, case: Case, told: object) -> str:
    """Write what differs, with knowledge and facts as YAML (JSON is that too) to keep as a test."""
    texts = [
        f"\n# {path}\n{json.dumps(json.loads(text), indent=1)}" for path, text in files.items()
    ]
    return "\n".join([str(told), *texts, "\n# facts", facts_text(found.program, case)])


# Random knowledge ---------------------------------------------------------------------------------


@settings(
    max_examples=BASES if settings().derandomize else settings().max_examples,
    suppress_health_check=list(HealthCheck),
)
@given(st.randoms(use_true_random=False))
def test_random_knowledge_on_all_engines_and_clips(chance: random.Random) -> None:
    """Of random knowledge and facts, the engines and CLIPS conclude the same."""
    files = knowledge(chance)
    found = build(files)
    engines = {"reference": found.engine}
    engines |= {name: Simdiag(found.base, name).engine for name in ENGINES if name not in engines}
    case = RandomCases(found.program, SMALL).draw(chance, "random")
    comparison = Comparison(found.program, engines)
    disagreement = comparison.disagreement(case)
    assert disagreement is None, written(files, found, case, disagreement)
    told = unlike(found, [case])
    assert told == {}, written(files, found, case, told)


@pytest.mark.parametrize("part", range(4))
def test_many_cases_of_random_knowledge(part: int) -> None:
    """Of many cases of some random knowledge, CLIPS concludes the same as the reference."""
    coverage = Coverage()
    for seed in range(part, BASES, 4):
        found = build(knowledge(random.Random(seed)))
        assert unlike(found, cases_of(found, seed)) == {}, seed
        coverage.add(ClipsProgram(found.program).coverage())
    assert coverage.translated > coverage.rules / 3
    assert all(reason.startswith(LEFT_OUT) for reason in coverage.left_out)


# Knowledge that people wrote ----------------------------------------------------------------------


@pytest.mark.parametrize("path", conformance.FILES, ids=lambda path: path.stem)
def test_conformance_cases(path: Path) -> None:
    """Of every case of the conformance files, CLIPS concludes the same."""
    document = conformance.document(path)
    for number, group in enumerate(document["groups"]):
        found = conformance.tool(path, number, "reference")
        cases = []
        for case in group["cases"]:
            facts = case.get("facts", {})
            text = facts if isinstance(facts, str) else json.dumps(facts)
            cases += read_facts(found, text, as_of=case.get("as_of", conformance.MOMENT))
        program = ClipsProgram(found.program)
        for case in cases:
            assert differences(program, case, found.engine.infer(case)) == [], group["name"]


def test_shipped_knowledge() -> None:
    """CLIPS decides most rules of the shipped knowledge, and concludes the same of its cases."""
    found = Simdiag.load(languages=["en"], engine="reference")
    coverage = ClipsProgram(found.program).coverage()
    assert coverage.translated > 0.8 * coverage.rules
    assert coverage.alone > 0.6 * coverage.rules
    assert all(reason.startswith(LEFT_OUT) for reason in coverage.left_out)
    cases = list(RandomCases(found.program).many(1, range(4)))
    assert unlike(found, cases) == {}


PROGRAM = """
import sys
from simdiag.testing import build, read_facts
tool = build({"terms/t.yaml": sys.argv[1], "actions/a.yaml": sys.argv[2]})
tool.assess(*read_facts(tool, "{as_of: 2025-11-20}"))
print(*sorted(name for name in sys.modules if name.startswith("simdiag.engines.")))
"""


def test_the_reference_knows_of_no_lowering() -> None:
    """What the reference assesses it assesses without the modules that rewrite conditions."""
    files = knowledge(random.Random(0))
    terms = {"templates": {"t": {"cardinality": "one", "title": "t", "slots": {}}}}
    texts = (json.dumps(terms), files["actions/a.yaml"])
    command = [sys.executable, "-c", PROGRAM, *texts]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    loaded = done.stdout.split()
    assert "simdiag.engines.reference" in loaded
    assert [name for name in loaded if "rete" in name or "columnar" in name] == []


# It would be seen ---------------------------------------------------------------------------------


def never_not(value: Truth) -> Truth:
    """Forget to negate."""
    return value


def by_name(_: world.World, first: object, second: object) -> bool:
    """Take the fact that stands for unseen ones for a single fact."""
    return first != second


def always_there(*_: object) -> Truth:
    """Take every subject for one that exists."""
    return TRUE


def strict_order(left: object, right: object) -> Truth:
    """Take what may be below for what is."""
    return TRUE if left.low < right.high else Truth.FALSE  # type: ignore[attr-defined]


def established(*_: object, **__: object) -> State:
    """Take every diagnosis for established."""
    return State.ESTABLISHED


MISTAKES: dict[str, tuple[object, str, Callable[..., object]]] = {
    "negation": (branches, "negate", never_not),
    "other than": (world.World, "other", by_name),
    "existence": (ReferenceSession, "_existence", always_there),
    "order": (values, "_below", strict_order),
    "states": (rating, "state_of", established),
    "slots that do not matter": (world.World, "withdraw_slot", lambda *_: None),
    "templates that do not matter": (world.World, "withdraw_template", lambda *_: None),
    "exceptions": (Session, "_give_way", lambda *_: None),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the reference made a mistake, CLIPS would conclude otherwise."""
    monkeypatch.setattr(*MISTAKES[name])
    for seed in range(60):
        found = build(knowledge(random.Random(seed)))
        if unlike(found, cases_of(found, seed)):
            return
    pytest.fail("nobody noticed")
