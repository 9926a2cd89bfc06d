"""What a page shows, as plain data in the order in which it shows it.

Everything is a text in the language of the page, already written for a person; templates only place
it. Ids stand in :class:`Support` alone, the part that is folded away.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """A name and what stands beside it."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class FactUsed:
    """A fact that a reason read: what it is called, and the values that counted."""

    label: str
    values: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence why, and the facts behind it."""

    text: str
    facts: tuple[FactUsed, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class When:
    """When a step is due.

    Attributes:
        name: ``Not before`` or the like; ``When`` for a word instead of a date.
        text: The date as a person writes it, or the word.
        machine: The date in ISO form, empty for a word.
        passed: A remark if the date lies before the moment of the case.
    """

    name: str
    text: str
    machine: str = ""
    passed: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do.

    Attributes:
        anchor: Unique on the page.
        number: Place in the plan of the case, from 1.
        title, how: What, and how.
        when: At least one entry.
        after: Steps that come first, as words.
        who, effort, cost: Empty where not known.
        details: Arguments of the action, such as an amount.
        about: The facts that the step is about, named for a person.
        reasons: Why it is advised.
        find_out: Questions to settle before it.
        proofs: What to have at hand.
        say: What to say or write.
    """

    anchor: str
    number: int
    title: str
    how: str
    when: tuple[When, ...]
    after: tuple[str, ...]
    who: str
    effort: str
    cost: str
    details: tuple[Field, ...]
    about: str
    reasons: tuple[str, ...]
    find_out: Short
    proofs: tuple[str, ...]
    say: str


@dataclass(frozen=True, slots=True)
class Ban:
    """One thing not to do."""

    title: str
    text: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Short:
    """The first entries of a list that can be long, and in words how many more there are."""

    entries: tuple[str, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """A diagnosis that is established or suggested, and why."""

    title: str
    summary: str
    state: str
    rank: int
    about: tuple[str, ...]
    speaks_for: tuple[Reason, ...]
    speaks_against: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Certainty:
    """How sure a diagnosis is; places run from 0, ruled out, to 3, confirmed."""

    title: str
    rank: int
    low: int
    high: int
    status: str
    label: str
    questions: tuple[str, ...]
    limits: str


@dataclass(frozen=True, slots=True)
class Clash:
    """Facts that cannot all be true, and the proof that would decide."""

    text: str
    facts: tuple[str, ...]
    ask: str


@dataclass(frozen=True, slots=True)
class Bill:
    """The money of one bill, row by row."""

    label: str
    rows: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """What is not known of one fact: questions."""

    label: str
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """An entry of the folded part, with entries below it; ``link`` is the address of a source."""

    text: str
    parts: tuple[Node, ...] = ()
    link: str = ""


@dataclass(frozen=True, slots=True)
class Support:
    """The folded part: titles with their entries. The only place for ids."""

    groups: tuple[tuple[str, tuple[Node, ...]], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One case on a page, its attributes in the order of the page."""

    anchor: str
    name: str
    judged: Field
    notes: tuple[str, ...]
    lead: str
    steps: tuple[Step, ...]
    unsure_plan: bool
    maybe: tuple[Step, ...]
    other_steps: Short
    bans: tuple[Ban, ...]
    maybe_bans: tuple[Ban, ...]
    no_record: bool
    causes: tuple[Cause, ...]
    ruled_out: tuple[Reason, ...]
    more_ruled_out: str
    bills: tuple[Bill, ...]
    disputed: str
    certainties: tuple[Certainty, ...]
    questions: tuple[str, ...]
    possible: tuple[Certainty, ...]
    also_possible: Short
    clashes: tuple[Clash, ...]
    warnings: tuple[str, ...]
    gaps: tuple[Gap, ...]
    more_gaps: tuple[Field, ...]
    more_gaps_text: str
    support: Support


@dataclass(frozen=True, slots=True)
class Row:
    """One case in the overview; ``anchor`` is empty if the page has no section for it."""

    anchor: str
    case: str
    first: str
    when: str
    dont: str
    cause: str
    sure: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of the row, from left to right."""
        return (self.case, self.first, self.when, self.dont, self.cause, self.sure)


@dataclass(frozen=True, slots=True)
class Share:
    """How many cases have a first cause; ``percent`` is relative to the most frequent one."""

    cause: str
    count: str
    percent: int


@dataclass(frozen=True, slots=True)
class Overview:
    """All cases in one table."""

    total: str
    shares: tuple[Share, ...]
    rows: tuple[Row, ...]
    omitted: str


@dataclass(frozen=True, slots=True)
class Report:
    """A whole page. ``overview`` is none for a single case."""

    lang: str
    title: str
    knowledge: str
    freshness: str
    overview: Overview | None
    cases: tuple[Case, ...]
