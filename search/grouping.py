"""Near duplicates and variants of one thing under one hit, its best.

Two items are folded where the files are equal, where the pictures are (perceptual hashes a few bits
apart, one of them mirrored or neither), or where two of three weaker signs agree:

    layout    perceptual hashes within twice as many bits
    look      image vectors nearly the same
    name      the same name but for what marks a variant: "Mug (red)", "Mug, blue"

One sign alone is not enough: it folds what a person would keep apart (benchmarks/groups.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
from numpy.typing import NDArray

from db.generations import Generation
from db.vectors import Floats, Ids

# So many are compared with each other: the cost grows with the square, and what belongs together
# scores alike, so it lies near each other in the order.
BLOCK = 1024
# A perceptual hash says of 8 x 8 waves across and down whether a picture holds more of each than
# usual. In a mirror every second wave across is turned round, and with it the bits of its column.
MIRRORED = np.uint64(0x5555_5555_5555_5555)
SAME_FILE, SAME_PICTURE, VARIANT = "same file", "same picture", "variant"


@dataclass(frozen=True)
class Group:
    """Rows of a ranking: the best, and those folded under it with the reason for each."""

    row: int
    folded: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Groups(Sequence[Group]):
    """All groups of a ranking, by their best. Hundreds of them, of which a page shows ten."""

    rows: Ids  # the best of each
    folded: Mapping[int, tuple[tuple[int, str], ...]] = field(default_factory=dict)  # by the best

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> Group: ...
    @overload
    def __getitem__(self, place: slice) -> Groups: ...
    def __getitem__(self, place: int | slice) -> Group | Groups:
        if isinstance(place, slice):
            return Groups(self.rows[place], self.folded)
        row = int(self.rows[place])
        return Group(row, self.folded.get(row, ()))

    def at(self, rows: Ids) -> Groups:
        """The same groups, row i by the name of `rows[i]`."""
        folded = {
            int(rows[best]): tuple((int(rows[row]), why) for row, why in others)
            for best, others in self.folded.items()
        }
        return Groups(rows[self.rows], folded)


def alone(count: int) -> Groups:
    """Every row by itself."""
    return Groups(np.arange(count, dtype=np.int64))


def group(generation: Generation, items: Ids, bits: int, cosine: float) -> Groups:
    """The items, best first, each in exactly one group.

    An item joins a group for its likeness to the group's best and to no other member: a chain of
    small differences does not join its ends.
    """
    parts = [alone(0)]
    rows = generation.images.rows(items)
    for start in range(0, len(rows), BLOCK):
        some = rows[start : start + BLOCK]
        vectors = generation.images.vectors[some].astype(np.float32)
        found = fold(np.asarray(generation.signs[some]), vectors, bits, cosine)
        parts.append(found.at(np.arange(start, start + len(some), dtype=np.int64)))
    folded = {best: others for part in parts for best, others in part.folded.items()}
    return Groups(np.concatenate([part.rows for part in parts]), folded)


def fold(signs: NDArray[np.uint64], vectors: Floats, bits: int, cosine: float) -> Groups:
    """By rows of signs (db/generations.py) and unit vectors, best first."""
    count = len(signs)
    content, name = _equal(signs[:, 0]), _equal(signs[:, 2])
    layout, picture = _near(signs[:, 1], 2 * bits, bits)
    either = _distinct(np.concatenate([layout, name]))
    look = either[_cosines(vectors, either) >= cosine]
    both = np.intersect1d(layout, name, assume_unique=True)
    pairs = _distinct(np.concatenate([content, picture, look, both]))
    files, pictures = set(content.tolist()), set(picture.tolist())

    leads = np.ones(count, bool)
    folded: dict[int, tuple[tuple[int, str], ...]] = {}
    for pair in pairs.tolist():  # by the better one, then by the other
        best, other = divmod(pair, count)
        if leads[best] and leads[other]:
            leads[other] = False
            why = SAME_FILE if pair in files else SAME_PICTURE if pair in pictures else VARIANT
            folded[best] = (*folded.get(best, ()), (other, why))
    return Groups(np.flatnonzero(leads), folded)


def _distinct(numbers: Ids) -> Ids:
    # With an index, because without one NumPy loads its masked arrays: 20 ms of a cold search.
    return np.asarray(np.unique(numbers, return_index=True)[0], np.int64)


def _equal(column: NDArray[np.uint64]) -> Ids:
    """Pairs that share what is not 0; the pair of rows i < j is the number i · count + j."""
    rows = np.flatnonzero(column)
    known = column[rows]
    return _numbers(known[:, None] == known[None], rows, len(column))


def _near(hashes: NDArray[np.uint64], wide: int, narrow: int) -> tuple[Ids, Ids]:
    """Pairs of known hashes at most so many bits apart, as they are or one of them mirrored."""
    rows = np.flatnonzero(hashes)
    known = hashes[rows]
    differ = known[:, None] ^ known[None]
    apart = np.minimum(np.bitwise_count(differ), np.bitwise_count(differ ^ MIRRORED))
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
