"""Random small knowledge bases, written as text, so that the loader is on the way."""

from __future__ import annotations

import json
import random
from typing import Any

from soak_conditions import Author  # type: ignore[import-not-found] # conftest.py
from soak_terms import (  # type: ignore[import-not-found] # through conftest.py
    DATA,
    KIND_OF,
    LITERALS,
    MENU,
    ORDERED,
    Owner,
    Vocabulary,
    catalogue,
    declared,
    vocabulary,
)

Json = dict[str, Any]
WEIGHTS = (
    "hint", "slight", "weak", "medium", "strong", "very-strong", "against-weak", "against-strong",
    "against-very-strong", "establishes", "excludes", "establishes", "excludes",
)  # fmt: skip


class BaseWriter:
    """Writes one knowledge base.

    Args:
        chance: Where all choices come from.
    """

    def __init__(self, chance: random.Random) -> None:
        """Choose the vocabulary."""
        self.chance = chance
        self.words: Vocabulary = vocabulary(chance)
        self.terms: Json = declared(self.words)
        self.abouts: list[str] = []

    def happens(self, share: float) -> bool:
        """Say yes in so many cases, 0 to 1."""
        return self.chance.random() < share

    def files(self) -> dict[str, str]:
        """Write the base: path to text."""
        findings: Json = {}
        for number in range(self.chance.choice((0, 0, 1, 1, 2))):
            name, finding = self._finding(f"f{number}")
            findings[name] = finding
        self._relevance()
        parts: dict[str, Json] = {
            "terms/t.yaml": {"templates": self.terms},
            "data/d.yaml": DATA,
            "findings/f.yaml": {"findings": findings, "contradictions": self._contradictions()},
            "actions/a.yaml": self._catalogue(),
        }
        for number in range(self.chance.choice((1, 1, 1, 2))):
            parts[f"diagnoses/d{number}.yaml"] = self._diagnosis(f"d{number}")
        return {path: json.dumps(value) for path, value in parts.items()}

    def _when(self, bound: dict[str, str], depth: int = 2, *, knowledge: bool = False) -> list[Any]:
        conditions: list[Any] = Author(self.chance, self.words, knowledge=knowledge).several(
            dict(bound), depth
        )
        return conditions

    # Findings ------------------------------------------------------------------------------------

    def _finding(self, name: str) -> tuple[str, Json]:
        owner = self.chance.choice(["case", *self.terms, *self.terms])
        if owner in {"t", "v"} and self.happens(0.3):
            return self._pair(name, owner)
        bound = {"s": owner} if owner != "case" else {}
        of = {"of": f"{owner} s"} if bound else {}
        if self.happens(0.55):
            finding = {**of, "type": "boolean", "title": name, "rules": self._or_rules(bound)}
            kind = "boolean"
        else:
            finding, kind = self._valued(name, of, bound)
        self.words.owners[owner].slots[name] = kind
        return f"{owner}.{name}", finding

    def _or_rules(self, bound: dict[str, str]) -> Json:
        count = self.chance.choice((1, 1, 2))
        return {f"r{number}": {"when": self._when(bound)} for number in range(count)}

    def _pair(self, name: str, owner: str) -> tuple[str, Json]:
        other = self.chance.choice(self.words.lists)
        bound = {"s": owner, "o": other}
        finding = {
            "of": [f"{owner} s", f"{other} o"],
            "type": "boolean",
            "title": name,
            "rules": self._or_rules(bound),
        }
        self.words.pairs.setdefault((owner, other), {})[name] = "boolean"
        return f"pair.{name}", finding

    def _valued(self, name: str, of: Json, bound: dict[str, str]) -> tuple[Json, str]:
        author = Author(self.chance, self.words)
        kinds = (*ORDERED, "boolean")
        found = author.value_of_aggregate(kinds, bound) if self.happens(0.4) else None
        if found is None:
            kind = self.chance.choice((*ORDERED, "text", "choice"))
            value: Any = author.write(kind, bound) if kind != "choice" else None
        else:
            value, kind = found
        more: Json = {"decimal": {"places": "1"}}.get(kind, {})
        if kind == "choice":
            more = {"choices": MENU["c"]["choices"]}
        head = {**of, "type": kind, "title": name, **more}
        if value is None or self.happens(0.5):
            return {**head, "branches": self._branches(kind, value, bound)}, kind
        return {**head, "value": value}, kind

    def _branches(self, kind: str, value: Any, bound: dict[str, str]) -> list[Json]:  # noqa: ANN401
        literal = self.chance.choice(LITERALS[kind])
        found = [{"when": self._when(bound, 1), "value": literal}]
        if value is not None:
            found.append({"when": self._when(bound, 1), "value": value})
        if self.happens(0.5):
            found.append({"when": [], "value": self.chance.choice(LITERALS[kind])})
        self.chance.shuffle(found)
        return found

    # Terms and catalogue -------------------------------------------------------------------------

    def _relevance(self) -> None:
        """Make a slot, or a template, matter only at times; what decides it stays relevant."""
        plain = Vocabulary({
            name: Owner(name, {slot: KIND_OF[slot[0]] for slot in owner.slots if slot in MENU})
            for name, owner in self.words.owners.items()
            if name in self.terms
        })  # fmt: skip
        for owner in plain.owners.values():
            owner.single = owner.name == "u"
        if "u" in self.terms and self.terms.keys() > {"u"} and self.happens(0.25):
            author = Author(self.chance, plain)
            matters = self.chance.choice([name for name in self.terms if name != "u"])
            self.terms[matters]["relevant"] = [{"u": author.tests("u", {})}]
        for name, owner in plain.owners.items():
            slots = sorted(owner.slots)
            if len(slots) > 1 and self.happens(0.2):
                slot, decider = self.chance.sample(slots, 2)
                test = Author(self.chance, Vocabulary({})).test(owner.slots[decider], {})
                self.terms[name]["slots"][slot]["relevant"] = [{"self": {decider: test}}]

    def _contradictions(self) -> Json:
        if self.happens(0.8):
            return {}
        return {"clash": {"when": self._when({}), "text": "both", "ask": "proof"}}

    def _catalogue(self) -> Json:
        found: Json = catalogue()
        if self.happens(0.15):
            found["actions"]["call"]["done_when"] = self._when({}, 1)
        if self.happens(0.1):
            ladder = {"when": self._when({}, 1), "do": ["call", "look"]}
            found["ladders"] = {"first": ladder, **found["ladders"]}
        return found

    # Diagnoses -----------------------------------------------------------------------------------

    def _diagnosis(self, name: str) -> Json:
        about = self.chance.choice(("", *self.words.lists))
        self.abouts.append(about)
        bound = {"s": about} if about else {}
        rules: Json = {}
        for slug in range(self.chance.choice((1, 1, 2, 2, 3))):
            when = self._when(bound)
            rules[f"r{slug}"] = {"when": when, "rate": self.chance.choice(WEIGHTS), "text": "so"}
        self._opposites(rules)
        self._exceptions(rules, about)
        advice = [self._advice(bound) for _ in range(self.chance.choice((0, 1, 1, 2)))]
        if self.happens(0.5):
            advice.append(self._veto(bound))
        found = {
            "diagnosis": name, "ref": "X", "title": name, "summary": name,
            **({"about": f"{about} s"} if about else {}), "rules": rules, "advice": advice,
        }  # fmt: skip
        disputed = Author(self.chance, self.words).write("money", bound)
        return {**found, "disputed": disputed} if disputed and self.happens(0.2) else found

    def _opposites(self, rules: Json) -> None:
        """Let two rules be decisive against each other at times."""
        if len(rules) > 1 and self.happens(0.4):
            rules["r0"]["rate"], rules["r1"]["rate"] = "establishes", "excludes"

    def _exceptions(self, rules: Json, about: str) -> None:
        """Let rules give way to others: in chains, and to one of another diagnosis if it fits."""
        for slug in range(len(rules) - 1):
            if self.happens(0.35):
                rules[f"r{slug}"]["unless"] = f"r{slug + 1}"
        first = self.abouts[0]
        if len(self.abouts) > 1 and first in {"", about} and self.happens(0.3):
            rules["r0"]["unless"] = "d0#r0"

    def _advice(self, bound: dict[str, str]) -> Json:
        author = Author(self.chance, self.words)
        found: Json = {"do": self.chance.choice(("pay", "call", "write"))}
        if self.happens(0.7):
            found["when"] = self._when(bound, 1, knowledge=self.happens(0.4))
        for key in ("not_before", "not_after"):
            if self.happens(0.4):
                date = author.write(self.chance.choice(("date", "datetime")), bound)
                found.update({key: date} if date else {})
        if found["do"] == "pay" and self.happens(0.5):
            until = author.write("datetime", bound)
            found.update({"args": {"until": until}} if until else {})
        return found

    def _veto(self, bound: dict[str, str]) -> Json:
        veto = self.chance.choice(("no_pay", "no_pay", "no_call"))
        return {"veto": veto, "when": self._when(bound, 1, knowledge=self.happens(0.2))}


def knowledge(chance: random.Random) -> dict[str, str]:
    """Write a knowledge base: path to text."""
    return BaseWriter(chance).files()
