"""A folder of YAML files to a knowledge base."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from simdiag.errors import Problems, UsageError
from simdiag.loading.data import DataReader
from simdiag.loading.expressions import Terms
from simdiag.loading.fields import number_of, text_of, words_of
from simdiag.loading.keys import read_keys
from simdiag.loading.rules import RuleReader
from simdiag.loading.terms import fill_choices, read_relevance, read_templates
from simdiag.loading.texts import english_texts, read_locale
from simdiag.loading.tree import Mapping as MappingNode
from simdiag.loading.tree import Node, Scalar, decode, parse_yaml
from simdiag.model.knowledge import KnowledgeBase, Thresholds
from simdiag.model.terms import Template
from simdiag.spans import Span

DEFAULT_PACKAGE = "be-mobile"
_SUFFIXES = (".yaml", ".yml")


def shipped_package(name: str = DEFAULT_PACKAGE) -> Path:
    """Find a package that travels with simdiag: in the wheel, or beside the sources.

    Raises:
        UsageError: If there is none of that name.
    """
    inside = Path(str(resources.files("simdiag"))) / "_rules"
    beside = Path(__file__).resolve().parents[3] / "rules"
    for folder in (inside, beside):
        if (folder / name / "package.yaml").is_file():
            return folder / name
    raise UsageError(f"there is no knowledge package `{name}`")


@dataclass(slots=True)
class _File:
    path: Path
    shown: str
    node: Node


class _PackageReader:
    """Reads the files of one package in the order in which they depend on each other."""

    def __init__(self, folder: Path, problems: Problems, languages: Iterable[str] | None) -> None:
        self.folder = folder
        self.problems = problems
        self.wanted = None if languages is None else set(languages)

    def files(self, *parts: str) -> Iterator[_File]:
        """Read the files below a folder of the package, tests left out, in the order of paths."""
        base = self.folder.joinpath(*parts)
        found = [path for suffix in _SUFFIXES for path in base.rglob(f"*{suffix}")]
        for path in sorted(found):
            if not path.name.endswith((".test.yaml", ".test.yml")):
                file = self.file(path)
                if file is not None:
                    yield file

    def file(self, path: Path) -> _File | None:
        shown = str(path)
        try:
            data = path.read_bytes()
        except OSError as error:
            self.problems.add(Span(shown), "file", f"cannot be read: {error.strerror}")
            return None
        text = decode(data, shown, self.problems)
        documents = () if text is None else parse_yaml(text, shown, self.problems)
        if not documents:
            if text is not None and not text.strip():
                self.problems.add(Span(shown), "empty", "the file is empty")
            return None
        if len(documents) > 1:
            self.problems.add(
                documents[1].span, "form", "a package file has one document", "remove the `---`"
            )
        return _File(path, shown, documents[0])

    def read(self) -> KnowledgeBase | None:
        """Read everything; none if there is no readable manifest."""
        manifest_file = self.file(self.folder / "package.yaml")
        if manifest_file is None:
            return None
        manifest = read_keys(manifest_file.node, "package", self.problems)
        if manifest is None:
            return None
        data = DataReader(self.problems)
        for file in self.files("data"):
            data.read(file.node)
        data.finish()
        terms, names = self.terms(data.templates)
        rules = self.rules(terms, manifest, data)
        base = self.assemble(manifest, terms, data, rules)
        return self.with_texts(base, manifest, names)

    def terms(self, references: dict[str, Template]) -> tuple[Terms, set[str]]:
        templates = dict(references)
        kept = []
        for file in self.files("terms"):
            kept.extend(read_templates(file.node, self.problems, templates))
        names = fill_choices(kept, templates, self.problems)
        terms = Terms(templates)
        quiet = RuleReader(terms, self.problems, {}, {})
        self._finding_files = list(self.files("findings"))
        for file in self._finding_files:
            quiet.read_headers(file.node)
        read_relevance(kept, terms, self.problems)
        return terms, names

    def rules(self, terms: Terms, manifest: dict[str, Node], data: DataReader) -> RuleReader:
        reader = RuleReader(terms, self.problems, self.weights(manifest), data.sources)
        for file in self._finding_files:
            reader.read_findings(file.node)
        for file in self.files("actions"):
            reader.read_actions(file.node)
        for file in self.files("diagnoses"):
            relative = file.path.relative_to(self.folder / "diagnoses").with_suffix("")
            reader.read_diagnosis(file.node, ".".join(relative.parts))
        reader.finish()
        return reader

    def weights(self, manifest: dict[str, Node]) -> dict[str, int]:
        node = manifest.get("weights")
        found = {}
        for name, value in node.pairs if isinstance(node, MappingNode) else ():
            found[name.text] = number_of({"weight": value}, "weight", self.problems)
        return found

    def assemble(
        self, manifest: dict[str, Node], terms: Terms, data: DataReader, rules: RuleReader
    ) -> KnowledgeBase:
        limits = read_keys(manifest.get("thresholds"), "thresholds", self.problems)
        thresholds = Thresholds()
        if limits:
            thresholds = Thresholds(
                *(
                    number_of(limits, name, self.problems)
                    for name in ("established", "suggested", "excluded")
                )
            )
        return KnowledgeBase(
            id=text_of(manifest, "package", self.problems),
            version=text_of(manifest, "version", self.problems),
            title=text_of(manifest, "title", self.problems),
            hash="",
            languages=tuple(word.text for word in words_of(manifest, "languages", self.problems)),
            weights=rules.weights,
            thresholds=thresholds,
            templates=dict(sorted(terms.templates.items())),
            findings=dict(sorted(rules.findings.items())),
            diagnoses=dict(sorted(rules.diagnoses.items())),
            actions=dict(sorted(rules.actions.items())),
            vetoes=dict(sorted(rules.vetoes.items())),
            ladders=tuple(rules.ladders),
            rules=dict(sorted(rules.rules.items())),
            sources=dict(sorted(data.sources.items())),
            question_order=self.question_order(manifest, terms),
        )

    def question_order(self, manifest: dict[str, Node], terms: Terms) -> tuple[str, ...]:
        found = []
        for word in words_of(manifest, "question_order", self.problems):
            template, _, slot = word.text.partition(".")
            if terms.type_of(template, slot) is None:
                self.problems.add(word.span, "unknown-slot", f"unknown slot `{word.text}`")
            found.append(word.text)
        return tuple(found)

    def with_texts(
        self, base: KnowledgeBase, manifest: dict[str, Node], names: set[str]
    ) -> KnowledgeBase:
        english = english_texts(base)
        texts: dict[str, Mapping[str, str]] = {"en": english}
        hashes: dict[str, Mapping[str, str]] = {}
        for word in words_of(manifest, "languages", self.problems):
            wanted = self.wanted is None or word.text in self.wanted
            if word.text == "en" or not wanted:
                continue
            found = self.locale(word, english)
            texts[word.text] = {key: text for key, (_, text) in found.items()}
            hashes[word.text] = {key: stamp for key, (stamp, _) in found.items()}
        return replace(
            base,
            hash=meaning_hash(base),
            texts=texts,
            text_hashes=hashes,
            proper_names=_proper_names(base, names),
        )

    def locale(self, word: Scalar, english: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        path = self.folder / "locale" / f"{word.text}.yaml"
        if not path.is_file():
            self.problems.add(
                word.span, "missing-file", f"the texts of `{word.text}` are missing", f"add {path}"
            )
            return {}
        file = self.file(path)
        return {} if file is None else read_locale(file.node, word.text, english, self.problems)


def _proper_names(base: KnowledgeBase, slots: set[str]) -> frozenset[str]:
    """Give the keys of texts that are names and stay the same in every language."""
    found = set()
    for key in slots:
        template, _, slot = key.partition(".")
        choices = base.templates[template].slots[slot].choices
        found |= {f"choice:{key}.{choice.id}" for choice in choices}
    return frozenset(found)


def meaning_hash(base: KnowledgeBase) -> str:
    """Hash what a knowledge base says, whatever the order of its files and rules.

    Translations do not count: they change no conclusion.
    """
    parts: list[str] = [
        repr((base.id, base.version, sorted(base.weights.items()), base.thresholds))
    ]
    groups: Sequence[Mapping[str, object]] = (
        base.templates,
        base.findings,
        base.diagnoses,
        base.actions,
        base.vetoes,
        base.rules,
        base.sources,
    )
    for group in groups:
        parts.extend(f"{name}={value!r}" for name, value in sorted(group.items()))
    parts.extend(sorted(repr(ladder) for ladder in base.ladders))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def read_package(
    folder: Path | str, problems: Problems, languages: Iterable[str] | None = None
) -> KnowledgeBase | None:
    """Read a package as far as it can be read.

    Args:
        folder: The folder that holds ``package.yaml``.
        problems: Takes everything that is wrong.
        languages: Languages to load besides English; all if not given.

    Returns:
        The knowledge base, with whatever could be read; none if there is no manifest.
    """
    return _PackageReader(Path(folder), problems, languages).read()


def load_package(
    folder: Path | str,
    languages: Iterable[str] | None = None,
    check: Callable[[KnowledgeBase, Problems], None] | None = None,
) -> KnowledgeBase:
    """Load a package.

    Args:
        folder: The folder that holds ``package.yaml``.
        languages: Languages to load besides English; all if not given.
        check: Looks for more problems, before any is reported.

    Returns:
        The knowledge base.

    Raises:
        InvalidInput: With everything that is wrong in it.
    """
    problems = Problems()
    base = read_package(folder, problems, languages)
    if base is not None and check is not None:
        check(base, problems)
    problems.raise_if_any()
    if base is None:
        raise UsageError(f"there is no knowledge package in {folder}")
    return base
