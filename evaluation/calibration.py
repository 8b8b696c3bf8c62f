"""Do scores come true? Expected calibration error, Brier score and reliability diagrams.

Bins hold equally many scores: with one right image among many, bins of equal width would put
nearly all pairs into the lowest and call any small score well calibrated. For the same reason the
error is also taken over each query's first result alone, the score that is read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss

from db.vectors import Ids
from encoder.head import sigmoid
from evaluation.bootstrap import Array, Resamples, figure
from evaluation.report import Curve, Figures
from evaluation.unseen import Looked

BINS = 10
Floats = NDArray[np.floating]


def shortlist_calibration(
    looked: Sequence[Looked], own: Ids, resamples: Resamples
) -> tuple[Figures, list[Curve]]:
    """Before (the head's bare sigmoid) and after (the score that search gives an image).

    The own image counts only where the shortlist holds it, as in a search.
    """
    owners = np.repeat(np.arange(len(looked)), [len(one.shortlist) for one in looked])
    logits = np.concatenate([one.evidence.logits for one in looked])
    after = np.concatenate([one.evidence.image for one in looked])
    truth = np.concatenate([one.shortlist == own[i] for i, one in enumerate(looked)])
    figures: Figures = {}
    curves = []
    for prefix, name, scores in (
        ("calibration.before", "before calibration", sigmoid(logits)),
        ("calibration", "after calibration", after),
    ):
        of, curve = calibration_figures(prefix, name, scores, truth, owners, resamples)
        figures |= of
        curves.append(curve)
    # The first of each query by the calibrated score.
    best = np.asarray([int(np.argmax(one.evidence.image)) for one in looked])
    first = np.asarray([one.evidence.image[i] for one, i in zip(looked, best, strict=True)])
    right = np.asarray([looked[i].shortlist[at] == own[i] for i, at in enumerate(best)])
    of, curve = calibration_figures(
        "calibration.first", "first result", first, right, np.arange(len(first)), resamples
    )
    return figures | of, [*curves, curve]


def calibration_figures(
    prefix: str,
    name: str,
    scores: Floats,
    truth: NDArray[np.bool_],
    owners: NDArray[np.integer],
    resamples: Resamples,
) -> tuple[Figures, Curve]:
    """ECE and Brier of scores, which fall with the queries that own them."""
    scores = np.clip(np.asarray(scores, np.float64), 0.0, 1.0)
    bins = equal_bins(scores)
    size = int(bins.max()) + 1
    parts = np.zeros((resamples.count, 3, size))
    for what, values in enumerate((np.ones(len(scores)), scores, truth.astype(np.float64))):
        np.add.at(parts[:, what], (owners, bins), values)
    squares = np.zeros((resamples.count, 2))
    np.add.at(squares, owners, np.stack([(scores - truth) ** 2, np.ones(len(scores))], axis=1))

    whole = parts.sum(axis=0)
    drawn = resamples.sums(parts.reshape(resamples.count, -1)).reshape(-1, 3, size)
    squared = resamples.sums(squares)
    figures = {
        f"{prefix}.ece": figure(float(_ece(whole[None])[0]), _ece(drawn), biased=True),
        f"{prefix}.brier": figure(
            brier_score_loss(truth, scores), squared[:, 0] / np.maximum(squared[:, 1], 1)
        ),
    }
    counts, promised, came = whole
    filled = counts > 0
    curve = Curve(
        name,
        (promised[filled] / counts[filled]).round(4).tolist(),
        (came[filled] / counts[filled]).round(4).tolist(),
        counts[filled].astype(int).tolist(),
    )
    return figures, curve


def equal_bins(scores: Floats, bins: int = BINS) -> NDArray[np.intp]:
    """The bin of each score, of about equally many; equal scores share a bin."""
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, scores, side="right")


def _ece(sums: Array) -> Array:
    """Of (count, promised, came true) per bin `[b, 3, bins]`."""
    gaps = np.abs(sums[:, 1] - sums[:, 2]).sum(axis=1)
    return np.asarray(gaps / np.maximum(sums[:, 0].sum(axis=1), 1))
