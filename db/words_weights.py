"""What a word is worth in an item: where it stands, how often, and how long the item is (BM25)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# A word in the name or the tags says more about an item than one in running text.
NAME, CAPTION, TAG = 4, 1, 2
# Numbers that stand for no word: between the parts of an item and behind it; before its tags.
BOUND, TAGGED = -1, -2
# How soon a repeated word counts no more, and how much less it counts in a longer text.
SATURATION, LENGTH = 1.2, 0.75
COMMON = 1e-6

Floats = NDArray[np.float32]


def weights(words: NDArray[np.int32], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each place in the words of items that lie one after the other."""
    size = np.diff(starts)
    marks = _since(words < 0, starts, size)
    tagged = _since(words == TAGGED, starts, size)
    return np.where(marks == 0, NAME, np.where(tagged > 0, TAG, CAPTION))


def _since(
    marked: NDArray[np.bool_], starts: NDArray[np.int64], size: NDArray[np.int64]
) -> NDArray[np.int64]:
    """How many places since the beginning of the item are marked."""
    count = np.concatenate([[0], np.cumsum(marked)])
    since: NDArray[np.int64] = count[1:] - np.repeat(count[starts[:-1]], size)
    return since


def norms(lengths: NDArray[np.int64]) -> Floats:
    """How much must be said in each item until it counts half, by the item's length."""
    mean = max(float(lengths.mean()), 1.0) if len(lengths) else 1.0
    return (SATURATION * (1 - LENGTH + LENGTH * lengths / mean)).astype(np.float32)


def impact(weight: NDArray[np.int64], norm: Floats) -> Floats:
    """What a term adds to an item's relevance, before its rarity: under 1 + SATURATION."""
    return (weight * (1 + SATURATION) / (weight + norm)).astype(np.float32)


def rarity(holders: int, items: int) -> float:
    """How much a term counts for being rare: next to nothing where most items hold it.

    Not nothing: where no other word tells items apart, such a word still does by its impact.
    """
    return max(float(np.log((items - holders + 0.5) / (holders + 0.5))), COMMON)
