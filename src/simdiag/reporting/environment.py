"""Jinja, set up so that neither a text nor a template can do harm.

Templates run in a sandbox and fail on a name that does not exist. In HTML every value is escaped;
without HTML a template may write nothing but what a mark has neutralised.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from simdiag.i18n import Messages
from simdiag.reporting.plain import Marks
from simdiag.reporting.view import Report

_MARKS: Final = ("heading", "para", "strong", "item", "field", "quote", "table", "fold")


class Marked(str):
    """Text that a mark has written."""

    __slots__ = ()


def render_html(report: Report, messages: Messages) -> str:
    """Write a page as one HTML file that needs no other."""
    return _environment(html=True).get_template("page.html.j2").render(_names(report, messages))


def render_plain(report: Report, messages: Messages, marks: Marks) -> str:
    """Write a page with other marks than HTML."""
    names = _names(report, messages)
    names |= {name: _marking(getattr(marks, name)) for name in _MARKS}
    names["gap"] = _marking(lambda: "\n")
    return _environment(html=False).get_template("page.plain.j2").render(names)


def _names(report: Report, messages: Messages) -> dict[str, object]:
    """Give what every template may use."""
    punctuation = {
        name: messages.get(f"format.{name}") for name in ("colon", "comma", "semicolon", "stop")
    }
    return {"report": report, "t": messages.get, **punctuation}


@cache
def _environment(*, html: bool) -> ImmutableSandboxedEnvironment:
    """Set up Jinja once for each of the two kinds of page."""
    return ImmutableSandboxedEnvironment(
        loader=PackageLoader("simdiag.reporting"),
        undefined=StrictUndefined,
        autoescape=html,
        finalize=None if html else _only_marked,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )


def _marking(write: Callable[..., str]) -> Callable[..., Marked]:
    """Give a mark whose output may stand on a page."""

    def marked(*args: object) -> Marked:
        return Marked(write(*args))

    return marked


def _only_marked(value: object) -> object:
    """Let through what a mark has written.

    Raises:
        TypeError: If a template writes a bare text.
    """
    if isinstance(value, Marked):
        return value
    raise TypeError(f"a template wrote {value!r} without a mark")
