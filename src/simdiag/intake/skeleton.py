"""A column map to start from, with suggestions for the columns and words of a table."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

from simdiag.errors import Problems, UsageError
from simdiag.i18n import Messages
from simdiag.intake.columnmap import Target
from simdiag.intake.tables import Table, read_table
from simdiag.loading.cases import RESERVED_KEYS, FactReader, is_unknown
from simdiag.loading.scalars import choice_key
from simdiag.model.values import Kind

_NEAR: Final = 0.72
_MAX_WORDS: Final = 20
_DAY_FIRST: Final = re.compile(r"\d{1,2}([./-])\d{1,2}\1(\d{4}|\d{2})(\s+\d{1,2}:\d{2}(:\d{2})?)?")
_COMMA_CENTS: Final = re.compile(r"[^\d]*\d[\d. ]*,\d{2}[^\d]*")
# Words of help desks and shops for what the terms call otherwise.
_USUAL: Final = {
    "case": (
        "ticket",
        "ticket id",
        "ticket number",
        "id",
        "case id",
        "reference",
        "dossier",
        "zaak",
    ),
    "as_of": ("created", "created at", "opened", "reported", "date reported"),
    "line.msisdn": ("phone", "phone number", "number", "msisdn", "mobile", "gsm", "gsm number"),
    "line.brand": ("operator", "brand", "provider", "network", "opérateur", "marque", "merk"),
    "attempt.at": ("topped up at", "top-up date", "date of top-up", "recharge date"),
    "attempt.amount": ("amount", "value", "montant", "bedrag", "betrag", "top-up amount"),
    "attempt.method": ("paid with", "payment method", "card", "method"),
    "attempt.payment_state": ("payment", "payment status", "bank status", "betaling", "paiement"),
    "attempt.credit_state": ("credit", "credit status", "balance status", "status of credit"),
    "attempt.channel": ("channel", "way", "kanaal", "canal", "bought via"),
    "attempt.message": ("message", "error", "error message", "melding"),
    "problem.kind": ("problem", "category", "kind", "type", "probleem", "problème"),
}


def skeleton(data: bytes, file: str, reader: FactReader, lang: str = "en") -> str:
    """Write a column map for a table.

    Args:
        data: The bytes of the CSV file.
        file: Its name.
        reader: Knows the terms.
        lang: Language of the comments.

    Returns:
        YAML that can be used as it is; columns without a suggestion are comments.

    Raises:
        UsageError: It is no table.
        InvalidInput: The table cannot be read.
    """
    if not file.lower().endswith((".csv", ".tsv")) and file != "<stdin>":
        raise UsageError(f"{file}: a map is for a table (.csv or .tsv)")
    table = read_table(data, file, "" if _is_utf8(data) else "cp1252")
    table.problems.raise_if_any()
    lines = list(_Skeleton(table, reader, Messages(lang)).lines())
    if not _is_utf8(data):
        lines.append("encoding: cp1252")
    return "\n".join(lines) + "\n"


def _is_utf8(data: bytes) -> bool:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return True  # its byte order mark tells how it is written
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _simple(text: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", text.casefold()).split())


def _quoted(text: str) -> str:
    """Write a text so that YAML reads it back as that text."""
    return json.dumps(text, ensure_ascii=False)


class _Skeleton:
    def __init__(self, table: Table, reader: FactReader, messages: Messages) -> None:
        self.table = table
        self.reader = reader
        self.messages = messages
        self.names = self._names()

    def _names(self) -> dict[str, Target]:
        """Give every name by which a target is known; what is said first wins."""
        found: dict[str, Target] = {}
        for word in RESERVED_KEYS:
            found[_simple(word)] = Target(word)
        for text, words in _USUAL.items():
            template, _, slot = text.partition(".")
            if not slot or slot in self._slots(template):
                for word in words:
                    found.setdefault(_simple(word), Target(template, slot))
        titles: list[tuple[str, Target]] = []
        for name, template_ in self.reader.templates.items():
            for slot, kind in template_.slots.items():
                target = Target(name, slot)
                found[_simple(f"{name}.{slot}")] = target
                titles.extend([(kind.title, target), (slot, target)])
        for title, target in titles:
            found.setdefault(_simple(title), target)
        return found

    def _slots(self, template: str) -> Sequence[str]:
        known = self.reader.templates.get(template)
        return tuple(known.slots) if known else ()

    def suggestion(self, column: str) -> Target | None:
        """Give the target whose name is nearest to a column's."""
        near = difflib.get_close_matches(_simple(column), list(self.names), n=1, cutoff=_NEAR)
        return self.names[near[0]] if near else None

    def lines(self) -> Iterator[str]:
        """Iterate over the lines of the map."""
        for line in self.messages.get("cli.map.intro", file=self.table.file).split("\n"):
            yield f"# {line}".rstrip()
        bound: dict[str, Target] = {}
        yield "columns:"
        for column in self.table.columns:
            target = self.suggestion(column)
            if target is None or target in bound.values():
                yield f"  # {_quoted(column)}:   # {self.messages.get('cli.map.passed')}"
            else:
                bound[column] = target
                yield f"  {_quoted(column)}: {target}"
        if not bound:
            yield "  {}"
        yield from self._values(bound)
        yield from self._forms(bound)
        always = self.messages.get("cli.map.always")
        yield f"# always: {{problem.kind: paid_not_credited}}   # {always}"

    def _values(self, bound: dict[str, Target]) -> Iterator[str]:
        blocks = [
            (target, words)
            for column, target in bound.items()
            if target.slot and (words := self._words(column, target))
        ]
        if blocks:
            yield "values:"
        for target, words in blocks:
            slot = self.reader.templates[target.template].slots[target.slot]
            choices = ", ".join(slot.type.choices) or "yes, no"
            yield f"  {target}:   # {choices}"
            for word in words:
                yield f"    {_quoted(word)}: unknown   # {self.messages.get('cli.map.word')}"

    def _words(self, column: str, target: Target) -> list[str]:
        """Give the words of a column that its slot does not read, each once."""
        slot = self.reader.templates[target.template].slots[target.slot]
        if slot.type.kind not in {Kind.CHOICE, Kind.BOOLEAN, Kind.SET}:
            return []
        found: dict[str, str] = {}
        for word in self._cells(column):
            problems = Problems()
            if not is_unknown(word):
                span = self.table.header(column)
                self.reader.value(target.template, slot, word, span, problems)
            if problems.errors:
                found.setdefault(choice_key(word), word)
        return list(found.values())[:_MAX_WORDS]

    def _cells(self, column: str) -> list[str]:
        return [row.cells.get(column, "").strip() for row in self.table.rows]

    def _forms(self, bound: dict[str, Target]) -> Iterator[str]:
        dates = [cell for column in self._of({Kind.DATE, Kind.DATETIME}, bound) for cell in column]
        form = next((_date_form(cell) for cell in dates if _DAY_FIRST.fullmatch(cell)), "")
        if form:
            yield f"date_format: {form}   # {self.messages.get('cli.map.date')}"
        amounts = [
            cell for column in self._of({Kind.MONEY, Kind.DECIMAL}, bound) for cell in column
        ]
        if any(_COMMA_CENTS.fullmatch(cell) for cell in amounts):
            yield 'decimal: ","'

    def _of(self, kinds: set[Kind], bound: dict[str, Target]) -> Iterator[list[str]]:
        for column, target in bound.items():
            known = self.reader.templates.get(target.template)
            kind = known.slots[target.slot].type.kind if known and target.slot else Kind.DATETIME
            if kind in kinds and target.template not in {"case", "open"}:
                yield self._cells(column)


def _date_form(cell: str) -> str:
    """Name the form of a date with its day first."""
    day, _, clock = " ".join(cell.split()).partition(" ")
    mark = next(character for character in day if not character.isdigit())
    year = day.rpartition(mark)[2]
    form = mark.join(("dd", "mm", "yyyy" if len(year) > 2 else "yy"))  # noqa: PLR2004 - digits
    times = {0: "", 1: " hh:mm", 2: " hh:mm:ss"}
    return form + (times[clock.count(":")] if clock else "")
