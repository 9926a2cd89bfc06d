"""From results to what a page shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from simdiag.i18n import Messages
from simdiag.model.knowledge import KnowledgeBase
from simdiag.reporting import advice, causes, rest
from simdiag.reporting.context import Context, moment_of
from simdiag.reporting.overview import overview
from simdiag.reporting.support import support
from simdiag.reporting.view import Case, Report, Support
from simdiag.reporting.wording import Json, clean

MAX_SECTIONS: Final = 200


def make_report(
    results: Sequence[Json],
    kb: KnowledgeBase,
    lang: str,
    *,
    all_cases: bool = False,
    for_support: bool = True,
) -> Report:
    """Turn assessments in their JSON form into what a page shows.

    Args:
        results: One per case, in the order in which to show them.
        kb: The knowledge base that gives the texts.
        lang: A language of :func:`simdiag.i18n.languages`.
        all_cases: Whether every case gets a section, rather than the first 200.
        for_support: Whether to set out the part that is folded away; a form without folds does not.

    Raises:
        UsageError: If there is no such language.
    """
    messages = Messages(lang)
    single = len(results) == 1
    shown = results if all_cases else results[:MAX_SECTIONS]
    title = clean(kb.text(lang, "package/title")) if _has_title(kb) else clean(kb.title)
    return Report(
        lang=lang,
        title=_title(messages, results),
        knowledge=messages.get("report.knowledge_version", title=title, version=kb.version),
        freshness=rest.freshness(kb, messages, _latest(results)),
        overview=None if single else overview(results, kb, messages, len(shown)),
        cases=tuple(
            _case(Context.of(result, kb, messages, number), for_support, single)
            for number, result in enumerate(shown, 1)
        ),
    )


def _has_title(kb: KnowledgeBase) -> bool:
    """Whether the title of the package is among the texts that are translated."""
    return "package/title" in kb.texts.get("en", {})


def _title(messages: Messages, results: Sequence[Json]) -> str:
    """Name the page."""
    if len(results) != 1:
        return messages.get("report.overview.title")
    return messages.get("report.title_case", case=clean(str(results[0].get("case", ""))))


def _latest(results: Sequence[Json]) -> date | None:
    """Give the latest day for which a case was judged."""
    moments = (moment_of(result.get("as_of")) for result in results)
    return max((moment.date() for moment in moments if moment), default=None)


def _case(context: Context, for_support: bool, record: bool) -> Case:  # noqa: FBT001 - of this file
    """Set out one case in the order of the page; of many cases the record stays in the results."""
    do_now, maybe, other_steps = advice.steps(context)
    bans, maybe_bans = advice.bans(context)
    ruled_out, more_ruled_out = causes.ruled_out(context)
    possible, also_possible = causes.still_possible(context)
    bills, disputed = rest.bills(context)
    gaps, more_gaps, left = rest.gaps(context)
    return Case(
        anchor=context.anchor,
        name=context.case,
        judged=rest.judged(context),
        notes=rest.notes(context),
        lead=advice.lead(context),
        steps=do_now,
        unsure_plan=not advice.is_firm(context),
        maybe=maybe,
        other_steps=other_steps,
        bans=bans,
        maybe_bans=maybe_bans,
        no_record=not context.has_record,
        causes=causes.causes(context),
        ruled_out=ruled_out,
        more_ruled_out=more_ruled_out,
        bills=bills,
        disputed=disputed,
        certainties=causes.certainties(context),
        questions=causes.deciding_questions(context),
        possible=possible,
        also_possible=also_possible,
        clashes=rest.clashes(context),
        warnings=rest.warnings(context),
        gaps=gaps,
        more_gaps=more_gaps,
        more_gaps_text=context.messages.count("report.gaps.more", left) if left else "",
        support=support(context, record=record) if for_support else Support(()),
    )
