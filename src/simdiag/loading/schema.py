"""JSON Schema for editors, made from the key tables that the loader reads by and from the terms.

A schema guides who writes a file. It is never stricter than the loader: what a value means is
decided by the loader alone, so single values are only told apart from lists and mappings here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simdiag.loading.keys import TABLES, Key
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.terms import Cardinality, Slot, Template
from simdiag.model.values import Kind

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

# What is in a file of a package, and the table by which it is read.
FILES: Final[Mapping[str, str]] = {
    "package": "package",
    "terms": "terms file",
    "data": "data file",
    "findings": "findings file",
    "diagnosis": "diagnosis",
    "actions": "actions file",
    "locale": "locale file",
    "scenarios": "scenarios file",
    "coverage": "coverage file",
}
FACTS: Final = "facts"

_SCALAR: Final[Schema] = {"type": ["string", "number", "boolean", "null"]}
_WORDS: Final[Schema] = {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR}]}
_FORMS: Final[Mapping[str, Schema]] = {
    "text": _SCALAR,
    "word": _SCALAR,
    "number": _SCALAR,
    "boolean": _SCALAR,
    "value": _SCALAR,
    "words": _WORDS,
    "texts": _WORDS,
    "mapping": {"type": ["object", "null"]},
    "conditions": {"type": ["array", "object", "null"]},
    "expression": {"anyOf": [_SCALAR, {"type": "object"}]},
    "list": {"type": ["array", "null"]},
    "any": {},
}
# Tables whose mapping stands there itself, where others are mappings of named things.
_ITSELF: Final = {"thresholds", "ask", "provenance", "expectation"}
# A thing may also be given by its text alone.
_OR_TEXT: Final = {"choice"}
_ITEMS: Final[Mapping[tuple[str, str], str]] = {
    ("diagnosis", "advice"): "advice",
    ("finding", "branches"): "branch",
}


def package_schema(kind: str) -> Schema:
    """Give the schema of one kind of file of a package.

    Args:
        kind: A key of :data:`FILES`.
    """
    return {
        "$schema": DIALECT,
        "title": f"simdiag: {FILES[kind]}",
        **_reference(FILES[kind]),
        "$defs": {_name(table): _table(table, keys) for table, keys in TABLES.items()},
    }


def _table(table: str, keys: Mapping[str, Key]) -> Schema:
    return {
        "type": "object",
        "properties": {name: _key(table, name, key) for name, key in keys.items() if not key.waits},
        "required": [name for name, key in keys.items() if key.required],
        "additionalProperties": False,
    }


def _key(table: str, name: str, key: Key) -> Schema:
    described = {"description": key.doc}
    if (table, name) in _ITEMS:
        return {**described, "type": "array", "items": _reference(_ITEMS[table, name])}
    if not key.table:
        return {**_FORMS[key.form], **described}
    if key.table in _ITSELF:
        return {**_reference(key.table), **described}
    thing = _reference(key.table)
    inner: Schema = {"anyOf": [thing, _SCALAR]} if key.table in _OR_TEXT else thing
    return {**described, "type": "object", "additionalProperties": inner}


def _reference(table: str) -> Schema:
    return {"$ref": f"#/$defs/{_name(table)}"}


def _name(table: str) -> str:
    return table.replace(" ", "-")


# Facts --------------------------------------------------------------------------------------------


def facts_schema(base: KnowledgeBase) -> Schema:
    """Give the schema of facts files for a knowledge base: one case, or several below ``cases``."""
    templates = {template.name: template for template in base.fact_templates()}
    many = [name for name, found in templates.items() if found.cardinality is Cardinality.MANY]
    case: Schema = {
        "type": "object",
        "properties": {
            "case": {**_SCALAR, "description": "id of the case, unique in a run"},
            "as_of": {**_SCALAR, "description": "moment for which it is judged"},
            "open": {
                "description": "lists that may hold more than is given",
                "anyOf": [{"enum": [*many, None]}, {"type": "array", "items": {"enum": many}}],
            },
            **{name: _facts(template) for name, template in templates.items()},
        },
        "additionalProperties": False,
    }
    several: Schema = {
        "type": "object",
        "properties": {"cases": {"type": "array", "items": {"$ref": "#/$defs/case"}}},
        "required": ["cases"],
        "additionalProperties": False,
    }
    return {
        "$schema": DIALECT,
        "title": f"simdiag: facts for {base.id} {base.version}",
        "anyOf": [{"$ref": "#/$defs/case"}, several],
        "$defs": {
            "case": case,
            **{f"fact-{name}": _fact(template) for name, template in templates.items()},
        },
    }


def _facts(template: Template) -> Schema:
    fact: Schema = {"$ref": f"#/$defs/fact-{template.name}"}
    given = fact if template.cardinality is Cardinality.ONE else {"type": "array", "items": fact}
    nothing: Schema = {"enum": ["none", "unknown", None]}
    return {"description": template.title, "anyOf": [given, nothing]}


def _fact(template: Template) -> Schema:
    return {
        "type": "object",
        "properties": {slot.name: _slot(slot) for slot in template.slots.values()},
        "additionalProperties": False,
    }


def _slot(slot: Slot) -> Schema:
    text = slot.question.text if slot.question is not None else slot.title
    if slot.type.kind not in {Kind.CHOICE, Kind.SET}:
        return {**_SCALAR, "description": text}
    # The choices are there to be offered; other written forms are for the loader to judge.
    choice: Schema = {"anyOf": [{"enum": [*slot.type.choices, "unknown", None]}, _SCALAR]}
    if slot.type.kind is Kind.CHOICE:
        return {**choice, "description": text}
    return {"description": text, "anyOf": [*choice["anyOf"], {"type": "array", "items": choice}]}
