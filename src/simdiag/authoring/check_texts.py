"""Checks of the texts of a package and of their translations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from simdiag.authoring.checking import Package, Violation
from simdiag.authoring.texts import figures, gaps, numbers, place_of
from simdiag.i18n import placeholders
from simdiag.spans import Span


def text_missing(package: Package) -> Iterator[Violation]:
    """A text has no translation in a language of the package.

    Avoid: a new rule without an entry in `locale/zh.yaml`.
    Prefer: an entry with the hash of the English text; `simdiag rules list --texts zh` prints it.
    """
    for lang in package.translated:
        for gap in gaps(package.base, lang):
            if not gap.stale:
                yield (
                    place_of(gap.key, package.english_places),
                    f"`{gap.key}` has no text in `{lang}`",
                    f"`simdiag rules list --texts {lang}` prints what is to be translated",
                )


def text_stale(package: Package) -> Iterator[Violation]:
    """A translation was made from another English text than the one that stands there now.

    Avoid: changing an English text and leaving its translations.
    Prefer: reading the translation again, and then renewing its hash.
    """
    for lang in package.translated:
        places = package.translation_places(lang)
        for gap in gaps(package.base, lang):
            if gap.stale:
                yield (
                    places[gap.key],
                    f"`{gap.key}` in `{lang}` translates an earlier English text",
                    f"`simdiag rules list --texts {lang}` prints the new text and its hash",
                )


def placeholder_differs(package: Package) -> Iterator[Violation]:
    """A translation has other placeholders than the English text.

    Avoid: `Wait until {until}` translated without `{until}`.
    Prefer: the same placeholders in every language, in whatever order.
    """
    for span, lang, key, english, text in _translations(package):
        if placeholders(english) != placeholders(text):
            expected = _listed(placeholders(english))
            yield (
                span,
                f"`{key}` in `{lang}` has {_listed(placeholders(text))}, English has {expected}",
                "use the same placeholders",
            )


def number_differs(package: Package) -> Iterator[Violation]:
    """A translation has other numbers than the English text.

    Avoid: `20 numbers` translated with `15`.
    Prefer: the same figures in every language; best a placeholder, so that none is written twice.
    """
    for span, lang, key, english, text in _translations(package):
        if numbers(english) != numbers(text):
            wanted, found = (", ".join(numbers(each)) or "none" for each in (english, text))
            yield (
                span,
                f"`{key}` in `{lang}` has the numbers {found}, English has {wanted}",
                "write the same numbers, in digits where English has digits",
            )


def written_figure(package: Package) -> Iterator[Violation]:
    """A text holds a figure that is written out instead of taken from `data/`.

    Avoid: `Credit arrives within 24 hours.`
    Prefer: `Credit arrives within {usual}.` with `args`, or words without a figure.
    """
    for rule in package.base.rules.values():
        if figures(rule.text):
            yield (
                rule.span,
                f"the text of `{rule.id}` holds {_listed(figures(rule.text))}",
                "keep figures in `data/` with their source",
            )


def unknown_placeholder(package: Package) -> Iterator[Violation]:
    """The title or text of an action has a placeholder that is none of its arguments.

    Avoid: `title: Wait until {until}` without `args`.
    Prefer: `args: {until: {type: datetime, title: until when}}` beside it.
    """
    for action in package.base.actions.values():
        for name in sorted(placeholders(action.title) | placeholders(action.text)):
            if name not in action.arguments:
                yield (
                    action.span,
                    f"`{action.id}` has no argument `{name}` for its text",
                    "declare it in `args`, or take it out of the text",
                )


def duplicate_title(package: Package) -> Iterator[Violation]:
    """Two diagnoses, or two actions, have the same title.

    Avoid: two causes that a person cannot tell apart.
    Prefer: titles that say in what they differ.
    """
    for group in (package.base.diagnoses.values(), package.base.actions.values()):
        known: Iterable[tuple[str, str, Span]] = [(e.title, e.id, e.span) for e in group]
        counts = Counter(title.casefold() for title, _, _ in known)
        for title, name, span in known:
            if title and counts[title.casefold()] > 1:
                others = [i for t, i, _ in known if t.casefold() == title.casefold() and i != name]
                yield span, f"the title of `{name}` is also that of {_listed(others)}", "change one"


def _translations(package: Package) -> Iterator[tuple[Span, str, str, str, str]]:
    """Give place, language, key, English text and translation of every translated text."""
    english = package.base.texts["en"]
    for lang in package.translated:
        places = package.translation_places(lang)
        for key, text in package.base.texts.get(lang, {}).items():
            if text and key in places:
                yield places[key], lang, key, english[key], text


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in sorted(words)) or "none"
