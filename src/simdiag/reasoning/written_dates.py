"""Days and moments as people write them: ``today 18:30``, ``3/11``, ``2 hours ago``, ``昨天``.

Nothing is guessed: what can mean two things is asked again, and a year that was left out is the one
that the caller shows to the person.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

from simdiag.calculation.times import BRUSSELS
from simdiag.reasoning.vocabulary import Vocabulary, plain

_CLOCK: Final = re.compile(
    r"(?<![\d/.-])(?P<hour>\d{1,2})"
    r"(?:\s*[:：]\s*(?P<minute>\d{2})(?::\d{2})?|\s*h(?P<h>\d{2})?(?![a-z])"
    r"|\s*[点點时時](?:(?P<half>半)|(?P<fen>\d{1,2})分?|整)?|(?=\s*[ap]\.?m\b))"
)
_NUMBERS: Final = re.compile(r"(\d{1,2})\s*[/.\-]\s*(\d{1,2})(?:\s*[/.\-]\s*(\d{2}|\d{4}))?")
_ISO: Final = re.compile(r"(\d{4})\s*[/.\-]\s*(\d{1,2})\s*[/.\-]\s*(\d{1,2})")
_CHINESE: Final = re.compile(r"(?:(\d{4})年)?(\d{1,2})月(\d{1,2})[日号號]?")
_AGO: Final = re.compile(
    r"(?P<count>\d{1,4}|an?|half an|[一二两三四五六七八九十半])\s*(?P<unit>\D+)"
)
_CHINESE_NUMBERS: Final = {
    sign: number for number, sign in enumerate("一二三四五六七八九十", 1)
} | {
    "两": 2,
    "半": 0.5,
}
_CENTURY: Final = 2000
_MONTHS: Final = 12
_HALF_YEAR: Final = 183
_SHORT: Final = 3


class DateNotUnderstood(Exception):  # noqa: N818 - caught at once by the reader of answers
    """A text is no date: ``reason`` is the key of what to say, ``values`` goes into its text."""

    def __init__(self, reason: str, **values: str) -> None:
        """Keep what to say."""
        super().__init__(reason)
        self.reason = reason
        self.values = values


@dataclass(frozen=True)
class DateReader:
    """Reads days and moments.

    Attributes:
        words: The language.
        now: The moment for which the case is judged, in Belgium.
    """

    words: Vocabulary
    now: dt.datetime

    def day(self, text: str, *, past: bool) -> str:
        """Read a day; a time of day beside it does not count.

        Args:
            text: What was typed.
            past: Whether it must lie before now, which settles a missing year.

        Returns:
            ISO form.

        Raises:
            DateNotUnderstood: If it is no date.
        """
        written = plain(text)
        ago = self._ago(written)
        if ago is not None:
            return ago[:10]
        rest, _ = self._clock(written)
        return self._day(rest or written, past=past).isoformat()

    def moment(self, text: str, *, past: bool) -> str:
        """Read a day with or without a time of day, or a time of day alone, which is today's.

        Returns:
            ``2025-11-20 18:30`` or ``2025-11-20``.

        Raises:
            DateNotUnderstood: If it is no date-time.
        """
        written = plain(text)
        if written in self.words.forms("now"):
            return f"{self.now:%Y-%m-%d %H:%M}"
        ago = self._ago(written)
        if ago is not None:
            return ago
        rest, clock = self._clock(written)
        if clock is None:
            return self._day(written, past=past).isoformat()
        if rest:
            return f"{self._day(rest, past=past)} {clock:%H:%M}"
        today = self.now.date()
        if past and dt.datetime.combine(today, clock, BRUSSELS) > self.now:
            raise DateNotUnderstood("later_today", time=f"{clock:%H:%M}")
        return f"{today} {clock:%H:%M}"

    # Parts ---------------------------------------------------------------------------------------

    def _ago(self, text: str) -> str | None:
        """Read ``2 hours ago``: minutes and hours give a moment, days and weeks a day."""
        for form in self.words.forms("ago"):
            bare = text.removesuffix(form).removeprefix(form).strip()
            match = _AGO.fullmatch(bare) if bare != text else None
            if match:
                return self._before(match["count"], match["unit"].strip())
        return None

    def _before(self, count: str, unit: str) -> str | None:
        number: float = int(count) if count.isdecimal() else _CHINESE_NUMBERS.get(count, 1)
        if count.startswith("half"):
            number = 0.5
        for word, length in (
            ("minute", dt.timedelta(minutes=1)),
            ("hour", dt.timedelta(hours=1)),
            ("day", dt.timedelta(days=1)),
            ("week", dt.timedelta(weeks=1)),
        ):
            if unit in self.words.forms(word):
                # Elapsed time, also across the change of the clocks.
                then = (self.now.astimezone(dt.UTC) - number * length).astimezone(BRUSSELS)
                exact = word in {"minute", "hour"}
                return f"{then:%Y-%m-%d %H:%M}" if exact else f"{then:%Y-%m-%d}"
        return None

    def _clock(self, text: str) -> tuple[str, dt.time | None]:
        """Take the time of day out of a text."""
        match = _CLOCK.search(text)
        if not match:
            return text, None
        rest = f"{text[: match.start()]} {text[match.end() :]}"
        rest, afternoon = self._without(rest, "afternoon")
        rest, morning = self._without(rest, "morning")
        rest, _ = self._without(rest, "filler")
        minute = match["minute"] or match["h"] or match["fen"] or ("30" if match["half"] else "0")
        try:
            clock = dt.time(int(match["hour"]), int(minute))
        except ValueError:
            raise DateNotUnderstood("no_such_time") from None
        noon = 12
        if afternoon and clock.hour < noon:
            clock = clock.replace(hour=clock.hour + noon)
        elif morning and clock.hour == noon:
            clock = clock.replace(hour=0)
        rest = " ".join(rest.replace(",", " ").split())
        return re.sub(r"(?<=\d)t$", "", rest), clock  # the T of ISO form

    def _without(self, text: str, word: str) -> tuple[str, bool]:
        """Take a word out of a text; say whether it was there."""
        for form in sorted(self.words.forms(word), key=len, reverse=True):
            edge = r"\b" if form.isascii() else ""
            pattern = edge + re.escape(form) + (edge if form[-1].isalnum() else "")
            found = re.search(pattern, text)
            if found:
                return f"{text[: found.start()]} {text[found.end() :]}", True
        return text, False

    def _day(self, text: str, *, past: bool) -> dt.date:
        text, _ = self._without(text, "filler")
        text = text.strip(" ,")
        today = self.now.date()
        for word, days in (("today", 0), ("yesterday", 1), ("before_yesterday", 2)):
            if text in self.words.forms(word):
                return today - dt.timedelta(days=days)
        if text in self.words.forms("tomorrow"):
            return today + dt.timedelta(days=1)
        if text in (weekdays := self.words.numbered("weekdays")):
            return self._weekday(weekdays[text], past=past)
        return self._numbers(text, past=past)

    def _weekday(self, number: int, *, past: bool) -> dt.date:
        """Give the last such day; for what may lie ahead a day of the week says too little."""
        if not past:
            raise DateNotUnderstood("which_week")
        today = self.now.date()
        return today - dt.timedelta(days=(today.isoweekday() - number) % 7)

    def _numbers(self, text: str, *, past: bool) -> dt.date:
        for pattern in (_ISO, _CHINESE):
            match = pattern.fullmatch(text)
            if match:
                return self._date(int(match[3]), int(match[2]), match[1], past=past)
        match = _NUMBERS.fullmatch(text)
        if match:
            day, month = self._order(int(match[1]), int(match[2]))
            return self._date(day, month, match[3], past=past)
        named = self._named(text)
        if named is None:
            raise DateNotUnderstood("date")
        return self._date(*named, past=past)

    def _order(self, first: int, second: int) -> tuple[int, int]:
        """Tell day and month apart; where the month may come first, only if it cannot be wrong."""
        if self.words.messages.get("consult.words.day_first") == "yes" or first == second:
            return first, second
        if first > _MONTHS or second > _MONTHS:
            return max(first, second), min(first, second)
        raise DateNotUnderstood("which_month", first=str(first), second=str(second))

    def _named(self, text: str) -> tuple[int, int, str | None] | None:
        """Read ``3 november``, ``Nov 3, 2025``."""
        parts = re.findall(r"[^\W\d_]+|\d+", text)
        names = [part for part in parts if not part.isdigit()]
        numbers = [part for part in parts if part.isdigit()]
        if len(names) > 1 and names[-1] in {"st", "nd", "rd", "th"}:
            names.pop()
        if len(names) != 1 or not 1 <= len(numbers) <= 2 or len(names[0]) < _SHORT:  # noqa: PLR2004
            return None
        months = {
            number
            for name, number in self.words.numbered("months").items()
            if name.startswith(names[0]) or names[0] == name
        }
        if len(months) != 1:
            return None
        return int(numbers[0]), months.pop(), numbers[1] if len(numbers) > 1 else None

    def _date(self, day: int, month: int, year: str | None, *, past: bool) -> dt.date:
        try:
            if year is not None:
                number = int(year)
                return dt.date(number + _CENTURY if len(year) < len("2025") else number, month, day)
            return self._nearest(day, month, past=past)
        except ValueError:
            raise DateNotUnderstood("no_such_day") from None

    def _nearest(self, day: int, month: int, *, past: bool) -> dt.date:
        """Give the year to a day: the last one for what is past, else the one nearest to now."""
        today = self.now.date()
        found = []
        for year in (today.year - 1, today.year, today.year + 1):
            try:
                found.append(dt.date(year, month, day))
            except ValueError:  # 29 February
                continue
        if past:
            return max(date for date in found if date <= today)
        return min(found, key=lambda date: abs((date - today).days))
