"""experta's own tests pass with our guard, strategy and matcher in place of the stock ones.

They are not part of this repository, nor of the source distribution of experta 1.9.4 on the package
index, which has been published without its folder ``tests``. Unpack a source tree that has it (a
checkout of the tag ``1.9.4``) and name it:

    SIMDIAG_EXPERTA_SDIST=path/to/experta python -m pytest -m experta_suite
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

VARIABLE = "SIMDIAG_EXPERTA_SDIST"
NUMBER_OF_TESTS = 299

# Tests of experta that say which strategy it has built in, which is what we replace.
EXCLUDED = {
    "test_KnowledgeEngine_default_strategy_is_Depth": "names DepthStrategy as the default",
    "test_KnowledgeEngine_default_strategy_is_Depth_instance": "names DepthStrategy as the default",
}

PLUGIN = f"""
from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.matcher import BatchMatcher
from simdiag.engines.rete.strategy import TotalOrderStrategy

EXCLUDED = {sorted(EXCLUDED)!r}

def pytest_configure(config):
    for name in ("slow", "wip"):
        config.addinivalue_line("markers", name)
    engine = load_experta().KnowledgeEngine
    engine.__matcher__ = BatchMatcher
    engine.__strategy__ = TotalOrderStrategy

def pytest_collection_modifyitems(config, items):
    config.hook.pytest_deselected(items=[item for item in items if item.name in EXCLUDED])
    items[:] = [item for item in items if item.name not in EXCLUDED]
"""


@dataclass(frozen=True)
class Outcome:
    """What a run of pytest has counted, and its output."""

    tests: int
    failed: int
    output: str


def run_suite(tests: Path, work: Path) -> Outcome:
    """Run a folder of tests of experta in a process of its own, under our parts."""
    (work / "our_parts.py").write_text(PLUGIN, encoding="utf-8")
    (work / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    options = ["-p", "our_parts", "-c", "pytest.ini", "--rootdir", ".", "--junitxml", "report.xml"]
    search = [str(work), os.environ.get("PYTHONPATH", "")]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, tests.resolve()],
        capture_output=True,
        check=False,
        cwd=work,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, search))},
        text=True,
    )
    report = work / "report.xml"
    if not report.exists():
        return Outcome(0, 0, result.stdout + result.stderr)
    counts = [suite.attrib for suite in ET.parse(report).iter("testsuite")]  # noqa: S314 - ours
    failed = sum(int(count["failures"]) + int(count["errors"]) for count in counts)
    return Outcome(sum(int(count["tests"]) for count in counts), failed, result.stdout)


def folder_of_tests(root: str | None) -> Path:
    """Find the tests of experta, or skip with the reason."""
    if root is None:
        pytest.skip(f"{VARIABLE} names no source tree of experta 1.9.4 with its folder tests")
    tests = Path(root) / "tests"
    if not any(tests.rglob("test_*.py")):
        pytest.skip(f"{root} holds no tests: the published source distribution has none")
    return tests


@pytest.mark.experta_suite
def test_experta_suite_passes(tmp_path: Path) -> None:
    """Every test of experta passes, but for those that name what we replace."""
    outcome = run_suite(folder_of_tests(os.environ.get(VARIABLE)), tmp_path)
    assert outcome.failed == 0, outcome.output
    assert outcome.tests >= NUMBER_OF_TESTS - len(EXCLUDED), outcome.output


def test_suite_runs_under_our_parts(tmp_path: Path) -> None:
    """The run puts our parts in place, leaves out what is excluded, and counts what fails."""
    tests = tmp_path / "tree" / "tests"
    tests.mkdir(parents=True)
    (tests / "test_small.py").write_text(
        "from experta import KnowledgeEngine\n"
        "def test_parts():\n"
        "    engine = KnowledgeEngine()\n"
        "    assert type(engine.matcher).__name__ == 'BatchMatcher'\n"
        "    assert type(engine.strategy).__name__ == 'TotalOrderStrategy'\n"
        "def test_KnowledgeEngine_default_strategy_is_Depth():\n"
        "    assert False\n"
        "def test_failing():\n"
        "    assert False\n",
        encoding="utf-8",
    )
    outcome = run_suite(folder_of_tests(str(tmp_path / "tree")), tmp_path)
    assert (outcome.tests, outcome.failed) == (2, 1), outcome.output


def test_tree_without_tests_is_skipped(tmp_path: Path) -> None:
    """Without a source tree, or with one without tests, the suite is skipped with the reason."""
    for root, reason in ((None, "names no source tree"), (str(tmp_path), "holds no tests")):
        with pytest.raises(pytest.skip.Exception, match=reason):
            folder_of_tests(root)
