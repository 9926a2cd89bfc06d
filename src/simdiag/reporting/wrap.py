"""Lines of plain text: how wide they are in a terminal, and where they may break.

Chinese, Japanese and Korean signs take two columns, and a line may break between any two of them,
but not before closing punctuation or after opening punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_WIDE: Final = frozenset({"W", "F"})
_NOT_FIRST: Final = frozenset("，。、；：？！）》」』】〕”’…—·％,.;:?!)]}%")
_NOT_LAST: Final = frozenset("（《「『【〔“‘([{€")
_WORDS: Final = re.compile(r" +|[^ ]+")


def width_of(text: str) -> int:
    """Give the number of columns that a text takes."""
    return sum(map(_columns, text))


def wrap(text: str, width: int, first: str = "", rest: str | None = None) -> str:
    """Break a text into lines.

    Args:
        text: One paragraph.
        width: Columns of a line, the prefixes included.
        first: Stands before the first line.
        rest: Stands before the other lines; as many spaces as ``first`` is wide, if not given.

    Returns:
        The lines with line breaks between them. A word that is wider than a line is broken.
    """
    indent = " " * width_of(first) if rest is None else rest
    lines, line, used = [], first, width_of(first)
    empty = True
    for piece in _pieces(text, max(8, width - width_of(indent))):
        size = width_of(piece)
        if not empty and used + size > width and not piece.isspace():
            lines.append(line.rstrip(" "))
            line, used, empty = indent, width_of(indent), True
        if empty and piece == " ":
            continue
        line, used, empty = line + piece, used + size, False
    return "\n".join([*lines, line.rstrip(" ")])


def _columns(sign: str) -> int:
    """Give the columns of one sign."""
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in _WIDE else 1


def _pieces(text: str, limit: int) -> Iterator[str]:
    """Iterate over the parts of a text between which a line may break, spaces included."""
    for word in _WORDS.findall(text):
        if word.isspace():
            yield " "
        else:
            yield from (part for cut in _cuts(word) for part in _short(cut, limit))


def _cuts(word: str) -> Iterator[str]:
    """Break a word beside wide signs where the rules of punctuation allow it."""
    start = 0
    for place in range(1, len(word)):
        before, after = word[place - 1], word[place]
        wide = _columns(before) > 1 or _columns(after) > 1
        if wide and after not in _NOT_FIRST and before not in _NOT_LAST:
            yield word[start:place]
            start = place
    yield word[start:]


def _short(piece: str, limit: int) -> Iterator[str]:
    """Break a piece that no line can hold."""
    while width_of(piece) > limit:
        size = place = 0
        while size + _columns(piece[place]) <= limit:
            size += _columns(piece[place])
            place += 1
        yield piece[:place]
        piece = piece[place:]
    yield piece
