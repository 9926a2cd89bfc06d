"""What a change of facts would do: the difference between two results."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from simdiag.reasoning.rating import PLAIN
from simdiag.reasoning.serialise import Json

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
_PARTS: Final = ("diagnoses", "actions", "vetoes", "conflicts")
_ABSENT: Final[Json] = {
    "state": PLAIN.state.word,
    "possible": [PLAIN.low.word, PLAIN.high.word],
    "score": 0,
}
# What is compared of an entry; the rest follows from it or is text.
_COMPARED: Final[Mapping[str, tuple[str, ...]]] = {
    "diagnoses": ("state", "possible", "score"),
    "actions": ("status", "not_before", "not_after", "args"),
    "vetoes": ("status",),
    "conflicts": (),
}


def difference(before: Json, after: Json) -> Json:
    """Compare two results of the same knowledge base in the same language.

    Args:
        before: The first one, in its JSON form.
        after: The other one.

    Returns:
        For ``diagnoses``, ``actions``, ``vetoes`` and ``conflicts`` a list of entries with ``id``,
        ``title``, ``about``, ``change`` (``added``, ``removed`` or ``changed``), and what was
        compared ``before`` and ``after``. A diagnosis that a result does not list is unclear, so
        that diagnoses are only ever changed.
    """
    return {part: list(_entries(part, before[part], after[part])) for part in _PARTS}


def _entries(part: str, before: Iterable[Json], after: Iterable[Json]) -> Iterator[Json]:
    old, new = _keyed(part, before), _keyed(part, after)
    for key in (*new, *(key for key in old if key not in new)):
        known = new.get(key) or old[key]
        was, now = (_compared(part, found.get(key)) for found in (old, new))
        if was == now:
            continue
        change = ADDED if was is None else REMOVED if now is None else CHANGED
        yield {
            "id": known.get("id") or known["rule"],
            "title": known.get("title") or known.get("text", ""),
            "about": known["about"] if part == "actions" else None,
            "change": change,
            "before": was,
            "after": now,
        }


def _keyed(part: str, entries: Iterable[Json]) -> dict[str, Json]:
    """Give entries by what makes them the same: their id and, of actions, the fact."""
    found = {}
    for each in entries:
        about = each["about"] if part == "actions" else each.get("facts")
        found[json.dumps([each.get("id") or each["rule"], about])] = each
    return found


def _compared(part: str, entry: Json | None) -> Json | None:
    if entry is None:
        return dict(_ABSENT) if part == "diagnoses" else None
    return {name: entry[name] for name in _COMPARED[part]}
