"""The knowledge base: everything that a package holds, resolved and immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from simdiag.model.rules import Action, Diagnosis, Finding, Ladder, Rule, Veto
from simdiag.model.terms import Cardinality, Template

ESTABLISHES, EXCLUDES = "establishes", "excludes"
CASE = "case"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores from which a diagnosis is established or suggested, or down to which excluded (S7)."""

    established: int = 42
    suggested: int = 10
    excluded: int = -42


@dataclass(frozen=True, slots=True)
class Source:
    """One row of the table of sources."""

    key: str
    url: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """A loaded package.

    Attributes:
        id, version, title: From the manifest.
        hash: Of the meaning, not of the bytes: the order of files and rules does not change it.
        languages: Tags in which the texts exist, English first.
        weights: Score of each named weight.
        thresholds: Scores that separate the states.
        templates: Terms and references by name.
        findings, diagnoses, actions, vetoes, rules, sources: By id.
        ladders: In order of preference.
        question_order: ``template.slot`` in the order of the fixed questionnaire.
        texts: By language, then by key ``<id>/<field>``; English is complete.
        proper_names: Keys of texts that are names and are never translated.
        text_hashes: For translations: key to the hash of the English text that was translated.
    """

    id: str
    version: str
    title: str
    hash: str
    languages: tuple[str, ...]
    weights: Mapping[str, int]
    thresholds: Thresholds
    templates: Mapping[str, Template]
    findings: Mapping[str, Finding]
    diagnoses: Mapping[str, Diagnosis]
    actions: Mapping[str, Action]
    vetoes: Mapping[str, Veto]
    ladders: tuple[Ladder, ...]
    rules: Mapping[str, Rule]
    sources: Mapping[str, Source]
    question_order: tuple[str, ...] = ()
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    text_hashes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    proper_names: frozenset[str] = frozenset()

    def text(self, lang: str, key: str) -> str:
        """Give a text in a language, in English if that language lacks it.

        Raises:
            KeyError: If no such text exists in English.
        """
        translated = self.texts.get(lang, {}).get(key)
        return translated if translated is not None else self.texts["en"][key]

    def fact_templates(self) -> tuple[Template, ...]:
        """Give the templates that a case may have facts of, by name."""
        return tuple(
            template
            for _, template in sorted(self.templates.items())
            if template.cardinality is not Cardinality.REFERENCE
        )
