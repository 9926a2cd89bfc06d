"""One result with all that its page needs: words, language, moment, and the record of its rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

from simdiag.i18n import ZONE, Messages
from simdiag.model.assessment import State
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.values import TEXT_KINDS, SlotType
from simdiag.reporting.values import read_moment
from simdiag.reporting.view import Short
from simdiag.reporting.wording import Json, Wording, clean

TRUE: Final = "true"
MAX_NEAR: Final = 3  # of the diagnoses that are only possible, shown in full


def rank(word: object) -> int:
    """Give the place of a state, from 0, excluded, to 3, established."""
    return State[str(word).upper()].value


def span_of(entry: Json) -> tuple[int, int]:
    """Give the places of the lowest and the highest state that a diagnosis can have."""
    low, high = entry.get("possible") or (entry["state"], entry["state"])
    return rank(low), rank(high)


def items(result: Json, key: str) -> Sequence[Json]:
    """Give the list of a result under a key; empty if it has none."""
    return result.get(key) or ()


@dataclass(frozen=True, slots=True)
class Context:
    """What is at hand while the page of one case is made.

    Attributes:
        result: The assessment in its JSON form.
        kb: The knowledge base, for texts.
        messages: The language of the page.
        wording: Says what the result names.
        anchor: Prefix of the anchors of this case.
    """

    result: Json
    kb: KnowledgeBase
    messages: Messages
    wording: Wording
    anchor: str

    @classmethod
    def of(cls, result: Json, kb: KnowledgeBase, messages: Messages, number: int) -> Context:
        """Prepare the page of the case with that number, from 1."""
        return cls(result, kb, messages, Wording(kb, messages, result), f"case-{number}")

    @property
    def case(self) -> str:
        """The id of the case, as somebody gave it."""
        return clean(str(self.result.get("case", "")))

    @property
    def as_of(self) -> datetime | None:
        """The moment for which the case was judged."""
        return moment_of(self.result.get("as_of"))

    @property
    def has_record(self) -> bool:
        """Whether the result carries the record of its rules: only single runs keep it."""
        return bool(self.result.get("justifications"))

    @property
    def probable(self) -> frozenset[str]:
        """Ids of the diagnoses that are at least suggested."""
        return frozenset(
            str(entry["id"])
            for entry in self.list("diagnoses")
            if rank(entry["state"]) >= State.SUGGESTED
        )

    @property
    def possible(self) -> Sequence[Json]:
        """The diagnoses that are not probable but may become so, the nearest first.

        Something speaks for the nearest; or they are of the area of what is probable; or they wait
        for more about the facts that were given than others do.
        """
        areas = {name.partition(".")[0] for name in self.probable}
        waits = Counter(
            name
            for entry in self.list("missing")
            if entry.get("of")
            for name in entry.get("matters_for") or ()
        )

        def distance(entry: Json) -> tuple[int, bool, int]:
            ident = str(entry["id"])
            elsewhere = ident.partition(".")[0] not in areas
            return -int(entry.get("score") or 0), elsewhere, -waits[ident]

        found = (
            entry
            for entry in self.list("diagnoses")
            if rank(entry["state"]) < State.SUGGESTED <= span_of(entry)[1]
        )
        return sorted(found, key=distance)

    @property
    def near(self) -> frozenset[str]:
        """Ids of the nearest of the diagnoses that are only possible."""
        return frozenset(str(entry["id"]) for entry in self.possible[:MAX_NEAR])

    def concludes(self, rule: str, target: str) -> bool:
        """Whether a rule is about that action or veto; one that is not known is believed to be."""
        known = self.kb.rules.get(rule)
        return known is None or known.target == target

    def short(self, entries: Sequence[str], limit: int) -> Short:
        """Cut a list to its first entries, saying how many more there are."""
        more = len(entries) - limit
        words = self.messages.count("report.more", more) if more > 0 else ""
        return Short(tuple(entries[:limit]), words)

    def list(self, key: str) -> Sequence[Json]:
        """Give a list of the result; empty if it has none."""
        return items(self.result, key)

    def records(self, kind: str, target: str, about: Sequence[Json] = ()) -> Iterator[Json]:
        """Iterate over the records of true rules of one kind that conclude something.

        Args:
            kind: ``rate``, ``derive`` and so on.
            target: Id of the diagnosis, finding, action or veto.
            about: If given, records about other facts are left out.
        """
        for record in self.list("justifications"):
            if (record.get("kind"), record.get("for"), record.get("truth")) != (kind, target, TRUE):
                continue
            subjects = record.get("about") or ()
            general = not subjects and not record.get("unseen")
            if not about or general or any(fact in about for fact in subjects):
                yield record

    def title(self, family: str, entry: Json) -> str:
        """Give the title of an entry of the result in the language of the page.

        Arguments of actions are filled in. If the knowledge base does not know the id any more, the
        title that the result carries is shown.
        """
        ident = str(entry.get("id", ""))
        key = f"{family}{ident}/title"
        return self.wording.filled(key, self.arguments(entry), str(entry.get("title") or ""))

    def arguments(self, entry: Json) -> dict[str, str]:
        """Write the arguments of an action, by name; unknown ones are left out."""
        action = self.kb.actions.get(str(entry.get("id", "")))
        types: Mapping[str, SlotType] = action.arguments if action else {}
        return {
            str(name): written
            for name, raw in sorted((entry.get("args") or {}).items())
            if raw is not None and (written := self._argument(raw, types.get(name)))
        }

    def _argument(self, raw: object, kind: SlotType | None) -> str:
        """Write an argument; text comes without quotation marks, it can stand in a sentence."""
        if kind and kind.kind in TEXT_KINDS:
            return clean(str(raw))
        return self.wording.written(raw, kind)

    def rule_texts(self, rules: Iterable[str]) -> tuple[str, ...]:
        """Give the sentences of rules, each once; rules without one are left out."""
        return tuple(dict.fromkeys(text for rule in rules if (text := self.wording.rule(rule))))


def moment_of(text: object, *, begin: bool = False) -> datetime | None:
    """Read a date or date-time as a moment in Belgium; none if it is neither.

    Args:
        text: In ISO form.
        begin: Whether a date stands for its first second rather than its last.
    """
    try:
        found = read_moment(str(text))
    except ValueError:
        return None
    if not isinstance(found, datetime):
        found = datetime.combine(found, time.min if begin else time(23, 59, 59))
    return found if found.tzinfo else found.replace(tzinfo=ZONE)
