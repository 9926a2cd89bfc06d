"""How often the cause comes first on cases that were written without a look at the rules.

Usage: python tests/acceptance/sign_files.py [--rules FOLDER]

Prints the share of cases whose cause comes first, and among the first three, and a table of what
came first instead.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from simdiag.api import Simdiag
from simdiag.model.assessment import ActionStatus, State
from simdiag.testing import assess_text

FOLDER = Path(__file__).parent / "signs"
# Causes that look alike, and by which fact the brief tells them apart.
PAIRS = (
    ("F-03", "F-43"),
    ("F-03", "F-31"),
    ("F-03", "F-24"),
    ("F-05", "F-08"),
    ("F-07", "F-08"),
    ("F-14", "F-16"),
    ("F-20", "F-22"),
    ("F-21", "F-22"),
    ("F-02", "F-01"),
    ("F-12", "F-28"),
    ("F-15", "F-20"),
)
NOWHERE = (-1, 0)
LIKELY = (State.SUGGESTED, State.ESTABLISHED)


@dataclass(frozen=True, slots=True)
class SignCase:
    """One case: the cause that it shows, its facts as they were written, and what is forbidden."""

    name: str
    ref: str
    facts: dict[str, Any]
    forbidden: frozenset[str]
    inseparable: str


@dataclass(frozen=True, slots=True)
class Met:
    """What came of one case.

    Attributes:
        case: The case.
        causes: Refs of the likely causes, the likeliest first.
        ranks: Ref to (state, score), the best of the diagnoses with that ref.
        wrong: Forbidden actions that were recommended.
    """

    case: SignCase
    causes: tuple[str, ...]
    ranks: dict[str, tuple[int, int]]
    wrong: frozenset[str]

    @property
    def place(self) -> int:
        """The place of the right cause among the likely ones, from 1; 0 if it is not there."""
        return next((n for n, ref in enumerate(self.causes, 1) if ref == self.case.ref), 0)


@cache
def sign_cases() -> tuple[SignCase, ...]:
    """Read all cases, every scalar as it was written."""
    found: list[SignCase] = []
    for path in sorted(FOLDER.glob("*.yaml")):
        rows = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)["signs"]  # noqa: S506
        found.extend(
            SignCase(
                f"{row['ref']}-{row['variant']}",
                row["ref"],
                row["facts"],
                frozenset(row.get("forbidden", ())),
                row.get("inseparable", {}).get("from", ""),
            )
            for row in rows
        )
    return tuple(found)


def meet(tool: Simdiag, case: SignCase, *, without_signs: bool = False) -> Met:
    """Assess one case.

    Args:
        tool: The knowledge base.
        case: The case.
        without_signs: Leave out the screening question, as files from elsewhere do.
    """
    facts = {**case.facts, "case": case.name}
    if without_signs:
        facts["problem"] = {k: v for k, v in facts["problem"].items() if k != "signs"}
    found = assess_text(tool, json.dumps(facts, ensure_ascii=False))
    causes = tuple(
        tool.base.diagnoses[each.id].ref for each in found.diagnoses if each.rating.state in LIKELY
    )
    ranks: dict[str, tuple[int, int]] = {}
    for each in found.diagnoses:
        ref = tool.base.diagnoses[each.id].ref
        ranks[ref] = max(ranks.get(ref, NOWHERE), (int(each.rating.state), each.rating.score))
    done = {each.id for each in found.actions if each.status is ActionStatus.RECOMMENDED}
    return Met(case, causes, ranks, case.forbidden & done)


def shares(found: Iterable[Met]) -> tuple[int, int, int]:
    """Count the cases, those with the cause first, and those with it among the first three."""
    places = [met.place for met in found]
    return len(places), places.count(1), sum(1 for place in places if 1 <= place <= 3)


def table(found: Iterable[Met]) -> list[str]:
    """Write one line for each case whose cause is not first: where it is, and what comes first."""
    return [
        f"{met.case.name}: {f'place {met.place}' if met.place else 'not there'};"
        f" first {', '.join(met.causes[:3]) or 'nothing'}"
        f"{f'; inseparable from {met.case.inseparable}' if met.case.inseparable else ''}"
        for met in found
        if met.place != 1
    ]


def pair_rows(found: Iterable[Met]) -> list[tuple[str, str, str, str, bool]]:
    """Rate both causes of each pair on the cases of either.

    Returns:
        For each case of a pair: its name, the right and the other cause, their states and scores,
        and whether the right one is ahead.
    """
    rows = []
    by_ref: dict[str, list[Met]] = {}
    for met in found:
        by_ref.setdefault(met.case.ref, []).append(met)
    for pair in PAIRS:
        for right, other in (pair, pair[::-1]):
            for met in by_ref[right]:
                first, second = met.ranks.get(right, NOWHERE), met.ranks.get(other, NOWHERE)
                text = f"{right} {_rank(first)}, {other} {_rank(second)}"
                rows.append((met.case.name, right, other, text, first > second))
    return rows


def _rank(rank: tuple[int, int]) -> str:
    return "plainly unclear" if rank == NOWHERE else f"{State(rank[0]).word} {rank[1]}"


def main() -> int:
    """Print the shares and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=Path, help="folder of the package")
    parser.add_argument("--without-signs", action="store_true", help="leave out problem.signs")
    parser.add_argument("--pairs", action="store_true", help="print how the pairs separate")
    chosen = parser.parse_args()
    tool = Simdiag.load(chosen.rules, languages=["en"], engine="reference")
    found = [meet(tool, case, without_signs=chosen.without_signs) for case in sign_cases()]
    if chosen.pairs:
        for name, _, _, text, ahead in pair_rows(found):
            print(f"{name}: {text}{'' if ahead else '  NOT SEPARATED'}")
    total, first, three = shares(found)
    for line in table(found):
        print(line)
    for met in found:
        if met.wrong:
            print(f"{met.case.name}: FORBIDDEN {', '.join(sorted(met.wrong))}")
    print(f"{total} cases: first {first / total:.1%}, in the first three {three / total:.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
