"""Near duplicates and variants of one thing under one hit, its best.

Two items are folded where the files are equal, where the pictures are (perceptual hashes a few bits
apart), or where two of three weaker signs agree:

    layout    perceptual hashes within twice as many bits
    look      image vectors nearly the same
    name      the same name but for what marks a variant: "Mug (red)", "Mug, blue"

One sign alone is not enough: it folds what a person would keep apart (benchmarks/groups.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from db.generations import Generation
from db.vectors import Floats, Ids

# So many are compared with each other: the cost grows with the square, and what belongs together
# scores alike, so it lies near each other in the order.
BLOCK = 1024
SAME_FILE, SAME_PICTURE, VARIANT = "same file", "same picture", "variant"


@dataclass
class Group:
    """Rows of a ranking: the best, and those folded under it with the reason for each."""

    row: int
    folded: list[tuple[int, str]] = field(default_factory=list)


def alone(count: int) -> list[Group]:
    """Every row by itself."""
    return [Group(row) for row in range(count)]


def group(generation: Generation, items: Ids, bits: int, cosine: float) -> list[Group]:
    """The items, best first, each in exactly one group.

    An item joins a group for its likeness to the group's best and to no other member: a chain of
    small differences does not join its ends.
    """
    groups: list[Group] = []
    rows = generation.images.rows(items)
    for start in range(0, len(rows), BLOCK):
        some = rows[start : start + BLOCK]
        vectors = generation.images.vectors[some].astype(np.float32)
        groups += fold(np.asarray(generation.signs[some]), vectors, bits, cosine, start)
    return groups


def fold(
    signs: NDArray[np.uint64], vectors: Floats, bits: int, cosine: float, start: int = 0
) -> list[Group]:
    """By rows of signs (db/generations.py) and unit vectors, best first, counted from `start`."""
    content, picture, name = (_equal(signs[:, column]) for column in range(3))
    # Distances only where both hashes are known.
    hashes = signs[:, 1]
    apart = np.bitwise_count(hashes[:, None] ^ hashes[None])
    known = (hashes != 0)[:, None] & (hashes != 0)[None]
    same_picture = known & (apart <= bits) | picture
    layout = known & (apart <= 2 * bits)
    look = vectors @ vectors.T >= cosine
    variant = (layout & look) | (layout & name) | (look & name)
    pairs = np.triu(content | same_picture | variant, 1)

    groups = {row: Group(start + row) for row in range(len(signs))}
    for best, other in np.argwhere(pairs).tolist():  # by the best, then by the other
        if best in groups and other in groups:
            del groups[other]
            why = SAME_FILE if content[best, other] else VARIANT
            why = SAME_PICTURE if same_picture[best, other] and why == VARIANT else why
            groups[best].folded.append((start + other, why))
    return list(groups.values())


def _equal(column: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Pairs that share what is not 0."""
    return np.asarray((column[:, None] == column[None]) & (column != 0)[:, None], np.bool_)
