"""Candidates for a query from three channels that miss different things.

Image vectors find what looks as the words say, caption vectors what was described so, exact words
what no model has learnt: names and brands. The union goes to the head.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from db.generations import Generation
from db.vectors import Floats, Ids, Selection

# The customary constant of reciprocal rank fusion: keeps one channel's first from outweighing all.
FUSION = 60.0


@dataclass(slots=True)
class Candidate:
    item: int
    fused: float = 0.0
    ranks: dict[str, int] = field(default_factory=dict)  # channel → rank from 1


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
) -> tuple[list[Candidate], bool]:
    """The shortlist of so many per channel, and whether there is nothing beside it."""
    candidates = shortlist(generation, vector, words, count, allowed, nearest)
    every = generation.images.ids if allowed is None else generation.images.ids[allowed.images.rows]
    if count >= len(every) or (vector is None and not words):
        # So many are all of them, however a channel may miss some; and a filter alone has no order.
        found = {candidate.item for candidate in candidates}
        candidates += [Candidate(item) for item in every[:count].tolist() if item not in found]
    return candidates, len(candidates) >= len(every)


def shortlist(
    generation: Generation,
    vector: Floats | None,
    words: str,
    count: int,
    allowed: Allowed | None = None,
    nearest: Near | None = None,
) -> list[Candidate]:
    """The union of the channels, best fused rank first; without a vector or words fewer of them.

    What is not allowed takes no place: each channel gives as many candidates as without a filter.
    `nearest` is what the vector channels have found already.
    """
    mask = None if allowed is None else allowed.images.mask
    channels: dict[str, list[int]] = {}
    if vector is not None:
        nearest = nearest or near(generation, vector[None], count, allowed)[0]
        channels["image"] = _nearest(nearest.images)
        channels["caption"] = _owners(generation, nearest.captions)
    if words:
        channels["words"] = generation.words.hits(words, count, mask)[0].tolist()
    found: dict[int, Candidate] = {}
    for channel, items in channels.items():
        for rank, item in enumerate(items, start=1):
            candidate = found.get(item)
            if candidate is None:
                candidate = found[item] = Candidate(item)
            candidate.ranks[channel] = rank
            candidate.fused += 1.0 / (FUSION + rank)
    return sorted(found.values(), key=lambda candidate: (-candidate.fused, candidate.item))


def _nearest(ids: Ids) -> list[int]:
    # FAISS pads with -1 where an approximate index finds fewer.
    found: list[int] = ids[ids >= 0].tolist()
    return found


def _owners(generation: Generation, ids: Ids) -> list[int]:
    """Caption hits as the items they belong to, each item once, at its best caption."""
    side = generation.captions
    captions = np.asarray(_nearest(ids), np.int64)
    return list(dict.fromkeys(side.owners[side.rows(captions)].tolist()))
