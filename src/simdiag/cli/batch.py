"""``simdiag batch``: many cases in, one result for each out, bad rows set aside."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING, Any, Final

import click

from simdiag.cli.common import (
    STDIN,
    Settings,
    as_of_option,
    clock,
    lang_option,
    load,
    map_option,
    note,
    pass_settings,
    put,
    reveal_option,
    sources,
    tell_now,
)
from simdiag.cli.progress import progress
from simdiag.cli.report import FORMS, SECTIONS

if TYPE_CHECKING:
    from simdiag.api import Assessor
    from simdiag.intake.entries import Entry
    from simdiag.model.cases import Case
    from simdiag.model.values import Interval
    from simdiag.reporting.results import Writer

Json = dict[str, Any]

_LATER: Final = {
    "spark": "not built yet: the engine `spark`; use auto, columnar, experta or reference",
}
_SHOWN_REJECTS: Final = 10
_SHOWN_CAUSES: Final = 10
# What the overview of a page needs of a case that has no section of its own.
_OVERVIEW: Final = ("case", "as_of", "lang", "knowledge", "diagnoses", "actions", "vetoes")


@dataclass(slots=True)
class Order:
    """What was asked for; an attribute for each option."""

    settings: Settings
    inputs: tuple[str, ...]
    out: str
    engine: str
    jobs: int
    rejects: Path | None
    column_map: Path | None
    lang: str
    as_of: Interval | None
    reveal: bool
    report: Path | None
    justifications: bool

    @property
    def rejects_path(self) -> Path | None:
        """Where rejects go; none if nowhere."""
        if self.rejects or self.out == STDIN:
            return self.rejects
        return Path(self.out).with_suffix(".rejects.jsonl")


@dataclass(slots=True)
class Outcome:
    """What came out of a batch."""

    done: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    rejects: list[Json] = field(default_factory=list)
    shown: list[Json] = field(default_factory=list)


@click.command()
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option(
    "-o", "--out", metavar="OUT", help="Results: .jsonl, .csv or .parquet; - for the screen."
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "experta", "reference", "columnar", *_LATER]),
    default="auto",
    help="Engine; auto takes experta, and reference above 1000 cases. Same answers.",
)
@click.option("--jobs", type=click.IntRange(1, 256), default=1, help="Processes; default 1.")
@click.option(
    "--rejects",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Where bad rows go; OUT with the end .rejects.jsonl if not given.",
)
@map_option
@click.option("--map-new", metavar="INPUT", help="Write a map for this CSV to start from; no more.")
@click.option("--strict", is_flag=True, help="Exit with 1 if there are rejects.")
@click.option("--justifications", is_flag=True, help="Keep the full record in JSON lines.")
@lang_option
@as_of_option
@reveal_option
@click.option("--report", metavar="FILE", type=click.Path(path_type=Path), help="Write a page too.")
@click.option("--resume", is_flag=True, help="Not built yet.")
@pass_settings
@click.pass_context
def batch(
    ctx: click.Context,
    settings: Settings,
    /,
    map_new: str | None,
    strict: bool,
    resume: bool,
    **options: Any,  # noqa: ANN401 - the options that Order holds
) -> None:
    """Assess many cases.

    INPUT is YAML, JSON, NDJSON (.jsonl), Parquet or CSV. A CSV has one row a case with columns
    such as line.brand (or a --map), or one file for each template with a `case` column; several
    such files make up the cases together. Rows that cannot be used are set aside with the reasons.
    """
    if map_new:
        _write_map(settings, map_new, options["lang"])
        return
    _check_usage(options, resume=resume)
    order = Order(settings, **options)
    outcome = _run_table(order) if _is_table(options["out"]) else _run(order)
    if strict and outcome.rejects:
        ctx.exit(1)


def _write_map(settings: Settings, table: str, lang: str) -> None:
    """Write a column map to start from."""
    from simdiag.intake.inputs import read_file
    from simdiag.intake.skeleton import skeleton

    diag = load(settings, lang)
    ((name, data),) = sources([table]).items()
    put(skeleton(read_file(table) if data is None else data, name, diag.reader(), lang))


def _check_usage(options: dict[str, Any], *, resume: bool) -> None:
    """Refuse what cannot work, before any work is done.

    Raises:
        UsageError: Something is missing, not built, or would overwrite an input.
    """
    from simdiag.errors import UsageError

    if resume:
        raise UsageError("not built yet: --resume; run the batch again from its start")
    if options["engine"] in _LATER:
        raise UsageError(_LATER[options["engine"]])
    if not options["inputs"]:
        raise UsageError("name an INPUT, such as: simdiag batch tickets.csv -o results.jsonl")
    out = options["out"]
    if not out:
        raise UsageError(
            "name the results with -o, such as: -o results.jsonl (or -o - to see them)"
        )
    suffix = PurePath(out).suffix.lower()
    known = {".jsonl", ".ndjson", ".csv", ".parquet"}
    if out != STDIN and suffix not in known and _is_plain(out):
        raise UsageError(f"{out}: results end in .jsonl, .csv or .parquet")
    report = options["report"]
    if _is_table(out):
        _check_table(options)
    if report and report.suffix.lower() not in FORMS:
        raise UsageError(f"{report}: a page ends in .html, .md or .txt")
    _check_places(options)


def _is_table(out: str) -> bool:
    return PurePath(out).suffix.lower() == ".parquet"


def _check_table(options: dict[str, Any]) -> None:
    """Refuse what Parquet results do not hold.

    Raises:
        UsageError: With what to do instead.
    """
    from simdiag.errors import UsageError

    if options["engine"] not in {"auto", "columnar"}:
        raise UsageError("Parquet results come from the engine `columnar`; leave --engine out")
    if options["report"] or options["justifications"]:
        raise UsageError("for a page or the full record, let the results end in .jsonl")
    if not _is_plain(options["out"]):
        raise UsageError(f"{options['out']}: Parquet results need a file of their own")


def _is_plain(path: str) -> bool:
    """Say whether a path is a file or can become one, and no device or pipe."""
    return not Path(path).exists() or Path(path).is_file()


def _check_places(options: dict[str, Any]) -> None:
    from simdiag.errors import UsageError

    outputs = [Path(path) for key in ("out", "rejects", "report") if (path := options[key])]
    taken = {Path(path).resolve() for path in (*options["inputs"], options["column_map"] or "")}
    for path in outputs:
        if str(path) == STDIN or not _is_plain(str(path)):
            continue
        if path.resolve() in taken:
            raise UsageError(
                f"{path} is named twice; results never overwrite what they are made of"
            )
        taken.add(path.resolve())
        if not path.absolute().parent.is_dir():
            raise UsageError(f"there is no folder {path.parent}")


# The run -----------------------------------------------------------------------------------


def _run(order: Order) -> Outcome:
    """Read, assess, write, and say what came of it."""
    from simdiag.api import MANY_CASES, Assessor
    from simdiag.i18n import Messages

    began = time.monotonic()
    now = clock()
    diag = load(order.settings, order.lang)
    reader = diag.reader(order.as_of, now)
    entries = list(diag.entries(sources(order.inputs), reader, order.column_map))
    cases = [entry.case for entry in entries if entry.case is not None]
    _refuse_nothing(entries, cases)
    if order.as_of is None and any(case.as_of == now for case in cases):
        tell_now(now)
    diag.engine_name = order.engine
    if order.engine == "auto":
        diag.engine_name = "reference" if len(cases) > MANY_CASES else "experta"
        if diag.engine_name == "reference":
            note(Messages(order.lang).get("cli.batch.engine", engine=diag.engine_name))
    assessor = Assessor(diag, order.lang, order.reveal)
    outcome = _write_all(order, assessor, entries, cases)
    _write_rejects(order, outcome)
    if order.report:
        _write_page(order, assessor, outcome)
    _summary(order, assessor, outcome, time.monotonic() - began)
    return outcome


def _run_table(order: Order) -> Outcome:
    """Assess into Parquet: files of Parquet piece by piece, everything else read first."""
    from simdiag.api import Assessor, moment_text, table_results
    from simdiag.reporting.results import reject

    began = time.monotonic()
    now = clock()
    diag = load(order.settings, order.lang)
    reader = diag.reader(order.as_of, now)
    outcome = Outcome()
    files = [name for name in order.inputs if _is_table(name)]
    cases: list[Case] = []
    if len(files) < len(order.inputs):
        files = []
        entries = list(diag.entries(sources(order.inputs), reader, order.column_map))
        cases = [entry.case for entry in entries if entry.case is not None]
        _refuse_nothing(entries, cases)
        outcome.rejects = [_reject(each, each.errors) for each in entries if each.case is None]
    found = table_results(diag, files or cases, Path(order.out), (order.as_of, now), order.jobs)
    outcome.done, outcome.causes = found.done, found.causes
    if order.as_of is None and moment_text(now) in found.moments:
        tell_now(now)
    for name, problem in found.rejects:
        outcome.rejects.append(reject(name, problem.span, [problem], None))
    _write_rejects(order, outcome)
    _summary(order, Assessor(diag, order.lang), outcome, time.monotonic() - began)
    return outcome


def _refuse_nothing(entries: Sequence[Entry], cases: Sequence[Case]) -> None:
    """Stop if nothing could be read at all.

    Raises:
        InvalidInput: With every problem.
    """
    from simdiag.errors import InvalidInput

    if not cases:
        raise InvalidInput(problem for entry in entries for problem in entry.errors)


def _write_all(
    order: Order, assessor: Assessor, entries: Sequence[Entry], cases: Sequence[Case]
) -> Outcome:
    """Assess the cases and write results in the order of the input."""
    from simdiag.api import assess_all

    outcome = Outcome()
    records = len(cases) if order.justifications else SECTIONS if order.report else 0
    found = assess_all(assessor, cases, jobs=order.jobs, records=records)
    with _writer(order, cases) as writer, progress(len(cases)) as advance:
        for entry in entries:
            if entry.case is None:
                outcome.rejects.append(_reject(entry, entry.errors))
                continue
            _take(order, outcome, writer, entry, next(found))
            advance()
    return outcome


def _take(order: Order, outcome: Outcome, writer: Writer, entry: Entry, found: object) -> None:
    """Write one result, or set its case aside."""
    from simdiag.errors import Problem
    from simdiag.reporting.results import first_cause

    if not isinstance(found, dict):
        text = getattr(found, "reason", "it could not be assessed")
        outcome.rejects.append(_reject(entry, [Problem(entry.span, "engine-failure", text)]))
        return
    outcome.causes[first_cause(found).get("id", "")] += 1
    if order.report:
        whole = outcome.done < SECTIONS
        outcome.shown.append(dict(found) if whole else {key: found[key] for key in _OVERVIEW})
    outcome.done += 1
    if not order.justifications:
        found.pop("justifications", None)
    writer.write(found)


def _reject(entry: Entry, problems: Sequence[Any]) -> Json:
    from simdiag.intake.entries import plain
    from simdiag.reporting.results import reject

    return reject(entry.id, entry.span, problems, plain(entry.original))


@contextmanager
def _writer(order: Order, cases: Sequence[Case]) -> Iterator[Writer]:
    """Open the output in the form that its name tells."""
    from simdiag.api import written_file
    from simdiag.reporting.results import Csv, JsonLines

    with ExitStack() as stack:
        file: IO[str] = sys.stdout
        if order.out != STDIN:
            file = stack.enter_context(written_file(Path(order.out)))
        if PurePath(order.out).suffix.lower() == ".csv":
            yield Csv(file, list(dict.fromkeys(c for case in cases for c in case.passed_through)))
        else:
            yield JsonLines(file)


def _write_rejects(order: Order, outcome: Outcome) -> None:
    """Write the rejects; a file of an earlier run goes if there are none now."""
    from simdiag.api import written_file
    from simdiag.reporting.results import JsonLines, remove_old

    path = order.rejects_path
    if path is None:
        return
    if not outcome.rejects:
        remove_old(path)
        return
    with written_file(path) as file:
        writer = JsonLines(file)
        for reject in outcome.rejects:
            writer.write(reject)


def _write_page(order: Order, assessor: Assessor, outcome: Outcome) -> None:
    from simdiag.api import render

    assert order.report is not None  # noqa: S101 - asked before
    form: Any = FORMS[order.report.suffix.lower()]
    put(render(outcome.shown, assessor.diag.base, order.lang, form), str(order.report))


# What the person sees ----------------------------------------------------------------------


def _summary(order: Order, assessor: Assessor, outcome: Outcome, seconds: float) -> None:
    """Say on standard error what was done: cases, rejects, first causes, time."""
    from simdiag.i18n import Messages

    messages = Messages(order.lang)
    rate = f"{outcome.done / max(seconds, 0.001):.0f}"
    note(messages.count("cli.batch.done", outcome.done, seconds=f"{seconds:.1f}", rate=rate))
    width = len(str(outcome.done))
    ordered = sorted(outcome.causes.items(), key=lambda pair: (not pair[0], -pair[1], pair[0]))
    for cause, count in ordered[:_SHOWN_CAUSES]:
        base = assessor.diag.base
        title = base.text(order.lang, f"{cause}/title") if cause else messages.get("cli.batch.none")
        note(f"  {count:>{width}}  {title}")
    if len(ordered) > _SHOWN_CAUSES:
        note(messages.count("cli.batch.more_causes", len(ordered) - _SHOWN_CAUSES))
    if outcome.rejects:
        _tell_rejects(order, outcome.rejects, messages)


def _tell_rejects(order: Order, rejects: Sequence[Json], messages: Any) -> None:  # noqa: ANN401
    place = order.rejects_path
    key = "cli.batch.rejects" if place else "cli.batch.rejects_lost"
    note(messages.count(key, len(rejects), file=place))
    reasons = [reason for reject in rejects for reason in reject["reasons"]]
    for reason in reasons[:_SHOWN_REJECTS]:
        note(f"  {reason['place']}: {reason['text']}")
    if len(reasons) > _SHOWN_REJECTS:
        note(messages.count("cli.batch.more_reasons", len(reasons) - _SHOWN_REJECTS))
