from __future__ import annotations

import pytest

from simdiag.api import ENGINES
from simdiag.loading.package import shipped_package
from simdiag.workbench import check_rules, run_rule_tests

AREAS = sorted(path.name for path in (shipped_package() / "diagnoses").iterdir() if path.is_dir())


@pytest.mark.parametrize("area", AREAS)
def test_scenarios(area: str) -> None:
    """Every scenario of the shipped package holds on both engines, which conclude the same."""
    results = run_rule_tests([shipped_package() / "diagnoses" / area], ENGINES[:2])
    failed = [(str(f.span), f.what, f.expected, f.found) for r in results for f in r.failures]
    assert failed == []


def test_stories() -> None:
    """The whole stories of the shipped package hold too, as far as there are any."""
    folder = shipped_package() / "scenarios"
    if not folder.is_dir():
        pytest.skip("the shipped package has no stories yet")
    results = run_rule_tests([folder], ENGINES[:2])
    assert [str(f.span) for r in results for f in r.failures] == []


def test_no_violations() -> None:
    """The shipped package has no error of a check; warnings are for its authors to weigh."""
    loading, violations = check_rules()
    assert [str(problem) for problem in (*loading.errors, *violations.errors)] == []
