"""The probability from which a tag is given, one per tag, tuned on held-out items."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def tag_thresholds(
    scores: Floats, labels: Floats, precision: float, fallback: float = 0.5
) -> NDArray[np.float32]:
    """Per tag, the lowest score from which at least `precision` of what is said is true.

    Three true examples are the least to tune on; a rarer tag gets the median of the others.
    """
    tuned = np.full(scores.shape[1], np.nan)
    for tag in range(scores.shape[1]):
        if labels[:, tag].sum() >= 3:
            tuned[tag] = _threshold(scores[:, tag], labels[:, tag] > 0.5, precision)
    usual = np.nanmedian(tuned) if np.isfinite(tuned).any() else fallback
    return np.where(np.isfinite(tuned), tuned, usual).astype(np.float32)


def _threshold(scores: Floats, truth: NDArray[np.bool_], precision: float) -> float:
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(truth[order])
    share = hits / np.arange(1, len(order) + 1)
    # Within reach of the target, the deepest cut; where none reaches it, the best F1.
    reached = np.flatnonzero((share >= precision) & truth[order])
    if len(reached):
        cut = int(reached[-1])
    else:
        recall = hits / truth.sum()
        cut = int(np.argmax(2 * share * recall / np.maximum(share + recall, 1e-9)))
    below = scores[order[cut + 1]] if cut + 1 < len(order) else 0.0
    return float((scores[order[cut]] + below) / 2)
