"""Typing errors between many pairs of texts at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from simdiag.calculation.functions import text_key
from simdiag.engines.columnar.columns import Ends

# As in :func:`simdiag.calculation.functions.edit_count`.
_LIMIT: Final = 64


def edit_counts(lefts: Sequence[str], rights: Sequence[str]) -> Ends:
    """Count typing errors as :func:`simdiag.calculation.functions.edit_count` does, for each pair.

    The table of the optimal string alignment is filled cell by cell, each cell for all pairs.
    """
    one, one_length = _characters(lefts)
    two, two_length = _characters(rights)
    width = two.shape[1]
    before = np.zeros((width + 1, len(lefts)), np.int64)
    row = np.repeat(np.arange(width + 1)[:, None], len(lefts), axis=1)
    every = np.arange(len(lefts))
    found = row[two_length, every]
    for i in range(1, one.shape[1] + 1):
        previous, before = before, row
        row = np.empty_like(before)
        row[0] = i
        mine = one[:, i - 1]
        for j in range(1, width + 1):
            other = two[:, j - 1]
            best = np.minimum(before[j] + 1, row[j - 1] + 1)
            best = np.minimum(best, before[j - 1] + (mine != other))
            if i > 1 and j > 1:
                swapped = (mine == two[:, j - 2]) & (one[:, i - 2] == other)
                best = np.where(swapped, np.minimum(best, previous[j - 2] + 1), best)
            row[j] = best
        found = np.where(one_length == i, row[two_length, every], found)
    return found


def _characters(texts: Sequence[str]) -> tuple[Ends, Ends]:
    """Give the characters of texts as numbers, filled up with 0, and their lengths."""
    cut = [text_key(text)[:_LIMIT] for text in texts]
    lengths = np.fromiter(map(len, cut), np.int64, len(cut))
    width = int(lengths.max(initial=0))
    found = np.zeros((len(cut), width), np.int64)
    for number, text in enumerate(cut):
        found[number, : len(text)] = [ord(character) for character in text]
    return found, lengths
