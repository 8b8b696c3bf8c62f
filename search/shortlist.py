"""Candidates for a query from three channels that miss different things.

Image vectors find what looks as the words say, caption vectors what was described so, exact words
what no model has learnt: names and brands. The union goes to the head.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from db.generations import Generation
from db.vectors import Floats, Ids
from db.vectors_selecting import Selection

# The customary constant of reciprocal rank fusion: keeps one channel's first from outweighing all.
FUSION = 60.0


@dataclass(frozen=True)
class Candidates:
    """Items in the order of their fused rank: arrays, as a query has hundreds of them."""

    items: Ids
    channels: tuple[str, ...]
    ranks: NDArray[np.int32]  # [channels, items], from 1; 0 where a channel did not find the item

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, rows: slice | NDArray[np.generic]) -> Candidates:
        return Candidates(self.items[rows], self.channels, self.ranks[:, rows])

    def of(self, channel: str) -> Ids:
        """What one channel found, best first."""
        if channel not in self.channels:
            return self.items[:0]
        ranks = self.ranks[self.channels.index(channel)]
        return self.items[np.argsort(ranks, kind="stable")][np.count_nonzero(ranks == 0) :]

    def found_by(self, row: int) -> dict[str, int]:
        """Channel → rank in it."""
        pairs = zip(self.channels, self.ranks[:, row].tolist(), strict=True)
        return {channel: rank for channel, rank in pairs if rank}


@dataclass(frozen=True)
class Allowed:
    """The items that a search may return, made once for any number of searches."""

    images: Selection
    captions: Selection


def allow(generation: Generation, mask: NDArray[np.bool_]) -> Allowed:
    """The items of these image rows and no others."""
    counts = np.diff(generation.caption_starts)
    rows = generation.caption_order[np.repeat(mask, counts)]
    images = generation.images.index.select_rows(np.flatnonzero(mask))
    return Allowed(images, generation.captions.index.select_rows(rows))


@dataclass(frozen=True)
class Near:
    """What the vector channels found for one query, nearest first."""

    images: Ids
    captions: Ids


def near(
    generation: Generation, vectors: Floats, count: int, allowed: Allowed | None = None
) -> list[Near]:
    """For each of the vectors; many at once cost less than each by itself."""
    some, of = (allowed.images, allowed.captions) if allowed else (None, None)
    images = generation.images.index.search(vectors, count, some)[0]
    captions = generation.captions.index.search(vectors, count, of)[0]
    return [Near(*both) for both in zip(images, captions, strict=True)]


def whole_shortlist(
    generation: Generation,
    vector: Floats | None,
    words: str,
    count: int,
    allowed: Allowed | None = None,
    nearest: Near | None = None,
) -> tuple[Candidates, bool]:
    """The shortlist of so many per channel, and whether there is nothing beside it."""
    found = shortlist(generation, vector, words, count, allowed, nearest)
    if vector is None and words:
        return found, len(found) < count  # of items without the words nothing can be said
    every = generation.images.ids if allowed is None else generation.images.ids[allowed.images.rows]
    if count >= len(every) or (vector is None and not words):
        # So many are all of them, however a channel may miss some; and a filter alone has no order.
        rest = every[:count]
        rest = rest[~np.isin(rest, found.items)]
        unranked = np.zeros((len(found.channels), len(rest)), np.int32)
        found = Candidates(
            np.concatenate([found.items, rest]),
            found.channels,
            np.concatenate([found.ranks, unranked], axis=1),
        )
    return found, len(found) >= len(every)


def shortlist(
    generation: Generation,
    vector: Floats | None,
    words: str,
    count: int,
    allowed: Allowed | None = None,
    nearest: Near | None = None,
) -> Candidates:
    """The union of the channels, best fused rank first; without a vector or words fewer of them.

    What is not allowed takes no place: each channel gives as many candidates as without a filter.
    `nearest` is what the vector channels have found already.
    """
    channels: dict[str, Ids] = {}
    if vector is not None:
        nearest = nearest or near(generation, vector[None], count, allowed)[0]
        channels["image"] = nearest.images[nearest.images >= 0]
        channels["caption"] = _owners(generation, nearest.captions)
    if words:
        mask = None if allowed is None else allowed.images.mask
        channels["words"] = generation.words.hits(words, count, mask)[0]
    return _united(channels)


def _united(channels: Mapping[str, Ids]) -> Candidates:
    nothing = np.empty(0, np.int64)
    items, places = np.unique(np.concatenate([nothing, *channels.values()]), return_inverse=True)
    ranks = np.zeros((len(channels), len(items)), np.int32)
    fused = np.zeros(len(items))
    start = 0
    for row, found in zip(ranks, channels.values(), strict=True):
        where = places[start : start + len(found)]
        row[where] = np.arange(1, len(found) + 1)
        fused[where] += 1.0 / (FUSION + row[where])
        start += len(found)
    order = np.argsort(-fused, kind="stable")  # of equals the lower id
    return Candidates(items[order], tuple(channels), ranks[:, order])


def _owners(generation: Generation, ids: Ids) -> Ids:
    """Caption hits as the items they belong to, each item once, at its best caption."""
    side = generation.captions
    owners = side.owners[side.rows(ids[ids >= 0])]  # FAISS pads with -1 where it finds fewer
    _, firsts = np.unique(owners, return_index=True)
    return np.asarray(owners[np.sort(firsts)], np.int64)
