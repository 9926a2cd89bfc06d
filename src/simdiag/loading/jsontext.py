"""JSON text to the same tree as YAML, with places, and numbers left as they were written."""

from __future__ import annotations

import re
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]

from simdiag.errors import Problems
from simdiag.loading.tree import MAX_DEPTH, MAX_NODES, Mapping, Node, Scalar, Sequence, shorten
from simdiag.spans import Span

_BLANK = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")


class _Syntax(Exception):  # noqa: N818 - never leaves this module
    """The text is no JSON: what was expected, and where."""

    def __init__(self, expected: str, position: int) -> None:
        super().__init__(expected)
        self.expected = expected
        self.position = position


def parse_json(text: str, file: str, problems: Problems, first_line: int = 1) -> Node | None:
    """Parse one JSON text.

    Args:
        text: The text.
        file: Its name, for messages.
        problems: Takes what is wrong.
        first_line: Number of the line in which the text starts.

    Returns:
        Its node; none after a syntax error.
    """
    reader = _Reader(text, file, problems, first_line)
    try:
        node = reader.whole()
    except _Syntax as error:
        found = shorten(text[error.position : error.position + 20]) or "the end"
        problems.add(
            reader.span(error.position),
            "syntax",
            f"not valid JSON: expected {error.expected}, found `{found}`",
            "check quotes, commas and brackets",
        )
        return None
    return node


class _Reader:
    def __init__(self, text: str, file: str, problems: Problems, first_line: int) -> None:
        self.text = text
        self.file = file
        self.problems = problems
        self.first_line = first_line
        self._known = (0, first_line, 0)
        self._count = 0

    def whole(self) -> Node:
        node, position = self.value(self.skip(0), 0)
        rest = self.skip(position)
        if rest < len(self.text):
            raise _Syntax("the end", rest)
        return node

    def span(self, position: int) -> Span:
        start, line, line_start = self._known
        if position < start:
            start, line, line_start = 0, self.first_line, 0
        breaks = self.text.count("\n", start, position)
        if breaks:
            line += breaks
            line_start = self.text.rfind("\n", start, position) + 1
        self._known = (position, line, line_start)
        return Span(self.file, line, position - line_start + 1)

    def skip(self, position: int) -> int:
        match = _BLANK.match(self.text, position)
        return match.end() if match else position

    def value(self, position: int, depth: int) -> tuple[Node, int]:
        span = self.span(position)
        self._count += 1
        if depth > MAX_DEPTH:
            raise _Syntax(f"at most {MAX_DEPTH} levels", position)
        if self._count > MAX_NODES:
            raise _Syntax(f"at most {MAX_NODES:,} entries", position)
        start = self.text[position : position + 1]
        if start == '"':
            text, end = self.string(position)
            return Scalar(text, span, plain=False), end
        if start == "[":
            return self.array(position, span, depth)
        if start == "{":
            return self.object(position, span, depth)
        match = _PLAIN.match(self.text, position)
        if not match:
            raise _Syntax("a value", position)
        return Scalar(match[0], span), match.end()

    def string(self, position: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self.text, position + 1, True)  # noqa: FBT003 - positional only
        except JSONDecodeError as error:
            raise _Syntax("a text in quotes", error.pos) from None
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise _Syntax("a text without half characters", position)
        return text, end

    def array(self, position: int, span: Span, depth: int) -> tuple[Node, int]:
        items: list[Node] = []
        position = self.skip(position + 1)
        while self.text[position : position + 1] != "]":
            if items:
                position = self.comma(position, "]")
            item, position = self.value(position, depth + 1)
            items.append(item)
            position = self.skip(position)
        return Sequence(tuple(items), span, 1 + sum(item.size for item in items)), position + 1

    def object(self, position: int, span: Span, depth: int) -> tuple[Node, int]:
        pairs: dict[str, tuple[Scalar, Node]] = {}
        position = self.skip(position + 1)
        first = True
        while self.text[position : position + 1] != "}":
            if not first:
                position = self.comma(position, "}")
            first = False
            if self.text[position : position + 1] != '"':
                raise _Syntax("a key in quotes", position)
            place = self.span(position)
            name, position = self.string(position)
            position = self.skip(position)
            if self.text[position : position + 1] != ":":
                raise _Syntax("`:`", position)
            value, position = self.value(self.skip(position + 1), depth + 1)
            position = self.skip(position)
            self.keep(pairs, Scalar(name, place, plain=False), value)
        size = 1 + sum(value.size for _, value in pairs.values())
        return Mapping(tuple(pairs.values()), span, size), position + 1

    def comma(self, position: int, end: str) -> int:
        if self.text[position : position + 1] != ",":
            raise _Syntax(f"`,` or `{end}`", position)
        return self.skip(position + 1)

    def keep(self, pairs: dict[str, tuple[Scalar, Node]], key: Scalar, value: Node) -> None:
        if key.text in pairs:
            self.problems.add(
                key.span,
                "duplicate-key",
                f"the key `{shorten(key.text)}` stands twice",
                f"the first one is in line {pairs[key.text][0].span.line}; keep one",
            )
            return
        pairs[key.text] = (key, value)
