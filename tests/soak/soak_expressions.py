"""Random expressions of the language: every function and every arithmetic, by the wanted kind."""

from __future__ import annotations

import random
import re

from soak_terms import (  # type: ignore[import-not-found] # found through conftest.py
    CONSTANTS,
    LITERALS,
    ORDERED,
    TEXTS,
    Vocabulary,
)

# Kind to how a value of it is computed; `{kind}` stands for an expression of that kind.
FORMS: dict[str, tuple[str, ...]] = {
    "boolean": ("iban_valid({iban})", "reference_valid({reference})", "phone_valid({phone})"),
    "integer": (
        # Some stand more often, because they come out true seldom.
        "digits({text})", "digits({text})", "edits({text}, {text})", "edits({text}, {text})",
        "edits({text}, {text})", "days_between({date}, {date})", "days_between({date}, {date})",
        "working_days_between({date}, {date})", "days_in_month({date})", "month({date})",
        "year({date}) - 2024", "{integer} + {integer}", "{integer} - 1", "{integer} * {integer}",
        "divide({integer}, 2, half_up)", "divide({money}, {money}, down)", "abs({integer})",
        "-{integer}", "least({integer}, {integer})", "greatest({integer}, 1)",
    ),
    "decimal": ("{decimal} + 0.5", "2 * {decimal}", "least({decimal}, {decimal})"),
    "money": (
        "{money} + {money}", "{money} - 2.00 EUR", "2 * {money}", "{integer} * {money}",
        "scale({money}, limit.rate, half_up)", "scale({money}, 0.5, up)",
        "divide({money}, 3, up)", "divide({money}, {integer}, down)", "abs({money})",
        "greatest({money}, limit.least)",
    ),
    "duration": (
        "as_of - {datetime}", "{datetime} - {datetime}", "{date} - {date}", "as_of - {date}",
        "2 * limit.delay", "limit.delay + {duration}", "divide({duration}, 2, down)",
        "abs({duration})",
    ),
    "datetime": (
        "{datetime} + limit.delay", "{datetime} - 2 days", "{datetime} + {duration}",
        "start_of({date})", "end_of({date})", "add_months({datetime}, 1)",
        "add_months({datetime}, -1)", "add_months({datetime}, 2)", "as_of", "as_of - 1 day",
    ),
    "date": (
        "date({datetime})", "add_days({date}, {integer})", "add_days({date}, 2)",
        "add_months({date}, 1)", "add_working_days({date}, 2)", "month_start({date})",
        "month_end({date})", "date(as_of)",
    ),
    "text": ("prefix({text}, 3)",),
}  # fmt: skip
# Literals that an expression may hold; the others are read by the type of what they stand beside.
WRITTEN = {"integer": ("1", "2"), "money": ("5.00 EUR",), "duration": ("1 day",)}


class Expressions:
    """Writes expressions.

    Args:
        chance: Where all choices come from.
        words: What may be read.
    """

    def __init__(self, chance: random.Random, words: Vocabulary) -> None:
        """Take the vocabulary."""
        self.chance = chance
        self.words = words

    def slots(self, kind: str, bound: dict[str, str]) -> list[str]:
        """Give the slots of a kind that can be read, as `name.slot`."""
        names = dict(bound)
        names.update({name: name for name, owner in self.words.owners.items() if owner.single})
        return [
            f"{alias}.{slot}"
            for alias, owner in names.items()
            for slot, known in self.words.owners[owner].slots.items()
            if known == kind
        ]

    def write(self, kind: str, bound: dict[str, str], depth: int = 2) -> str | None:
        """Write an expression of a kind, not a bare literal; none if nothing fits."""
        slots = self.slots(kind, bound)
        constant = [CONSTANTS[kind]] if kind in CONSTANTS else []
        if depth > 0 and (not slots or self.chance.random() < 0.4):
            forms = list(FORMS.get(kind, ()))
            self.chance.shuffle(forms)
            for form in forms[:4]:
                found = self._filled(form, bound, depth - 1)
                if found is not None:
                    return found
        if slots and (not constant or self.chance.random() < 0.8):
            return self.chance.choice(slots)
        return constant[0] if constant else None

    def _filled(self, form: str, bound: dict[str, str], depth: int) -> str | None:
        while "{" in form:
            start = form.index("{")
            end = form.index("}")
            part = self._part(form[start + 1 : end], bound, depth)
            if part is None:
                return None
            wrapped = f"({part})" if " " in part and not part[0].isdigit() else part
            form = f"{form[:start]}{wrapped}{form[end + 1 :]}"
        names_something = "(" in form or "as_of" in form or re.search(r"[a-z]\.", form)
        return form if names_something else None

    def _part(self, kind: str, bound: dict[str, str], depth: int) -> str | None:
        kinds = TEXTS if kind == "text" else (kind,)
        chosen = self.chance.choice([k for k in kinds if self.slots(k, bound)] or [kind])
        if chosen in WRITTEN and self.chance.random() < 0.15:
            return self.chance.choice(WRITTEN[chosen])
        return self.write(chosen, bound, depth)

    def operand(self, kind: str, bound: dict[str, str]) -> str:
        """Write what a value of a kind is compared with: a literal, or an expression."""
        if self.chance.random() < 0.45:
            found = self.write(self._beside(kind), bound, 1)
            if found is not None:
                return found
        return str(self.chance.choice(LITERALS[kind]))

    def _beside(self, kind: str) -> str:
        """Give a kind that can be compared with another one, mostly the same."""
        if kind in {"date", "datetime"} and self.chance.random() < 0.3:
            return "datetime" if kind == "date" else "date"
        if kind in {*TEXTS, "choice"} and self.chance.random() < 0.3:
            return str(self.chance.choice((*TEXTS, "choice")))
        return kind

    def ordered(self, bound: dict[str, str]) -> tuple[str, str] | None:
        """Write an expression with an order; give it with its kind."""
        kind = self.chance.choice(ORDERED)
        found = self.write(kind, bound)
        return None if found is None else (found, kind)
