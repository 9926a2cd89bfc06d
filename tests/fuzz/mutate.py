"""Seeded damage to texts: bytes, lines, keys, values, nesting, encodings."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

# Written values that have broken readers of YAML, JSON, numbers, dates and texts before.
NUMBERS = (
    "0", "-0", "007", "0o17", "0x1F", "1_000", "1e3", "1e999", "-1e999", "NaN", ".nan", "Infinity",
    "-.inf", "9" * 12, "-" + "9" * 12, "9" * 13, "9" * 5000, "9999999999.99", "12345678901.99",
    "1.234,56", "1 234,50", "1,234.56", "0.001", "€", "€ 5", "5 EUR", "5 USD", "+5,0", "- 5", "٣٤",
    "²", "½", "999999999 weeks", "1 s 1 s", "0 seconds", "12" + " " * 3000 + "x", "5%",
)  # fmt: skip
DATES = (
    "1900-01-01", "1899-12-31", "2200-01-01", "2200-01-01 00:00", "2200-01-01 23:59:59",
    "2199-12-31", "2200-01-02", "0000-01-01", "0001-01-01", "9999-12-31", "9999-12-31 23:59",
    "2025-02-29", "2024-02-29", "31/11/2025", "2025-03-30 02:30", "2025-10-26 02:30",
    "2025-11-20 24:00", "2025-11-20T18:30Z", "2025-11-20T18:30+99:99", "2025-11-20T18:30-24:00",
    "1900-01-01T00:00+14:00", "2025-11-20T" + "T" * 500, "18:30", "yesterday",
)  # fmt: skip
WORDS = (
    "", " ", "null", "~", "yes", "no", "on", "true", "unknown", "none", "UNKNOWN", "not applicable",
    "a" * 300, "\u202e0470", "a\u200bb", "\ufeff", "\U0001f642", "e\u0301" * 60, "ǆ", "ß", "İ",
    "BE68539007547034", "BE00000000000000", "7034", "XX12", "+++123/4567/89002+++", "+32470123456",
    "0470 CALL ME", "+" * 260, "%s{}", "{until}", "<script>", "case", "as_of", "open", "../../x",
)  # fmt: skip
YAML_BITS = (
    "[]", "{}", "[[]]", "[null]", "[unknown]", "{a: b}", "[a, [b]]", "!!python/object:os.system x",
    "!!binary AAAA", "!x y", "&a x", "*a", "&a [*a]", "{<<: *a}", "{? [a] : b}", "{? {a: b} : c}",
    "{1: 2}", "{null: 1}", "|", ">-", "'", '"', '"\\ud800"', '"\\x00"', '"\\u0085"', "@", "`", "%",
    "- -", ": :", "[" * 60, "{a: " * 60, "[" * 30 + "]" * 30, "? ?", "# x", "--- x", "...",
)  # fmt: skip
JSON_BITS = (
    "[]", "{}", "[[]]", "[null]", '{"a": {}}', '"\\ud800"', '"\\u0000"', '"\\ud83d\\ude42"', "nul",
    "[" * 5000, '{"a":' * 5000, "[" * 41 + "]" * 41, '"', "'a'", "01", "1.", ".5", "+1", "1e",
    "tru", '{"a":1,"a":2}', "[1,]", "{,}", "//", "\ufeff", "true false", "-", "--1", "1e999999999",
)  # fmt: skip
LINES = (
    "---", "...", "%YAML 9.9", "%TAG ! x", "\t- x", "? a", "? [a, b]\n: c", "<<: {a: b}", "- ",
    "cases: []", "cases: {}", "cases: 1", "open: attempt", "open: [bill, bill, x, []]", "case: ",
    "as_of: 9999-12-31", "as_of: 1900-01-01", "as_of: 2200-01-01", "as_of: [x]", "problem: none",
    "problem: []", "problem: [{}]", "attempt: none", "attempt: []", "attempt: [{}]", "attempt: {}",
    "attempt: [[]]", "attempt: [none]", "bill_line: [{}, {}]", "user: {}", "line: unknown", "=: x",
    "a: &a [x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]", "x: &x {y: *x}", "# only",
)  # fmt: skip
ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "shift_jis")

Chance = random.Random
Damage = Callable[[Chance, bytes], bytes]


def awkward(chance: Chance, bits: tuple[str, ...]) -> str:
    """Choose a value that is seldom seen."""
    return chance.choice(chance.choice((NUMBERS, DATES, WORDS, bits)))


def flip(chance: Chance, data: bytes) -> bytes:
    """Change some bytes."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5)) if changed else 0):
        changed[chance.randrange(len(changed))] = chance.choice(
            (0, 9, 10, 13, 34, 39, 255, 128, 123)
        )
    return bytes(changed)


def cut(chance: Chance, data: bytes) -> bytes:
    """Leave a piece out, or write it twice."""
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((1, 2, 10, 200)))
    return data[:start] + (data[start:end] * 2 if chance.random() < 0.5 else b"") + data[end:]


def truncate(chance: Chance, data: bytes) -> bytes:
    """Stop in the middle."""
    return data[: chance.randrange(len(data) + 1)]


def lines(chance: Chance, data: bytes) -> bytes:
    """Take out, double, swap or indent a line."""
    rows = data.split(b"\n")
    at, other = chance.randrange(len(rows)), chance.randrange(len(rows))
    form = chance.randrange(5)
    if form == 0:
        del rows[at]
    elif form == 1:
        rows.insert(other, rows[at])
    elif form == 2:
        rows[at], rows[other] = rows[other], rows[at]
    elif form == 3:
        rows[at] = b" " + rows[at]
    else:
        rows[at] = rows[at].lstrip()
    return b"\n".join(rows)


def coded(chance: Chance, data: bytes) -> bytes:
    """Write in another encoding, with other line ends, or with a byte order mark."""
    form = chance.randrange(4)
    if form == 0:
        return data.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\x0b", b"\xc2\x85", b"\n\n")))
    if form == 1:
        return b"\xef\xbb\xbf" * chance.choice((1, 2)) + data
    text = data.decode("utf-8", "replace")
    return text.encode(chance.choice(ENCODINGS), "replace")


def words(chance: Chance, data: bytes) -> bytes:
    """Put one word of the text in the place of another."""
    found = list(re.finditer(rb"\w[\w.-]*", data))
    if not found:
        return data
    place, word = chance.choice(found), chance.choice(found)[0]
    return data[: place.start()] + word + data[place.end() :]


def values(bits: tuple[str, ...], places: re.Pattern[bytes]) -> Damage:
    """Make a damage that puts awkward values where ``places`` finds values."""

    def change(chance: Chance, data: bytes) -> bytes:
        found = list(places.finditer(data))
        if not found:
            return data
        place = chance.choice(found)
        start, end = place.span("value")
        return data[:start] + awkward(chance, bits).encode() + data[end:]

    return change


def added(chance: Chance, data: bytes) -> bytes:
    """Add a line that YAML, or the reader, takes as something special."""
    rows = data.split(b"\n")
    rows.insert(chance.randrange(len(rows) + 1), chance.choice(LINES).encode())
    return b"\n".join(rows)


ANYWHERE: tuple[Damage, ...] = (flip, cut, truncate, lines, coded, words)
_YAML_VALUE = re.compile(rb"[:\[,-] +(?P<value>[^,{}\[\]\n:]+)")
_JSON_VALUE = re.compile(rb'(?P<value>"[^"\n]*"|\[\]|\{\})')
_CSV_VALUE = re.compile(rb"(?:^|[,;\n])(?P<value>[^,;\n]*)")
YAML_DAMAGE = (*ANYWHERE, *[values(YAML_BITS, _YAML_VALUE)] * 6, added, added)
JSON_DAMAGE = (*ANYWHERE, *[values(JSON_BITS, _JSON_VALUE)] * 6)
CSV_DAMAGE = (*ANYWHERE, *[values(('"', '""', '"a\n', "=1+1", "a|b"), _CSV_VALUE)] * 6)


def damaged(chance: Chance, data: bytes, kinds: tuple[Damage, ...]) -> bytes:
    """Damage a text once, twice or more."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        data = chance.choice(kinds)(chance, data)
    return data
