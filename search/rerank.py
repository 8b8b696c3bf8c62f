"""The head judges each candidate from the halves that the index job stored."""

from __future__ import annotations

import numpy as np

from db.generations import Generation
from db.vectors import Floats, Ids
from encoder.encoded import Encoded
from encoder.head import Head


def match_scores(generation: Generation, head: Head, query: Encoded, items: Ids) -> Floats:
    """Probability that each item's image matches the query text."""
    side = generation.images
    rows = side.rows(items)
    cosines = side.vectors[rows].astype(np.float32) @ query.vectors[0]
    return head.scores(side.halves[rows], query.halves, cosines)
