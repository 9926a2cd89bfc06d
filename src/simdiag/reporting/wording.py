"""Words for what a result holds: names of facts, values of slots, titles from the knowledge base.

A result names things by id; a :class:`Wording` says them in the language of the page. Whatever
comes out of it has no control characters and no line breaks, because part of it was written by
users.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, TypeAlias

from simdiag.i18n import Messages, fill, placeholders
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.values import SlotType
from simdiag.reporting.values import write_value

Json: TypeAlias = Mapping[str, Any]

_BREAKS: Final = frozenset({"Cc", "Zl", "Zp"})
_INVISIBLE: Final = frozenset({"Cf", "Cs", "Co"})
_ID_SLOT: Final = "id"
_PAIR: Final = "pair"


def clean(text: str) -> str:
    """Give a text on one line, without signs that control or reorder what is read."""
    if text.isprintable() and "  " not in text:  # nearly every text, and much quicker
        return text.strip(" ")
    kept = []
    for sign in text:
        category = unicodedata.category(sign)
        if category not in _INVISIBLE:
            kept.append(" " if category in _BREAKS else sign)
    return " ".join(word for word in "".join(kept).split(" ") if word)


def capital(text: str) -> str:
    """Give a text with its first letter in upper case, to stand alone."""
    return text[:1].upper() + text[1:]


def unique(items: Iterable[str]) -> tuple[str, ...]:
    """Give the items that are not empty, each once, in order."""
    return tuple(dict.fromkeys(item for item in items if item))


def facts_in(part: object) -> Iterator[Json]:
    """Iterate over every fact that a result names, at any depth."""
    if isinstance(part, Mapping):
        if "template" in part and isinstance(part.get("key"), Mapping):
            yield part
        else:
            for value in part.values():
                yield from facts_in(value)
    elif isinstance(part, Sequence) and not isinstance(part, str):
        for value in part:
            yield from facts_in(value)


class Wording:
    """Says in one language what one result names by id."""

    def __init__(self, kb: KnowledgeBase, messages: Messages, result: Json) -> None:
        """Take the result whose facts are to be told apart."""
        self.kb = kb
        self.messages = messages
        self._result = result

    # --- the knowledge base ---

    def text(self, key: str, default: str = "") -> str:
        """Give a text of the knowledge base, or the default if it has none of that key."""
        try:
            found = self.kb.text(self.messages.lang, key)
        except KeyError:
            found = ""
        return clean(found or default)

    def texts(self, key: str) -> tuple[str, ...]:
        """Give the texts ``key.0``, ``key.1`` and so on, as far as there are any."""
        found: list[str] = []
        while text := self.text(f"{key}.{len(found)}"):
            found.append(text)
        return tuple(found)

    def rule(self, rule: str) -> str:
        """Give the sentence of a rule; empty for a rule without one."""
        return self.text(f"{rule}/text")

    def filled(self, key: str, values: Mapping[str, str], default: str = "") -> str:
        """Give a text with values in place of ``{name}``; what has none becomes a gap."""
        text = self.text(key, default)
        gaps = dict.fromkeys(placeholders(text), "…")
        return fill(text, {**gaps, **values})

    # --- facts and slots ---

    def fact(self, fact: Json | None) -> str:
        """Name a fact by its template and key slots; empty for none.

        An id that somebody gave to a fact is shown only where nothing else tells two facts apart.
        """
        if fact is None:
            return ""
        label = self._label(fact, with_id=False)
        return self._label(fact, with_id=True) if label in self._same_name else label

    def facts(self, facts: Iterable[Json]) -> tuple[str, ...]:
        """Name facts, each once."""
        return unique(self.fact(fact) for fact in facts)

    def template(self, name: str) -> str:
        """Name a template; empty if the knowledge base does not know it."""
        return capital(self.text(f"template:{name}/title"))

    def slot(self, name: str, *, finding: bool = False) -> str:
        """Name a slot or finding; empty if the knowledge base does not know it."""
        if not finding:
            return capital(self.text(f"slot:{name}/title"))
        return capital(self.text(f"finding:{self.finding(name)}/title"))

    def finding(self, name: str) -> str:
        """Give the id of a finding. One about two facts is read under the name of the first."""
        return name if name in self.kb.findings else f"{_PAIR}.{name.partition('.')[2]}"

    def question(self, slot: str) -> str:
        """Give the question for a slot; for one that nobody asks, its title."""
        asked = self.text(f"slot:{slot}/question")
        if asked:
            return asked
        template, _, _ = slot.partition(".")
        title = self.slot(slot) or self.template(template)
        shipped = self.kb.templates.get(template)
        if title and shipped is not None and shipped.rows:
            return self.messages.get("report.gaps.unknown_to_us", title=title)
        return title

    def value(self, slot: str, raw: object, *, finding: bool = False) -> str:
        """Write the value of a slot or finding; empty for an unknown one."""
        if raw is None:
            return ""
        return self.written(raw, self._type(slot, finding=finding), slot)

    def written(self, raw: object, kind: SlotType | None, slot: str = "") -> str:
        """Write a value of a known type."""
        known = kind.kind if kind else None
        return clean(write_value(raw, known, self.messages, lambda word: self.choice(slot, word)))

    def choice(self, slot: str, word: str) -> str:
        """Give the words of a choice; if it is a row of reference data, the name of the row."""
        if text := self.text(f"choice:{slot}.{word}"):
            return text
        for template in self.kb.templates.values():
            for row in template.rows:
                if row.values.get(_ID_SLOT) == word and isinstance(row.values.get("name"), str):
                    return str(row.values["name"])
        return word.replace("_", " ")

    def _type(self, name: str, *, finding: bool) -> SlotType | None:
        """Give the type of a slot or finding, none if the knowledge base does not know it."""
        if finding:
            found = self.kb.findings.get(self.finding(name))
            return found.type if found else None
        template, _, slot = name.partition(".")
        terms = self.kb.templates.get(template)
        known = terms.slots.get(slot) if terms else None
        return known.type if known else None

    def _label(self, fact: Json, *, with_id: bool) -> str:
        """Put together the title of a template and the key values of a fact."""
        name, key = str(fact["template"]), fact["key"]
        others = {slot: raw for slot, raw in key.items() if slot != _ID_SLOT}
        shown = key if with_id or not others else others
        values = (self.value(f"{name}.{slot}", raw) for slot, raw in shown.items())
        return " · ".join(unique((self.template(name), *values)))

    @cached_property
    def _same_name(self) -> frozenset[str]:
        """The labels that two different facts would share."""
        facts = {repr(fact): fact for fact in facts_in(self._result)}
        seen: dict[str, object] = {}
        shared: set[str] = set()
        for fact in facts.values():
            label = self._label(fact, with_id=False)
            if seen.setdefault(label, fact["key"]) != fact["key"]:
                shared.add(label)
        return frozenset(shared)
