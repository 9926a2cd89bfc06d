"""The first two parts of a page: what to do now, with dates, and what not to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simdiag.reporting.context import Context, moment_of
from simdiag.reporting.values import read_money, write_moment
from simdiag.reporting.view import Ban, Field, Short, Step, When
from simdiag.reporting.wording import Json, capital, unique

RECOMMENDED: Final = "recommended"
HOLDS: Final = "holds"

_MAX_MAYBE: Final = 4  # steps that only might be, in full
_MAX_OTHERS: Final = 8  # and by title
_MAX_REASONS: Final = 3  # beside one step
_MAX_QUESTIONS: Final = 3


def steps(context: Context) -> tuple[tuple[Step, ...], tuple[Step, ...], Short]:
    """Give the plan.

    Returns:
        The steps that are advised; some that only might be, for causes that are probable; the
        titles of others that only might be, for causes that are not. Numbers run on from the first
        to the second.
    """
    actions = context.list("actions")
    advised = [action for action in actions if action.get("status") == RECOMMENDED]
    possible = [action for action in actions if action.get("status") != RECOMMENDED]
    near = [action for action in possible if _serves(action, context.probable)][:_MAX_MAYBE]
    numbers: dict[str, int] = {}
    for number, action in enumerate((*advised, *near), 1):
        numbers.setdefault(action["id"], number)
    made = [_step(context, action, n, numbers) for n, action in enumerate((*advised, *near), 1)]
    others = [action for action in possible if action["id"] not in numbers]
    others.sort(key=lambda action: not _serves(action, context.near))
    titles = unique(context.title("action:", {**action, "args": {}}) for action in others)
    shown = context.short(titles, _MAX_OTHERS)
    return tuple(made[: len(advised)]), tuple(made[len(advised) :]), shown


def is_firm(context: Context) -> bool:
    """Whether nothing that is still unknown can change the first advised step."""
    first = next((a for a in context.list("actions") if a.get("status") == RECOMMENDED), None)
    return first is None or bool(first.get("firm"))


def lead(context: Context) -> str:
    """Give the sentence that introduces a plan taken from a ladder; empty for other plans."""
    ladders = {str(action["ladder"]) for action in context.list("actions") if action.get("ladder")}
    return " ".join(
        unique(context.wording.text(f"ladder:{ladder}/text") for ladder in sorted(ladders))
    )


def bans(context: Context) -> tuple[tuple[Ban, ...], tuple[Ban, ...]]:
    """Give the vetoes that hold, with their reasons, and those that may.

    The rules of a veto that only may hold are undecided, so their sentences are not told as
    reasons. Such a veto is told if it is a precaution, or if a step that is advised hangs on it.
    """
    vetoes = context.list("vetoes")
    advised = {
        action["id"] for action in context.list("actions") if action.get("status") == "recommended"
    }
    holding = tuple(
        Ban(context.title("veto:", veto), _why_not(context, veto), _reasons(context, veto))
        for veto in vetoes
        if veto.get("status") == HOLDS
    )
    others = sorted(
        (
            veto
            for veto in vetoes
            if veto.get("status") != HOLDS
            and (_is_precaution(context, veto) or advised & set(veto.get("forbids") or ()))
        ),
        key=lambda veto: not _is_precaution(context, veto),
    )
    return holding, tuple(
        Ban(
            context.title("veto:", veto),
            _why_not(context, veto) if _is_precaution(context, veto) else "",
        )
        for veto in others
    )


def due(context: Context, action: Json) -> tuple[When, ...]:
    """Say when an action is due: its dates, else how urgent it is.

    A not-before that has passed says nothing any more and is left out. Dates among the arguments
    count as well; of two equal ones the argument says better what a not-before means, a not-after
    says it best itself.
    """
    get, now = context.messages.get, context.as_of
    found: dict[str, When] = {}
    start = moment_of(action.get("not_before"), begin=True)
    if start and not (now and start <= now):
        _add(context, found, get("report.do.from"), action["not_before"])
    for name, raw in sorted((action.get("args") or {}).items()):
        if moment_of(raw):
            _add(context, found, _argument(context, action, name), raw)
    end = moment_of(action.get("not_after"))
    if end:
        passed = get("report.do.passed") if now and end < now else ""
        _add(context, found, get("report.do.until"), action["not_after"], passed)
    if found or action.get("status") != RECOMMENDED:
        return tuple(found.values())
    return (When(get("report.do.when"), get(f"report.do.{action.get('urgency') or 'soon'}")),)


def _add(
    context: Context, found: dict[str, When], name: str, raw: object, passed: str = ""
) -> None:
    """Note one date, in place of an equal one."""
    text = str(raw)
    found[text] = When(name, write_moment(text, context.messages), text, passed)


def _step(context: Context, action: Json, number: int, numbers: Mapping[str, int]) -> Step:
    """Say one action of the plan."""
    ident, wording = str(action["id"]), context.wording
    arguments = context.arguments(action)
    about = action.get("about")
    when = due(context, action)
    return Step(
        anchor=f"{context.anchor}-step-{number}",
        number=number,
        title=context.title("action:", action),
        how=wording.filled(f"action:{ident}/text", arguments),
        when=when,
        after=_after(context, action, numbers),
        who=_who(context, str(action.get("who") or "")),
        effort=_effort(context, action.get("effort")),
        cost=_cost(context, action.get("cost")),
        details=_details(context, action, arguments, when),
        about=wording.fact(about) if about else "",
        reasons=_reasons(context, action),
        find_out=_find_out(context, action),
        proofs=tuple(capital(proof) for proof in wording.texts(f"action:{ident}/proof")),
        say=wording.filled(f"action:{ident}/say", arguments),
    )


def _after(context: Context, action: Json, numbers: Mapping[str, int]) -> tuple[str, ...]:
    """Name the steps that come first: by number if they are in the plan."""
    get = context.messages.get
    return unique(
        get("report.do.after_step", number=numbers[first])
        if first in numbers
        else context.wording.text(f"action:{first}/title")
        for first in action.get("after") or ()
    )


def _serves(action: Json, diagnoses: frozenset[str]) -> bool:
    """Whether an action is for one of some diagnoses."""
    return not diagnoses.isdisjoint(action.get("for") or ())


def _reasons(context: Context, entry: Json) -> tuple[str, ...]:
    """Give why an action is advised or a veto holds.

    The rules of an action that only might be advised are undecided. A step that was pulled in
    because another needs it carries the rules of that other one. Neither are reasons.
    """
    if entry.get("status") not in {RECOMMENDED, HOLDS}:
        return ()
    own = [rule for rule in entry.get("because") or () if context.concludes(rule, str(entry["id"]))]
    return context.rule_texts(own)[:_MAX_REASONS]


def _find_out(context: Context, action: Json) -> Short:
    """Give the questions to settle before an action."""
    slots = action.get("first_find_out") or ()
    questions = unique(context.wording.question(str(entry["slot"])) for entry in slots)
    return context.short(questions, _MAX_QUESTIONS)


def _details(
    context: Context, action: Json, arguments: Mapping[str, str], when: tuple[When, ...]
) -> tuple[Field, ...]:
    """Give the arguments that neither the dates nor the title show already."""
    shown = {entry.machine for entry in when}
    title = context.title("action:", action)
    return tuple(
        Field(_argument(context, action, name), value)
        for name, value in arguments.items()
        if str(action["args"][name]) not in shown and value not in title
    )


def _argument(context: Context, action: Json, name: str) -> str:
    """Name an argument of an action."""
    own = f"argument.{name}"
    fallback = context.messages.get(own if own in context.messages else "argument.other")
    return capital(context.wording.text(f"action:{action['id']}/arg.{name}", fallback))


def _who(context: Context, who: str) -> str:
    """Say who does it; a party that we have no word for is left out."""
    key = f"who.{who}"
    return context.messages.get(key) if key in context.messages else ""


def _effort(context: Context, minutes: int | None) -> str:
    """Say how long it takes."""
    if not minutes:
        return ""
    return context.messages.get("format.about", value=context.messages.duration(60 * int(minutes)))


def _cost(context: Context, cost: str | None) -> str:
    """Say what it costs. Nothing is said of 0.00, which stands for "not stated" too."""
    try:
        amount, currency = read_money(str(cost))
    except ValueError:
        return ""
    return context.messages.money(amount, currency) if amount else ""


def _is_precaution(context: Context, veto: Json) -> bool:
    """Whether a veto forbids already while it is only possible."""
    known = context.kb.vetoes.get(str(veto["id"]))
    return known is not None and known.precaution


def _why_not(context: Context, veto: Json) -> str:
    """Give what a veto says for itself."""
    return context.wording.text(f"veto:{veto['id']}/text")
