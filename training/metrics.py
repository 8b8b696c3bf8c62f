"""The few figures that steer training; `evaluation` is the judge of the result."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def recall_at(similarity: Floats, k: int) -> float:
    """Share of rows whose own column (the diagonal) is among their first k."""
    own = np.diagonal(similarity)[:, None]
    ranks = (similarity > own).sum(axis=1) + ((similarity == own).sum(axis=1) - 1) / 2
    return float((ranks < k).mean())


def average_precision(scores: Floats, labels: Floats) -> float:
    """Area under precision over recall for one tag; 0 where nothing bears it."""
    order = np.argsort(-scores, kind="stable")
    hits = labels[order] > 0.5
    if not hits.any():
        return 0.0
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def macro_precision(scores: Floats, labels: Floats) -> float:
    """Mean average precision over the tags that occur at all."""
    present = np.flatnonzero(labels.sum(axis=0) > 0)
    if not len(present):
        return 0.0
    return float(np.mean([average_precision(scores[:, t], labels[:, t]) for t in present]))


def roc_auc(positive: Floats, negative: Floats) -> float:
    """How often a positive is above a negative; ties count half."""
    both = np.concatenate([positive, negative])
    order = np.argsort(both, kind="stable")
    ranks = np.empty(len(both))
    ranks[order] = np.arange(1, len(both) + 1)
    values, inverse = np.unique(both, return_inverse=True)
    ranks = (np.bincount(inverse, ranks) / np.bincount(inverse, minlength=len(values)))[inverse]
    many = len(positive)
    return float((ranks[:many].sum() - many * (many + 1) / 2) / (many * len(negative)))
