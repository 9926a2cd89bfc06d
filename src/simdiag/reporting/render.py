"""A page, a Markdown file or a text from the results of one or several cases."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from simdiag.errors import UsageError, did_you_mean
from simdiag.i18n import Messages
from simdiag.model.knowledge import KnowledgeBase
from simdiag.reporting.environment import render_html, render_plain
from simdiag.reporting.page import make_report
from simdiag.reporting.plain import Markdown, Text
from simdiag.reporting.view import Report
from simdiag.reporting.wording import Json

Format: TypeAlias = Literal["html", "md", "text"]

FOLDING: Final = frozenset({"html", "md"})
WIDTH: Final = 78
NARROW: Final = 60
_BLANK_LINES: Final = re.compile(r"\n{3,}")


def render(
    results: Sequence[Json],
    kb: KnowledgeBase,
    lang: str,
    fmt: Format,
    *,
    all_cases: bool = False,
    width: int = WIDTH,
) -> str:
    """Write the results of one or several cases for a person.

    Args:
        results: Assessments in their JSON form, one per case, in the order in which to show them.
        kb: The knowledge base that gives the texts.
        lang: A language of :func:`simdiag.i18n.languages`.
        fmt: ``html``, one file that needs no other; ``md``; or ``text``, which leaves the ids out
            because it cannot fold them away.
        all_cases: Of several cases, show all in full, not only the first 200.
        width: Columns of a line, for ``text``.

    Returns:
        The same text for the same input, whatever the machine.

    Raises:
        UsageError: If there is no such language or format.
    """
    if fmt not in _WRITERS:
        raise UsageError(f"no format `{fmt}`; {did_you_mean(fmt, _WRITERS)}")
    messages = Messages(lang)
    report = make_report(results, kb, lang, all_cases=all_cases, for_support=fmt in FOLDING)
    return _WRITERS[fmt](report, messages, width)


def _html(report: Report, messages: Messages, _width: int) -> str:
    """Write HTML."""
    return render_html(report, messages)


def _markdown(report: Report, messages: Messages, _width: int) -> str:
    """Write Markdown."""
    return _tidy(render_plain(report, messages, Markdown(messages.get("format.colon"))))


def _text(report: Report, messages: Messages, width: int) -> str:
    """Write plain text."""
    return _tidy(render_plain(report, messages, Text(messages.get("format.colon"), width)))


def _tidy(text: str) -> str:
    """Leave at most one blank line between paragraphs, none at the ends."""
    return _BLANK_LINES.sub("\n\n", text).strip("\n") + "\n"


_WRITERS: Final[Mapping[str, Callable[[Report, Messages, int], str]]] = {
    "html": _html,
    "md": _markdown,
    "text": _text,
}
