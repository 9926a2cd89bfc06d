"""Values at the ends of what is allowed: both engines get through, and pages can be written."""

from __future__ import annotations

import pytest
from edges import edge_case  # type: ignore[import-not-found] # found through conftest.py
from harness import NOW, faults_of_facts, limit, seeds, tool  # type: ignore[import-not-found]

from simdiag.api import render

PARTS = 2


@pytest.mark.parametrize("part", range(PARTS))
def test_values_far_out(part: int) -> None:
    """Right values, however far out, give the same result on both engines."""
    base = tool("reference").base
    for seed in seeds(16)[part::PARTS]:
        assert faults_of_facts("edge.json", edge_case(base, seed)) == [], seed


def test_pages_of_values_far_out() -> None:
    """Their results can be written as page and text, masked and revealed."""
    diag = tool("reference")
    for seed in seeds(4):
        data = {"edge.json": edge_case(diag.base, seed)}
        (entry,) = diag.entries(data, diag.reader(default_as_of=NOW))
        assert entry.case is not None, entry.problems
        with limit():
            for reveal in (False, True):
                result = diag.serialiser(reveal=reveal).assessment(diag.assess(entry.case))
                assert all(render([result], diag.base, "en", form) for form in ("html", "text"))
