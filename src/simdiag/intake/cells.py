"""The text of one cell to the text that the slot's type reads, by what a column map says."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from simdiag.errors import Problems
from simdiag.intake.columnmap import ColumnMap, DateForm, Target
from simdiag.loading.cases import FactReader, is_unknown
from simdiag.loading.scalars import choice_key
from simdiag.loading.tree import shorten
from simdiag.model.values import Kind
from simdiag.spans import Span

_DATES: Final = frozenset({Kind.DATE, Kind.DATETIME})
_NUMBERS: Final = frozenset({Kind.MONEY, Kind.DECIMAL})
_GROUPS: Final = {
    # A number whose thousands are kept apart, by the sign before its decimals.
    ".": re.compile(r"[^\d.,]*\d{1,3}(?:,\d{3})+(?:\.\d+)?[^\d.,]*|[^,]*"),
    ",": re.compile(r"[^\d.,]*\d{1,3}(?:\.\d{3})+(?:,\d+)?[^\d.,]*|[^.]*"),
}


class CellReader:
    """Turns cells into what would stand in a facts file.

    Args:
        reader: Knows the terms.
        column_map: What the words of the table mean.
    """

    def __init__(self, reader: FactReader, column_map: ColumnMap) -> None:
        """Keep both."""
        self.reader = reader
        self.map = column_map

    def text(self, target: Target, cell: str, span: Span, problems: Problems) -> str | None:
        """Give the text for a slot.

        Args:
            target: Where the cell goes.
            cell: What stands in it.
            span: Where it is.
            problems: Takes what is wrong with it.

        Returns:
            The text; empty if the cell says nothing; none if it is wrong.
        """
        written = cell.strip()
        if target.slot:
            words = self.map.values.get((target.template, target.slot), {})
            written = words.get(choice_key(written), written)
        if is_unknown(written):
            return ""
        kind = self.kind(target)
        if kind in _DATES and self.map.dates:
            return self._date(target, written, span, problems)
        if kind in _NUMBERS and self.map.decimal:
            return self._number(target, written, span, problems)
        return self._members(target, written) if kind is Kind.SET else written

    def kind(self, target: Target) -> Kind:
        """Give the type of what a target takes."""
        if target.slot:
            return self.reader.templates[target.template].slots[target.slot].type.kind
        return Kind.DATETIME if target.template == "as_of" else Kind.TEXT

    def _date(self, target: Target, text: str, span: Span, problems: Problems) -> str | None:
        for form in self.map.dates:
            found = _parsed(text, form)
            if found is not None:
                with_time = form.has_time and self.kind(target) is Kind.DATETIME
                return found.isoformat(" ") if with_time else found.date().isoformat()
        shown = " or ".join(f"`{form.shown}`" for form in self.map.dates)
        found_text = f"`{target}` must be a date written as {shown}, found `{shorten(text)}`"
        problems.add(span, "value", found_text, "correct it, or add its form to `date_format`")
        return None

    def _number(self, target: Target, text: str, span: Span, problems: Problems) -> str | None:
        sign = self.map.decimal
        if not _GROUPS[sign].fullmatch(text):
            other = "," if sign == "." else "."
            found = f"`{target}` has `{other}` in a place where none can be: `{shorten(text)}`"
            problems.add(span, "value", found, f"the map says that decimals follow `{sign}`")
            return None
        return text.replace("," if sign == "." else ".", "").replace(",", ".")

    def _members(self, target: Target, text: str) -> str:
        """Put commas between the choices of a set; each may be one of the words of the map."""
        words = self.map.values.get((target.template, target.slot), {})
        parts = [part.strip() for part in re.split(r"[;|,]", text) if part.strip()]
        return ", ".join(words.get(choice_key(part), part) for part in parts)


def _parsed(text: str, form: DateForm) -> datetime | None:
    try:
        return datetime.strptime(text, form.format)  # noqa: DTZ007 - the reader adds the zone
    except ValueError:
        return None
