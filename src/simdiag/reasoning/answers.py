"""What somebody types at a prompt, read as the value of a slot.

The result is the text that a facts file would hold, and the value that rules read. A choice is
understood by its number, its words in the shown language, the words of facts files or their
beginning; dates, amounts and numbers in the forms that people write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from simdiag.calculation.functions import as_moment
from simdiag.calculation.times import moment_of
from simdiag.i18n import Messages
from simdiag.loading.cases import FactReader, is_unknown
from simdiag.loading.scalars import NotReadable, choice_key, read_value, write_value
from simdiag.loading.terms import choice_forms
from simdiag.model.terms import Slot
from simdiag.model.values import Interval, Kind, Value, exactly
from simdiag.reasoning.vocabulary import Vocabulary, plain
from simdiag.reasoning.written_dates import DateNotUnderstood, DateReader

_SEPARATORS: Final = re.compile(r"[,，、;；+]|\s(?:and|und|en|et)\s|和")
_NUMBER: Final = re.compile(r"(\d{1,3})[.)、]?")
_CARD: Final = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_QUOTES: Final = {'"': '"', "“": "”", "«": "»", "「": "」", "'": "'"}
_SHORTEST: Final = 3
_DAY_LENGTH: Final = len("2025-11-20")


class NotUnderstood(Exception):  # noqa: N818 - caught at the prompt, which asks again
    """An answer is none: ``reason`` is the key of what is expected, ``values`` fills its text."""

    def __init__(self, reason: str, **values: str) -> None:
        """Keep what to say."""
        super().__init__(reason)
        self.reason = reason
        self.values = values


@dataclass(frozen=True, slots=True)
class Answer:
    """A value that was understood.

    Attributes:
        text: As facts files write it.
        value: As rules read it.
        worked_out: Whether more was put in than was typed (a year, a day): it must be shown.
    """

    text: str
    value: Value
    worked_out: bool = False


@dataclass(frozen=True)
class AnswerReader:
    """Reads answers for one knowledge base, language and moment.

    Attributes:
        reader: Reads the words of facts files.
        messages: The shown language.
        as_of: The moment for which the case is judged.
    """

    reader: FactReader
    messages: Messages
    as_of: Interval

    @cached_property
    def words(self) -> Vocabulary:
        """The words of the language."""
        return Vocabulary(self.messages)

    @cached_property
    def _dates(self) -> DateReader:
        return DateReader(self.words, moment_of(int(self.as_of.high)))

    @cached_property
    def _forms(self) -> Mapping[tuple[str, str], dict[str, str]]:
        return choice_forms(self.reader.base.templates)

    def choices(self, template: str, slot: Slot) -> list[tuple[str, str]]:
        """Give the choices of a slot as they are shown: word of facts files, text."""
        if slot.type.kind is Kind.BOOLEAN:
            return [(word, self.messages.get(f"format.{word}")) for word in ("yes", "no")]
        base = self.reader.base
        return [
            (
                choice.id,
                base.text(self.messages.lang, f"choice:{template}.{slot.name}.{choice.id}"),
            )
            for choice in slot.choices
        ]

    def read(self, template: str, slot: Slot, typed: str, others: Sequence[str] = ()) -> Answer:
        """Read an answer.

        Args:
            template: Name of the template.
            slot: What is asked.
            typed: What was typed.
            others: Ids of the facts to choose from, for a slot that refers to one.

        Returns:
            The value.

        Raises:
            NotUnderstood: If it is none; the reason is a key below ``consult.expected``.
        """
        match slot.type.kind:
            case Kind.CHOICE:
                word = self._choice(template, slot, typed)
                return Answer(word, word)
            case Kind.SET:
                return self._set(template, slot, typed)
            case Kind.BOOLEAN:
                return self._boolean(typed)
            case Kind.DATE | Kind.DATETIME:
                return self._date(slot, typed)
            case Kind.TEXT:
                return self._text(slot, typed, others)
            case _:
                return self._scalar(slot, typed)

    # Choices -------------------------------------------------------------------------------------

    def _choice(self, template: str, slot: Slot, typed: str) -> str:
        shown = self.choices(template, slot)
        number = _NUMBER.fullmatch(plain(typed))
        if number:
            place = int(number[1])
            if 1 <= place <= len(shown):
                return shown[place - 1][0]
            raise NotUnderstood("choice", count=str(len(shown)))
        forms = self._written(template, slot, shown)
        key = choice_key(plain(typed))
        if key in forms:
            return forms[key]
        near = {word for form, word in forms.items() if form.startswith(key)}
        if len(near) == 1 and (len(key) >= _SHORTEST or not key.isascii()):
            return near.pop()
        raise NotUnderstood("choice", count=str(len(shown)))

    def _written(
        self, template: str, slot: Slot, shown: Sequence[tuple[str, str]]
    ) -> dict[str, str]:
        """Give every form in which a choice may be typed; the shown text wins over the others."""
        forms = {choice_key(plain(choice.text)): choice.id for choice in slot.choices}
        forms |= self._forms[template, slot.name]
        return forms | {choice_key(plain(text)): word for word, text in shown}

    def _set(self, template: str, slot: Slot, typed: str) -> Answer:
        try:
            # A choice may have a comma in its own words.
            words = {self._choice(template, slot, typed)}
        except NotUnderstood:
            parts = _SEPARATORS.split(typed)
            if all(part.isdigit() for part in plain(typed).split()):
                parts = plain(typed).split()
            words = {self._choice(template, slot, part) for part in parts if part.strip()}
        if not words:
            raise NotUnderstood("choice", count=str(len(slot.choices))) from None
        return Answer(", ".join(sorted(words)), frozenset(words))

    def _boolean(self, typed: str) -> Answer:
        value = self.yes_or_no(typed)
        return Answer("true" if value else "false", value)

    def yes_or_no(self, typed: str) -> bool:
        """Read yes or no, in words or as the first or second choice.

        Raises:
            NotUnderstood: If it is neither.
        """
        for word, value, number in (("yes", True, "1"), ("no", False, "2")):
            if self.words.means(typed, word) or plain(typed) == number:
                return value
        raise NotUnderstood("yes_or_no")

    def is_yes_or_no(self, typed: str) -> bool:
        """Say whether a typed text is yes or no."""
        try:
            self.yes_or_no(typed)
        except NotUnderstood:
            return False
        return True

    def is_choice(self, template: str, slot: Slot, typed: str) -> bool:
        """Say whether a typed word is a choice of a slot, so that it is no command there."""
        if slot.type.kind is Kind.BOOLEAN:
            return self.is_yes_or_no(typed)
        if slot.type.kind not in {Kind.CHOICE, Kind.SET}:
            return False
        forms = self._written(template, slot, self.choices(template, slot))
        return choice_key(plain(typed)) in forms

    # Dates ---------------------------------------------------------------------------------------

    def _date(self, slot: Slot, typed: str) -> Answer:
        text, worked_out = plain(typed), False
        try:
            value = read_value(text, slot.type)
        except NotReadable:
            read = self._dates.day if slot.type.kind is Kind.DATE else self._dates.moment
            try:
                text = read(typed, past=slot.past)
                value = read_value(text, slot.type)
            except DateNotUnderstood as error:
                raise NotUnderstood(error.reason, **error.values) from None
            except NotReadable:
                raise NotUnderstood("no_such_day") from None
            worked_out = True
        moment = as_moment(value, slot.type.kind) if isinstance(value, Interval) else None
        if slot.past and moment is not None and moment.low > self.as_of.high:
            raise NotUnderstood("future", date=self._shown(text))
        return Answer(text, value, worked_out)

    def _shown(self, text: str) -> str:
        """Write a date or moment for a person."""
        import datetime as dt  # noqa: PLC0415 - only for this message

        if len(text) == _DAY_LENGTH:
            return self.messages.date(dt.date.fromisoformat(text))
        return text

    # Texts and numbers ---------------------------------------------------------------------------

    def _text(self, slot: Slot, typed: str, others: Sequence[str]) -> Answer:
        text = printable(typed)
        if len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
            text = text[1:-1].strip()
        number = _NUMBER.fullmatch(plain(text))
        if number and 1 <= int(number[1]) <= len(others):
            chosen = others[int(number[1]) - 1]
            return Answer(chosen, chosen)
        if not text or is_unknown(text) or self._is_word(text):
            # "Did you get a case number?" wants the number; yes or no would be stored as one.
            raise NotUnderstood("text")
        if any(is_card_number(found) for found in _CARD.findall(text)):
            raise NotUnderstood("card_number")
        try:
            return Answer(text, read_value(text, slot.type))
        except NotReadable:
            raise NotUnderstood("shorter") from None

    def _is_word(self, text: str) -> bool:
        return self.words.means(text, "yes") or self.words.means(text, "no")

    def _scalar(self, slot: Slot, typed: str) -> Answer:
        kind = slot.type.kind
        text = printable(plain(typed) if kind is not Kind.IBAN else typed)
        if kind is Kind.MONEY:
            text = self._without_currency(text)
        if kind is Kind.DECIMAL:
            text = text.removesuffix("%").strip()
        if not any(sign.isdigit() for sign in text):
            # Even where ill-formed text is evidence, a word is an answer to another question.
            raise NotUnderstood(kind.value)
        try:
            value = read_value(text, replace(slot.type, minimum=None, maximum=None))
        except NotReadable:
            raise NotUnderstood(kind.value) from None
        self._check_bounds(slot, value)
        return Answer(text, value)

    def _without_currency(self, text: str) -> str:
        for form in self.words.forms("currency"):
            text = text.removesuffix(form).removeprefix(form).strip()
        return text

    def _check_bounds(self, slot: Slot, value: Value) -> None:
        if not isinstance(value, Interval):
            return
        low, high = slot.type.minimum, slot.type.maximum
        if low is not None and value.low < low:
            raise NotUnderstood("at_least", limit=write_value(exactly(low), slot.type))
        if high is not None and value.high > high:
            raise NotUnderstood("at_most", limit=write_value(exactly(high), slot.type))


def printable(text: str) -> str:
    """Give a text without signs that control a terminal or a file."""
    return " ".join(
        "".join(sign if sign.isprintable() else " " for sign in text).split(" ")
    ).strip()


def is_card_number(text: str) -> bool:
    """Say whether digits look like the number of a payment card, which nobody should type here."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    doubled = [
        sum(divmod(2 * digit, 10)) if place % 2 else digit
        for place, digit in enumerate(reversed(digits))
    ]
    return sum(doubled) % 10 == 0
