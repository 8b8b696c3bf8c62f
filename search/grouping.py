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


@dataclass(slots=True)
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
    count = len(signs)
    content, name = _equal(signs[:, 0]), _equal(signs[:, 2])
    layout, picture = _near(signs[:, 1], 2 * bits, bits)
    either = np.union1d(layout, name)
    look = either[_cosines(vectors, either) >= cosine]
    both = np.intersect1d(layout, name, assume_unique=True)
    pairs = np.unique(np.concatenate([content, picture, look, both]))
    files, pictures = set(content.tolist()), set(picture.tolist())

    groups = {row: Group(start + row) for row in range(count)}
    for pair in pairs.tolist():  # by the better one, then by the other
        best, other = divmod(pair, count)
        if best in groups and other in groups:
            del groups[other]
            why = SAME_FILE if pair in files else SAME_PICTURE if pair in pictures else VARIANT
            groups[best].folded.append((start + other, why))
    return list(groups.values())


def _equal(column: NDArray[np.uint64]) -> Ids:
    """Pairs that share what is not 0; the pair of rows i < j is the number i · count + j."""
    rows = np.flatnonzero(column)
    known = column[rows]
    return _numbers(known[:, None] == known[None], rows, len(column))


def _near(hashes: NDArray[np.uint64], wide: int, narrow: int) -> tuple[Ids, Ids]:
    """Pairs of known hashes at most so many bits apart."""
    rows = np.flatnonzero(hashes)
    known = hashes[rows]
    apart = np.bitwise_count(known[:, None] ^ known[None])
    near = _numbers(apart <= wide, rows, len(hashes))
    close = _numbers(apart <= narrow, rows, len(hashes))
    return near, close


def _numbers(pairs: NDArray[np.bool_], rows: Ids, count: int) -> Ids:
    first, second = np.divmod(np.flatnonzero(pairs), max(len(rows), 1))
    upper = first < second
    return np.asarray(rows[first[upper]] * count + rows[second[upper]], np.int64)


def _cosines(vectors: Floats, pairs: Ids) -> Floats:
    first, second = np.divmod(pairs, max(len(vectors), 1))
    if len(pairs) > len(vectors):  # then all of them at once are cheaper
        found = (vectors @ vectors.T)[first, second]
    else:
        found = np.einsum("ij,ij->i", vectors[first], vectors[second])
    return np.asarray(found, np.float32)
