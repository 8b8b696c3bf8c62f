"""What the scores mean: match probability fitted on held-out shortlists, a threshold per tag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Calibration:
    """probability = sigmoid(slope · logit + offset)"""

    slope: float = 1.0
    offset: float = 0.0

    def __call__(self, logits: Floats) -> Floats:
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * (self.slope * logits + self.offset))))


def fit_calibration(logits: Floats, labels: Floats, rounds: int = 50) -> Calibration:
    """Logistic regression of truth on the logit, by Newton's method.

    Without pairs of both kinds there is nothing to learn from, and the raw sigmoid stays.
    """
    if labels.min(initial=1) > 0 or labels.max(initial=0) < 1:
        return Calibration()
    design = np.stack([logits, np.ones_like(logits)], axis=1).astype(np.float64)
    weights = np.array([1.0, 0.0])
    # A breath of a prior towards the raw sigmoid keeps separable data finite.
    prior, centre = np.diag([1e-2, 1e-3]) * 1.0, np.array([1.0, 0.0])
    for _ in range(rounds):
        chance = 0.5 * (1.0 + np.tanh(0.5 * design @ weights))
        gradient = design.T @ (chance - labels) + prior @ (weights - centre)
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + prior
        step = np.linalg.solve(curve, gradient)
        weights = weights - np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-8:
            break
    # A head that is worse than chance on this little must not be turned upside down.
    return Calibration(max(float(weights[0]), 1e-3), float(weights[1]))


def shortlist_pairs(
    similarity: Floats, length: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Rows, columns and truth of each text's shortlist, its own image always being in it."""
    count = len(similarity)
    length = min(length, similarity.shape[1])
    best = np.argsort(-similarity, axis=1, kind="stable")[:, :length]
    own = np.arange(count)
    missing = ~(best == own[:, None]).any(axis=1)
    best[missing, -1] = own[missing]
    rows = np.repeat(own, length)
    columns = best.ravel()
    return rows, columns, (rows == columns).astype(np.float32)


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
