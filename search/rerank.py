"""Each candidate judged: its image by the head's stored halves, its text by captions and words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from db.generations import Generation
from db.vectors import Floats, Ids
from encoder.encoded import Encoded, Encoder


@dataclass(frozen=True)
class Evidence:
    """One row per candidate; the last three are probabilities."""

    logits: Floats  # of the match head
    cosines: Floats  # query to image
    captions: Floats  # query to the item's nearest caption
    coverage: Floats  # share of the query's words that the item holds
    image: Floats
    text: Floats
    score: Floats


def judge(
    generation: Generation, encoder: Encoder, query: Encoded, items: Ids, coverage: Floats
) -> Evidence:
    """Judges the items of a shortlist from what the index job stored, without the image network."""
    side = generation.images
    rows = side.rows(items)
    cosines = side.vectors[rows].astype(np.float32) @ query.vectors[0]
    logits = encoder.head.logits(side.halves[rows], query.halves, cosines)
    captions = nearest_captions(generation, query.vectors[0], items)
    scoring = encoder.scoring
    image, text = scoring.image(logits, cosines), scoring.text(captions, coverage)
    return Evidence(logits, cosines, captions, coverage, image, text, scoring.both(image, text))


def nearest_captions(generation: Generation, vector: Floats, items: Ids) -> Floats:
    """The best cosine among each item's captions; -1 for an item without any."""
    side = generation.captions
    order, starts = generation.caption_order, generation.caption_starts
    slots = generation.images.rows(items)
    begins = starts[slots]
    counts = starts[slots + 1] - begins
    best = np.full(len(items), -1.0, np.float32)
    # All captions of all candidates in one product, then the best of each run.
    owners = np.repeat(np.arange(len(items)), counts)
    within = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = order[np.repeat(begins, counts) + within]
    np.maximum.at(best, owners, side.vectors[rows].astype(np.float32) @ vector)
    return best
