"""The table over several cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import starmap
from typing import Final

from simdiag.i18n import Messages
from simdiag.model.knowledge import KnowledgeBase
from simdiag.reporting.advice import HOLDS, RECOMMENDED, due
from simdiag.reporting.context import Context
from simdiag.reporting.values import write_moment
from simdiag.reporting.view import Overview, Row, Share, When
from simdiag.reporting.wording import Json

_MAX_SHARES: Final = 12
_PROBABLE: Final = frozenset({"established", "suggested"})


def overview(
    results: Sequence[Json], kb: KnowledgeBase, messages: Messages, sections: int
) -> Overview:
    """Sum up the cases; the first ``sections`` of them have a section on the page to go to."""
    rows = tuple(
        _row(Context.of(result, kb, messages, number), linked=number <= sections)
        for number, result in enumerate(results, 1)
    )
    left = len(rows) - sections
    return Overview(
        total=messages.count("report.overview.count", len(rows)),
        shares=_shares(rows, messages),
        rows=rows,
        omitted=messages.count("report.overview.omitted", left) if left > 0 else "",
    )


def _shares(rows: Sequence[Row], messages: Messages) -> tuple[Share, ...]:
    """Count the first causes, the most frequent first."""
    counts = Counter(row.cause for row in rows)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_MAX_SHARES]
    most = ordered[0][1] if ordered else 1

    def share(cause: str, count: int) -> Share:
        return Share(cause, messages.number(count), max(1, round(100 * count / most)))

    return tuple(starmap(share, ordered))


def _row(context: Context, *, linked: bool) -> Row:
    """Sum up one case."""
    get = context.messages.get
    diagnoses = context.list("diagnoses")
    first = diagnoses[0] if diagnoses and diagnoses[0]["state"] in _PROBABLE else None
    step = next((a for a in context.list("actions") if a.get("status") == RECOMMENDED), None)
    when = due(context, step) if step else ()
    semicolon = get("format.semicolon")
    return Row(
        anchor=context.anchor if linked else "",
        case=context.case,
        first=context.title("action:", step) if step else get("report.do.none"),
        when=semicolon.join(_when(context, entry) for entry in when),
        dont=semicolon.join(
            context.title("veto:", veto)
            for veto in context.list("vetoes")
            if veto.get("status") == HOLDS
        ),
        cause=context.title("", first) if first else get("report.overview.no_cause"),
        sure=get(f"state.{first['state']}") if first else "",
    )


def _when(context: Context, when: When) -> str:
    """Write a date in its short form, with what it means."""
    if not when.machine:
        return when.text
    day = write_moment(when.machine, context.messages, short=True)
    return f"{when.name}{context.messages.get('format.colon')}{day}"
