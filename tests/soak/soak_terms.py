"""The vocabulary of random knowledge bases: every type of slot, small domains, few templates."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

# Slot to its declaration; the first letter of a name tells its type.
MENU: dict[str, Json] = {
    "c": {"type": "choice", "choices": {"red": "red", "blue": "blue", "green": "green"}},
    "c2": {"type": "choice", "choices": {"red": "red", "blue": "blue"}},
    "b": {"type": "boolean"},
    "b2": {"type": "boolean"},
    "k": {"type": "set", "choices": {"p": "p", "q": "q", "r": "r"}},
    "k2": {"type": "set", "choices": {"p": "p", "q": "q", "r": "r"}},
    "n": {"type": "integer", "minimum": "0", "maximum": "3"},
    "n2": {"type": "integer"},
    "y": {"type": "decimal", "places": "1"},
    "m": {"type": "money", "minimum": "0.00"},
    "m2": {"type": "money"},
    "d": {"type": "date"},
    "d2": {"type": "date", "past": "yes"},
    "w": {"type": "datetime"},
    "w2": {"type": "datetime", "past": "yes"},
    "h": {"type": "duration"},
    "x": {"type": "text"},
    "x2": {"type": "text"},
    "p": {"type": "phone", "lenient": "yes"},
    "i": {"type": "iban", "fragment": "yes"},
    "i2": {"type": "iban", "lenient": "yes"},
    "r": {"type": "reference", "lenient": "yes"},
    "v": {"type": "vat", "lenient": "yes"},
}
KIND_OF = {
    "c": "choice", "b": "boolean", "k": "set", "n": "integer", "y": "decimal", "m": "money",
    "d": "date", "w": "datetime", "h": "duration", "x": "text", "p": "phone", "i": "iban",
    "r": "reference", "v": "vat",
}  # fmt: skip
ORDERED = ("integer", "decimal", "money", "date", "datetime", "duration")
TEXTS = ("text", "phone", "iban", "reference", "vat")
LITERALS: dict[str, tuple[str, ...]] = {
    "choice": ("red", "blue"),
    "boolean": ("yes", "no"),
    "set": ("p", "q", "r"),
    "integer": ("0", "1", "2", "3"),
    "decimal": ("0.5", "1.0", "1.5"),
    "money": ("0.00", "5.00", "10.00", "9.99"),
    "date": ("2025-11-20", "2025-11-18", "2025-10-31", "2026-01-31"),
    "datetime": ("2025-11-20 18:00", "2025-11-19 12:00", "2025-11-30"),
    "duration": ("1 day", "3 days", "24 hours", "10 minutes"),
    "text": ("paid", "payment failed", "A-1", "t-1"),
    "phone": ("0470 12 34 56", "0470 12"),
    "iban": ("BE68 5390 0754 7034", "7034"),
    "reference": ("123/4567/89002", "123/4567/89012"),
    "vat": ("BE 0403.019.261", "BE 1"),
}
DATA: Json = {
    "constants": {
        "limit": {
            "title": "limits",
            "rows": {
                "delay": {"type": "duration", "value": "3 days"},
                "least": {"type": "money", "value": "10.00"},
                "most": {"type": "integer", "value": "2"},
                "rate": {"type": "decimal", "places": "2", "value": "0.21"},
                "since": {"type": "date", "value": "2025-11-18"},
            },
        },
    },
    "reference": {
        "brand": {
            "title": "brand",
            "slots": {
                "x": {"type": "text", "title": "x"},
                "m": {"type": "money", "title": "m"},
                "b": {"type": "boolean", "title": "b"},
            },
            "defaults": {"source": "design", "confidence": "design"},
            "rows": [
                {"x": "A-1", "m": "10.00", "b": "yes"},
                {"x": "A-2", "m": "5.00"},
                {"x": "t-1", "b": "no"},
            ],
        },
    },
}
for _row in DATA["constants"]["limit"]["rows"].values():
    _row.update({"source": "design", "confidence": "design"})
CONSTANTS = {
    "duration": "limit.delay", "money": "limit.least", "integer": "limit.most",
    "date": "limit.since",
}  # fmt: skip
BRAND = ("x", "m", "b")


@dataclass(slots=True)
class Owner:
    """A template as conditions see it.

    Attributes:
        name: Its name; `case` for findings of the case.
        slots: Slots and findings that may be read so far, with their kinds.
        single: Whether there is at most one fact.
    """

    name: str
    slots: dict[str, str]
    single: bool = False


@dataclass(slots=True)
class Vocabulary:
    """The templates of one random base, and the pair findings that may be read so far."""

    owners: dict[str, Owner]
    pairs: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    @property
    def lists(self) -> list[str]:
        """The templates with any number of facts, references left out."""
        return [name for name in self.owners if name in {"t", "v"}]


def vocabulary(chance: random.Random) -> Vocabulary:
    """Choose one to three templates and some slots of each."""
    names = ["t", *chance.choice(((), ("u",), ("u",), ("v",), ("u", "v"), ("u", "v")))]
    owners = {"case": Owner("case", {}, single=True)}
    for name in names:
        slots = sorted(chance.sample(sorted(MENU), chance.choice((3, 4, 6))))
        kinds = {slot: KIND_OF[slot[0]] for slot in slots}
        owners[name] = Owner(name, kinds, single=name == "u")
        if name != "u":
            kinds["id"] = "text"
    if chance.random() < 0.3:
        owners["brand"] = Owner("brand", {slot: KIND_OF[slot] for slot in BRAND})
    return Vocabulary(owners)


def declared(words: Vocabulary) -> Json:
    """Write the templates, without their relevance."""
    found: Json = {}
    for name in ("t", "u", "v"):
        if name not in words.owners:
            continue
        slots = {
            slot: {"title": slot, **MENU.get(slot, {"type": "text"})}
            for slot in sorted(words.owners[name].slots)
        }
        found[name] = {
            "cardinality": "one" if name == "u" else "many",
            "title": name,
            "key": [] if name == "u" else ["id"],
            "slots": slots,
        }
    return found


def catalogue() -> Json:
    """Write actions, vetoes and the ladder; conditions of them are added by the author."""

    def action(urgency: str, **more: object) -> Json:
        return {
            "title": "a", "text": "a", "who": "user", "phase": "self_help", "urgency": urgency,
            "effort": "1", **more,
        }  # fmt: skip

    return {
        "actions": {
            "look": action("later"),
            "pay": action("now", args={"until": {"type": "datetime", "title": "until"}}),
            "call": action("soon", once="yes"),
            "write": action("soon", requires=["call"], phase="complaint"),
        },
        "vetoes": {
            "no_pay": {"title": "n", "text": "n", "forbids": ["pay"], "precaution": "yes"},
            "no_call": {"title": "n", "text": "n", "forbids": ["call", "write"]},
        },
        "ladders": {"last": {"when": [], "do": ["look"]}},
    }
