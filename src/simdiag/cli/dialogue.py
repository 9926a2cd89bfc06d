"""The conversation of ``simdiag consult``: prints questions, reads answers and commands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from simdiag.cli.keeping import Conversation, Leave
from simdiag.cli.screen import EndOfInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from simdiag.reasoning.consultation import Step
    from simdiag.reasoning.questions import Ask

MANY_CHOICES: Final = 15
HELP: Final = (
    "dont_know",
    "back",
    "why",
    "change",
    "review",
    "result",
    "save",
    "none",
    "paste",
    "quit",
    "quote",
)
# What these print pushes the question off the screen.
SHOW_AGAIN: Final = frozenset({"why", "review", "result", "save", "help"})


@dataclass
class Dialogue(Conversation):
    """Questions and answers.

    Attributes:
        limit: How many questions may be asked, or none.
    """

    limit: int | None = None
    _stops: set[str] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)

    # The whole -----------------------------------------------------------------------------------

    def run(self) -> None:
        """Ask until nothing matters any more or the person has enough, then show the result."""
        try:
            self._questions()
        except Leave:
            pass
        except EndOfInput:
            if self.state.steps or self.state.given:
                self.result()
        else:
            self.result()
            self.offer_report()
        self.offer_facts()
        self.tell("bye")

    def _questions(self) -> None:
        while True:
            self._tell_news()
            ask = self.state.question
            if ask is None:
                self.tell("settled")
                return
            if self.limit is not None and len(self.state.steps) >= self.limit:
                self.tell("limit")
                return
            if self._has_enough():
                return
            self._turn(ask)

    def _tell_news(self) -> None:
        """Say what has come up: vetoes the moment they hold, a cause when it is established."""
        stops = self.phrases.stops(self.state)
        for name, (title, text) in stops.items():
            if name not in self._stops:
                self.screen.say()
                self.tell("stop", strong=True, title=title)
                self.screen.say(text, "  ")
        self._stops = set(stops)
        cause, title = self.phrases.cause(self.state)
        if cause and cause not in self._told:
            self._told.add(cause)
            self.screen.say()
            self.tell("cause_found", strong=True, title=title)
            if self.state.question is not None:
                self.tell("cause_hint")

    def _has_enough(self) -> bool:
        """Offer the result once for each first action that is sure; say whether it is wanted."""
        if not self.state.enough:
            return False
        action, title = self.phrases.first_step(self.state)
        if f"enough {action}" in self._told:
            return False
        self._told.add(f"enough {action}")
        self.screen.say()
        self.tell("enough", strong=True, title=title)
        return self.yes_or_no("enough_ask")

    # One question --------------------------------------------------------------------------------

    def _turn(self, ask: Ask) -> None:
        """Ask one question until it is answered or another one is to be asked."""
        self._show(ask, len(self.state.steps) + 1)
        before = self.state
        while self.state is before:
            typed = self.read(self._offers(ask))
            word, rest = self._command(ask, typed)
            if word:
                self._obey(word, rest, ask)
            elif (step := self._step(ask, typed)) is not None:
                self.state = self.state.taken(step)
            if word in SHOW_AGAIN:
                self._show(ask, len(self.state.steps) + 1)
        self.keep()

    def _show(self, ask: Ask, number: int) -> None:
        """Print a question with its choices."""
        from simdiag.model.values import Kind

        phrases = self.phrases
        self.screen.say()
        about = phrases.about(ask, self.state)
        if about:
            self.screen.say(about)
        self.tell("question", strong=True, number=number, text=phrases.question(ask))
        if explained := phrases.help(ask):
            self.screen.say(explained)
        if not ask.more and phrases.slot(ask).type.kind is Kind.SET:
            self.tell("choose_several")
        self._show_choices(ask)

    def _show_choices(self, ask: Ask) -> None:
        """Print the choices by number, then how to say that none of them is known or fits."""
        choices = self._choices(ask)
        ways_out = self._ways_out(ask)
        width = max(len(name) for name, _ in [*choices, ("d", "")])
        if len(choices) > MANY_CHOICES:
            comma = self.messages.get("format.comma")
            self.screen.say(
                comma.join(f"{number}\N{NO-BREAK SPACE}{text}" for number, text in choices), "  "
            )
        else:
            ways_out = [*choices, *ways_out]
        for name, text in ways_out:
            self.screen.say(text, f"  {name:>{width}}  ")

    def _choices(self, ask: Ask) -> list[tuple[str, str]]:
        from simdiag.model.values import Kind

        if ask.more:
            texts = [self.messages.get(f"format.{word}") for word in ("yes", "no")]
        elif self.phrases.slot(ask).type.kind in {Kind.CHOICE, Kind.SET, Kind.BOOLEAN}:
            texts = [text for _, text in self.reader.choices(ask.template, self.phrases.slot(ask))]
        else:
            texts = [text for _, text in self.phrases.others(ask, self.state)]
        return [(str(number), text) for number, text in enumerate(texts, start=1)]

    def _offers(self, ask: Ask) -> list[str]:
        """Give the texts through which the arrow keys go."""
        return [text for _, text in self._choices(ask)]

    def _ways_out(self, ask: Ask) -> list[tuple[str, str]]:
        found = []
        if self._may_be_unknown(ask):
            found.append(("d", self.messages.get("consult.choice_dont_know")))
        if self.state.may_be_none(ask):
            title = self.phrases.template(ask)
            found.append(("x", self.messages.get("consult.choice_none", title=title)))
        return found

    def _may_be_unknown(self, ask: Ask) -> bool:
        question = None if ask.more else self.phrases.slot(ask).question
        return question is None or question.dont_know

    # Answers -------------------------------------------------------------------------------------

    def _step(self, ask: Ask, typed: str) -> Step | None:
        """Make a step of what was typed, or say what is expected."""
        from simdiag.reasoning.answers import NotUnderstood
        from simdiag.reasoning.consultation import Reply, Step

        if not typed.strip():
            self.tell("empty")
            return None
        try:
            if ask.more:
                wanted = self.reader.yes_or_no(typed)
                return Step(ask, Reply.MORE if wanted else Reply.NO_MORE)
            others = [ident for ident, _ in self.state.referred(ask)]
            found = self.reader.read(ask.template, self.phrases.slot(ask), typed, others)
        except NotUnderstood as problem:
            text = self.messages.get(f"consult.expected.{problem.reason}", **problem.values)
            self.screen.say(text)
            return None
        if found.worked_out:
            value = self.phrases.value(ask.template, ask.slot, found.value)
            self.tell("understood", value=value)
        return Step(ask, Reply.VALUE, found.text, found.value)

    # Commands ------------------------------------------------------------------------------------

    def _command(self, ask: Ask, typed: str) -> tuple[str, str]:
        """Tell which command was typed; empty for what is an answer here."""
        if self._is_answer(ask, typed):
            return "", ""
        return self.reader.words.command(typed)

    def _is_answer(self, ask: Ask, typed: str) -> bool:
        """Say whether a word is one of the choices, so that it is no command."""
        if ask.more:
            return self.reader.is_yes_or_no(typed)
        return self.reader.is_choice(ask.template, self.phrases.slot(ask), typed)

    def _obey(self, word: str, rest: str, ask: Ask) -> None:
        commands: dict[str, Callable[[], None]] = {
            "dont_know": lambda: self._dont_know(ask),
            "none": lambda: self._none(ask),
            "paste": lambda: self._paste(ask),
            "back": self._back,
            "change": lambda: self._change(rest),
            "review": self._review,
            "why": lambda: self._why(ask),
            "result": self.result,
            "save": self.save_now,
            "help": lambda: self._help(ask),
            "quit": self._quit,
        }
        commands[word]()

    def _quit(self) -> None:
        raise Leave

    def _dont_know(self, ask: Ask) -> None:
        from simdiag.reasoning.consultation import Reply, Step

        if self._may_be_unknown(ask):
            self.state = self.state.taken(Step(ask, Reply.DONT_KNOW))
        else:
            self.tell("must_answer")

    def _none(self, ask: Ask) -> None:
        from simdiag.reasoning.consultation import Reply, Step

        if self.state.may_be_none(ask):
            self.state = self.state.taken(Step(ask, Reply.NO_FACT))
        else:
            self.tell("no_none")

    def _paste(self, ask: Ask) -> None:
        """Read a table in place of the answers about the facts of one list."""
        from simdiag.model.terms import Cardinality
        from simdiag.reasoning.pasted import Paste

        template = self.diag.base.templates[ask.template]
        if template.cardinality is not Cardinality.MANY:
            self.tell("paste_not_here")
            return
        self.tell("paste", titles=self.messages.get("format.comma").join(self.phrases.columns(ask)))
        lines = []
        while line := self.read().strip("\r\n"):
            lines.append(line)
        steps, troubles = Paste(self.state, self.reader, template).steps(lines)
        for trouble in troubles:
            self.screen.say(self.phrases.trouble(trouble), "  - ")
        if troubles:
            self.tell("paste_refused")
            self.state = replace(self.state)  # the same, but the question is shown again
            return
        for step in steps:
            self.state = self.state.taken(step)
        rows = {step.ask.row for step in steps if not step.ask.more}
        self.screen.say(self.messages.count("consult.pasted", len(rows)))

    def _back(self) -> None:
        if self.state.steps:
            self.state = self.state.back()
            self.tell("back")
        else:
            self.tell("nothing_before")

    def _change(self, rest: str) -> None:
        """Ask an earlier question again, and keep the other answers as far as they still apply."""
        steps = self.state.steps
        if not rest or not steps:
            self.tell("change_which", number=max(1, len(steps)))
            return
        number = int(rest)
        if not 1 <= number <= len(steps):
            self.tell("no_such_question", number=number)
            return
        before = self.state
        step = self._asked_again(steps[number - 1].ask, number)
        if step is None:
            self.state = replace(before)  # the same, but the question is shown again
            return
        changed = before.changed(number - 1, step)
        lost = before.lost(changed)
        if lost and not self._may_drop(lost):
            self.state = replace(before)
            self.tell("kept")
            return
        self.state = changed
        if lost:
            self.screen.say(self.messages.count("consult.dropped", len(lost)))

    def _may_drop(self, lost: Sequence[int]) -> bool:
        """List the answers that a change takes away, and ask whether it is meant."""
        self.tell("would_drop")
        lines = list(self.phrases.protocol(self.state))
        for number in lost:
            self.screen.say(lines[number], "  ")
        return self.yes_or_no("drop_ask")

    def _asked_again(self, ask: Ask, number: int) -> Step | None:
        """Ask a question out of turn; none if the person goes back."""
        from simdiag.reasoning.consultation import Reply, Step

        self._show(ask, number)
        while True:
            typed = self.read(self._offers(ask))
            command, _ = self._command(ask, typed)
            if command == "quit":
                raise Leave
            if command == "back":
                return None
            if command == "dont_know" and self._may_be_unknown(ask):
                return Step(ask, Reply.DONT_KNOW)
            if command == "none" and self._was_none(number):
                return Step(ask, Reply.NO_FACT)
            step = self._step(ask, typed)
            if step is not None:
                return step

    def _was_none(self, number: int) -> bool:
        """Say whether at that question "there is none" was an answer."""
        step = self.state.steps[number - 1]
        return replace(self.state, steps=self.state.steps[: number - 1]).may_be_none(step.ask)

    def _review(self) -> None:
        given = list(self.phrases.given(self.state))
        if given:
            self.tell("review_given")
            for line in given:
                self.screen.say(line, "  ")
        if not self.state.steps:
            self.tell("review_empty")
            return
        self.tell("review")
        for line in self.phrases.protocol(self.state):
            self.screen.say(line, "  ")

    def _why(self, ask: Ask) -> None:
        titles, more = self.phrases.why(ask, self.state)
        if not titles:
            self.tell("why_none")
            return
        self.tell("why")
        for title in titles:
            self.screen.say(title, "  - ")
        if more:
            self.screen.say(self.messages.count("consult.why_more", more), "  - ")
        answers = self.phrases.effects(ask, self.state)
        if answers:
            self.tell("why_answers")
        for line in answers:
            self.screen.say(line, "  - ")

    def _help(self, ask: Ask) -> None:
        if explained := self.phrases.help(ask):
            self.screen.say(explained)
        self.tell("help.heading")
        for word in HELP:
            self.tell(f"help.{word}", "  ")
