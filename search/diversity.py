"""Results that differ from each other: maximal marginal relevance over image vectors.

Each next one is that of the greatest `(1 - diversity) · score - diversity · likeness`, where the
likeness is its cosine to the most alike of those before it. Scores stay what they are.
"""

from __future__ import annotations

import numpy as np

from db.vectors import Floats, Ids

BLOCK = 1024  # the cost grows with the square: the order is changed within so many at a time


def spread(scores: Floats, vectors: Floats, diversity: float, threshold: float = 0.0) -> Ids:
    """An order of the rows, which come best first.

    What does not reach the threshold stays behind what does: it differs from good answers more
    than anything, and is still no answer.
    """
    if not diversity:
        return np.arange(len(scores), dtype=np.int64)
    order: list[int] = []
    matching = int(np.searchsorted(-scores, -threshold, side="right"))
    for begin, end in ((0, matching), (matching, len(scores))):
        for start in range(begin, end, BLOCK):
            part = slice(start, min(start + BLOCK, end))
            order += (start + _spread(scores[part], vectors[part], diversity)).tolist()
    return np.asarray(order, np.int64)


def _spread(scores: Floats, vectors: Floats, diversity: float) -> Ids:
    count = len(scores)
    cosines = vectors @ vectors.T
    relevance = (1.0 - diversity) * scores.astype(np.float64)
    likeness = np.full(count, -1.0)
    left = np.zeros(count)  # minus infinity once taken
    order = np.empty(count, np.int64)
    chosen = 0  # the best comes first, whatever the diversity
    for place in range(count):
        if place:
            # The first of equals, so that the order is the same each time.
            chosen = int(np.argmax(relevance - diversity * likeness + left))
        order[place] = chosen
        left[chosen] = -np.inf
        np.maximum(likeness, cosines[chosen], out=likeness)
    return order
