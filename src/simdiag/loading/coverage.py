"""What a package promises to cover: ``coverage.yaml``, one item for each statement of its brief."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from simdiag.errors import Problems
from simdiag.loading.fields import note_twice, text_of, word_of, words_of
from simdiag.loading.keys import read_keys
from simdiag.loading.tree import decode, expect_mapping, parse_yaml
from simdiag.spans import Span

COVERAGE_FILE = "coverage.yaml"
VERDICTS = ("ok", "vague", "wrong", "unchecked", "advert")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the brief.

    Attributes:
        id: Its number there, such as ``S2-21``.
        says: What it says, in one line of our own words.
        verdict: ``ok``, ``vague`` (usable after sharpening), ``wrong`` (corrected), ``unchecked``
            (worded softly) or ``advert`` (nothing may be advised because of it).
        carriers: Ids of the elements that carry it.
        places: Where each of these ids is written.
        span: Where it is written.
    """

    id: str
    says: str
    verdict: str
    carriers: tuple[str, ...]
    places: tuple[Span, ...] = field(default=(), compare=False, repr=False)
    span: Span = field(default_factory=lambda: Span(""), compare=False, repr=False)


def read_coverage(folder: Path, problems: Problems) -> tuple[Statement, ...]:
    """Read the statements of a package; none if it has no such file.

    Args:
        folder: The folder of the package.
        problems: Takes everything that is wrong.
    """
    path = folder / COVERAGE_FILE
    if not path.is_file():
        return ()
    text = decode(path.read_bytes(), str(path), problems)
    documents = () if text is None else parse_yaml(text, str(path), problems)
    keys = read_keys(documents[0], "coverage file", problems) if documents else None
    mapping = expect_mapping((keys or {}).get("coverage"), "`coverage`", problems)
    found: dict[str, Statement] = {}
    for name, node in mapping.pairs if mapping else ():
        parts = read_keys(node, "statement", problems) or {}
        carriers = words_of(parts, "by", problems)
        if name.text in found:
            note_twice(name, "statement", found[name.text].span.line, problems)
        found[name.text] = Statement(
            name.text,
            text_of(parts, "says", problems),
            word_of(parts, "verdict", VERDICTS, problems, VERDICTS[0]),
            tuple(word.text for word in carriers),
            tuple(word.span for word in carriers),
            name.span,
        )
    return tuple(found.values())
