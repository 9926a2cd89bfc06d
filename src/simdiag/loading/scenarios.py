"""Scenarios, the tests of a knowledge base: ``x.test.yaml`` beside ``x.yaml``, and ``scenarios/``.

Every expectation keeps its place, so that one that is not met can be shown where it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from simdiag.errors import Problems, did_you_mean
from simdiag.loading.cases import FactReader
from simdiag.loading.fields import text_of, word_of, words_of
from simdiag.loading.keys import read_keys
from simdiag.loading.scalars import NotReadable, read_choice, read_moment, read_value, write_value
from simdiag.loading.tree import Mapping as MappingNode
from simdiag.loading.tree import (
    Node,
    Scalar,
    Sequence,
    decode,
    expect_mapping,
    kind_of,
    parse_yaml,
    shorten,
)
from simdiag.model.assessment import State
from simdiag.model.cases import Case
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.rules import Finding, Purpose
from simdiag.model.values import Interval, Kind
from simdiag.spans import Span

# Most rules do not look at the date. A scenario that leaves it out is judged for this moment.
USUAL_MOMENT = read_moment("2025-11-20 18:00")
KINDS = ("positive", "negative", "unknown")
STATES = tuple(state.word for state in State)
NOTHING = "none"
_SUFFIX = ".test"
_NO_VALUE = ("unknown", "not applicable")


@dataclass(frozen=True, slots=True)
class Expectation:
    """One thing that must come out of a scenario.

    Attributes:
        form: ``first``, ``state``, ``range``, ``do``, ``not_do``, ``firm``, ``veto``, ``no_veto``,
            ``missing``, ``not_before``, ``not_after``, ``finding`` or ``conflicts``.
        subject: Id of the diagnosis, action, veto, slot or finding; empty for ``conflicts``.
        wanted: The values as words: a state, two states, a date, values of a finding, rule ids.
        span: Where it is written.
    """

    form: str
    subject: str
    wanted: tuple[str, ...] = ()
    span: Span = field(default_factory=lambda: Span(""), compare=False)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One test: the facts of a case and what must come out.

    Attributes:
        name: Unique in its file.
        span: Where it begins.
        kind: ``positive``, ``negative``, ``unknown`` or empty.
        diagnosis: The diagnosis beside which it stands, or empty.
        case: The facts.
        expectations: What must come out, at least one.
    """

    name: str
    span: Span
    kind: str
    diagnosis: str
    case: Case
    expectations: tuple[Expectation, ...]


def scenario_files(folder: Path) -> tuple[Path, ...]:
    """Give the files of a package that hold scenarios, in the order of their paths."""
    beside = folder.joinpath("diagnoses").rglob(f"*{_SUFFIX}.y*ml")
    stories = folder.joinpath("scenarios").rglob("*.y*ml")
    return tuple(sorted({*beside, *stories}))


def read_scenarios(
    folder: Path, files: Iterable[Path], base: KnowledgeBase, problems: Problems
) -> tuple[Scenario, ...]:
    """Read files of scenarios.

    Args:
        folder: The folder of the package.
        files: The files, below that folder.
        base: The knowledge base that they test.
        problems: Takes everything that is wrong in them.
    """
    reader = _Reader(base, problems)
    found: list[Scenario] = []
    for path in files:
        node = _document(path, problems)
        if node is not None:
            found.extend(reader.file(node, diagnosis_of(folder, path)))
    return tuple(found)


def _document(path: Path, problems: Problems) -> Node | None:
    try:
        data = path.read_bytes()
    except OSError as error:
        problems.add(Span(str(path)), "file", f"cannot be read: {error.strerror}")
        return None
    text = decode(data, str(path), problems)
    documents = () if text is None else parse_yaml(text, str(path), problems)
    if text is not None and not text.strip():
        problems.add(Span(str(path)), "empty", "the file is empty")
    if len(documents) > 1:
        problems.add(
            documents[1].span, "form", "a package file has one document", "remove the `---`"
        )
    return documents[0] if documents else None


def diagnosis_of(folder: Path, path: Path) -> str | None:
    """Give the id that stands beside a file, or none for a whole story."""
    if not path.stem.endswith(_SUFFIX):
        return None
    try:
        inner = path.resolve().relative_to(folder.resolve() / "diagnoses")
    except ValueError:
        return None
    return ".".join((*inner.parts[:-1], path.stem.removesuffix(_SUFFIX)))


class _Reader:
    """Reads scenarios by the ids of one knowledge base."""

    def __init__(self, base: KnowledgeBase, problems: Problems) -> None:
        self.base = base
        self.problems = problems
        self.facts = FactReader(base, default_as_of=USUAL_MOMENT)
        self.slots = {
            f"{template.name}.{slot}": ()
            for template in base.fact_templates()
            for slot in template.slots
        }
        self.conflicts = {
            rule.id.removeprefix("contradiction#")
            for rule in base.rules.values()
            if rule.purpose is Purpose.CONTRADICTION
        } | set(base.diagnoses)

    def file(self, node: Node, diagnosis: str | None) -> Iterable[Scenario]:
        """Read one file; ``diagnosis`` is the id that its place asks for."""
        keys = read_keys(node, "scenarios file", self.problems) or {}
        if diagnosis is not None and diagnosis not in self.base.diagnoses:
            self.problems.add(
                node.span,
                "unknown-diagnosis",
                f"this is the test of `{diagnosis}`, which does not exist",
                did_you_mean(diagnosis, self.base.diagnoses),
            )
        mapping = expect_mapping(keys.get("scenarios"), "`scenarios`", self.problems)
        for name, value in mapping.pairs if mapping else ():
            found = self.scenario(name, value, diagnosis)
            if found is not None:
                yield found

    def scenario(self, name: Scalar, node: Node, diagnosis: str | None) -> Scenario | None:
        """Read one scenario; none if it has errors."""
        keys = read_keys(node, "scenario", self.problems)
        if keys is None:
            return None
        before = len(self.problems.errors)
        kind = word_of(keys, "kind", KINDS, self.problems, "")
        if diagnosis is not None and "kind" not in keys:
            self.problems.add(
                name.span,
                "missing-key",
                f"the scenario `{name.text}` does not say its kind",
                "add `kind: positive`, `negative` or `unknown`",
            )
        expectations = self.expectations(name, keys.get("expect"))
        given = self.facts.case(keys["given"], name.text) if "given" in keys else None
        if given is not None:
            self.problems.extend(given.problems.errors)
        if given is None or given.case is None or len(self.problems.errors) > before:
            return None
        return Scenario(name.text, name.span, kind, diagnosis or "", given.case, expectations)

    # What must come out --------------------------------------------------------------------------

    def expectations(self, name: Scalar, node: Node | None) -> tuple[Expectation, ...]:
        """Read what must come out; a scenario that expects nothing is an error."""
        before = len(self.problems.errors)
        keys = read_keys(node, "expectation", self.problems) if node is not None else None
        if keys is None:
            return ()
        found: list[Expectation] = []
        for key in keys:
            found.extend(self.READERS[key](self, key, keys))
        if not found and len(self.problems.errors) == before:
            self.problems.add(
                name.span,
                "asserts-nothing",
                f"the scenario `{name.text}` expects nothing",
                "add at least one state, action or veto to `expect`",
            )
        return tuple(found)

    def known(self, word: Scalar, what: str, names: Iterable[str]) -> bool:
        """Say whether an id exists; note it with a suggestion otherwise."""
        if word.text in names:
            return True
        self.problems.add(
            word.span,
            f"unknown-{what}",
            f"unknown {what} `{shorten(word.text)}`",
            did_you_mean(word.text, names),
        )
        return False

    def ids(
        self, form: str, what: str, names: Iterable[str], key: str, keys: Mapping[str, Node]
    ) -> list[Expectation]:
        """Read a list of ids, one expectation each."""
        return [
            Expectation(form, word.text, (), word.span)
            for word in words_of(keys, key, self.problems)
            if self.known(word, what, names)
        ]

    def first(self, key: str, keys: Mapping[str, Node]) -> list[Expectation]:
        """Read the first diagnosis, or ``none``."""
        return self.ids("first", "diagnosis", {*self.base.diagnoses, NOTHING}, key, keys)

    def actions(self, key: str, keys: Mapping[str, Node]) -> list[Expectation]:
        """Read ``do``, ``not_do`` or ``firm``."""
        return self.ids(key, "action", self.base.actions, key, keys)

    def vetoes(self, key: str, keys: Mapping[str, Node]) -> list[Expectation]:
        """Read ``vetoes`` or ``no_vetoes``."""
        form = {"vetoes": "veto", "no_vetoes": "no_veto"}[key]
        return self.ids(form, "veto", self.base.vetoes, key, keys)

    def missing(self, key: str, keys: Mapping[str, Node]) -> list[Expectation]:
        """Read the slots that are missing."""
        return self.ids("missing", "slot", self.slots, key, keys)

    def conflicts_(self, key: str, keys: Mapping[str, Node]) -> list[Expectation]:
        """Read the rules of the conflicts: exactly these, so that an empty list says something."""
        words = words_of(keys, key, self.problems)
        bare = [Scalar(word.text.removeprefix("contradiction#"), word.span) for word in words]
        fits = [self.known(word, "rule", self.conflicts) for word in bare]
        if not all(fits):
            return []
        wanted = tuple(sorted(word.text for word in bare))
        return [Expectation("conflicts", "", wanted, keys[key].span)]

    def states(self, key: str, keys: Mapping[str, Node]) -> list[Expectation]:
        """Read the states of diagnoses."""
        found = []
        for name, value in self.pairs(key, keys, "diagnosis", self.base.diagnoses):
            word = word_of({"state": value}, "state", STATES, self.problems, "")
            if word:
                found.append(Expectation("state", name.text, (word,), name.span))
        return found

    def ranges(self, key: str, keys: Mapping[str, Node]) -> list[Expectation]:
        """Read the lowest and the highest state of diagnoses."""
        found = []
        two = 2
        for name, value in self.pairs(key, keys, "diagnosis", self.base.diagnoses):
            items = value.items if isinstance(value, Sequence) else ()
            words = [word_of({"state": item}, "state", STATES, self.problems, "") for item in items]
            if len(words) != two:
                self.problems.add(
                    value.span,
                    "form",
                    f"expected the lowest and the highest state, found {kind_of(value)}",
                    f"such as `{name.text}: [unclear, established]`",
                )
            elif all(words):
                found.append(Expectation("range", name.text, tuple(words), name.span))
        return found

    def dates(self, key: str, keys: Mapping[str, Node]) -> list[Expectation]:
        """Read the dates of actions."""
        found = []
        for name, value in self.pairs(key, keys, "action", self.base.actions):
            mapping = expect_mapping(value, "the dates of an action", self.problems)
            for form, date in mapping.pairs if mapping else ():
                if not self.known(form, "key", ("not_before", "not_after")):
                    continue
                text = text_of({"date": date}, "date", self.problems)
                if self.is_date(text, date.span):
                    found.append(Expectation(form.text, name.text, (text,), form.span))
        return found

    def is_date(self, text: str, span: Span) -> bool:
        """Say whether a text is a date, a date-time or ``none``; note it otherwise."""
        try:
            if text != NOTHING:
                read_moment(text)
        except NotReadable as error:
            expected = f"expected {error.expected}, or `none`, found `{shorten(text)}`"
            self.problems.add(span, "value", expected)
            return False
        return True

    def findings(self, key: str, keys: Mapping[str, Node]) -> list[Expectation]:
        """Read the values of findings: one, or one for each given fact in any order."""
        found = []
        for name, value in self.pairs(key, keys, "finding", self.base.findings):
            items = value.items if isinstance(value, Sequence) else (value,)
            finding = self.base.findings[name.text]
            texts = [self.finding_value(item, finding) for item in items]
            wanted = tuple(text for text in texts if text is not None)
            if len(wanted) == len(items):
                form = "findings" if isinstance(value, Sequence) else "finding"
                found.append(Expectation(form, name.text, wanted, name.span))
        return found

    def finding_value(self, node: Node, finding: Finding) -> str | None:
        """Read one value of a finding, and write it as it will be compared."""
        if not isinstance(node, Scalar):
            self.problems.add(node.span, "form", f"expected a value, found {kind_of(node)}")
            return None
        if node.text in _NO_VALUE:
            return node.text
        try:
            if finding.type.kind in {Kind.CHOICE, Kind.SET}:
                forms = {choice: choice for choice in finding.type.choices}
                return read_choice(node.text, forms, finding.type.choices)
            low, dots, high = node.text.partition("..")
            ends = [read_value(end, finding.type) for end in ((low, high) if dots else (low,))]
        except NotReadable as error:
            self.problems.add(
                node.span,
                "value",
                f"`{finding.id}` must be {error.expected}, found `{shorten(node.text)}`",
                error.suggestion,
            )
            return None
        first, last = ends[0], ends[-1]
        if isinstance(first, Interval) and isinstance(last, Interval):
            return write_value(Interval(first.low, last.high), finding.type)
        return write_value(first, finding.type)

    def pairs(
        self, key: str, keys: Mapping[str, Node], what: str, names: Iterable[str]
    ) -> list[tuple[Scalar, Node]]:
        """Give the entries of a mapping whose ids exist."""
        mapping = expect_mapping(keys[key], f"`{key}`", self.problems)
        pairs = mapping.pairs if isinstance(mapping, MappingNode) else ()
        return [(name, value) for name, value in pairs if self.known(name, what, names)]

    READERS: Mapping[str, Callable[[_Reader, str, Mapping[str, Node]], list[Expectation]]] = {
        "first": first,
        "states": states,
        "ranges": ranges,
        "do": actions,
        "not_do": actions,
        "firm": actions,
        "vetoes": vetoes,
        "no_vetoes": vetoes,
        "missing": missing,
        "dates": dates,
        "findings": findings,
        "conflicts": conflicts_,
    }
