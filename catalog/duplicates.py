"""Exact duplicates by content hash and near ones by perceptual hash: found, never removed.

Near means that the 64-bit hashes differ in at most a few bits. Comparing all pairs would take
n² steps, so the hash is cut into one band more than bits may differ: two near hashes agree in at
least one band (the pigeonhole principle), and only hashes that share a band are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_BLOCK = 2048  # hashes compared with each other at once: 32 MB of distances


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Places of items that show the same; `exact` where all files are equal byte for byte."""

    members: tuple[int, ...]
    exact: bool


def find_duplicates(
    content: Sequence[str], perceptual: Sequence[str], bits: int
) -> list[DuplicateGroup]:
    """Groups of two and more, each item in at most one, in the order of their first members.

    An empty perceptual hash takes no part in near duplicates.
    """
    parents = _Forest(len(content))
    first: dict[str, int] = {}
    for place, digest in enumerate(content):
        parents.join(first.setdefault(digest, place), place)

    hashed = [place for place, value in enumerate(perceptual) if value]
    values = np.array([int(perceptual[place], 16) for place in hashed], dtype=np.uint64)
    unique, origin = np.unique(values, return_inverse=True)
    owner: dict[int, int] = {}
    for place, index in zip(hashed, origin.tolist(), strict=True):
        parents.join(owner.setdefault(index, place), place)
    near = _Forest(len(unique))
    if bits:
        _join_near(unique, bits, near)
        for index, place in owner.items():
            parents.join(owner[near.root(index)], place)

    groups: dict[int, list[int]] = {}
    for place in range(len(content)):
        groups.setdefault(parents.root(place), []).append(place)
    return [
        DuplicateGroup(tuple(group), exact=len({content[place] for place in group}) == 1)
        for group in groups.values()
        if len(group) > 1
    ]


def _join_near(hashes: NDArray[np.uint64], bits: int, forest: _Forest) -> None:
    edges = [round(band * 64 / (bits + 1)) for band in range(bits + 2)]
    for low, high in pairwise(edges):
        mask = np.uint64((1 << (high - low)) - 1)
        band = (hashes >> np.uint64(low)) & mask
        order = np.argsort(band, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(band[order]) != 0])
        ends = np.r_[starts[1:], len(order)]
        shared = ends - starts > 1
        for start, end in zip(starts[shared].tolist(), ends[shared].tolist(), strict=True):
            _join_bucket(hashes, order[start:end], bits, forest)


def _join_bucket(
    hashes: NDArray[np.uint64], bucket: NDArray[np.intp], bits: int, forest: _Forest
) -> None:
    for left in range(0, len(bucket), _BLOCK):
        rows = bucket[left : left + _BLOCK]
        for right in range(left, len(bucket), _BLOCK):
            columns = bucket[right : right + _BLOCK]
            distance = np.bitwise_count(hashes[rows, None] ^ hashes[None, columns])
            for i, j in np.argwhere(distance <= bits).tolist():
                forest.join(int(rows[i]), int(columns[j]))


class _Forest:
    """Union-find; the root of a set is its smallest member."""

    def __init__(self, size: int) -> None:
        self._parents = list(range(size))

    def root(self, place: int) -> int:
        parents = self._parents
        while parents[place] != place:
            parents[place] = parents[parents[place]]
            place = parents[place]
        return place

    def join(self, one: int, other: int) -> None:
        a, b = self.root(one), self.root(other)
        if a != b:
            self._parents[max(a, b)] = min(a, b)
