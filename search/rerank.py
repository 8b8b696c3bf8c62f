"""Each candidate judged: its image by the head's stored halves, its text by captions and words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from db.generations import Generation
from db.vectors import Floats, Ids
from encoder.encoded import Encoded, Encoder
from encoder.scoring import Wording


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
    generation: Generation,
    encoder: Encoder,
    query: Encoded,
    items: Ids,
    said: Wording,
    *,
    blind: bool = False,
) -> Evidence:
    """Judges the items of a shortlist from what the index job stored, without the image network.

    `blind` is for a text of which the model knows no word: its vector says nothing of it.
    """
    cosines, logits, captions = _seen(generation, encoder, query, items)
    scoring = encoder.scoring
    image, words = scoring.image(logits, cosines, said.brevity), scoring.words(said)
    if blind:
        image, captions = np.zeros_like(image), np.full(len(items), -1.0, np.float32)
    score = words if blind else scoring.score(logits, cosines, captions, said)
    return Evidence(logits, cosines, captions, said.coverage, image, words, score)


def judge_picture(generation: Generation, encoder: Encoder, query: Encoded, items: Ids) -> Evidence:
    """Judges the items by a picture: how alike the images are, how the captions describe it."""
    side = generation.captions
    own = generation.images.rows(items)
    cosines = _cosines(generation, query, own)
    rows, owners = _captions(generation, own)
    likeness = side.vectors[rows].astype(np.float32) @ query.vectors[0]
    verdicts = encoder.head.logits(query.halves, side.halves[rows], likeness)
    matches = _best(verdicts, owners, len(items), np.nan)
    captions = _best(likeness, owners, len(items), -1.0)
    score = encoder.scoring.image_query(cosines, matches)
    nothing = np.zeros(len(items), np.float32)
    return Evidence(np.nan_to_num(matches), cosines, captions, nothing, score, nothing, score)


def _seen(
    generation: Generation, encoder: Encoder, query: Encoded, items: Ids
) -> tuple[Floats, Floats, Floats]:
    """Cosine to the image, match logit with it, cosine to the nearest caption (-1 without any)."""
    own = generation.images.rows(items)
    cosines = _cosines(generation, query, own)
    logits = encoder.head.logits(generation.images.halves[own], query.halves, cosines)
    rows, owners = _captions(generation, own)
    likeness = generation.captions.vectors[rows].astype(np.float32) @ query.vectors[0]
    return cosines, logits, _best(likeness, owners, len(items), -1.0)


def _cosines(generation: Generation, query: Encoded, rows: Ids) -> Floats:
    cosines: Floats = generation.images.vectors[rows].astype(np.float32) @ query.vectors[0]
    return cosines


def _captions(generation: Generation, rows: Ids) -> tuple[Ids, Ids]:
    """The rows of all captions of the image rows, and which of these each belongs to."""
    order, starts = generation.caption_order, generation.caption_starts
    begins = starts[rows]
    counts = starts[rows + 1] - begins
    owners = np.repeat(np.arange(len(rows)), counts)
    within = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    return order[np.repeat(begins, counts) + within], owners


def _best(values: Floats, owners: Ids, count: int, without: float) -> Floats:
    """The greatest value of each owner, `without` where it has none."""
    best = np.full(count, -np.inf, np.float32)
    np.maximum.at(best, owners, values)
    return np.where(np.isneginf(best), np.float32(without), best).astype(np.float32)
