"""Breaks the engines in many small ways and looks whether the tests notice each.

Usage: python tests/mutation/run.py [--count N] [--seed S] [--jobs N] [--only TEXT]

Prints a line for each mutant that no test noticed, unless ``equivalent.yaml`` says why it changes
nothing, and a summary. Ends with 1 if there are others.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml
from mutants import Mutant, mutants, mutated  # type: ignore[import-not-found]

ROOT = Path(__file__).resolve().parents[2]
SHARED = ("world", "values", "aggregates", "branches", "base", "reference")
MODULES = (
    "model/truth.py",
    *(f"engines/{name}.py" for name in SHARED),
    *(
        f"engines/rete/{name}.py"
        for name in (
            "compiler",
            "engine",
            "joins",
            "kernel",
            "lowering",
            "matcher",
            "memory",
            "plan",
        )
    ),
)
# The quickest first: the first that fails ends the trial.
TESTS = (
    ("tests/conformance",),
    ("tests/engines", "-k", "not stock and not suite"),
    ("tests/properties", "tests/acceptance"),
)
TIMEOUT = 300


@dataclass(frozen=True, slots=True)
class Trial:
    """One mutant of one module."""

    module: str
    mutant: Mutant

    @property
    def name(self) -> str:
        """Name it: module, line and fault."""
        return f"{self.module}:{self.mutant.line}: {self.mutant.what}"


def choose(count: int, seed: int, only: str) -> list[Trial]:
    """Choose mutants, as many from each module as from the others, always the same for a seed."""
    found: list[Trial] = []
    chosen = [module for module in MODULES if only in module]
    for number, module in enumerate(chosen):
        all_of_it = mutants((ROOT / "src/simdiag" / module).read_text("utf-8"))
        share = count // len(chosen) + (number < count % len(chosen))
        picked = random.Random(f"{seed}{module}").sample(all_of_it, min(share, len(all_of_it)))
        found += (Trial(module, mutant) for mutant in sorted(picked, key=lambda m: m.line))
    return found


def noticed(trial: Trial) -> str:
    """Give the group of tests that fails for a mutant; empty if none does."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        place = Path(name)
        shutil.copytree(ROOT / "src", place / "src")
        (place / "rules").symlink_to(ROOT / "rules")
        path = place / "src/simdiag" / trial.module
        path.write_text(mutated(path.read_text("utf-8"), trial.mutant), "utf-8")
        for words in TESTS:
            if not _pass(words, place):
                return words[0]
    return ""


def _pass(words: tuple[str, ...], place: Path) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", *words]
    environment = {"PYTHONPATH": str(place / "src"), "PATH": "/usr/bin:/bin", "SIMDIAG_CASES": "30"}
    try:
        run = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        # A mutant that never ends is noticed too.
        return False
    return run.returncode == 0


def results(trials: list[Trial], jobs: int) -> Iterator[tuple[Trial, str]]:
    """Try mutants, several at a time; tell on a terminal how far it is."""
    with ThreadPoolExecutor(jobs) as pool:
        for number, pair in enumerate(zip(trials, pool.map(noticed, trials), strict=True), 1):
            if sys.stderr.isatty():
                print(f"\r{number}/{len(trials)}", end="", file=sys.stderr)
            yield pair


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=90)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="part of the path of a module")
    chosen = parser.parse_args()
    reasons = yaml.safe_load((Path(__file__).parent / "equivalent.yaml").read_text("utf-8")) or {}
    trials = choose(chosen.count, chosen.seed, chosen.only)
    by_group: dict[str, int] = {}
    missed = explained = 0
    for trial, by in results(trials, chosen.jobs):
        reason = reasons.get(trial.name)
        if by:
            by_group[by] = by_group.get(by, 0) + 1
        elif reason:
            explained += 1
            print(f"changes nothing: {trial.name}: {reason}")
        else:
            missed += 1
            print(f"NOT NOTICED: {trial.name}")
    caught = ", ".join(f"{count} by {name}" for name, count in by_group.items())
    print(f"{len(trials)} mutants: {caught}; {explained} change nothing; {missed} not noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
