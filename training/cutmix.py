"""CutMix: a piece of one picture in another, which then is so much of the one and of the other.

Where the same crops come again in each epoch, this keeps a network from learning them by heart. It
holds for pixels and for what the lower half of a network makes of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST, MOST = 0.3, 0.7  # of each side, how much the piece may have
Floats = NDArray[np.float32]


def cutmix(
    seen: NDArray[Any], truth: Floats, share: float, dice: np.random.Generator
) -> tuple[NDArray[Any], Floats]:
    """`seen` is `[n, side, side, channels]`, `truth` `[n, classes]`; `share` of them get a piece.

    Keras has a layer for it. It cuts one box for a whole batch, from dice that a killed run loses.
    """
    if not share:
        return seen, truth
    count, side = seen.shape[:2]
    other = dice.permutation(count)
    most = max(1, round(side * MOST))
    sizes = dice.integers(max(1, round(side * LEAST)), most + 1, (count, 2))
    sizes[dice.random(count) >= share] = 0
    starts = (dice.random((count, 2)) * (side - sizes + 1)).astype(np.intp)
    line = np.arange(side)
    # `[n, 2, side]`: which rows and which columns lie in the piece
    inside = (line >= starts[..., None]) & (line < (starts + sizes)[..., None])
    piece = inside[:, 0, :, None] & inside[:, 1, None, :]
    taken = (piece.mean(axis=(1, 2), dtype=np.float32))[:, None]
    mixed = np.where(piece[..., None], seen[other], seen)
    return mixed, truth * (1 - taken) + truth[other] * taken
