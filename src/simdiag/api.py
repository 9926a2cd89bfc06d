"""The library: load a knowledge base, assess cases, explain, render. All that the commands call."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simdiag.analysis.program import Program, check_cycles, prepare
from simdiag.engines.base import Engine
from simdiag.engines.reference import ReferenceEngine
from simdiag.errors import EngineFailure, Problems, UsageError, did_you_mean
from simdiag.loading.cases import FactReader
from simdiag.loading.package import load_package, shipped_package
from simdiag.model.assessment import Assessment
from simdiag.model.cases import Case
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.values import Interval
from simdiag.reasoning.assess import assess
from simdiag.reasoning.serialise import Serialiser

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import IO

    from simdiag.engines.columnar.files import Outcome as TableOutcome
    from simdiag.intake.entries import Entry
    from simdiag.reasoning.answers import AnswerReader
    from simdiag.reasoning.consultation import Consultation
    from simdiag.reporting.render import Format

ENGINES = ("experta", "reference", "columnar")
# From here on `auto` takes the faster of the two engines in batches; their answers are the same.
MANY_CASES = 1000
_CHUNK = 8
# Columns take many cases at once.
_TOGETHER = 512


def load_knowledge(
    folder: Path | str | None = None, languages: Iterable[str] | None = None
) -> KnowledgeBase:
    """Load and check a knowledge package.

    Args:
        folder: The folder with ``package.yaml``; the shipped package if not given.
        languages: Languages to load besides English; all if not given.

    Raises:
        InvalidInput: With everything that is wrong in it.
        UsageError: If there is no such package.
    """
    return load_package(folder or shipped_package(), languages, check_cycles)


@dataclass
class Simdiag:
    """A knowledge base, ready to assess cases with one engine.

    Attributes:
        base: The knowledge base.
        engine_name: ``experta``, ``reference`` or ``columnar``.
    """

    base: KnowledgeBase
    engine_name: str = "experta"

    @classmethod
    def load(
        cls,
        folder: Path | str | None = None,
        languages: Iterable[str] | None = None,
        engine: str = "experta",
    ) -> Simdiag:
        """Load a package and choose an engine.

        Raises:
            InvalidInput: The package has errors.
            UsageError: There is no such package or engine.
        """
        if engine not in ENGINES:
            raise UsageError(f"unknown engine `{engine}`; {did_you_mean(engine, ENGINES)}")
        return cls(load_knowledge(folder, languages), engine)

    @cached_property
    def program(self) -> Program:
        """The knowledge base, made ready."""
        return prepare(self.base)

    @cached_property
    def engine(self) -> Engine:
        """The engine."""
        if self.engine_name == "reference":
            return ReferenceEngine(self.program)
        if self.engine_name == "columnar":
            from simdiag.engines.columnar.engine import ColumnarEngine

            return ColumnarEngine(self.program)
        # experta takes a while to import, and only this engine needs it.
        from simdiag.engines.rete.engine import ReteEngine

        return ReteEngine(self.program)

    def reader(
        self, as_of: Interval | None = None, default_as_of: Interval | None = None
    ) -> FactReader:
        """Give a reader of facts."""
        return FactReader(self.base, as_of, default_as_of)

    def entries(
        self,
        inputs: Mapping[str, bytes | None],
        reader: FactReader,
        column_map: Path | None = None,
    ) -> Iterator[Entry]:
        """Read every case of some inputs, each with its own problems.

        Args:
            inputs: Name of each file (YAML, JSON, NDJSON or CSV, by its suffix), with its bytes if
                they are at hand already.
            reader: Reads the facts, see :meth:`reader`.
            column_map: File that says what the columns of CSV tables mean.

        Raises:
            UsageError: An input cannot be read at all.
            InvalidInput: The column map is wrong.
        """
        from simdiag.intake.inputs import read_inputs

        return read_inputs(inputs, reader, column_map)

    def cases(
        self,
        path: Path | str,
        reader: FactReader,
        *,
        data: bytes | None = None,
        column_map: Path | None = None,
    ) -> list[Case]:
        """Read the cases of a facts file, or report everything that is wrong with them.

        Args:
            path: The file, or the name of what ``data`` holds.
            reader: Reads the facts, see :meth:`reader`.
            data: The bytes, if they are not to be read from the file.
            column_map: File that says what the columns of a CSV table mean.

        Raises:
            InvalidInput: With the problems of all cases.
            UsageError: The file cannot be read.
        """
        problems = Problems()
        found = list(self.entries({str(path): data}, reader, column_map))
        for entry in found:
            problems.extend(entry.problems)
        problems.raise_if_any()
        return [entry.case for entry in found if entry.case is not None]

    def assess(self, case: Case) -> Assessment:
        """Assess one case.

        Raises:
            EngineFailure: The engine could not finish it.
        """
        return assess(self.program, case, self.engine.infer(case))

    def serialiser(self, lang: str = "en", *, reveal: bool = False) -> Serialiser:
        """Give a writer of results in a language."""
        return Serialiser(self.program, lang, reveal=reveal)


def write_json(result: dict[str, Any], *, indent: int | None = None) -> str:
    """Write one result as JSON, always the same bytes for the same result."""
    return json.dumps(result, ensure_ascii=False, indent=indent)


def read_moment(text: str) -> Interval:
    """Read the moment for which a case is judged; a date alone means its end.

    Raises:
        UsageError: It is neither a date nor a date and time.
    """
    from simdiag.loading.cases import judged_at
    from simdiag.loading.scalars import NotReadable

    try:
        return judged_at(text)
    except NotReadable as error:
        raise UsageError(f"expected {error.expected}, found `{text}`") from error


def moment_text(moment: Interval) -> str:
    """Write a moment of judgement as results show it."""
    from simdiag.calculation.times import moment_of

    return moment_of(int(moment.high)).isoformat()


# Many cases --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Failure:
    """What stands in the place of a result that could not be made."""

    case: str
    reason: str


@dataclass
class Assessor:
    """Turns cases into results; one case that fails leaves the others alone.

    Attributes:
        diag: The knowledge base and engine.
        lang: Language of the results.
        reveal: Whether numbers of people are written in full.
    """

    diag: Simdiag
    lang: str = "en"
    reveal: bool = False

    def results(self, cases: Iterable[tuple[Case, bool]]) -> list[dict[str, Any] | Failure]:
        """Assess cases; those that come with true get the record of their rules."""
        wanted = list(cases)
        if self.diag.engine_name == "columnar" and not any(record for _, record in wanted):
            found = self._together([case for case, _ in wanted])
            if found is not None:
                return found
        return [self._result(case, record=record) for case, record in wanted]

    def _together(self, cases: Sequence[Case]) -> list[dict[str, Any] | Failure] | None:
        """Assess cases at once, which only columns can; none if one of them is beyond columns."""
        from simdiag.engines.columnar.engine import ColumnarEngine

        engine = self.diag.engine
        assert isinstance(engine, ColumnarEngine)  # noqa: S101 - asked before
        try:
            inferences = engine.inferences(cases)
            return [
                self._serialiser.assessment(
                    assess(self.diag.program, case, inference), justifications=False
                )
                for case, inference in zip(cases, inferences, strict=True)
            ]
        except Exception:  # noqa: BLE001 - then each by itself, so that one leaves the others alone
            return None

    def _result(self, case: Case, *, record: bool) -> dict[str, Any] | Failure:
        try:
            found = self.diag.assess(case)
            return self._serialiser.assessment(found, justifications=record)
        except Exception as error:  # noqa: BLE001 - one bad case must not take the others along
            kind = "" if isinstance(error, EngineFailure) else f"{type(error).__name__}: "
            return Failure(case.id, f"{kind}{error}")

    @cached_property
    def _serialiser(self) -> Serialiser:
        return self.diag.serialiser(self.lang, reveal=self.reveal)


def assess_all(
    assessor: Assessor, cases: Sequence[Case], *, jobs: int = 1, records: int = 0
) -> Iterator[dict[str, Any] | Failure]:
    """Assess many cases, in their order.

    Args:
        assessor: How.
        cases: The cases.
        jobs: Number of processes; with one no other process is started. It changes no byte.
        records: Of how many cases, from the first, to keep the record of rules.
    """
    wanted = [(case, number < records) for number, case in enumerate(cases)]
    together = assessor.diag.engine_name == "columnar" and not records
    size = _TOGETHER if together else _CHUNK
    chunks = [wanted[start : start + size] for start in range(0, len(wanted), size)]
    if jobs <= 1 or len(chunks) <= 1:
        for chunk in chunks if together else ([pair] for pair in wanted):
            yield from assessor.results(chunk)
        return
    from simdiag.engines.processes import ordered_map

    start = (assessor.diag.base, assessor.diag.engine_name, assessor.lang, assessor.reveal)
    for results in ordered_map(_work, chunks, min(jobs, len(chunks)), _start, start):
        yield from results


def assess_table(diag: Simdiag, table: Any, as_of: Interval | None = None) -> Any:  # noqa: ANN401
    """Assess a table of cases with the columnar engine.

    Args:
        diag: The knowledge base.
        table: A DataFrame of Polars or pandas, or an Arrow table, with one row a case: ``case``,
            ``as_of``, and for each template a struct or a list of structs with its slots.
        as_of: Moment of judgement of all cases; else each has its own.

    Returns:
        A Polars DataFrame with a row for each case: its first cause, and lists of its diagnoses,
        actions, vetoes, conflicts, missing slots, fired and undecided rules.

    Raises:
        InvalidInput: With everything that is wrong with its columns and rows.
        UsageError: It is no table.
    """
    from simdiag.engines.columnar.files import Setup
    from simdiag.engines.columnar.files import assess_table as assessed

    return assessed(Setup(diag.base, as_of), diag.program, table)


def table_results(
    diag: Simdiag,
    cases: Sequence[str] | Sequence[Case],
    out: Path,
    moments: tuple[Interval | None, Interval | None] = (None, None),
    jobs: int = 1,
) -> TableOutcome:
    """Assess cases with the columnar engine and write the results as Parquet.

    Args:
        diag: The knowledge base.
        cases: Names of Parquet files with one row a case, or cases that were read already.
        out: Where the results go.
        moments: Moment of judgement of all cases, and of those that state none.
        jobs: Number of processes; it changes no byte.

    Returns:
        How many were done, what was set aside, and the first causes.

    Raises:
        InvalidInput: Columns do not fit the terms.
        UsageError: A file cannot be read.
        OSError: The results cannot be written.
    """
    from simdiag.engines.columnar.files import Setup, assess_cases, assess_files

    setup = Setup(diag.base, *moments)
    read = [case for case in cases if not isinstance(case, str)]
    if read:
        return assess_cases(setup, read, out)
    return assess_files(setup, [str(name) for name in cases], out, jobs)


_assessors: list[Assessor] = []


def _start(base: KnowledgeBase, engine: str, lang: str, reveal: bool) -> None:  # noqa: FBT001
    """Make a process ready for :func:`_work`."""
    _assessors[:] = [Assessor(Simdiag(base, engine), lang, reveal)]


def _work(cases: Sequence[tuple[Case, bool]]) -> list[dict[str, Any] | Failure]:
    return _assessors[0].results(cases)


def with_reasons(
    assessor: Assessor, results: Sequence[dict[str, Any]], cases: Mapping[str, Case]
) -> Iterator[tuple[dict[str, Any], bool]]:
    """Give results with the record of their rules, by assessing their cases again.

    Args:
        assessor: How.
        results: In their JSON form.
        cases: The cases by id; a result without its case stays as it is.

    Returns:
        Each result, and whether it says the same as before.

    Raises:
        EngineFailure: A case could not be assessed.
        UsageError: A result has no readable moment.
    """
    for result in results:
        case = cases.get(result["case"])
        if case is None:
            yield result, True
            continue
        moment = replace(case, as_of=read_moment(result["as_of"]))
        (found,) = assessor.results([(moment, True)])
        if isinstance(found, Failure):
            raise EngineFailure(f"case {found.case}: {found.reason}")
        yield found, _conclusions(found) == _conclusions(result)


def _conclusions(result: Mapping[str, Any]) -> list[tuple[object, ...]]:
    """Give what a result concludes, whatever its language and masking."""
    return [
        *((each["id"], each["state"], *each["possible"]) for each in result["diagnoses"]),
        *((each["id"], each["status"]) for key in ("actions", "vetoes") for each in result[key]),
    ]


# Files -------------------------------------------------------------------------------------------


def written_file(path: Path) -> AbstractContextManager[IO[str]]:
    """Open a text file that takes its place only when it is complete.

    Raises:
        OSError: It cannot be written.
    """
    from simdiag.reporting.results import written_file as written

    return written(path)


def render(
    results: Sequence[dict[str, Any]],
    base: KnowledgeBase,
    lang: str,
    form: Format,
    *,
    all_cases: bool = False,
) -> str:
    """Write results for a person.

    Args:
        results: In their JSON form.
        base: The knowledge base that gives the texts.
        lang: Language of the page.
        form: ``html``, ``md`` or ``text``.
        all_cases: Show every case in full, not only the first 200.

    Raises:
        UsageError: There is no such language or form.
    """
    from simdiag.reporting.render import render as rendered

    return rendered(results, base, lang, form, all_cases=all_cases)


def explain_case(
    diag: Simdiag, case: Case, name: str = "", lang: str = "en", *, reveal: bool = False
) -> dict[str, Any]:
    """Explain a conclusion about one case.

    Args:
        diag: The knowledge base and engine.
        case: The facts.
        name: Id of a diagnosis, action, veto, finding or rule; the first diagnosis if empty.
        lang: Language of the texts.
        reveal: Whether numbers of people are written in full.

    Returns:
        ``case``, ``as_of``, ``lang``, ``knowledge`` as in results, and ``explanation``, a tree
        (see :mod:`simdiag.reasoning.explanation`).

    Raises:
        UsageError: There is nothing of that name.
    """
    from simdiag.reasoning.explanation import explain

    found = diag.assess(case)
    writer = diag.serialiser(lang, reveal=reveal)
    tree = explain(diag.program, found, writer, name)
    return {**writer.heading(found), "explanation": tree}


def explanation_text(diag: Simdiag, explained: dict[str, Any]) -> str:
    """Write what :func:`explain_case` gave as indented text in its language."""
    from simdiag.i18n import Messages
    from simdiag.reporting.tree import tree_text

    messages = Messages(str(explained["lang"]))
    return tree_text(explained["explanation"], diag.base, messages)


def consultation(diag: Simdiag, as_of: Interval, case: Case | None = None) -> Consultation:
    """Begin a consultation.

    Args:
        diag: The knowledge base and engine.
        as_of: The moment for which the case is judged.
        case: Facts to begin with.

    Returns:
        Its first state; see :mod:`simdiag.reasoning.consultation`.
    """
    from simdiag.reasoning import planning
    from simdiag.reasoning.consultation import Consultation, Desk

    desk = Desk(diag.reader(), diag.program, diag.assess, planning.most_telling)
    if case is None:
        return Consultation(desk, "consultation", as_of)
    return Consultation(desk, case.id, as_of, dict(case.lists))


def answer_reader(diag: Simdiag, state: Consultation, lang: str) -> AnswerReader:
    """Give a reader of what a person types as answers in a consultation."""
    from simdiag.i18n import Messages
    from simdiag.reasoning.answers import AnswerReader

    return AnswerReader(diag.reader(), Messages(lang), state.as_of)


def learned_frequencies(diag: Simdiag, cases: Iterable[Case]) -> str:
    """Learn from solved cases how often each answer is given; YAML as in ``terms/``."""
    from simdiag.reasoning.calibration import as_yaml, frequencies

    return as_yaml(frequencies(diag.base, cases))


def save_consultation(
    state: Consultation, path: Path, notes: Iterable[str] = (), *, replace: bool = False
) -> Path:
    """Write the facts of a consultation as a facts file that only its owner may read.

    The protocol, with the questions and answers in their order, is written beside it.

    Args:
        state: The consultation.
        path: Where; JSON if it ends in ``.json``, else YAML.
        notes: Comments to put before the facts, in YAML.
        replace: Whether a file that is there is replaced; if not, the next free name is taken.

    Returns:
        The file that was written.

    Raises:
        OSError: It cannot be written.
    """
    from simdiag.loading.facts_writer import facts_yaml, plain_facts, write_free, write_private
    from simdiag.reasoning.protocol import protocol

    facts = plain_facts(state.case_id, state.as_of, state.sheets, state.desk.base)
    is_json = path.suffix.lower() == ".json"
    text = f"{write_json(facts, indent=1)}\n" if is_json else facts_yaml(facts, notes)
    steps = f"{write_json(protocol(state), indent=1)}\n"
    if not replace:
        written = write_free(path, text)
        write_free(protocol_beside(written), steps)
        return written
    write_private(path, text)
    write_private(protocol_beside(path), steps)
    return path


def protocol_beside(facts: Path) -> Path:
    """Give the name of the protocol that belongs to a facts file."""
    return facts.with_name(f"{facts.stem}.protocol.json")


def resume_consultation(state: Consultation, facts: Path) -> Consultation:
    """Take over what was not known from the protocol beside a facts file, if there is one."""
    from simdiag.reasoning.protocol import resumed

    try:
        found = json.loads(protocol_beside(facts).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return state  # the facts are enough
    return resumed(state, found)


def consultation_report(
    diag: Simdiag,
    state: Consultation,
    lang: str,
    form: Format,
    *,
    reveal: bool = False,
    width: int | None = None,
) -> str:
    """Write what comes out of a consultation so far for a person: ``html``, ``md`` or ``text``."""
    from simdiag.reporting.render import WIDTH
    from simdiag.reporting.render import render as rendered

    result = diag.serialiser(lang, reveal=reveal).assessment(state.assessment)
    return rendered([result], diag.base, lang, form, width=width or WIDTH)
