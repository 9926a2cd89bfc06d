"""Places in input texts.

A span says where a piece of a YAML, JSON or CSV text stands, so that every message can point to
it. Spans are carried beside the values, never compared and never printed with them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """One place in a text: the file as the user named it, line and column counted from 1.

    ``column_name`` is set for tables, where the name of the column says more than its number.
    """

    file: str
    line: int = 1
    column: int = 1
    column_name: str = ""

    def __str__(self) -> str:
        """Give ``file:line:column``, the form that editors and terminals make clickable."""
        place = f"{self.file}:{self.line}:{self.column}"
        return f"{place} ({self.column_name})" if self.column_name else place


NOWHERE = Span("<built in>")
