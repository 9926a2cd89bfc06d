"""Damaged facts files: problems with their places, or results; never a traceback, never a hang."""

from __future__ import annotations

import random

import pytest
from harness import as_json, faults_of_facts, seeds, shipped  # type: ignore[import-not-found]
from mutate import (  # type: ignore[import-not-found]
    CSV_DAMAGE,
    JSON_DAMAGE,
    YAML_DAMAGE,
    damaged,
)

from simdiag.errors import InvalidInput

PARTS = 4


def failures(kind: str, inputs: dict[str, bytes], damage: object, part: int, usual: int) -> object:
    """Try many damaged files; give the first seed that shows a fault, with it."""
    for seed in seeds(usual)[part::PARTS]:
        chance = random.Random(f"{kind} {seed}")
        name = chance.choice(sorted(inputs))
        data = damaged(chance, inputs[name], damage)
        try:
            found = faults_of_facts(name, data)
        except InvalidInput:
            found = []
        except Exception as error:  # noqa: BLE001 - this is what must not happen
            found = [repr(error)]
        if found:
            return seed, found, data[:3000]
    return None
