"""All engines on very many random cases: `make soak`, or `make soak ARGS="--cases 20000"`.

Each engine, and CLIPS for what it has, must infer the same as `reference` from every case, and
every operator, state, veto and conflict must have come out often. Leaves with 1 if not.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from soak_counts import lines, wanted  # type: ignore[import-not-found] # found by the line above
from soak_work import Report, joined, pieces, quiet, work  # type: ignore[import-not-found]

from simdiag.engines.processes import ordered_map


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000, help="of small random bases")
    parser.add_argument("--each", type=int, default=400, help="cases of one small base")
    parser.add_argument("--shipped", type=int, default=20_000, help="of the shipped base")
    parser.add_argument("--rules", default="", help="another base instead of the shipped one")
    parser.add_argument("--seed", type=int, default=1, help="another one draws other cases")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--least", type=int, default=1000, help="how often all must come out")
    return parser.parse_args()


def soak(chosen: argparse.Namespace) -> Report:
    """Do all pieces, telling how far it is."""
    todo = pieces(chosen.seed, chosen.cases, chosen.each, chosen.shipped, chosen.rules)
    start, told = time.monotonic(), 0.0
    done: Iterator[Report] = joined(ordered_map(work, todo, chosen.jobs, quiet, ()))
    report = Report()
    for number, report in enumerate(done, 1):
        taken = time.monotonic() - start
        if taken - told > (1 if sys.stderr.isatty() else 60):
            told = taken
            left = taken / number * (len(todo) - number) / 60
            end = "\r" if sys.stderr.isatty() else "\n"
            text = f"{number / len(todo):6.1%}, {sum(report.differed.values())} differ"
            print(f"{text}, {left:.0f} minutes left", end=end, file=sys.stderr, flush=True)
    return report


def main() -> int:
    """Run the soak and print a line for each check, operator and conclusion."""
    chosen = options()
    start = time.monotonic()
    report = soak(chosen)
    print(f"{'check':<48}{'tried':>12}{'differed':>12}")
    for check, tried in sorted(report.tried.items()):
        print(f"{check:<48}{tried:>12,}{report.differed[check]:>12,}")
    for reason, times in sorted(report.refused.items()):
        print(f"refused {times:,} times: {reason}")
    print(*lines(report.tally), sep="\n")
    tell_coverage(report)
    for example in report.examples:
        print(f"\n--- a difference: {example}")
    short = wanted(report.tally, chosen.least)
    for name in short:
        print(f"came out less than {chosen.least:,} times: {name}")
    print(f"{(time.monotonic() - start) / 60:.1f} minutes")
    return 1 if short or report.differed.total() else 0


def tell_coverage(report: Report) -> None:
    """Print what CLIPS took part in, and what it has nothing for."""
    found = report.coverage
    print(
        f"CLIPS: {found.translated:,} of {found.rules:,} rules,"
        f" {found.alone:,} of them with all that they read; without"
    )
    for reason, count in found.left_out.most_common():
        print(f"  {reason} ({count:,})")


if __name__ == "__main__":
    sys.exit(main())
