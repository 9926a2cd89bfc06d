"""Column maps that are suggested for a table."""

from __future__ import annotations

import pytest

from simdiag.errors import InvalidInput, Problems, UsageError
from simdiag.intake.columnmap import Target, read_column_map
from simdiag.intake.skeleton import skeleton
from simdiag.loading.cases import FactReader

TABLE = """Ticket;Phone number;Top-up date;Amount;Bank status;Colour
1;0470;20/11/2025 10:00;5,00;Betaald;red
2;0470;21/11/2025 10:00;7,50;captured;blue
"""


def test_suggestions(reader: FactReader) -> None:
    """Columns get the nearest slot; words that no choice reads are listed; forms are guessed."""
    text = skeleton(TABLE.encode(), "t.csv", reader)
    problems = Problems()
    found = read_column_map(text.encode(), "map.yaml", reader, problems)
    assert not len(problems)
    assert found.columns == {
        "Ticket": (Target("case"),),
        "Phone number": (Target("line", "msisdn"),),
        "Top-up date": (Target("attempt", "at"),),
        "Amount": (Target("attempt", "amount"),),
        "Bank status": (Target("attempt", "payment_state"),),
    }
    assert found.values == {("attempt", "payment_state"): {"betaald": "unknown"}}
    assert [form.shown for form in found.dates] == ["dd/mm/yyyy hh:mm"]
    assert found.decimal == ","
    assert '# "Colour":' in text


def test_every_slot_suggests_itself(reader: FactReader) -> None:
    """A column that is named as a slot is suggested for that slot."""
    names = [f"{name}.{slot}" for name, known in reader.templates.items() for slot in known.slots]
    text = skeleton(",".join(names).encode(), "t.csv", reader)
    assert len(names) > 100
    assert [name for name in names if f'  "{name}": {name}\n' not in text] == []


def test_odd_names_stay_yaml(reader: FactReader) -> None:
    """Quotation marks, colons and old encodings in a table still give a map that can be read."""
    data = 'a "b": [c];Opérateur\nx;BASE\n'.encode("cp1252")
    problems = Problems()
    found = read_column_map(
        skeleton(data, "t.csv", reader, "zh").encode(), "map.yaml", reader, problems
    )
    assert not len(problems)
    assert found.columns == {"Opérateur": (Target("line", "brand"),)}
    assert found.encoding == "cp1252"


def test_no_table(reader: FactReader) -> None:
    """A map is made for tables only, and only for those that can be read."""
    with pytest.raises(UsageError, match="for a table"):
        skeleton(b"", "t.yaml", reader)
    with pytest.raises(InvalidInput, match="empty"):
        skeleton(b"", "t.csv", reader)
