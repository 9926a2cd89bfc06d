"""All checks of a knowledge base, and the run of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from simdiag.analysis.program import check_cycles
from simdiag.authoring import check_logic, check_tests, check_texts, check_use
from simdiag.authoring.checking import Check, Package
from simdiag.errors import Problems, UsageError
from simdiag.loading.package import read_package
from simdiag.loading.scenarios import diagnosis_of, read_scenarios, scenario_files

_WARNING = "warning"

CHECKS: Final = (
    Check(check_tests.untested_diagnosis),
    Check(check_tests.missing_kind),
    Check(check_tests.kind_not_shown, _WARNING),
    Check(check_texts.text_missing),
    Check(check_texts.text_stale),
    Check(check_texts.placeholder_differs),
    Check(check_texts.number_differs),
    Check(check_texts.unknown_placeholder),
    Check(check_texts.duplicate_title),
    Check(check_texts.written_figure, _WARNING),
    Check(check_use.unused_finding, _WARNING),
    Check(check_use.unused_slot, _WARNING),
    Check(check_use.unused_action, _WARNING),
    Check(check_use.unused_veto, _WARNING),
    Check(check_use.unused_source, _WARNING),
    Check(check_use.unasked_slot),
    Check(check_use.question_without_text),
    Check(check_logic.prerequisite_cycle),
    Check(check_logic.never_suggested),
    Check(check_logic.unreachable_rule, _WARNING),
)

# A file of translations that is not there yet hides nothing else.
_HARMLESS = {"missing-file"}


def check_package(folder: Path) -> tuple[Problems, Problems]:
    """Find everything that is wrong with a package.

    Args:
        folder: The folder that holds ``package.yaml``.

    Returns:
        What loading found in the package and its scenarios, errors and warnings; and the violations
        of checks, none of which is run while the package has errors of another kind.

    Raises:
        UsageError: If there is no package.
    """
    loading, violations = Problems(), Problems()
    base = read_package(folder, loading)
    if base is None:
        loading.raise_if_any()
        raise UsageError(f"there is no knowledge package in {folder}")
    check_cycles(base, loading)
    if any(problem.code not in _HARMLESS for problem in loading.errors):
        return loading, violations
    files = scenario_files(folder)
    scenarios = read_scenarios(folder, files, base, loading)
    tested = frozenset(found for file in files if (found := diagnosis_of(folder, file)))
    package = Package(folder, base, scenarios, tested)
    for check in CHECKS:
        violations.extend(check.problems(package))
    return loading, violations
