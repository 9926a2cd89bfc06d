"""The tool's own texts, and how a person writes money, dates and durations in a language.

Texts stand in ``locale/<tag>.toml`` as nested tables; a key is the path through them with dots
between. English is complete; another language falls back to it text by text. What the knowledge
base says is translated in its own package, see :meth:`simdiag.model.knowledge.KnowledgeBase.text`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from simdiag.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from babel import Locale

Unit: TypeAlias = Literal["day", "hour", "minute", "second"]

SOURCE_LANGUAGE: Final = "en"
ZONE: Final = ZoneInfo("Europe/Brussels")

# Every language that is planned, in the order in which it is offered, by its own name.
OWN_NAMES: Final[Mapping[str, str]] = {
    "en": "English",
    "zh": "中文",
    "fr": "Français",
    "nl": "Nederlands",
    "de": "Deutsch",
}

# English as written in Europe: as written in Belgium, its amounts would have commas.
_REGIONS: Final = {"en": "en_GB", "zh": "zh_Hans_CN", "fr": "fr_BE", "nl": "nl_BE", "de": "de_BE"}
_UNITS: Final[tuple[tuple[Unit, int], ...]] = (
    ("day", 86_400),
    ("hour", 3_600),
    ("minute", 60),
    ("second", 1),
)
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


def languages() -> dict[str, str]:
    """Give the languages that the tool speaks: tag to own name, in the order to offer them."""
    folder = resources.files("simdiag") / "locale"
    return {tag: name for tag, name in OWN_NAMES.items() if (folder / f"{tag}.toml").is_file()}


def fill(text: str, values: Mapping[str, object]) -> str:
    """Put values in place of ``{name}``.

    Unlike :meth:`str.format` this reads no attributes and leaves a placeholder without a value as
    it is.
    """
    return _PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), text)


def placeholders(text: str) -> frozenset[str]:
    """Give the names that a text leaves open."""
    return frozenset(_PLACEHOLDER.findall(text))


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """Read the texts of a language, by dotted key.

    Raises:
        UsageError: If there is no such language.
    """
    if lang not in languages():
        raise UsageError(f"no texts in the language `{lang}`; {did_you_mean(lang, languages())}")
    source = resources.files("simdiag") / "locale" / f"{lang}.toml"
    return dict(_flatten(tomllib.loads(source.read_text(encoding="utf-8")), ""))


def _flatten(table: Mapping[str, object], path: str) -> Iterable[tuple[str, str]]:
    """Give the texts of nested tables with their dotted keys."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", str(value)


class Messages:
    """The tool's texts in one language, with the ways of writing values that go with it."""

    def __init__(self, lang: str) -> None:
        """Read the texts of a language.

        Raises:
            UsageError: If there is no such language; :func:`languages` tells which there are.
        """
        self.lang = lang
        self._texts = catalogue(lang)
        self._english = catalogue(SOURCE_LANGUAGE)

    def __contains__(self, key: str) -> bool:
        """Whether there is a text of this key, be it in English."""
        return key in self._texts or key in self._english

    def get(self, key: str, **values: object) -> str:
        """Give a text with its placeholders filled, in English if this language lacks it.

        Raises:
            KeyError: If no such text exists in English.
        """
        text = self._texts.get(key)
        return fill(self._english[key] if text is None else text, values)

    def count(self, key: str, number: int, **values: object) -> str:
        """Give the text of ``key`` that fits a number: ``key.one``, ``key.other`` and so on.

        ``{count}`` in the text stands for the number.
        """
        form = f"{key}.{self._locale().plural_form(number)}"
        known = form if form in self else f"{key}.other"
        return self.get(known, count=self.number(number), **values)

    def number(self, number: int | Decimal) -> str:
        """Write a number with the separators of the language."""
        from babel.numbers import format_decimal  # noqa: PLC0415 - babel is slow to import

        return format_decimal(number, locale=self._locale())

    def money(self, amount: Decimal, currency: str = "EUR") -> str:
        """Write an amount of money, two decimals."""
        from babel.numbers import format_currency  # noqa: PLC0415 - babel is slow to import

        return _plain_spaces(format_currency(amount, currency, locale=self._locale()))

    def date(self, day: date, *, short: bool = False) -> str:
        """Write a day: with its day of the week, or ``short`` for tables and lists."""
        from babel.dates import format_date  # noqa: PLC0415 - babel is slow to import

        pattern = self.get("format.day" if short else "format.date")
        return _plain_spaces(format_date(day, pattern, locale=self._locale()))

    def moment(self, moment: datetime, *, short: bool = False) -> str:
        """Write a day and a time of day in Belgium; a moment without a zone is one in Belgium."""
        local = moment.astimezone(ZONE) if moment.tzinfo else moment
        day = self.date(local.date(), short=short)
        return self.get("format.moment", date=day, time=f"{local:%H:%M}")

    def duration(self, seconds: int) -> str:
        """Write a length of time in its two largest units, such as ``1 day 6 hours``."""
        from babel.dates import format_timedelta  # noqa: PLC0415 - babel is slow to import
        from babel.lists import format_list  # noqa: PLC0415 - babel is slow to import

        rest = abs(seconds)
        parts: list[str] = []
        for unit, size in _UNITS:
            count, rest = divmod(rest, size)
            if count or (unit == "second" and not parts):
                # The threshold keeps Babel from turning 3 days into "0 weeks".
                length = timedelta(seconds=count * size)
                written = format_timedelta(
                    length, granularity=unit, threshold=10**9, locale=self._locale()
                )
                parts.append(written)
        text = format_list(parts[:2], style="unit", locale=self._locale())
        return _plain_spaces(text if seconds >= 0 else f"−{text}")

    def join(self, items: Iterable[str], *, either: bool = False) -> str:
        """Write items as a list within a sentence: ``a, b and c``, or ``a, b or c``."""
        from babel.lists import format_list  # noqa: PLC0415 - babel is slow to import

        words = list(items)
        return format_list(words, style="or" if either else "standard", locale=self._locale())

    def _locale(self) -> Locale:
        """Give Babel's locale of the language."""
        return _babel_locale(self.lang)


@cache
def _babel_locale(lang: str) -> Locale:
    """Parse a locale once; Babel is imported when a value is first written, not before."""
    from babel import Locale  # noqa: PLC0415 - babel is slow to import

    return Locale.parse(_REGIONS.get(lang, lang))


def _plain_spaces(text: str) -> str:
    """Replace narrow no-break spaces, which many fonts lack, by usual no-break spaces."""
    return text.replace("\u202f", "\u00a0")
