"""The facts that working memories hold: rows of a case, markers, and findings about pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simdiag.engines.rete.guard import load_experta
from simdiag.model.cases import RowId

experta = load_experta()

# Blanks keep these apart from the slots of a package, which are words.
AS_OF, ROW, EXISTS = "as of", "the row", "is there"


def _short(fact: Any) -> str:
    """Write a fact for the log of experta, which writes it at every firing and throws it away."""
    return f"<f-{fact['__factid__']}>"


Marker: Any = type("marker", (experta.Fact,), {"__str__": _short})
PairFact: Any = type("pair", (experta.Fact,), {"__str__": _short})


def fact_class(template: str) -> Any:
    """Give the class of the facts of a template; one class per template and process."""
    if template not in _CLASSES:
        _CLASSES[template] = type(template, (experta.Fact,), {"__str__": _short})
    return _CLASSES[template]


_CLASSES: dict[str, Any] = {}


def made(kind: Any, slots: Mapping[str, Any]) -> Any:
    """Make a fact of values of the model, which need no freezing slot by slot.

    Args:
        kind: Its class, without fields of experta's own.
        slots: Every slot with its value.
    """
    fact = kind.__new__(kind)
    dict.update(fact, slots)
    return fact


def marker(key: int, mode: str, rows: tuple[RowId, ...]) -> Any:
    """Make the marker of a node for the rows that its outer aliases stand for."""
    slots: dict[str, Any] = {"node": key, "mode": mode}
    for number, row in enumerate(rows):
        slots[f"o{number}"] = row
    return made(Marker, slots)
