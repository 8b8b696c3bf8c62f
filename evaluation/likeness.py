"""Which items are more of the same: what an image query asks for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from db.generations import Generation
from db.records import ItemRecord
from encoder.encoded import Encoded

SHARED = 0.5  # of the tags that both have (Dice), from which two items are alike


def alike(item: ItemRecord, others: Sequence[ItemRecord]) -> NDArray[np.bool_]:
    """Which of the others are; the item itself always is."""
    own = set(item.tags)
    found = []
    for other in others:
        both = len(own & set(other.tags))
        enough = 2 * both >= SHARED * (len(own) + len(set(other.tags))) and both > 0
        found.append(enough or other.key == item.key)
    return np.asarray(found, np.bool_)


def stored(generation: Generation, row: int) -> Encoded:
    """What the index job made of the picture in a row."""
    part = slice(row, row + 1)
    vectors, halves = generation.images.vectors[part], generation.images.halves[part]
    nothing = np.empty((1, 0), np.float32)
    return Encoded(vectors.astype(np.float32), halves.astype(np.float32), nothing)
