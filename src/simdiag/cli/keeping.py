"""What a conversation holds, and how its answers and its result are kept in files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simdiag.cli.phrases import Phrases
from simdiag.cli.screen import EndOfInput, Screen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simdiag.api import Simdiag
    from simdiag.i18n import Messages
    from simdiag.reasoning.answers import AnswerReader
    from simdiag.reasoning.consultation import Consultation
    from simdiag.reporting.render import Format

DEFAULT_FACTS: Final = "simdiag-facts.yaml"
DEFAULT_REPORT: Final = "simdiag-report.html"
REPORT_FORMS: Final[Mapping[str, Format]] = {
    ".html": "html",
    ".htm": "html",
    ".md": "md",
    ".txt": "text",
}


class Leave(Exception):  # noqa: N818 - the person wants to go
    """The person typed "quit", or the input ended."""


@dataclass
class Conversation:
    """A person, a screen and the state of a consultation.

    Attributes:
        screen: Where it takes place.
        diag: The knowledge base and engine.
        messages: The language.
        state: Facts and answers so far.
        save: Where they are kept, if that was asked for.
        reveal: Whether numbers of people are shown in full.
    """

    screen: Screen
    diag: Simdiag
    messages: Messages
    state: Consultation
    save: Path | None = None
    reveal: bool = False
    _saved: Consultation | None = None

    @cached_property
    def phrases(self) -> Phrases:
        """What the parts of the consultation are called."""
        return Phrases(self.diag, self.messages, self.reveal)

    @cached_property
    def reader(self) -> AnswerReader:
        """Reads what is typed."""
        from simdiag.api import answer_reader

        return answer_reader(self.diag, self.state, self.messages.lang)

    def tell(self, key: str, first: str = "", *, strong: bool = False, **values: object) -> None:
        """Print one of the texts of the dialogue."""
        self.screen.say(self.messages.get(f"consult.{key}", **values), first, strong=strong)

    def read(self, offers: Sequence[str] = ()) -> str:
        """Read one line.

        Args:
            offers: Answers through which the arrow keys go.

        Raises:
            EndOfInput: There is none.
        """
        prompt = self.messages.get("consult.prompt")
        return self.screen.read(prompt, reveal=self.reveal, offers=offers)

    def yes_or_no(self, key: str) -> bool:
        """Ask a question of our own.

        Raises:
            Leave: The person wants to go.
        """
        from simdiag.reasoning.answers import NotUnderstood

        self.tell(key)
        while True:
            typed = self.read()
            if self.reader.words.command(typed)[0] == "quit":
                raise Leave
            try:
                return self.reader.yes_or_no(typed)
            except NotUnderstood:
                self.tell("yes_or_no")

    def result(self) -> None:
        """Print what comes out with the answers so far."""
        from simdiag.api import consultation_report

        self.screen.say()
        report = consultation_report(
            self.diag,
            self.state,
            self.messages.lang,
            "text",
            reveal=self.reveal,
            width=self.screen.width,
        )
        # On a screen what to do comes first and is all that fits; the rest is in the report.
        advice, rest = _cut(report, self.messages.get("report.sure.heading"))
        self.screen.put(advice)
        if rest:
            self.tell("more_in_report")

    # Files ---------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Keep every answer at once where a file was named for it."""
        if self.save is not None and (self.state.steps or self._saved is not None):
            self.write_facts(self.save)

    def write_facts(self, path: Path | None) -> bool:
        """Write the facts; say so only if it fails.

        Args:
            path: Where, over what is there; none for a free name in the current folder.

        Returns:
            Whether they were written.
        """
        from simdiag.api import save_consultation

        name = path or Path(DEFAULT_FACTS)
        notes = [
            self.messages.get("consult.file_title"),
            *(f"  {line}" for line in self.phrases.protocol(self.state)),
        ]
        try:
            written = save_consultation(self.state, name, notes, replace=path is not None)
        except OSError as error:
            self.tell("save_failed", file=name, reason=error.strerror or str(error))
            return False
        self.save, self._saved = written, self.state
        return True

    def save_now(self) -> None:
        """Keep the answers now, and from now on after every answer."""
        if self.write_facts(self.save):
            self._say_saved_or_not()

    def _say_saved_or_not(self) -> None:
        if self._saved is not None:
            self.tell("saved", file=self.save)
            self.tell("saved_resume", file=self.save)
        elif self.state.steps:
            self.tell("not_saved")

    def stop(self) -> None:
        """Keep what was answered when the conversation is cut off, and say where."""
        self.screen.say()
        self.tell("interrupted")
        if not self.state.steps:
            self.tell("nothing_to_save")
        elif self._saved == self.state or self.write_facts(self.save):
            self._say_saved_or_not()

    def rescue(self) -> None:
        """Keep the answers without a word more than needed: nobody may be there to read it."""
        if self.state.steps and self._saved != self.state and self.write_facts(self.save):
            self._say_saved_or_not()

    def offer_report(self) -> None:
        """Offer to write the report."""
        from simdiag.api import consultation_report, written_file

        try:
            path = self._new_name(
                "save_report", DEFAULT_REPORT, tuple(REPORT_FORMS), "report_suffix"
            )
        except EndOfInput:
            return
        if path is None:
            return
        text = consultation_report(
            self.diag,
            self.state,
            self.messages.lang,
            REPORT_FORMS[path.suffix.lower()],
            reveal=self.reveal,
        )
        try:
            with written_file(path) as file:
                file.write(text)
        except OSError as error:
            self.tell("save_failed", file=path, reason=error.strerror or str(error))
        else:
            self.tell("saved_report", file=path)

    def offer_facts(self) -> None:
        """Offer to keep the answers, unless they are kept already."""
        if self.save is None and self.state.steps:
            try:
                path = self._new_name(
                    "save_facts", DEFAULT_FACTS, (".yaml", ".yml", ".json"), "facts_suffix"
                )
            except EndOfInput:
                path = None
            if path is not None:
                self.write_facts(path)
        self._say_saved_or_not()

    def _new_name(
        self, key: str, usual: str, suffixes: tuple[str, ...], complaint: str
    ) -> Path | None:
        """Ask for the name of a new file; none if none is wanted."""
        self.screen.say()
        self.tell(key, name=usual)
        while True:
            typed = self.read().strip()
            words = self.reader.words
            if not typed or words.means(typed, "no") or words.command(typed)[0] == "quit":
                return None
            path = Path(usual if words.means(typed, "yes") else typed).expanduser()
            if path.suffix.lower() not in suffixes:
                self.tell(complaint)
            elif path.exists():
                self.tell("exists", file=path)
            else:
                return path


def _cut(report: str, heading: str) -> tuple[str, str]:
    """Cut a report before one of its headings; the second part is empty if it has none such."""
    place = report.find(f"\n{heading}\n")
    return (report, "") if place < 0 else (report[:place], report[place:])
