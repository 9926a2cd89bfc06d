"""The texts of a package over its languages: what lacks a translation, which ones are stale."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from simdiag.loading.texts import text_hash
from simdiag.model.knowledge import KnowledgeBase
from simdiag.spans import NOWHERE, Span

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# A digit that is part of a name, such as 4G, is no figure.
_FIGURE = re.compile(r"(?<![\w{])\d+(?:[.,]\d+)*(?![\w}])")


@dataclass(frozen=True, slots=True)
class Gap:
    """A text without a translation that fits.

    Attributes:
        key: The key of the text.
        english: The English text.
        stale: The translation of an earlier English text; empty if there is none at all.
    """

    key: str
    english: str
    stale: str = ""


def gaps(base: KnowledgeBase, lang: str) -> Iterator[Gap]:
    """Give the texts that lack a translation or have a stale one, by key; names are left out."""
    texts, hashes = base.texts.get(lang, {}), base.text_hashes.get(lang, {})
    for key, english in base.texts["en"].items():
        if not texts.get(key):
            if key not in base.proper_names:
                yield Gap(key, english)
        elif hashes.get(key) != text_hash(english):
            yield Gap(key, english, texts[key])


def skeleton(base: KnowledgeBase, lang: str) -> str:
    """Write what is to be translated, in the notation of ``locale/<lang>.yaml``.

    Each entry has the hash of the English text, and the English text as a comment above it; a stale
    translation stands below that, to be read again.
    """
    lines = [f"language: {lang}", "texts:"]
    for gap in gaps(base, lang):
        lines.append(f"  # {gap.english}")
        if gap.stale:
            lines.append(f"  # before: {gap.stale}")
        lines.append(f"  {_quoted(gap.key)}: {{of: {_quoted(text_hash(gap.english))}, text: ''}}")
    if lines[-1] == "texts:":
        lines[-1] = "texts: {}"
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Quote a key or hash where YAML might read it otherwise; JSON's quotes are YAML's."""
    plain = re.fullmatch(r"[a-z][\w./-]*", text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def numbers(text: str) -> tuple[str, ...]:
    """Give the numbers in a text, sorted, whatever sign divides thousands or decimals."""
    return tuple(sorted(re.sub(r"[.,]", "", number) for number in _NUMBER.findall(text)))


def figures(text: str) -> tuple[str, ...]:
    """Give the figures in a text that are written out, in their order."""
    return tuple(_FIGURE.findall(text))


def english_places(base: KnowledgeBase) -> dict[str, Span]:
    """Give the place of what each English text belongs to, by the beginning of its key."""
    found: dict[str, Span] = {}
    for diagnosis in base.diagnoses.values():
        found[diagnosis.id] = diagnosis.span
    for rule in base.rules.values():
        found[rule.id] = rule.span
    for finding in base.findings.values():
        found[f"finding:{finding.id}"] = finding.span
    for action in base.actions.values():
        found[f"action:{action.id}"] = action.span
    for veto in base.vetoes.values():
        found[f"veto:{veto.id}"] = veto.span
    for ladder in base.ladders:
        found[f"ladder:{ladder.id}"] = base.rules[ladder.rule].span
    for template in base.templates.values():
        found[f"template:{template.name}"] = template.span
        for slot in template.slots.values():
            found[f"slot:{template.name}.{slot.name}"] = slot.span
            for choice in slot.choices:
                found[f"choice:{template.name}.{slot.name}.{choice.id}"] = slot.span
    return found


def place_of(key: str, places: dict[str, Span]) -> Span:
    """Give the place of an English text by its key."""
    return places.get(key) or places.get(key.rpartition("/")[0], NOWHERE)
