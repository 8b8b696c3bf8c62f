"""From evidence to one probability that an item answers a query; fitted on validation queries.

    image evidence   what the match head and the shared space say of query and image
    text evidence    what the item's own captions and words say of the query
    score            1 - (1 - image) · (1 - text)    either is enough, both are better

An item without text is judged by its image alone, and the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from encoder.head import sigmoid

Floats = NDArray[np.float32]


class Scoring(msgspec.Struct, frozen=True):
    """Weights of two logistic regressions and the score under which nothing matches."""

    head: float = 1.0
    cosine: float = 0.0
    offset: float = 0.0
    caption: float = 0.0
    coverage: float = 0.0
    text_offset: float = -20.0
    no_match: float = 0.05
    # Of image queries; as they are here: not fitted, half at a cosine of 0.7.
    like_cosine: float = 10.0
    like_offset: float = -7.0
    like_described: tuple[float, float, float] = (8.0, 0.5, -6.0)  # cosine, match, offset

    def image(self, logits: Floats, cosines: Floats) -> Floats:
        """Of match logits and cosines between query and image."""
        evidence = self.head * logits + self.cosine * cosines + self.offset
        return sigmoid(np.asarray(evidence, np.float32))

    def text(self, captions: Floats, coverage: Floats) -> Floats:
        """Of the best caption's cosine and the share of the query's words that the item holds."""
        evidence = self.caption * captions + self.coverage * coverage + self.text_offset
        return sigmoid(np.asarray(evidence, np.float32))

    def image_query(self, cosines: Floats, match_logits: Floats) -> Floats:
        """That an item is more of what a given picture shows.

        `cosines` are between both images, `match_logits` the head's best verdict on the given
        picture and one of the item's captions: NaN for an item without captions.
        """
        alone = self.like_cosine * cosines + self.like_offset
        cosine, match, offset = self.like_described
        described = cosine * cosines + match * match_logits + offset
        evidence = np.where(np.isnan(match_logits), alone, described)
        return sigmoid(np.asarray(evidence, np.float32))

    def both(self, image: Floats, text: Floats) -> Floats:
        return np.asarray(1.0 - (1.0 - image) * (1.0 - text), np.float32)


def combined(
    wanted: Sequence[tuple[Floats, float]], unwanted: Sequence[tuple[Floats, float]] = ()
) -> Floats:
    """One probability of several terms, each with its weight; at least one must be given.

    Of what is wanted the weighted geometric mean; of what is not, (1 - p) to the power of its
    weight, each on its own, so that one unwanted thing is enough to sink an item.
    """
    total = sum(weight for _, weight in wanted)
    score = np.ones_like((*wanted, *unwanted)[0][0], np.float64)
    for chance, weight in wanted:
        score *= np.asarray(chance, np.float64) ** (weight / total)
    for chance, weight in unwanted:
        score *= (1.0 - np.asarray(chance, np.float64)) ** weight
    return score.astype(np.float32)
