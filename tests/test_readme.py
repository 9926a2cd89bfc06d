"""Every command line of the README does what a reader expects of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = re.findall(r"^\$ (.+)$", README, flags=re.MULTILINE)
SIMDIAG = [line for line in LINES if line.startswith("simdiag ")]
MAKE = [line for line in LINES if line.startswith("make ")]


def test_readme_has_commands() -> None:
    """The lines are found: without this the tests below would pass on an empty README."""
    assert len(SIMDIAG) > 8
    assert "make demo" in MAKE
    assert "make test" in MAKE
    assert set(LINES) == {*SIMDIAG, *MAKE, "pip install ."}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the examples, where commands may write."""
    here = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "examples", here / "examples")
    return here


def test_commands_run(folder: Path) -> None:
    """Each `simdiag` line ends with exit code 0, in the order of the README."""
    program = str(Path(sys.executable).with_name("simdiag"))
    for line in SIMDIAG:
        done = subprocess.run(
            [program, *line.split()[1:]],
            cwd=folder,
            input="",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
    assert (folder / "report.html").stat().st_size > 10_000
    assert (folder / "tickets-results.csv").stat().st_size > 500


@pytest.mark.parametrize("line", MAKE)
def test_make_targets_exist(line: str) -> None:
    """Each `make` line names a target of the Makefile."""
    done = subprocess.run(
        ["make", "--dry-run", *line.split()[1:]],  # noqa: S607 - make is what the README asks for
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_facts_file_of_the_readme(tmp_path: Path) -> None:
    """The facts file that the README shows is read, and F-03 is its first cause."""
    text = re.search(r"```yaml\n(case: my-topup.*?)```", README, flags=re.DOTALL)
    assert text is not None
    path = tmp_path / "mine.yaml"
    path.write_text(text[1], encoding="utf-8")
    program = str(Path(sys.executable).with_name("simdiag"))
    done = subprocess.run(
        [program, "diagnose", str(path), "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"ref": "F-03"' in done.stdout.split('"vetoes"')[0]
