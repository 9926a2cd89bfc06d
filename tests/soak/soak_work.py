"""Pieces of a soak: random cases of one knowledge base after another, on every engine."""

from __future__ import annotations

import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeAlias

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "oracle"))

from oracle_compare import differences  # type: ignore[import-not-found] # found by the lines above
from oracle_program import ClipsProgram, Coverage  # type: ignore[import-not-found]
from soak_bases import knowledge  # type: ignore[import-not-found]
from soak_counts import Counting, Tally  # type: ignore[import-not-found]

from simdiag.api import ENGINES, Simdiag
from simdiag.authoring.random_cases import USUAL, Habits, RandomCases
from simdiag.authoring.selfcheck import Comparison, facts_text
from simdiag.authoring.shrinking import shrunk
from simdiag.engines.base import Engine, Session
from simdiag.engines.reference import ReferenceEngine
from simdiag.errors import NotYet
from simdiag.model.cases import Case
from simdiag.model.inference import Inference
from simdiag.reasoning.assess import assess
from simdiag.testing import build

# What an engine inferred; what it lacks, if it refused; none if it failed.
Inferred: TypeAlias = Inference | str | None

SMALL = Habits(most=3, given=0.75)
FIRST = "reference"
# The JSON of two engines follows from what they infer, which is compared in full for every case.
JSON_EVERY = 16
COUNT_EVERY = 4
CLIPS_BASES, CLIPS_CASES = 12, 16
CLIPS_SHIPPED = 100
KEPT = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """What one process does at a time.

    Attributes:
        seed: Of the whole soak.
        bases: Numbers of the random knowledge bases; none for the shipped one.
        cases: Numbers of the cases of each of them.
        rules: Folder of the shipped knowledge; empty for the one that is installed.
    """

    seed: int
    bases: range | None
    cases: range
    rules: str = ""


@dataclass(slots=True)
class Report:
    """What came out of some pieces.

    Attributes:
        tried, differed: By the name of the check.
        refused: In how many cases an engine said that it lacks something, and what.
        tally: How often each operator and conclusion came out.
        coverage: What CLIPS took part in.
        examples: Knowledge, facts and what differs, of the first differences.
    """

    tried: Counter[str] = field(default_factory=Counter)
    differed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    tally: Tally = field(default_factory=Counter)
    coverage: Coverage = field(default_factory=Coverage)
    examples: list[str] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Take over what came out of another piece."""
        self.tried += other.tried
        self.differed += other.differed
        self.refused += other.refused
        self.tally += other.tally
        self.coverage.add(other.coverage)
        self.examples = (self.examples + other.examples)[:KEPT]


class Soak:
    """The engines at work on one knowledge base.

    Args:
        diag: The knowledge base, with the reference engine.
        report: Takes what comes out.
        source: How to get the knowledge base again, and what is in it.
        clips: Whether CLIPS takes part.
    """

    def __init__(self, diag: Simdiag, report: Report, source: str, *, clips: bool) -> None:
        """Make the engines ready."""
        self.diag = diag
        self.report = report
        self.source = source
        self.reference = ReferenceEngine(diag.program)
        self.others: dict[str, Engine] = {}
        for name in ENGINES:
            try:
                self.others |= {} if name == FIRST else {name: Simdiag(diag.base, name).engine}
            except NotYet as reason:
                report.refused[f"{name}: {reason}"] += 1
        self.comparison = Comparison(diag.program, {FIRST: self.reference, **self.others})
        self.counting = Counting(diag.program)
        self.clips = ClipsProgram(diag.program) if clips else None

    def cases(self, cases: Sequence[Case], chance: random.Random, *, clips: int) -> None:
        """Try cases; CLIPS takes part in so many of them."""
        found = {name: _all(engine, cases) for name, engine in self.others.items()}
        for number, case in enumerate(cases):
            inferred = {name: results[number] for name, results in found.items()}
            self._case(case, number, inferred, chance)
            if self.clips is not None and number < clips:
                unlike = differences(self.clips, case, self.reference.infer(case))
                self._note("CLIPS, what it has", case, same=not unlike)

    def _case(
        self,
        case: Case,
        number: int,
        inferred: Mapping[str, Inferred],
        chance: random.Random,
    ) -> None:
        session = self.reference.session(case)
        try:
            expected = session.run()
            found = assess(self.diag.program, case, expected) if number % COUNT_EVERY == 0 else None
        except Exception:  # noqa: BLE001 - that something fails is what is looked for
            self._note("assessed by reference", case, same=False)
            return
        self._note("assessed by reference", case, same=True)
        for name, other in inferred.items():
            if isinstance(other, str):
                self.report.refused[f"{name}: {other}"] += 1
                continue
            same = _same(expected, other)
            self._note(f"{name} as {FIRST}, everything inferred", case, same=same)
        if number % JSON_EVERY == 0:
            same = self.comparison.disagreement(case) is None
            self._note("results as JSON, byte for byte", case, same=same)
        if found is not None:
            self.counting.conditions(session, chance)
            self.counting.inference(expected)
            self.counting.assessment(found)

    def _note(self, check: str, case: Case, *, same: bool) -> None:
        self.report.tried[check] += 1
        if same:
            return
        self.report.differed[check] += 1
        if len(self.report.examples) < KEPT:
            small = shrunk(case, self._shows(check))
            text = "\n".join((check, *self._details(small), facts_text(self.diag.program, small)))
            self.report.examples.append(f"{text}{self.source}")

    def _shows(self, check: str) -> Callable[[Case], bool]:
        if check.startswith("CLIPS"):
            return lambda case: bool(differences(self.clips, case, self.reference.infer(case)))
        if check.startswith(("results", "assessed")):
            return lambda case: self.comparison.disagreement(case) is not None
        name = check.split(maxsplit=1)[0]
        return lambda case: (
            not _same(self.reference.infer(case), _all(self.others[name], [case])[0])
        )

    def _details(self, case: Case) -> list[str]:
        found = self.comparison.disagreement(case)
        told = [] if found is None else [f"{found.other}: {found.failure}{', '.join(found.keys)}"]
        if self.clips is not None and (found is None or not found.failure):
            told += differences(self.clips, case, self.reference.infer(case))
        return told

    def finish(self) -> None:
        """Hand in the counts."""
        self.report.tally += self.counting.tally
        if self.clips is not None:
            self.report.coverage.add(self.clips.coverage())


def _all(engine: Engine, cases: Sequence[Case]) -> list[Inferred]:
    """Let an engine infer cases, at once if it can."""
    together: Callable[[Sequence[Case]], Iterable[Session]] | None
    together = getattr(engine, "sessions", None)
    if together is not None:
        try:
            return [session.run() for session in together(cases)]
        except Exception:  # noqa: BLE001 - the case that is to blame is found one by one
            return [_one(engine, case) for case in cases]
    return [_one(engine, case) for case in cases]


def _one(engine: Engine, case: Case) -> Inferred:
    try:
        return engine.infer(case)
    except NotYet as reason:
        return str(reason)
    except Exception:  # noqa: BLE001 - that an engine fails is what is looked for
        return None


def _same(expected: Inference, found: Inferred) -> bool:
    """Say whether an engine inferred the same, records and order included."""
    if isinstance(found, str):
        return True  # refused by name, which is told
    if found is None or list(expected.outcomes) != list(found.outcomes):
        return False
    if expected.rows != found.rows or expected.values != found.values:
        return False
    # What was held by a row that turned out not to be there is of no consequence.
    rows = [row for known in expected.rows.values() for row in known]
    slots = all(expected.slots[row] == found.slots[row] for row in rows)
    return slots and expected.outcomes == found.outcomes


def work(piece: Piece) -> Report:
    """Do one piece."""
    report = Report()
    if piece.bases is None:
        _shipped(piece, report)
    else:
        for number in piece.bases:
            _small(piece, number, report)
    return report


def _small(piece: Piece, number: int, report: Report) -> None:
    files = knowledge(random.Random(f"{piece.seed} {number}"))
    texts = "".join(f"\n# {path}\n{text}" for path, text in files.items())
    clips = number % CLIPS_BASES == 0
    soak = Soak(build(files), report, f"\n# knowledge base {number}{texts}\n", clips=clips)
    _try(soak, SMALL, piece.seed + number, piece.cases, CLIPS_CASES)


def _shipped(piece: Piece, report: Report) -> None:
    clips = piece.cases.start % CLIPS_SHIPPED == 0
    soak = Soak(_shipped_base(piece.rules), report, "\n# the shipped knowledge\n", clips=clips)
    _try(soak, USUAL, piece.seed, piece.cases, 1)


@cache
def _shipped_base(rules: str) -> Simdiag:
    return Simdiag.load(rules or None, ["en"], FIRST)


def _try(soak: Soak, habits: Habits, seed: int, numbers: range, clips: int) -> None:
    drawn = RandomCases(soak.diag.program, habits).many(seed, numbers)
    soak.cases(list(drawn), random.Random(seed), clips=clips)
    soak.finish()


def pieces(seed: int, cases: int, each: int, shipped: int, rules: str = "") -> list[Piece]:
    """Divide a soak: the small bases, some at a time, then the shipped one.

    Args:
        seed: Of the whole soak.
        cases: Number of cases of small bases.
        each: Number of cases of one small base.
        shipped: Number of cases of the shipped base.
        rules: Folder of the shipped base; empty for the one that is installed.
    """
    together, some = 5, 25
    count = -(-cases // each)
    small = [
        Piece(seed, range(start, min(start + together, count)), range(min(each, cases)))
        for start in range(0, count, together)
    ]
    large = [
        Piece(seed, None, range(start, min(start + some, shipped)), rules)
        for start in range(0, shipped, some)
    ]
    return [*small, *large]


def quiet() -> None:
    """Keep a process from writing: CLIPS prints when it is thrown away."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def joined(reports: Iterable[Report]) -> Iterator[Report]:
    """Add up reports; give the sum after each."""
    whole = Report()
    for report in reports:
        whole.add(report)
        yield whole
