"""Closed key tables: which keys each kind of mapping in a package may have.

The loader refuses every key that is not here, and the JSON Schema for editors is made from the
same tables, so neither can know a key that the other does not.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass

from simdiag.errors import Problems, did_you_mean
from simdiag.loading.tree import Mapping, Node, is_null, kind_of, shorten


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a mapping.

    Attributes:
        form: ``text``, ``word``, ``words``, ``texts``, ``number``, ``boolean``, ``mapping``,
            ``conditions``,
            ``expression``, ``value``, ``list`` or ``any``.
        doc: What it says, in one line.
        required: Whether it must be there.
        table: For mappings of named things, the table of each thing.
        waits: If the key is known but not built yet: for what it waits.
    """

    form: str
    doc: str
    required: bool = False
    table: str = ""
    waits: str = ""


_TITLE = Key("text", "what a person calls it, in English", required=True)
_WHEN = Key("conditions", "the conditions; all must hold", required=True)

TABLES: dict[str, dict[str, Key]] = {
    "package": {
        "package": Key("word", "id of the package, equal to the name of its folder", required=True),
        "version": Key("text", "version of the knowledge", required=True),
        "title": _TITLE,
        "languages": Key("words", "languages of the texts, English first", required=True),
        "weights": Key("mapping", "name to score", required=True),
        "thresholds": Key("mapping", "scores that separate the states", table="thresholds"),
        "question_order": Key("words", "template.slot in the order of the questionnaire"),
    },
    "thresholds": {
        "established": Key("number", "least score of an established diagnosis", required=True),
        "suggested": Key("number", "least score of a suggested diagnosis", required=True),
        "excluded": Key("number", "greatest score of an excluded diagnosis", required=True),
    },
    "terms file": {
        "templates": Key("mapping", "templates by name", required=True, table="template"),
    },
    "template": {
        "cardinality": Key("word", "`one` or `many`", required=True),
        "title": _TITLE,
        "more": Key("text", "question whether there is another one"),
        "more_when": Key("conditions", "when there can be another one; reads no findings"),
        "key": Key("words", "slots that name a fact to a person"),
        "relevant": Key("conditions", "when the template matters at all"),
        "slots": Key("mapping", "slots by name", required=True, table="slot"),
    },
    "slot": {
        "type": Key("word", "type of the values", required=True),
        "title": _TITLE,
        "choices": Key("mapping", "choices by name: a text, or a mapping", table="choice"),
        "choices_from": Key("text", "`reference.slot` whose values are the choices"),
        "places": Key("number", "decimals of a `decimal`"),
        "lenient": Key("boolean", "accept ill-formed text, because it is evidence"),
        "fragment": Key("boolean", "accept the last four characters of an IBAN"),
        "past": Key("boolean", "an event: a value after the day of judgement is warned of"),
        "minimum": Key("value", "least value"),
        "maximum": Key("value", "greatest value"),
        "relevant": Key("conditions", "when the slot matters; the fact is `self`"),
        "ask": Key("mapping", "how it is asked", table="ask"),
    },
    "choice": {
        "text": Key("text", "what a person reads", required=True),
        "also": Key("texts", "other written forms"),
    },
    "ask": {
        "text": Key("text", "the question", required=True),
        "help": Key("text", "where to look, or what the word means"),
        "cost": Key("word", "`at_hand`, `look_up`, `dig_out` or `call`"),
        "dont_know": Key("boolean", "whether don't know is offered"),
        "document": Key("text", "document in which the answer stands"),
        "frequencies": Key("mapping", "how often each answer is given, 0 to 1"),
    },
    "data file": {
        "sources": Key("mapping", "sources by key", table="source"),
        "constants": Key("mapping", "groups of constants by name", table="constants"),
        "reference": Key("mapping", "reference tables by name", table="reference"),
    },
    "source": {
        "url": Key("text", "where it was read", required=True),
        "note": Key("text", "what it is good for, and its age"),
    },
    "constants": {
        "title": _TITLE,
        "rows": Key("mapping", "constants by name", required=True, table="constant"),
    },
    "constant": {
        "type": Key("word", "type of the value", required=True),
        "places": Key("number", "decimals of a `decimal`"),
        "value": Key("value", "the value", required=True),
        "source": Key("word", "key of the table of sources, or `design`", required=True),
        "checked_on": Key("value", "day on which it was read"),
        "confidence": Key(
            "word", "law, regulator, operator, reseller, weak or design", required=True
        ),
        "title": Key("text", "what it is"),
        "note": Key("text", "how it was chosen"),
    },
    "reference": {
        "title": _TITLE,
        "key": Key("words", "slots that name a row"),
        "slots": Key("mapping", "slots by name", required=True, table="reference slot"),
        "defaults": Key("mapping", "provenance of values that state none", table="provenance"),
        "rows": Key("list", "the rows", required=True),
    },
    "reference slot": {
        "type": Key("word", "type of the values", required=True),
        "title": _TITLE,
        "choices": Key("mapping", "choices by name", table="choice"),
        "places": Key("number", "decimals of a `decimal`"),
    },
    "provenance": {
        "source": Key("word", "key of the table of sources, or `design`", required=True),
        "checked_on": Key("value", "day on which it was read"),
        "confidence": Key("word", "law, regulator, operator, reseller, weak or design"),
        "note": Key("text", "how it was read"),
    },
    "cell": {
        "value": Key("value", "the value", required=True),
        "source": Key("word", "key of the table of sources, or `design`"),
        "checked_on": Key("value", "day on which it was read"),
        "confidence": Key("word", "law, regulator, operator, reseller, weak or design"),
        "note": Key("text", "how it was read"),
    },
    "findings file": {
        "findings": Key("mapping", "findings by id", table="finding"),
        "contradictions": Key("mapping", "contradictions by id", table="contradiction"),
    },
    "finding": {
        "of": Key("any", "`template alias`, or a list of two, or left out"),
        "type": Key("word", "type of the value", required=True),
        "places": Key("number", "decimals of a `decimal`"),
        "choices": Key("mapping", "choices by name", table="choice"),
        "title": _TITLE,
        "rules": Key("mapping", "rules of a boolean finding", table="finding rule"),
        "value": Key("expression", "the value"),
        "branches": Key("list", "values in order of preference"),
    },
    "finding rule": {
        "when": _WHEN,
        "text": Key("text", "what it means, for a person"),
    },
    "branch": {
        "when": _WHEN,
        "value": Key("expression", "the value", required=True),
    },
    "contradiction": {
        "when": _WHEN,
        "text": Key("text", "what contradicts what", required=True),
        "ask": Key("text", "proof that would decide", required=True),
    },
    "diagnosis": {
        "diagnosis": Key("word", "id, equal to the place of the file", required=True),
        "ref": Key("text", "number in the domain brief", required=True),
        "title": _TITLE,
        "summary": Key("text", "what it means for the person", required=True),
        "about": Key("text", "`template alias` for each of which it is rated"),
        "status": Key("word", "`experimental` or `stable`"),
        "rules": Key("mapping", "rating rules by slug", required=True, table="rating rule"),
        "advice": Key("list", "advice and vetoes"),
        "disputed": Key("expression", "amount in dispute for one rated fact"),
        "sources": Key("words", "keys of the table of sources, guide:S2-21 or law:L-03"),
        "limitations": Key("text", "what it cannot tell apart"),
        "indicate": Key("list", "questions to ask next", waits="the planning of questions"),
    },
    "rating rule": {
        "when": _WHEN,
        "rate": Key("word", "a weight, `establishes` or `excludes`", required=True),
        "text": Key("text", "why it counts, for a person", required=True),
        "unless": Key("words", "rules to which this one gives way"),
    },
    "advice": {
        "do": Key("word", "id of an action"),
        "veto": Key("word", "id of a veto"),
        "when": Key("conditions", "the conditions; all must hold"),
        "text": Key("text", "why, for a person"),
        "args": Key("mapping", "arguments of the action"),
        "not_before": Key("expression", "not before this date"),
        "not_after": Key("expression", "not after this date"),
        "unless": Key("words", "rules to which this one gives way"),
    },
    "actions file": {
        "actions": Key("mapping", "actions by id", table="action"),
        "vetoes": Key("mapping", "vetoes by id", table="veto"),
        "ladders": Key("mapping", "ladders by id, in order of preference", table="ladder"),
    },
    "action": {
        "title": _TITLE,
        "text": Key("text", "how to do it", required=True),
        "who": Key("word", "user, seller, operator, bank, police or body", required=True),
        "phase": Key("word", "self_help, contact or complaint", required=True),
        "urgency": Key("word", "now, soon or later", required=True),
        "effort": Key("number", "minutes of work", required=True),
        "cost": Key("value", "euros"),
        "proofs": Key("texts", "what to have at hand"),
        "say": Key("text", "what to say or write"),
        "requires": Key("words", "actions that come first"),
        "args": Key("mapping", "arguments by name", table="argument"),
        "once": Key("boolean", "one entry for the case"),
        "done_when": Key("conditions", "when it is done already"),
    },
    "argument": {
        "type": Key("word", "type of the argument", required=True),
        "title": _TITLE,
        "choices": Key("mapping", "choices by name", table="choice"),
    },
    "veto": {
        "title": _TITLE,
        "text": Key("text", "why, and until when", required=True),
        "forbids": Key("words", "actions that it forbids", required=True),
        "precaution": Key("boolean", "forbids already while it is only possible"),
    },
    "ladder": {
        "when": _WHEN,
        "do": Key("words", "actions in order", required=True),
        "text": Key("text", "why, for a person"),
    },
    "locale file": {
        "language": Key("word", "tag of the language", required=True),
        "texts": Key("mapping", "translations by key", required=True, table="translation"),
    },
    "translation": {
        "of": Key("word", "hash of the English text", required=True),
        "text": Key("text", "the translation", required=True),
    },
    "coverage file": {
        "coverage": Key("mapping", "statements by id", required=True, table="statement"),
    },
    "statement": {
        "says": Key("text", "the statement in one line", required=True),
        "verdict": Key("word", "ok, vague, wrong, unchecked or advert", required=True),
        "by": Key("words", "elements that carry it", required=True),
    },
    "scenarios file": {
        "scenarios": Key("mapping", "scenarios by name", required=True, table="scenario"),
    },
    "scenario": {
        "kind": Key("word", "positive, negative or unknown"),
        "given": Key("mapping", "a case", required=True),
        "expect": Key("mapping", "what must come out", required=True, table="expectation"),
    },
    "expectation": {
        "first": Key("word", "the first diagnosis"),
        "states": Key("mapping", "diagnosis to state"),
        "ranges": Key("mapping", "diagnosis to lowest and highest state"),
        "do": Key("words", "actions that are recommended"),
        "not_do": Key("words", "actions that are not recommended"),
        "firm": Key("words", "actions that are firm"),
        "vetoes": Key("words", "vetoes that hold"),
        "no_vetoes": Key("words", "vetoes that neither hold nor are possible"),
        "missing": Key("words", "slots that are missing"),
        "dates": Key("mapping", "action to not_before and not_after"),
        "findings": Key("mapping", "finding to value"),
        "conflicts": Key("words", "rules of the conflicts"),
    },
}


def read_keys(node: Node | None, table: str, problems: Problems) -> dict[str, Node] | None:
    """Read a mapping by its key table.

    Args:
        node: What stands there.
        table: Name of the table.
        problems: Takes unknown, missing and waiting keys.

    Returns:
        The values by key, without those that are null; none if the node is no mapping.
    """
    if not isinstance(node, Mapping):
        if node is not None:
            problems.add(node.span, "form", f"{table} must be a mapping, found {kind_of(node)}")
        return None
    keys = TABLES[table]
    found: dict[str, Node] = {}
    for name, value in node.pairs:
        key = keys.get(name.text)
        if key is None:
            problems.add(
                name.span,
                "unknown-key",
                f"unknown key `{shorten(name.text)}` in {table}",
                did_you_mean(name.text, keys),
            )
        elif key.waits:
            problems.add(
                name.span, "not-yet", f"the key `{name.text}` waits for {key.waits}", "leave it out"
            )
        elif not is_null(value):
            found[name.text] = value
    _check_required(node, found, keys, table, problems)
    return found


def _check_required(
    node: Mapping, found: dict[str, Node], keys: MappingOf[str, Key], table: str, problems: Problems
) -> None:
    for name, key in keys.items():
        if key.required and name not in found:
            problems.add(
                node.span, "missing-key", f"{table} lacks the key `{name}`", f"add it: {key.doc}"
            )
