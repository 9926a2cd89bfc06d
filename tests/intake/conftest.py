"""Readers of inputs, with the shipped knowledge base."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from simdiag.api import load_knowledge
from simdiag.intake.entries import Entry
from simdiag.intake.inputs import read_inputs
from simdiag.loading.cases import FactReader, judged_at

Reading = Callable[..., list[Entry]]


@pytest.fixture(scope="session")
def reader() -> FactReader:
    """A reader for cases that state no moment: the evening of 20 November 2025."""
    return FactReader(load_knowledge(languages=["en"]), None, judged_at("2025-11-20 18:00"))


@pytest.fixture
def read(reader: FactReader, tmp_path: Path) -> Reading:
    """Read files that are given as name and content, with a column map or without."""

    def reading(files: Mapping[str, str | bytes], column_map: str = "") -> list[Entry]:
        data = {
            name: content if isinstance(content, bytes) else content.encode()
            for name, content in files.items()
        }
        place = None
        if column_map:
            place = tmp_path / "map.yaml"
            place.write_text(column_map, encoding="utf-8")
        return list(read_inputs(data, reader, place))

    return reading
