"""The library: load a knowledge base, assess cases, explain, render. All that the commands call."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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

    from simdiag.authoring.scenarios import ScenarioResult
    from simdiag.intake.entries import Entry

ENGINES = ("experta", "reference")
# From here on `auto` takes the faster of the two engines in batches; their answers are the same.
MANY_CASES = 1000
_CHUNK = 8


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
        engine_name: ``experta`` or ``reference``.
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


# Many cases ----------------------------------------------------------------------------------------


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
        return [self._result(case, record=record) for case, record in cases]

    def _result(self, case: Case, *, record: bool) -> dict[str, Any] | Failure:
        try:
            found = self.diag.assess(case)
            return self._serialiser.assessment(found, justifications=record)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one case, the others count
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
    chunks = [wanted[start : start + _CHUNK] for start in range(0, len(wanted), _CHUNK)]
    if jobs <= 1 or len(chunks) <= 1:
        for pair in wanted:
            yield from assessor.results([pair])
        return
    from simdiag.engines.processes import ordered_map

    start = (assessor.diag.base, assessor.diag.engine_name, assessor.lang, assessor.reveal)
    for results in ordered_map(_work, chunks, min(jobs, len(chunks)), _start, start):
        yield from results


_assessors: list[Assessor] = []


def _start(base: KnowledgeBase, engine: str, lang: str, reveal: bool) -> None:  # noqa: FBT001 - see ordered_map
    """Make a process ready for :func:`_work`."""
    _assessors[:] = [Assessor(Simdiag(base, engine), lang, reveal)]


def _work(cases: Sequence[tuple[Case, bool]]) -> list[dict[str, Any] | Failure]:
    return _assessors[0].results(cases)


# Files ---------------------------------------------------------------------------------------------


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
    form: str,
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
    from simdiag.reporting.render import FORMATS, render as rendered

    if form not in FORMATS:
        raise UsageError(f"no format `{form}`; {did_you_mean(form, FORMATS)}")
    return rendered(results, base, lang, FORMATS[form], all_cases=all_cases)



# The workbench of rule authors ---------------------------------------------------------------------


def run_rule_tests(
    paths: Iterable[Path | str] = (), engines: Iterable[str] = ("experta",), text: str = ""
) -> list[ScenarioResult]:
    """Run the scenarios of a package.

    Args:
        paths: A package, folders or files in it; the shipped package if there is none.
        engines: Names of the engines; several must give equal results.
        text: Only scenarios whose name, file or diagnosis contains this text.

    Raises:
        InvalidInput: With everything that is wrong in the package and in the scenarios.
        UsageError: There is no such path, engine or scenario.
    """
    from simdiag.authoring.places import package_and_tests
    from simdiag.authoring.scenarios import run_scenarios, select
    from simdiag.loading.scenarios import read_scenarios

    folder, files = package_and_tests(paths)
    base = load_knowledge(folder, ("en",))
    problems = Problems()
    scenarios = read_scenarios(folder, files, base, problems)
    problems.raise_if_any()
    chosen = select(scenarios, text)
    if not chosen:
        raise UsageError(f"no scenario has `{text}` in its name, file or diagnosis")
    ready = {name: Simdiag(base, name) for name in engines}
    return list(run_scenarios(chosen, prepare(base), {name: ready[name].engine for name in ready}))


def check_rules(folder: Path | str | None = None) -> tuple[Problems, Problems]:
    """Find everything that is wrong with a package.

    Args:
        folder: The package, or any path in it; the shipped package if not given.

    Returns:
        What loading found, and the violations of checks; errors and warnings.

    Raises:
        UsageError: There is no such package.
    """
    from simdiag.authoring.checks import check_package
    from simdiag.authoring.places import package_of, usual_package

    return check_package(usual_package() if folder is None else package_of(Path(folder)))


def explain_case(diag: Simdiag, case: Case, name: str = "", lang: str = "en", *, reveal: bool = False) -> dict[str, Any]:
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
