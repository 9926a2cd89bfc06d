"""What else a page shows: money, facts that clash, warnings, and what was not checked."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from simdiag.i18n import Messages
from simdiag.model.knowledge import KnowledgeBase
from simdiag.reporting.context import Context
from simdiag.reporting.values import read_money, write_moment
from simdiag.reporting.view import Bill, Clash, Field, Gap
from simdiag.reporting.wording import Json, capital, clean, unique

_MAX_GAPS: Final = 12  # questions before the rest is folded
_STALE: Final = timedelta(days=365)


def bills(context: Context) -> tuple[tuple[Bill, ...], str]:
    """Give the money of every bill, and the sum in dispute if there are several bills."""
    amounts = context.result.get("amounts") or {}
    found = tuple(_bill(context, entry) for entry in amounts.get("bills") or ())
    total = _amount(amounts.get("disputed"))
    several = len(found) > 1 and total is not None
    return found, _money(context.messages, total) if several else ""


def clashes(context: Context) -> tuple[Clash, ...]:
    """Give the evidence that cannot all be true."""
    return tuple(_clash(context, entry) for entry in context.list("conflicts"))


def warnings(context: Context) -> tuple[str, ...]:
    """Say the warnings in plain words; their own text names slots and is folded away."""
    messages = context.messages
    keys = (f"warning.{warning.get('code')}" for warning in context.list("warnings"))
    return unique(messages.get(key if key in messages else "warning.other") for key in keys)


def gaps(context: Context) -> tuple[tuple[Gap, ...], tuple[Field, ...], int]:
    """Give what is not known, fact by fact.

    Returns:
        The first questions, in full; the rest by title, one line a fact; how many the rest are.
        What is not known of a given fact comes before what is not known of facts that there may be.
    """
    entries = sorted(context.list("missing"), key=lambda entry: not entry.get("of"))
    asked = {(_place(context, e), _question(context, e)): str(e["slot"]) for e in entries}
    pairs = [(place, question) for place, question in asked if question]
    rest: dict[str, list[str]] = {}
    for place, question in pairs[_MAX_GAPS:]:
        rest.setdefault(place, []).append(_title(context, asked[place, question]) or question)
    joined = tuple(Field(place, context.messages.join(unique(t))) for place, t in rest.items())
    return _grouped(pairs[:_MAX_GAPS]), joined, sum(map(len, rest.values()))


def freshness(kb: KnowledgeBase, messages: Messages, as_of: date | None) -> str:
    """Say when the shipped figures were checked, and warn if that is more than a year ago."""
    days = sorted(_checked(kb))
    if not days:
        return messages.get("report.no_freshness")
    oldest, newest = (date.fromordinal(day) for day in (days[0], days[-1]))
    key = "report.fresh" if oldest < newest else "report.fresh_one"
    if as_of and newest + _STALE < as_of:
        key = "report.stale"
    written = {
        "oldest": messages.date(oldest, short=True),
        "newest": messages.date(newest, short=True),
    }
    return messages.get(key, **written)


def notes(context: Context) -> tuple[str, ...]:
    """Give what a reader must know about the page as a whole."""
    known = (context.result.get("knowledge") or {}).get("hash")
    differs = known not in {None, context.kb.hash}
    return (context.messages.get("report.other_knowledge"),) if differs else ()


def judged(context: Context) -> Field:
    """Say for which moment the case was judged."""
    moment = write_moment(str(context.result.get("as_of", "")), context.messages)
    return Field(context.messages.get("report.judged"), clean(moment))


def _checked(kb: KnowledgeBase) -> set[int]:
    """Give the days on which shipped figures were checked."""
    return {
        provenance.checked_on
        for template in kb.templates.values()
        for row in template.rows
        for provenance in row.provenance.values()
        if provenance.checked_on is not None
    }


def _bill(context: Context, entry: Json) -> Bill:
    """Set out the money of one bill."""
    total, lines, disputed = (_amount(entry.get(name)) for name in ("total", "lines", "disputed"))
    rows = {"total": total, "lines": lines}
    if total is not None and lines is not None and total != lines:
        rows["difference"] = total - lines
    rows["disputed"] = disputed
    if total is not None and disputed and disputed <= total:
        rows["undisputed"] = total - disputed
    label = context.wording.fact(entry.get("bill"))
    return Bill(
        label,
        tuple(
            Field(context.messages.get(f"report.money.{name}"), _money(context.messages, amount))
            for name, amount in rows.items()
        ),
    )


def _amount(text: object) -> Decimal | None:
    """Read an amount; none for an unknown one, which is no amount or a span of two."""
    try:
        return read_money(str(text))[0]
    except ValueError:
        return None


def _money(messages: Messages, amount: Decimal | None) -> str:
    """Write an amount, or that it is not known."""
    return messages.get("report.money.unknown") if amount is None else messages.money(amount)


def _clash(context: Context, entry: Json) -> Clash:
    """Say one conflict."""
    rule = str(entry.get("rule") or "")
    wording = context.wording
    text = wording.text(f"{rule}/text", str(entry.get("text") or ""))
    if rule in context.kb.diagnoses:  # its decisive rules are against each other
        title = wording.text(f"{rule}/title")
        text = context.messages.get("report.sure.clash_cause", title=title)
    return Clash(
        text=text or context.messages.get("report.sure.clash"),
        facts=wording.facts(entry.get("facts") or ()),
        ask=capital(wording.text(f"{rule}/ask", str(entry.get("ask") or ""))),
    )


def _place(context: Context, entry: Json) -> str:
    """Name the fact of a missing slot, or its template if it can be any fact."""
    template = str(entry["slot"]).partition(".")[0]
    named = context.wording.fact(entry.get("of")) or context.wording.template(template)
    return named or context.messages.get("report.gaps.case")


def _question(context: Context, entry: Json) -> str:
    """Give the question of a missing slot."""
    return context.wording.question(str(entry["slot"])) or clean(str(entry.get("question") or ""))


def _title(context: Context, slot: str) -> str:
    """Name a missing slot within a sentence."""
    return context.wording.text(f"slot:{slot}/title")


def _grouped(asked: list[tuple[str, str]]) -> tuple[Gap, ...]:
    """Put the questions about one fact together, in the order in which facts are first named."""
    by_place: dict[str, list[str]] = {}
    for place, question in asked:
        by_place.setdefault(place, []).append(question)
    return tuple(Gap(place, tuple(questions)) for place, questions in by_place.items())
