"""Pairs of image and caption that the model is unsure of.

Two kinds: an item's own caption that the model does not find in its image, and the nearest other
image of a caption where its score is near the one from which something is said to match.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from db.generations import Generation
from encoder.encoded import Encoder
from encoder.head import sigmoid
from encoder.tagging import logits
from review.doubts import RIGHT

SAMPLED = 2000  # captions that are looked at, drawn anew for each index
NEAR = 3  # images that are looked for around a caption: its own is among them


@dataclass(frozen=True)
class Pair:
    caption: int  # ids of the database
    item: int
    said: bool | None  # True: the catalog's own pair
    score: float
    doubt: float


def doubtful_pairs(live: Generation, encoder: Encoder, allowed: frozenset[int]) -> list[Pair]:
    """The most doubtful first; items that are not allowed are in none of them."""
    side = live.captions
    rows = np.flatnonzero(np.isin(side.owners, np.fromiter(allowed, np.int64, len(allowed))))
    if len(rows) > SAMPLED:
        dice = np.random.default_rng(int(live.name) if live.name.isdigit() else 0)
        rows = np.sort(dice.choice(rows, SAMPLED, replace=False))
    if not len(rows):
        return []
    found = [*_own(live, encoder, rows), *_others(live, encoder, rows, allowed)]
    return sorted(found, key=lambda pair: -pair.doubt)


def _own(live: Generation, encoder: Encoder, rows: np.ndarray) -> Iterator[Pair]:
    owners = live.captions.owners[rows]
    scores = _scores(live, encoder, rows, owners)
    right = np.log(RIGHT / (1 - RIGHT))
    doubt = sigmoid(np.asarray(-(logits(scores) + right), np.float32))
    for row, owner, score, much in zip(rows, owners, scores, doubt, strict=True):
        yield Pair(int(live.captions.ids[row]), int(owner), True, float(score), float(much))


def _others(
    live: Generation, encoder: Encoder, rows: np.ndarray, allowed: frozenset[int]
) -> Iterator[Pair]:
    """The nearest image of each caption that is not its own."""
    side = live.captions
    ids, _ = live.images.index.search(side.vectors[rows].astype(np.float32), NEAR)
    pairs = [
        (row, other)
        for row, near in zip(rows.tolist(), ids.tolist(), strict=True)
        if (other := next((n for n in near if n in allowed and n != side.owners[row]), None))
        is not None
    ]
    if not pairs:
        return
    # All at once: one after the other they would hold up every other thread of a service.
    captions, others = np.asarray(pairs, np.int64).T
    scores = _scores(live, encoder, captions, others)
    from_where = logits(np.asarray([encoder.scoring.no_match]))
    doubt = np.exp(-np.abs(logits(scores) - from_where))
    for row, other, score, much in zip(captions, others, scores, doubt, strict=True):
        yield Pair(int(side.ids[row]), int(other), None, float(score), float(much))


def _scores(
    live: Generation, encoder: Encoder, captions: np.ndarray, items: np.ndarray
) -> np.ndarray:
    """Of caption rows and the items they are held against, pair by pair."""
    images, texts = live.images, live.captions
    at = images.rows(items)
    pictures = images.vectors[at].astype(np.float32)
    cosines = np.einsum("nd,nd->n", texts.vectors[captions].astype(np.float32), pictures)
    found = encoder.head.logits(images.halves[at], texts.halves[captions], cosines)
    return np.asarray(encoder.scoring.image(found, cosines), np.float32)
