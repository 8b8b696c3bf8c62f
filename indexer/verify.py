"""Stage 5: a generation must answer as a reader will ask, before it goes live."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from db.generations import Generation, Side
from errors import IndexStateError
from indexer.scan import Plan

# A vector's cosine to itself, after rounding to float16 and any lossy index.
SELF_COSINE = 0.95


def verifier(plan: Plan, sample: int) -> Callable[[Generation], None]:
    """Counts, and a sample of rows looked up by their own vector."""

    def verify(generation: Generation) -> None:
        for side, count in (
            (generation.images, len(plan.images)),
            (generation.captions, len(plan.captions)),
        ):
            if not len(side.index) == len(side.ids) == len(side.halves) == count:
                raise IndexStateError(
                    f"generation {generation.name} is not complete",
                    f"{len(side.index)} of {count} {side.name} are in it",
                    "build the index again",
                )
            _find_itself(generation, side, sample)

    return verify


def _find_itself(generation: Generation, side: Side, sample: int) -> None:
    count = len(side.ids)
    rows = np.unique(np.linspace(0, count - 1, num=min(sample, count), dtype=np.int64))
    if not len(rows):
        return
    _, cosines = side.index.search(side.vectors[rows].astype(np.float32), 1)
    # Not the id: equal images share a vector, and any of them is a right answer.
    lost = int((cosines[:, 0] < SELF_COSINE).sum())
    if lost > len(rows) // 20:
        raise IndexStateError(
            f"generation {generation.name} does not find its own {side.name}",
            f"{lost} of {len(rows)} samples are lost",
            "set index.factory to another FAISS index, such as Flat",
        )
