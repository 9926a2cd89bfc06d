"""The helpers that ship for tests of rules see what they are asked to see."""

from __future__ import annotations

from pathlib import Path

import pytest

from simdiag.engines.reference import ReferenceEngine
from simdiag.errors import InvalidInput
from simdiag.model.cases import Case
from simdiag.model.inference import Inference
from simdiag.testing import (
    assess_text,
    build,
    compare_engines,
    read_facts,
    result_of,
    write_files,
)

FILES = {
    "terms/t.yaml": """
templates:
  t: {cardinality: many, title: t, slots: {n: {type: integer, title: n}}}
""",
    "actions/a.yaml": """
actions: {look: {title: l, text: l, who: user, phase: self_help, urgency: later, effort: 1}}
ladders: {last: {when: [], do: [look]}}
""",
    "diagnoses/d.yaml": """
diagnosis: d
ref: X
title: d
summary: d
rules: {r: {when: [{t a: {n: 1}}], rate: very-strong, text: r}}
""",
}
FACTS = "as_of: 2025-11-20\nt: [{n: 1}]\n"


def test_a_knowledge_base_of_texts_is_assessed() -> None:
    """Texts and a small manifest are enough to conclude something, with either engine."""
    for engine in ("reference", "experta"):
        found = build(FILES, engine)
        assert found.engine_name == engine
        assert result_of(found, FACTS)["diagnoses"][0]["state"] == "established"
        assert assess_text(found, FACTS).diagnoses[0].id == "d"


def test_a_wrong_text_is_refused() -> None:
    """Errors in rules and in facts come as they do from files."""
    with pytest.raises(InvalidInput, match="unknown-slot"):
        build({**FILES, "diagnoses/d.yaml": FILES["diagnoses/d.yaml"].replace("{n: 1}", "{z: 1}")})
    with pytest.raises(InvalidInput, match="unknown-slot"):
        read_facts(build(FILES), "as_of: 2025-11-20\nt: [{z: 1}]")


def test_a_path_stays_below_its_folder(tmp_path: Path) -> None:
    """Files are written below the folder, and nowhere else."""
    write_files(tmp_path, {"a/b.yaml": "x"})
    assert (tmp_path / "a" / "b.yaml").read_text(encoding="utf-8") == "x"
    for name in ("../c.yaml", "/c.yaml"):
        with pytest.raises(ValueError, match="below the folder"):
            write_files(tmp_path, {name: "x"})


def test_a_difference_of_engines_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal engines give no difference, and one that forgets its conclusions is found out."""
    found = build(FILES)
    cases = read_facts(found, FACTS)
    assert compare_engines(found.base, cases) == []
    infer = ReferenceEngine.infer

    def forgetful(self: ReferenceEngine, case: Case) -> Inference:
        known = infer(self, case)
        return Inference({}, known.values, known.rows, known.slots)

    monkeypatch.setattr(ReferenceEngine, "infer", forgetful)
    (difference,) = compare_engines(found.base, cases)
    assert (difference.case, difference.engine) == ("facts-1", "experta")
    assert difference.expected != difference.found
