"""Two ways of writing a page without HTML: Markdown, and plain text for a terminal or a mail.

Both offer the same marks to one template, so that both say the same in the same order. Every text
that
reaches a mark is neutralised there: in Markdown it cannot become a mark, in text there is nothing
to become.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from simdiag.reporting.view import Node
from simdiag.reporting.wording import clean
from simdiag.reporting.wrap import width_of, wrap

_ACTIVE: Final = re.compile(r"([\\`*_\[\]<>|~&@$^])")
_AT_START: Final = re.compile(r"^([#+=-]|\d+(?=[.)](?:\s|$)))")
_UNDERLINED: Final = 2  # levels of headings
_ADDRESS: Final = re.compile(r"(?i)(https?|ftp|xmpp|mailto):|\b(www)\.")


class Marks(Protocol):
    """What a template without HTML may write; ``depth`` is how far something is set in."""

    def heading(self, level: int, text: str) -> str:
        """Write a heading, level 1 being the title of the page."""

    def para(self, text: str, depth: int = 0) -> str:
        """Write a paragraph."""

    def strong(self, text: str, depth: int = 0) -> str:
        """Write a paragraph that stands out."""

    def item(self, text: str, depth: int = 0) -> str:
        """Write an entry of a list."""

    def field(self, name: str, value: str, depth: int = 0) -> str:
        """Write an entry of a list: a name and what belongs to it."""

    def quote(self, text: str, depth: int = 0) -> str:
        """Write words to say or to paste."""

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
        """Write a table; the first column names the row."""

    def fold(self, title: str, groups: Iterable[tuple[str, Sequence[Node]]]) -> str:
        """Write the part that is folded away, if the form has such a thing."""


def escape_markdown(text: str) -> str:
    """Give Markdown that shows a text as it is: no mark, HTML, entity or link comes out of it."""
    escaped = _ACTIVE.sub(r"\\\1", clean(text))
    escaped = _ADDRESS.sub(lambda m: f"{m[1]}\\:" if m[1] else f"{m[2]}\\.", escaped)
    return _AT_START.sub(lambda m: m[1] + "\\" if m[1].isdigit() else "\\" + m[1], escaped)


class Markdown:
    """Writes Markdown as CommonMark and GitHub read it."""

    def __init__(self, colon: str) -> None:
        """Take what stands between a name and its value in the language."""
        self.colon = colon

    def heading(self, level: int, text: str) -> str:
        """Write a heading."""
        return f"\n{'#' * level} {escape_markdown(text)}\n"

    def para(self, text: str, depth: int = 0) -> str:
        """Write a paragraph; set in, it goes on with the entry of the list above it."""
        return f"\n{_indent(depth)}{escape_markdown(text)}\n"

    def strong(self, text: str, depth: int = 0) -> str:
        """Write a bold paragraph."""
        return f"\n{_indent(depth)}**{escape_markdown(text)}**\n"

    def item(self, text: str, depth: int = 0) -> str:
        """Write an entry of a list."""
        return f"{_indent(depth)}- {escape_markdown(text)}"

    def field(self, name: str, value: str, depth: int = 0) -> str:
        """Write an entry of a list with its name in bold."""
        return f"{_indent(depth)}- **{escape_markdown(name)}**{self.colon}{escape_markdown(value)}"

    def quote(self, text: str, depth: int = 0) -> str:
        """Write a quotation."""
        return f"\n{_indent(depth)}> {escape_markdown(text)}\n"

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
        """Write a table with pipes."""
        lines = [[escape_markdown(cell) for cell in row] for row in (heads, *rows)]
        lines.insert(1, ["---"] * len(heads))
        return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)

    def fold(self, title: str, groups: Iterable[tuple[str, Sequence[Node]]]) -> str:
        """Write the folded part, which Markdown borrows from HTML."""
        inner = "\n".join(
            f"**{escape_markdown(name)}**\n\n{self._tree(nodes, 0)}" for name, nodes in groups
        )
        summary = f"<summary>{html.escape(title)}</summary>"
        return f"\n<details>\n{summary}\n\n{inner}\n</details>\n"

    def _tree(self, nodes: Iterable[Node], depth: int) -> str:
        """Write entries with those below them."""
        return "".join(
            f"{self.item(_with_link(node), depth)}\n{self._tree(node.parts, depth + 1)}"
            for node in nodes
        )


class Text:
    """Writes plain text, broken at a width; what others fold away is left out."""

    def __init__(self, colon: str, width: int) -> None:
        """Take what stands between a name and its value, and the columns of a line."""
        self.colon = colon
        self.width = width

    def heading(self, level: int, text: str) -> str:
        """Write a heading: underlined at the two upper levels."""
        if level > _UNDERLINED:
            return "\n" + wrap(clean(text), self.width, "── ")
        shown = wrap(clean(text), self.width)
        longest = max(width_of(line) for line in shown.split("\n"))
        return f"\n\n{shown}\n{('=' if level == 1 else '-') * longest}"

    def para(self, text: str, depth: int = 0) -> str:
        """Write a paragraph."""
        return wrap(clean(text), self.width, _indent(depth))

    def strong(self, text: str, depth: int = 0) -> str:
        """Write a paragraph; text has nothing stronger than its words."""
        return self.para(text, depth)

    def item(self, text: str, depth: int = 0) -> str:
        """Write an entry of a list."""
        return wrap(clean(text), self.width, f"{_indent(depth)}- ")

    def field(self, name: str, value: str, depth: int = 0) -> str:
        """Write an entry of a list with its name."""
        return self.item(f"{name}{self.colon}{value}", depth)

    def quote(self, text: str, depth: int = 0) -> str:
        """Write words to paste behind a bar."""
        bar = f"{_indent(depth)}| "
        return wrap(clean(text), self.width, bar, bar)

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
        """Write each row as a small list: a table would be too wide for a terminal."""
        return "\n".join(self._row(heads, row) for row in rows)

    def fold(self, title: str, groups: Iterable[tuple[str, Sequence[Node]]]) -> str:
        """Write nothing."""
        del title, groups
        return ""

    def _row(self, heads: Sequence[str], row: Sequence[str]) -> str:
        """Write one row of a table."""
        named = zip(heads[1:], row[1:], strict=True)
        fields = [self.field(name, value, 1) for name, value in named if value]
        return "\n".join(["", self.para(row[0]), *fields])


def _indent(depth: int) -> str:
    """Give the space before what is set in; two columns are one level of a list."""
    return "  " * depth


def _with_link(node: Node) -> str:
    """Give the text of an entry with the address of its source as text."""
    return f"{node.text} {node.link}".strip()
