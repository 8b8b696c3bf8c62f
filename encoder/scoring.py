"""From evidence to one probability that an item answers a query; fitted on validation queries.

    image evidence   what the match head and the shared space say of query and image
    text evidence    what the item's own captions and words say of the query
    score            1 - (1 - image) · (1 - text)    either is enough, both are better

An item without text is judged by its image alone, and the other way round.
"""

from __future__ import annotations

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

    def image(self, logits: Floats, cosines: Floats) -> Floats:
        """Of match logits and cosines between query and image."""
        evidence = self.head * logits + self.cosine * cosines + self.offset
        return sigmoid(np.asarray(evidence, np.float32))

    def text(self, captions: Floats, coverage: Floats) -> Floats:
        """Of the best caption's cosine and the share of the query's words that the item holds."""
        evidence = self.caption * captions + self.coverage * coverage + self.text_offset
        return sigmoid(np.asarray(evidence, np.float32))

    def both(self, image: Floats, text: Floats) -> Floats:
        return np.asarray(1.0 - (1.0 - image) * (1.0 - text), np.float32)
