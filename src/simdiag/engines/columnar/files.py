"""Tables of cases in files and memory, assessed piece by piece."""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from simdiag.analysis.program import Program, prepare
from simdiag.engines.columnar.bulk import Assessor, moment_texts
from simdiag.engines.columnar.calculating import TooLarge
from simdiag.engines.columnar.encode import encode_cases
from simdiag.engines.columnar.frames import FrameReader, check_schema
from simdiag.engines.columnar.tables import Batch
from simdiag.engines.processes import ordered_map
from simdiag.errors import Problem, Problems, UsageError
from simdiag.loading.cases import FactReader
from simdiag.model.cases import Case
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.values import Interval
from simdiag.spans import Span

# Cases that are assessed together: enough to make little of what each operation costs by itself,
# few enough to stay in the caches of a processor.
PIECE: Final = 8192
Reject = tuple[str, Problem]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a file; ``repeated`` are those among them whose id was there before."""

    file: str
    first: int
    count: int
    repeated: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Setup:
    """What a process needs to assess pieces.

    Attributes:
        base: The knowledge base.
        as_of, default_as_of: Moment of judgement for all cases, and for those that state none.
    """

    base: KnowledgeBase
    as_of: Interval | None = None
    default_as_of: Interval | None = None


class TableAssessor:
    """Assesses frames of cases.

    Args:
        setup: The knowledge base and the moments.

    Raises:
        NotYet: A rule needs what columns cannot do; it names the rule.
    """

    def __init__(self, setup: Setup, program: Program | None = None) -> None:
        """Make the rules ready."""
        reader = FactReader(setup.base, setup.as_of, setup.default_as_of)
        self.assessor = Assessor(program or prepare(setup.base))
        self.reader = FrameReader(reader, self.assessor.columnar.pool)
        self.base = setup.base

    def assess(
        self,
        frame: pl.DataFrame,
        file: str = "table",
        first: int = 0,
        repeated: Sequence[int] = (),
    ) -> tuple[pl.DataFrame, list[Reject]]:
        """Assess a frame whose schema was checked; see :meth:`FrameReader.read`.

        Returns:
            A row for each case that can be used, with the columns that are passed through, and what
            was set aside.
        """
        try:
            return self._assessed(frame, (file, first), repeated)
        except TooLarge as error:
            if frame.height > 1:
                return self._in_halves(frame, (file, first), repeated)
            problem = Problem(
                Span(file, first + 1, 1), "too-large", str(error), "--engine reference"
            )
            empty, _ = self._assessed(frame.clear(), (file, first), ())
            return empty, [(str(frame.get_column("case")[0]), problem)]

    def _in_halves(
        self, frame: pl.DataFrame, place: tuple[str, int], repeated: Sequence[int]
    ) -> tuple[pl.DataFrame, list[Reject]]:
        """Assess both halves by themselves, so that one case does not take the others along."""
        file, first = place
        half = frame.height // 2
        before = [row for row in repeated if row < half]
        after = [row - half for row in repeated if row >= half]
        one, rejects = self.assess(frame[:half], file, first, before)
        two, more = self.assess(frame[half:], file, first + half, after)
        return pl.concat([one, two]), [*rejects, *more]

    def _assessed(
        self, frame: pl.DataFrame, place: tuple[str, int], repeated: Sequence[int]
    ) -> tuple[pl.DataFrame, list[Reject]]:
        found = self.reader.read(frame, *place, repeated)
        rejects = [(name, problem) for _, name, problem in found.rejects]
        templates = {template.name for template in self.base.fact_templates()}
        known = {*templates, "case", "as_of", "open", "none"}
        passed = [name for name in frame.columns if name not in known]
        given = frame.select("case", *passed)
        if rejects:
            given = given[found.rows]
        return self._whole(given, found.batch), rejects

    def _whole(self, given: pl.DataFrame, batch: Batch) -> pl.DataFrame:
        """Put ids and passed columns, moments and results side by side."""
        moments = moment_texts(batch.as_of)
        heads = given.select("case").with_columns(moments.alias("as_of"))
        return heads.hstack(given.drop("case")).hstack(self.assessor.assess(batch))

    def assess_cases(self, cases: Sequence[Case]) -> pl.DataFrame:
        """Assess cases that were read already."""
        pool = self.assessor.columnar.pool.copy()
        names = pl.Series("case", [case.id for case in cases], dtype=pl.String)
        return self._whole(pl.DataFrame([names]), encode_cases(self.base, cases, pool))


def read_rows(piece: Piece) -> pl.DataFrame:
    """Read the rows of a piece."""
    return pl.scan_parquet(piece.file).slice(piece.first, piece.count).collect()


def pieces_of(file: str, base: KnowledgeBase, size: int = PIECE) -> list[Piece]:
    """Split a Parquet file, once its schema was found to fit the terms.

    Raises:
        InvalidInput: With everything that is wrong with its columns.
        UsageError: It cannot be read.
    """
    try:
        frame = pl.scan_parquet(file)
        check_schema(frame.collect_schema(), base, file)
        names = frame.select(pl.col("case").cast(pl.String).hash()).collect().to_series()
    except (OSError, pl.exceptions.ComputeError) as error:
        raise UsageError(f"cannot read {file}: {error}") from error
    repeated = np.flatnonzero(~names.is_first_distinct().to_numpy())
    found = []
    for first in range(0, len(names), size):
        inside = repeated[(repeated >= first) & (repeated < first + size)] - first
        found.append(Piece(file, first, min(size, len(names) - first), tuple(inside.tolist())))
    return found


_ready: list[TableAssessor] = []


def _start(setup: Setup) -> None:
    """Make a process ready for :func:`_work`."""
    _ready[:] = [TableAssessor(setup)]


def _work(piece: Piece) -> tuple[pl.DataFrame, list[Reject]]:
    return _ready[0].assess(read_rows(piece), piece.file, piece.first, piece.repeated)


def assess_pieces(
    setup: Setup, pieces: Sequence[Piece], jobs: int
) -> Iterator[tuple[pl.DataFrame, list[Reject]]]:
    """Assess pieces of files in their order; the number of processes changes no byte."""
    if jobs > 1 and len(pieces) > 1:
        # Each process has a core; threads of their own would only wait for each other.
        os.environ.setdefault("POLARS_MAX_THREADS", "1")
        yield from ordered_map(_work, pieces, min(jobs, len(pieces)), _start, (setup,))
        return
    _start(setup)
    for piece in pieces:
        yield _work(piece)


def write_parquet(frames: Iterator[pl.DataFrame], target: Path) -> None:
    """Write frames of one schema as a Parquet file that takes its place when it is complete.

    Raises:
        OSError: It cannot be written. Nothing is left then.
    """
    first = next(frames, pl.DataFrame())

    def source(*_: object) -> Iterator[pl.DataFrame]:
        yield from chain([first], frames)

    place = target.resolve()  # a link stays a link to what is written
    beside = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    lazy = register_io_source(source, schema=first.schema)
    try:
        lazy.sink_parquet(beside, compression="zstd", compression_level=1, maintain_order=True)
        if place.exists():
            beside.chmod(place.stat().st_mode & 0o777)
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)


@dataclass(slots=True)
class Outcome:
    """What came out of a run.

    Attributes:
        done: Number of cases assessed.
        rejects: What was set aside: id and reason.
        causes: How often each diagnosis was the first; none stands under an empty id.
        moments: The last moment of judgement of each piece, and the first.
    """

    done: int = 0
    rejects: list[Reject] = field(default_factory=list)
    causes: Counter[str] = field(default_factory=Counter)
    moments: set[str] = field(default_factory=set)

    def note(self, frame: pl.DataFrame, rejects: Iterable[Reject]) -> None:
        """Count what one piece gave."""
        self.done += frame.height
        self.rejects.extend(rejects)
        judged = frame.get_column("as_of")
        self.moments |= {str(judged.min()), str(judged.max())}
        for cause, count in frame.get_column("first").cast(pl.String).value_counts().iter_rows():
            self.causes[cause or ""] += count


def assess_files(
    setup: Setup,
    files: Sequence[str],
    target: Path,
    jobs: int = 1,
    advance: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Assess Parquet files of cases and write the results as Parquet, in bounded memory.

    Args:
        setup: The knowledge base and the moments.
        files: One row a case, with lists nested in it.
        target: Where the results go.
        jobs: Number of processes; it changes no byte.
        advance: Told of every so many cases that are done.

    Raises:
        InvalidInput: Columns do not fit the terms.
        UsageError: A file cannot be read.
        OSError: The results cannot be written.
    """
    pieces = [piece for file in files for piece in pieces_of(file, setup.base)]
    outcome = Outcome()

    def frames() -> Iterator[pl.DataFrame]:
        for (frame, rejects), piece in zip(assess_pieces(setup, pieces, jobs), pieces, strict=True):
            outcome.note(frame, rejects)
            advance(piece.count)
            yield frame

    write_parquet(frames(), target)
    return outcome


def assess_cases(
    setup: Setup,
    cases: Sequence[Case],
    target: Path,
    advance: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Assess cases that were read already and write the results as Parquet.

    Raises:
        OSError: The results cannot be written.
    """
    outcome = Outcome()
    assessor = TableAssessor(setup)

    def frames() -> Iterator[pl.DataFrame]:
        for first in range(0, max(len(cases), 1), PIECE):
            frame = assessor.assess_cases(cases[first : first + PIECE])
            outcome.note(frame, ())
            advance(frame.height)
            yield frame

    write_parquet(frames(), target)
    return outcome


def as_lines(data: bytes, file: str, base: KnowledgeBase) -> bytes:
    """Give the cases of a Parquet file as JSON lines, for engines that take one case at a time.

    Raises:
        InvalidInput: Columns do not fit the terms.
        UsageError: It cannot be read.
    """
    try:
        frame = pl.read_parquet(BytesIO(data))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UsageError(f"cannot read {file}: it is no Parquet file") from error
    passed = check_schema(frame.schema, base, file)
    lines = []
    for row in frame.drop(passed).iter_rows(named=True):
        absent = dict.fromkeys(row.pop("none", None) or (), "none")
        told = {name: value for name, value in row.items() if value is not None} | absent
        lines.append(json.dumps(told, ensure_ascii=False, default=str))
    return "\n".join(lines).encode()


def frame_of(table: Any) -> pl.DataFrame:  # noqa: ANN401 - a table of any library
    """Give a table of Polars, pandas or Arrow as a frame.

    Raises:
        UsageError: It is no table.
    """
    if isinstance(table, pl.DataFrame):
        return table
    if isinstance(table, pl.LazyFrame):
        return table.collect()
    if hasattr(table, "__arrow_c_stream__"):
        return pl.DataFrame(table)
    if isinstance(table, Mapping):
        return pl.DataFrame(table)
    raise UsageError("a table of cases is a DataFrame of Polars or pandas, or an Arrow table")


def assess_table(
    setup: Setup,
    program: Program,
    table: Any,  # noqa: ANN401 - a table of any library
) -> pl.DataFrame:
    """Assess a table in memory.

    Raises:
        InvalidInput: With everything that is wrong with its columns and rows.
        UsageError: It is no table.
    """
    frame = frame_of(table)
    check_schema(frame.schema, setup.base, "table")
    assessor = TableAssessor(setup, program)
    found = []
    problems = Problems()
    for first in range(0, max(frame.height, 1), PIECE):
        part, rejects = assessor.assess(frame.slice(first, PIECE), "table", first)
        problems.extend(problem for _, problem in rejects)
        found.append(part)
    problems.raise_if_any()
    return pl.concat(found)
