"""Speed of the columnar engine: generated cases, Parquet to Parquet.

`python tests/bench/columnar.py --cases 100000 --jobs 2` prints cases a second and what the cases
are like; `--write FILE` keeps them. `--rows` and `--unknown` say how full they are, which decides
nearly everything: with five facts in each list most rules are true or undecided for some fact.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from simdiag.api import Simdiag
from simdiag.authoring.random_cases import RandomCases
from simdiag.engines.columnar.files import (
    PIECE,
    Piece,
    Setup,
    assess_pieces,
    pieces_of,
    write_parquet,
)
from simdiag.loading.scalars import write_value
from simdiag.model.terms import Cardinality, Slot, Template
from simdiag.model.values import TEXT_KINDS, Kind

AS_OF = np.datetime64("2025-11-20T18:00")
AGES = np.array([0, 0, 0, 1, 1, 2, 3, 5, 8, 14, 20, 30, 31, 45, 60, 90, 190, 370])
ROWS = (3, 4, 5, 5, 6, 7)
ONE = {"line": (1, 1, 2), "bill": (1, 1, 2), "subscription": (1, 2), "user": (1,)}
TOPUP = ("line", "attempt", "voucher", "user")
BILL = ("line", "bill", "bill_line", "payment", "usage", "subscription", "user")
MORE = {"message": "notice", "contacted": "contact"}


class Generator:
    """Draws frames of cases.

    Args:
        diag: The knowledge base.
        unknown: Share of slots without a value.
        rows: How many facts a list has, each equally often.
    """

    def __init__(self, diag: Simdiag, unknown: float = 0.3, rows: Sequence[int] = ROWS) -> None:
        """Collect texts and amounts of which the rules speak."""
        self.base = diag.base
        self.rows = rows
        self.unknown = unknown
        self.spoken: dict[tuple[str, str], list[str]] = {}
        for case in RandomCases(diag.program).many(1, range(400)):
            for name, found in case.lists.items():
                slots = self.base.templates[name].slots
                for fact in found.facts:
                    for slot, value in fact.slots.items():
                        texts = self.spoken.setdefault((name, slot), [])
                        texts.append(write_value(value, slots[slot].type))

    def draw(self, count: int, seed: int) -> pl.DataFrame:
        """Draw cases: one kind of problem each, its lists closed, others not given."""
        chance = np.random.default_rng(seed)
        problem = self.base.templates["problem"]
        kinds = self._choices(chance, problem.slots["kind"], count)
        signs = [
            [
                sign
                for sign, there in zip(problem.slots["signs"].type.choices, row, strict=True)
                if there
            ]
            for row in chance.random((count, len(problem.slots["signs"].type.choices))) < 0.12
        ]
        billed = kinds == "bill_mismatch"
        frame = {
            "case": [f"case-{seed}-{number}" for number in range(count)],
            "as_of": np.full(count, "2025-11-20 18:00"),
            "problem": pl.DataFrame(
                {"kind": [[kind] for kind in kinds], "signs": signs}
            ).to_struct(),
        }
        numbers = chance.integers(0, 10**6, count)
        for template in self.base.fact_templates():
            given = np.where(billed, template.name in BILL, template.name in TOPUP).astype(bool)
            for sign, name in MORE.items():
                if name == template.name:
                    given |= np.array([sign in row for row in signs])
            if template.name != "problem":
                frame[template.name] = self._facts(chance, template, given, numbers)
        return pl.DataFrame(frame)

    def _choices(self, chance: np.random.Generator, slot: Slot, count: int) -> Any:  # noqa: ANN401
        words = np.array(slot.type.choices)
        shares = np.full(len(words), 1 / len(words))
        if slot.question is not None and slot.question.frequencies:
            shares = np.array([slot.question.frequencies.get(word, 0.01) for word in words])
        return words[chance.choice(len(words), count, p=shares / shares.sum())]

    def _facts(
        self,
        chance: np.random.Generator,
        template: Template,
        given: np.ndarray,
        numbers: np.ndarray,
    ) -> pl.Series:
        count = len(given)
        lengths = np.where(given, chance.choice(ONE.get(template.name, self.rows), count), 0)
        owners = np.repeat(np.arange(count), lengths)
        place = np.arange(len(owners)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        columns = {
            slot.name: self._values(chance, template, slot, (owners, place, numbers))
            for slot in template.slots.values()
        }
        flat = pl.DataFrame(columns).to_struct()
        if template.cardinality is Cardinality.ONE:
            rows = pl.DataFrame({"row": owners, "fact": flat})
            every = pl.DataFrame({"row": np.arange(count)})
            return every.join(rows, on="row", how="left", maintain_order="left").get_column("fact")
        grouped = pl.DataFrame({"row": owners, "fact": flat}).group_by("row").agg("fact")
        every = pl.DataFrame({"row": np.arange(count)})
        return every.join(grouped, on="row", how="left", maintain_order="left").get_column("fact")

    def _values(
        self, chance: np.random.Generator, template: Template, slot: Slot, rows: Sequence[Any]
    ) -> pl.Series:
        owners, place, numbers = rows
        size = len(owners)
        known = pl.Series(chance.random(size) >= self.unknown)
        kind = slot.type.kind
        if kind in TEXT_KINDS and slot.question is None and slot.name in template.key:
            return pl.Series([f"{template.name}-{number + 1}" for number in place.tolist()])
        if slot.name == "bill" and kind is Kind.TEXT:
            return pl.Series(["bill-1"] * size, dtype=pl.String).set(~known, None)
        if kind is Kind.PHONE:
            own = numbers[owners] + chance.choice((0, 0, 0, 1), size)
            return pl.Series([f"+32470{n:06d}" for n in own.tolist()]).set(~known, None)
        if kind is Kind.CHOICE:
            return pl.Series(self._choices(chance, slot, size)).set(~known, None)
        if kind is Kind.BOOLEAN:
            return pl.Series(chance.random(size) < 0.5).set(~known, None)
        if kind in {Kind.DATE, Kind.DATETIME}:
            minutes = chance.choice(AGES, size) * 1440 + chance.integers(0, 700, size)
            moments = AS_OF - minutes.astype("timedelta64[m]")
            form = "%Y-%m-%d" if kind is Kind.DATE else "%Y-%m-%d %H:%M"
            return pl.Series(moments.astype("datetime64[ms]")).dt.strftime(form).set(~known, None)
        spoken = np.array(sorted(set(self.spoken.get((template.name, slot.name), ["unknown"]))))
        texts = pl.Series(spoken[chance.integers(0, len(spoken), size)])
        return texts.set(~known, None)


def measure(diag: Simdiag, pieces: Sequence[Piece], target: Path, jobs: int) -> dict[str, Any]:
    """Time one run from Parquet to Parquet."""
    rejects = 0
    start = time.perf_counter()

    def frames() -> Any:  # noqa: ANN401 - an iterator of frames
        nonlocal rejects
        for frame, bad in assess_pieces(Setup(diag.base), pieces, jobs):
            rejects += len(bad)
            yield frame

    write_parquet(frames(), target)
    taken = time.perf_counter() - start
    count = sum(piece.count for piece in pieces)
    found = pl.read_parquet(target)
    lists = ["diagnoses", "actions", "vetoes", "missing", "fired", "undecided"]
    means = found.select(pl.col(name).list.len().mean() for name in lists).row(0, named=True)
    established = (
        found.select(pl.col("diagnoses").explode().struct.unnest())
        .filter(pl.col("state") == "established")
        .group_by("id")
        .len()
    )
    return {
        "cases": count,
        "rejects": rejects,
        "jobs": jobs,
        "seconds": round(taken, 2),
        "cases_per_second": round(count / taken),
        "mean_per_case": {name: round(value, 1) for name, value in means.items()},
        "causes_in_0.2_percent": established.filter(pl.col("len") >= count * 0.002).height,
        "causes": len(diag.base.diagnoses),
        "peak_mb": {
            "self": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "children": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        },
    }


def main() -> None:
    """Generate, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--piece", type=int, default=PIECE)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--unknown", type=float, default=0.3)
    parser.add_argument("--rows", default=",".join(map(str, ROWS)), help="facts of a list")
    options = parser.parse_args()
    diag = Simdiag.load(languages=["en"], engine="columnar")
    with tempfile.TemporaryDirectory(prefix="simdiag-bench-") as folder:
        source = options.write or Path(folder, "cases.parquet")
        rows = [int(part) for part in options.rows.split(",")]
        generator = Generator(diag, options.unknown, rows)
        generator.draw(options.cases, options.seed).write_parquet(source)
        pieces = pieces_of(str(source), diag.base, options.piece)
        found = measure(diag, pieces, Path(folder, "results.parquet"), options.jobs)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
