"""Damaged knowledge packages: problems with their places, or rules that both engines can run."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import seeds  # type: ignore[import-not-found] # found through conftest.py

from packages import (  # type: ignore[import-not-found]
    damage_package,
    faults_of_package,
)

PARTS = 2


@pytest.mark.parametrize("part", range(PARTS))
def test_damaged_packages(part: int, tmp_path: Path) -> None:
    """A damaged package is refused with reasons, or gives equal results on both engines."""
    for seed in seeds(200)[part::PARTS]:
        folder = damage_package(seed, tmp_path / "small")
        try:
            found = faults_of_package(folder)
        except Exception as error:  # noqa: BLE001 - this is what must not happen
            found = [repr(error)]
        assert found == [], seed
