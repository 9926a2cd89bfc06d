"""What a consultation says about its questions and answers, in the words of one language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simdiag.api import Simdiag
    from simdiag.i18n import Messages
    from simdiag.model.terms import Slot
    from simdiag.model.values import Value
    from simdiag.reasoning.consultation import Consultation, Step
    from simdiag.reasoning.effects import Effect
    from simdiag.reasoning.pasted import Trouble
    from simdiag.reasoning.questions import Ask
    from simdiag.reasoning.serialise import Serialiser
    from simdiag.reporting.wording import Wording

FEW: Final = 5


@dataclass(frozen=True)
class Phrases:
    """Says what the parts of a consultation are called.

    Attributes:
        diag: The knowledge base.
        messages: The language.
        reveal: Whether numbers of people are written in full.
    """

    diag: Simdiag
    messages: Messages
    reveal: bool

    @cached_property
    def wording(self) -> Wording:
        """Words for values and titles."""
        from simdiag.reporting.wording import Wording

        return Wording(self.diag.base, self.messages, {})

    @cached_property
    def serialiser(self) -> Serialiser:
        """Gives values as results hold them, masked unless they are revealed."""
        return self.diag.serialiser(self.messages.lang, reveal=self.reveal)

    def slot(self, ask: Ask) -> Slot:
        """Give the slot that a question asks for."""
        return self.diag.base.templates[ask.template].slots[ask.slot]

    def question(self, ask: Ask) -> str:
        """Give the text of a question."""
        if ask.more:
            return self.wording.text(f"template:{ask.template}/more")
        return self.wording.text(f"slot:{ask.name}/question")

    def help(self, ask: Ask) -> str:
        """Give what a question has to explain; may be empty."""
        return "" if ask.more else self.wording.text(f"slot:{ask.name}/help")

    def template(self, ask: Ask) -> str:
        """Give the title of the template of a question, as it stands within a sentence."""
        return self.wording.text(f"template:{ask.template}/title")

    def about(self, ask: Ask, state: Consultation) -> str:
        """Name the fact that a question is about; empty if there is only one."""
        sheet = state.sheets.get(ask.template)
        if ask.more or sheet is None or len(sheet.facts) < 2:  # noqa: PLR2004 - one needs no name
            return ""
        name = self.messages.get(
            "consult.about",
            title=self.wording.template(ask.template),
            number=ask.row + 1,
        )
        terms = self.diag.base.templates[ask.template]
        known = sheet.facts[ask.row].slots
        values = [
            self.value(ask.template, slot, known[slot])
            for slot in terms.key
            if slot in known and slot != "id"
        ]
        return " · ".join([name, *values])

    def value(self, template: str, slot: str, value: Value) -> str:
        """Write a value."""
        slot_type = self.diag.base.templates[template].slots[slot].type
        raw = self.serialiser.value(value, slot_type)
        return self.wording.value(f"{template}.{slot}", raw)

    def answer(self, step: Step) -> str:
        """Write the answer of a step."""
        from simdiag.reasoning.consultation import Reply

        if step.reply is Reply.VALUE and step.value is not None:
            return self.value(step.ask.template, step.ask.slot, step.value)
        key = {
            Reply.DONT_KNOW: "dont_know",
            Reply.NO_FACT: "none",
            Reply.MORE: "yes",
            Reply.NO_MORE: "no",
        }[step.reply]
        return self.messages.get(f"consult.answer_{key}")

    def protocol(self, state: Consultation) -> Iterator[str]:
        """Iterate over the questions with their answers, one line each."""
        for number, step in enumerate(state.steps, start=1):
            about = self.about(step.ask, state)
            question = " · ".join(part for part in (about, self.question(step.ask)) if part)
            yield self.messages.get(
                "consult.review_line", number=number, question=question, answer=self.answer(step)
            )

    def given(self, state: Consultation) -> Iterator[str]:
        """Iterate over the facts that were there before the first question, one line each."""
        colon = self.messages.get("format.colon")
        for template, sheet in state.given.items():
            for fact in sheet.facts:
                for slot, value in fact.slots.items():
                    title = self.wording.slot(f"{template}.{slot}")
                    where = self.wording.template(template)
                    yield f"{where} · {title}{colon}{self.value(template, slot, value)}"

    def others(self, ask: Ask, state: Consultation) -> list[tuple[str, str]]:
        """Give the facts from which a question chooses: ids, and what they are called."""
        inference = state.assessment.inference
        return [
            (ident, self.wording.fact(self.serialiser.fact(row, inference)))
            for ident, row in state.referred(ask)
        ]

    def why(self, ask: Ask, state: Consultation) -> tuple[list[str], int]:
        """Give the titles of a few diagnoses that a question separates, and how many more."""
        touched = state.matters_for(ask)
        rank = {found.id: place for place, found in enumerate(state.assessment.diagnoses)}
        names = sorted(
            (name for name in touched if name in self.diag.base.diagnoses),
            key=lambda name: (rank.get(name, len(rank)), name),
        )
        titles = [self.wording.text(f"{name}/title") for name in names]
        return titles[:FEW], max(0, len(titles) - FEW)

    def effects(self, ask: Ask, state: Consultation) -> list[str]:
        """Say for each answer to a question what it would do; empty if there are too many."""
        from simdiag.reasoning.effects import effects

        colon = self.messages.get("format.colon")
        return [
            f"{self.answer(effect.step)}{colon}{self._does(effect)}"
            for effect in effects(state, ask)
        ]

    def _does(self, effect: Effect) -> str:
        comma = self.messages.get("format.comma")
        parts = []
        if effect.vetoes:
            titles = comma.join(self.wording.text(f"veto:{name}/title") for name in effect.vetoes)
            parts.append(self.messages.get("consult.effect_stops", titles=titles))
        if effect.suggested:
            titles = comma.join(self.wording.text(f"{name}/title") for name in effect.suggested)
            parts.append(self.messages.get("consult.effect_suggests", titles=titles))
        if effect.ruled_out:
            parts.append(self.messages.count("consult.effect_rules_out", len(effect.ruled_out)))
        return comma.join(parts) or self.messages.get("consult.effect_none")

    def columns(self, ask: Ask) -> list[str]:
        """Give the titles of the slots that can be asked about a fact, in the order of asking."""
        base = self.diag.base
        asked = [name for name in base.question_order if name.startswith(f"{ask.template}.")]
        slots = base.templates[ask.template].slots
        return [
            self.wording.text(f"slot:{name}/title")
            for name in asked
            if slots[name.partition(".")[2]].question is not None
        ]

    def trouble(self, trouble: Trouble) -> str:
        """Say what is wrong with a cell of a pasted table."""
        own = {"heading": "consult.paste_heading", "empty": "consult.paste_empty"}
        key = own.get(trouble.reason, f"consult.expected.{trouble.reason}")
        text = self.messages.get(key, **dict(trouble.values))
        return self.messages.get(
            "consult.paste_trouble", line=trouble.line, text=trouble.text, expected=text
        )

    def stops(self, state: Consultation) -> dict[str, tuple[str, str]]:
        """Give the vetoes that hold, by id: title and text."""
        from simdiag.model.assessment import VetoStatus

        return {
            veto.id: (
                self.wording.text(f"veto:{veto.id}/title"),
                self.wording.text(f"veto:{veto.id}/text"),
            )
            for veto in state.assessment.vetoes
            if veto.status is VetoStatus.HOLDS
        }

    def cause(self, state: Consultation) -> tuple[str, str]:
        """Give id and title of the first diagnosis if it is established; else empty."""
        from simdiag.model.assessment import State

        first = next(iter(state.assessment.diagnoses), None)
        if first is None or first.rating.state is not State.ESTABLISHED:
            return "", ""
        return first.id, self.wording.text(f"{first.id}/title")

    def first_step(self, state: Consultation) -> tuple[str, str]:
        """Give id and title of the first action."""
        result = self.serialiser.assessment(state.assessment, justifications=False)
        first = result["actions"][0]
        return str(first["id"]), str(first["title"])
