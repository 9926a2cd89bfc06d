"""Rules and what they conclude.

Every rule has the same shape, whatever it concludes, so that an engine needs to know only one: it
decides for each subject whether the antecedent ``when`` is true, unknown or false. What follows
from that is worked out once, for all engines, on the floor above them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from simdiag.model.conditions import All, Expression
from simdiag.model.values import SlotType
from simdiag.spans import NOWHERE, Span


class Purpose(StrEnum):
    """What a rule concludes."""

    DERIVE = "derive"
    RELEVANCE = "relevance"
    RATE = "rate"
    DO = "do"
    VETO = "veto"
    DONE = "done"
    CONTRADICTION = "contradiction"
    LADDER = "ladder"


@dataclass(frozen=True, slots=True)
class Subject:
    """A fact that a rule speaks about: its conclusions are drawn for each fact of the template."""

    alias: str
    template: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A production: an antecedent and its consequent.

    Attributes:
        id: Readable and unique, ``<file id>#<slug>``.
        purpose: What it concludes.
        target: Id of the finding, diagnosis, action, veto, slot or template that it is about.
        subjects: The facts for each of which it is decided; empty for the whole case.
        when: The antecedent. It sees the aliases of the subjects.
        text: Why this counts, in English, for a person; may be empty for findings.
        weight: Name of the weight or ``establishes`` / ``excludes``, for a rating.
        unless: Ids of the rules to which this one gives way (S13).
        value: What a valued finding takes when this branch is the first true one.
        diagnosis: The diagnosis whose advice this is.
        not_before, not_after: Dates of an advised action.
        arguments: Arguments of an advised action, by name.
        ask: Proof to ask for, of a contradiction, in English.
        tests_knowledge: Whether the antecedent tests ``known`` or ``unknown``.
    """

    id: str
    purpose: Purpose
    target: str
    subjects: tuple[Subject, ...]
    when: All
    text: str = ""
    weight: str = ""
    unless: tuple[str, ...] = ()
    value: Expression | None = None
    diagnosis: str = ""
    not_before: Expression | None = None
    not_after: Expression | None = None
    arguments: Mapping[str, Expression] = field(default_factory=dict)
    ask: str = ""
    tests_knowledge: bool = False
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """A computed slot of the case (no subject), of one fact, or of a pair of facts (S6).

    Attributes:
        id: Template and name with a dot between; ``case.x`` without a subject; ``a+b.x`` for a
            pair.
        name: How conditions read it.
        subjects: None, one or two.
        type: What it holds.
        title: What it says, in English.
        rules: Ids of its rules; for a boolean finding joined by *or*, else branches in order.
    """

    id: str
    name: str
    subjects: tuple[Subject, ...]
    type: SlotType
    title: str
    rules: tuple[str, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A cause that can be established, suggested or excluded.

    Attributes:
        id: Readable path, equal to the place of the file below ``diagnoses/``.
        ref: Number in the domain brief, such as ``F-03``.
        title: The cause in one line, in English.
        summary: What it means for the person, in English.
        about: The fact for each of which it is rated, or none.
        rules: Ids of the rating rules.
        advice: Ids of its advice and veto rules, in written order.
        disputed: Id of the finding that gives the amount in dispute for one rated fact, or empty.
        sources: Keys of the table of sources.
        limitations: What it cannot tell apart, in English.
        status: ``experimental`` or ``stable``.
    """

    id: str
    ref: str
    title: str
    summary: str
    about: Subject | None
    rules: tuple[str, ...]
    advice: tuple[str, ...]
    disputed: str = ""
    sources: tuple[str, ...] = ()
    limitations: str = ""
    status: str = "stable"
    span: Span = field(default=NOWHERE, compare=False, repr=False)


URGENCIES = ("now", "soon", "later")
PHASES = ("self_help", "contact", "complaint")


@dataclass(frozen=True, slots=True)
class Action:
    """A remedy of the catalogue.

    Attributes:
        id: Word of the action vocabulary.
        title: What to do, in English; may hold ``{argument}``.
        text: How to do it, in English.
        who: Who does it: ``user``, ``seller``, ``operator``, ``bank``, ``police`` or ``body``.
        phase: ``self_help``, ``contact`` or ``complaint``.
        urgency: ``now``, ``soon`` or ``later``.
        effort: Minutes of work.
        cost: Cents.
        proofs: What to have at hand, in English.
        say: What to say or write, in English.
        requires: Ids of actions that must come first.
        arguments: Types of its arguments.
        argument_titles: What a person calls them, in English.
        once: Whether it is done once for the case, however many facts ask for it.
        done_when: Id of the rule that tells that it is done, or empty.
    """

    id: str
    title: str
    text: str
    who: str
    phase: str
    urgency: str
    effort: int
    cost: int = 0
    proofs: tuple[str, ...] = ()
    say: str = ""
    requires: tuple[str, ...] = ()
    arguments: Mapping[str, SlotType] = field(default_factory=dict)
    argument_titles: Mapping[str, str] = field(default_factory=dict)
    once: bool = False
    done_when: str = ""
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Veto:
    """A prohibition of the catalogue.

    Attributes:
        id: Its word.
        title: What not to do, in English.
        text: Why, and until when, in English.
        forbids: Ids of the actions that it forbids.
        precaution: Whether it forbids already while it is only possible.
    """

    id: str
    title: str
    text: str
    forbids: tuple[str, ...]
    precaution: bool = False
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Ladder:
    """What is advised when nothing else is (S9): actions in order, if ``rule`` is not false."""

    id: str
    rule: str
    actions: tuple[str, ...]
    text: str = ""


def relevance_id(template: str, slot: str = "") -> str:
    """Give the id of the rule that decides whether a template or slot is relevant."""
    return f"relevant:{template}.{slot}" if slot else f"relevant:{template}"


__all__ = [
    "PHASES",
    "URGENCIES",
    "Action",
    "Diagnosis",
    "Finding",
    "Ladder",
    "Purpose",
    "Rule",
    "Subject",
    "Veto",
    "relevance_id",
]
