"""The words that people type at a prompt, from the texts of the tool: yes, today, ago, back ...

Each entry of the table ``consult.words`` holds the forms of one word with ``|`` between them. The
words of English are understood in every language beside its own.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from simdiag.i18n import SOURCE_LANGUAGE, Messages

_APOSTROPHES: Final = str.maketrans(dict.fromkeys("’‘`´", "'"))
COMMANDS: Final = (
    "dont_know",
    "back",
    "change",
    "review",
    "why",
    "result",
    "save",
    "help",
    "quit",
    "none",
    "paste",
)


def plain(text: str) -> str:
    """Give a typed text in the form in which words are compared.

    Full-width signs become narrow, capitals small, runs of blanks one blank.
    """
    narrow = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES)
    return " ".join(narrow.casefold().split()).rstrip("。!.?") or narrow.strip()


@dataclass(frozen=True)
class Vocabulary:
    """The words of one language.

    Attributes:
        messages: The texts of the tool in that language.
    """

    messages: Messages

    def forms(self, word: str) -> tuple[str, ...]:
        """Give every form of a word, the shown language first."""
        key = f"consult.words.{word}"
        found = [self.messages.get(key)]
        if self.messages.lang != SOURCE_LANGUAGE:
            found.append(self._english.get(key))
        return tuple(dict.fromkeys(form for text in found for form in text.split("|") if form))

    @cached_property
    def _english(self) -> Messages:
        return Messages(SOURCE_LANGUAGE)

    def numbered(self, word: str) -> dict[str, int]:
        """Give the names of a list (months, days of the week) with their numbers from 1."""
        table: dict[str, int] = {}
        for messages in (self._english, self.messages):
            names = messages.get(f"consult.words.{word}").split("|")
            table |= {name: number for number, name in enumerate(names, start=1)}
        return table

    def means(self, typed: str, word: str) -> bool:
        """Say whether somebody typed one of the forms of a word."""
        return plain(typed) in self.forms(word)

    @cached_property
    def _commands(self) -> dict[str, str]:
        return {form: word for word in reversed(COMMANDS) for form in self.forms(word)}

    def command(self, typed: str) -> tuple[str, str]:
        """Tell which command was typed, with what stands after it; both empty if none was.

        Only ``change`` takes something: the number of a question.
        """
        text = plain(typed)
        if text in self._commands:
            return self._commands[text], ""
        for form in self.forms("change"):
            rest = text.removeprefix(form).strip()
            if text.startswith(form) and rest.isdigit():
                return "change", rest
        return "", ""
