"""Actions, vetoes and ladders: files of ``actions/`` to the model."""

from __future__ import annotations

from simdiag.loading.conditions import read_conditions
from simdiag.loading.fields import (
    flag_of,
    named_parts,
    note_twice,
    number_of,
    read_choices,
    read_type,
    read_typed,
    text_of,
    word_of,
    words_of,
)
from simdiag.loading.keys import read_keys
from simdiag.loading.rulebook import RuleBook
from simdiag.loading.tree import (
    Node,
    Scalar,
)
from simdiag.model.rules import (
    PHASES,
    URGENCIES,
    Action,
    Ladder,
    Purpose,
    Rule,
    Veto,
)
from simdiag.model.values import Interval, Kind, SlotType

WHO = ("user", "seller", "operator", "bank", "police", "body")
_MONEY = SlotType(Kind.MONEY)


class CatalogueReader(RuleBook):
    """Reads the catalogue of actions."""

    __slots__ = ()

    def read_actions(self, node: Node) -> None:
        """Read one file of ``actions/``. All of them must be read before the diagnoses."""
        keys = read_keys(node, "actions file", self.problems) or {}
        for name, value in named_parts(keys, "actions", "action", self.problems):
            parts = read_keys(value, "action", self.problems)
            if parts is not None:
                if name.text in self.actions:
                    note_twice(name, "action", self.actions[name.text].span.line, self.problems)
                self.actions[name.text] = self._action(name, parts)
        for name, value in named_parts(keys, "vetoes", "veto", self.problems):
            parts = read_keys(value, "veto", self.problems)
            if parts is not None:
                if name.text in self.vetoes:
                    note_twice(name, "veto", self.vetoes[name.text].span.line, self.problems)
                self.vetoes[name.text] = self._veto(name, parts)
        for name, value in named_parts(keys, "ladders", "ladder", self.problems):
            parts = read_keys(value, "ladder", self.problems)
            if parts is not None:
                self._ladder(name, parts)

    def _action(self, name: Scalar, keys: dict[str, Node]) -> Action:
        requires = words_of(keys, "requires", self.problems)
        for required in requires:
            self.refer(required, "action")
        done = ""
        if "done_when" in keys:
            done = f"action:{name.text}#done"
            when = read_conditions(keys["done_when"], self.scope())
            self.add(Rule(done, Purpose.DONE, name.text, (), when, span=name.span), name.span)
        types, titles = self._argument_types(keys)
        cost = read_typed(keys["cost"], _MONEY, self.problems) if "cost" in keys else None
        return Action(
            name.text,
            text_of(keys, "title", self.problems),
            text_of(keys, "text", self.problems),
            word_of(keys, "who", WHO, self.problems, "user"),
            word_of(keys, "phase", PHASES, self.problems, "self_help"),
            word_of(keys, "urgency", URGENCIES, self.problems, "soon"),
            number_of(keys, "effort", self.problems),
            int(cost.low) if isinstance(cost, Interval) else 0,
            tuple(proof.text for proof in words_of(keys, "proofs", self.problems)),
            text_of(keys, "say", self.problems),
            tuple(sorted(required.text for required in requires)),
            types,
            titles,
            flag_of(keys, "once", self.problems, default=False),
            done,
            name.span,
        )

    def _argument_types(self, keys: dict[str, Node]) -> tuple[dict[str, SlotType], dict[str, str]]:
        found = {}
        titles = {}
        for name, value in named_parts(keys, "args", "argument", self.problems):
            parts = read_keys(value, "argument", self.problems) or {}
            choices = read_choices(parts.get("choices"), self.problems)
            found[name.text] = read_type(parts, self.problems, choices)
            titles[name.text] = text_of(parts, "title", self.problems)
        return found, titles

    def _veto(self, name: Scalar, keys: dict[str, Node]) -> Veto:
        forbids = words_of(keys, "forbids", self.problems)
        for action in forbids:
            self.refer(action, "action")
        return Veto(
            name.text,
            text_of(keys, "title", self.problems),
            text_of(keys, "text", self.problems),
            tuple(sorted(action.text for action in forbids)),
            flag_of(keys, "precaution", self.problems, default=False),
            name.span,
        )

    def _ladder(self, name: Scalar, keys: dict[str, Node]) -> None:
        actions = words_of(keys, "do", self.problems)
        for action in actions:
            self.refer(action, "action")
        rule = f"ladder:{name.text}#when"
        when = read_conditions(keys.get("when"), self.scope())
        self.add(Rule(rule, Purpose.LADDER, name.text, (), when, span=name.span), name.span)
        text = text_of(keys, "text", self.problems)
        words = tuple(action.text for action in actions)
        self.ladders.append(Ladder(name.text, rule, words, text))
