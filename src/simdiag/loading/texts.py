"""The texts of a package: the English ones in place, translations by key beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from simdiag.errors import Problems
from simdiag.loading.fields import text_of
from simdiag.loading.keys import read_keys
from simdiag.loading.tree import Mapping as MappingNode
from simdiag.loading.tree import Node, expect_mapping
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.rules import Purpose
from simdiag.model.terms import Template


def text_hash(text: str) -> str:
    """Give the short hash that ties a translation to the English text that it translates."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def english_texts(base: KnowledgeBase) -> dict[str, str]:
    """Collect every English text of a package by its key; empty texts are left out."""
    found: dict[str, str] = {"package/title": base.title}
    for diagnosis in base.diagnoses.values():
        found[f"{diagnosis.id}/title"] = diagnosis.title
        found[f"{diagnosis.id}/summary"] = diagnosis.summary
        found[f"{diagnosis.id}/limitations"] = diagnosis.limitations
    for rule in base.rules.values():
        if rule.purpose is not Purpose.DERIVE:
            found[f"{rule.id}/text"] = rule.text
        found[f"{rule.id}/ask"] = rule.ask
    for template in base.templates.values():
        found.update(_template_texts(template))
    for finding in base.findings.values():
        found[f"finding:{finding.id}/title"] = finding.title
    found.update(_catalogue_texts(base))
    return {key: text for key, text in sorted(found.items()) if text}


def _template_texts(template: Template) -> dict[str, str]:
    found = {
        f"template:{template.name}/title": template.title,
        f"template:{template.name}/more": template.more,
    }
    for slot in template.slots.values():
        key = f"{template.name}.{slot.name}"
        found[f"slot:{key}/title"] = slot.title
        if slot.question is not None:
            found[f"slot:{key}/question"] = slot.question.text
            found[f"slot:{key}/help"] = slot.question.help
        for choice in slot.choices:
            found[f"choice:{key}.{choice.id}"] = choice.text
    return found


def _catalogue_texts(base: KnowledgeBase) -> dict[str, str]:
    found: dict[str, str] = {}
    for action in base.actions.values():
        found[f"action:{action.id}/title"] = action.title
        found[f"action:{action.id}/text"] = action.text
        found[f"action:{action.id}/say"] = action.say
        for name, title in action.argument_titles.items():
            found[f"action:{action.id}/arg.{name}"] = title
        for number, proof in enumerate(action.proofs):
            found[f"action:{action.id}/proof.{number}"] = proof
    for veto in base.vetoes.values():
        found[f"veto:{veto.id}/title"] = veto.title
        found[f"veto:{veto.id}/text"] = veto.text
    for ladder in base.ladders:
        found[f"ladder:{ladder.id}/text"] = ladder.text
    return found


def read_locale(
    node: Node, language: str, english: Mapping[str, str], problems: Problems
) -> dict[str, tuple[str, str]]:
    """Read one file of ``locale/``.

    Returns:
        Key to the hash of the English text that was translated, and the translation.
    """
    keys = read_keys(node, "locale file", problems) or {}
    if text_of(keys, "language", problems) != language:
        problems.add(node.span, "name", f"the file must be for `{language}`")
    mapping = expect_mapping(keys.get("texts"), "`texts`", problems)
    found: dict[str, tuple[str, str]] = {}
    for key, value in mapping.pairs if mapping else ():
        if not isinstance(value, MappingNode):
            problems.add(key.span, "form", "a translation must be a mapping of `of` and `text`")
            continue
        parts = read_keys(value, "translation", problems) or {}
        if key.text not in english:
            problems.warn(key.span, "unknown-text", f"there is no text `{key.text}`", "remove it")
            continue
        found[key.text] = (text_of(parts, "of", problems), text_of(parts, "text", problems))
    return found
