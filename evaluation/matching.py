"""The match head on pairs: each caption with its own image and with ten that are not its own.

Two kinds of others: any image of the split (random), and the nearest by vector (mined), which is
what the head meets in a search. The ten weigh as much as the one, so both sides count the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from db.generations import Generation
from db.vectors import Ids
from encoder.encoded import Encoded, Encoder
from evaluation.bootstrap import Array, Resamples, figure, roc_auc
from evaluation.report import Confusion, Figures
from evaluation.unseen import Looked

OTHERS = 10
Others = Sequence[Ids]


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


# scikit-learn's metric, and the same of many resampled confusion matrices at once.
_VERDICTS: dict[str, tuple[Any, Callable[..., Array]]] = {
    "accuracy": (accuracy_score, lambda tn, fp, fn, tp: _share(tn + tp, tn + fp + fn + tp)),
    "precision": (
        partial(precision_score, zero_division=0),
        lambda _tn, fp, _fn, tp: _share(tp, fp + tp),
    ),
    "recall": (
        partial(recall_score, zero_division=0),
        lambda _tn, _fp, fn, tp: _share(tp, fn + tp),
    ),
    "f1": (
        partial(f1_score, zero_division=0),
        lambda _tn, fp, fn, tp: _share(2 * tp, 2 * tp + fp + fn),
    ),
}


def random_others(own: Ids, texts: Sequence[str], gallery: Ids, seed: int) -> Others:
    """Images drawn from the gallery, none of an item with the same caption."""
    dice = np.random.default_rng(seed)
    return [_others(dice.permutation(gallery), i, own, texts) for i in range(len(own))]


def mined_others(own: Ids, texts: Sequence[str], looked: Sequence[Looked]) -> Others:
    """The first of each caption's shortlist."""
    return [_others(one.shortlist, i, own, texts) for i, one in enumerate(looked)]


def match_figures(
    name: str,
    generation: Generation,
    encoder: Encoder,
    queries: Encoded,
    own: Ids,
    others: Others,
    resamples: Resamples,
) -> tuple[Figures, Confusion]:
    """The head's raw verdict (logit over 0), its ROC-AUC, and that of the calibrated score."""
    counts = np.asarray([len(ids) for ids in others])
    owners = np.concatenate([np.arange(len(own)), np.repeat(np.arange(len(own)), counts)])
    images = np.concatenate([own, *others])
    truth = np.arange(len(owners)) < len(own)
    # A caption without any other image has nothing to be held against and weighs nothing.
    shares = np.repeat(1.0 / np.maximum(counts, 1), counts)
    weights = np.concatenate([(counts > 0).astype(np.float64), shares])

    side = generation.images
    rows = side.rows(images)
    vectors = side.vectors[rows].astype(np.float32)
    cosines = np.einsum("ij,ij->i", vectors, queries.vectors[owners])
    logits = encoder.head.logits(side.halves[rows], queries.halves[owners], cosines)
    scores = encoder.scoring.image(logits, cosines)
    verdict = logits > 0

    cells = np.stack([~truth & ~verdict, ~truth & verdict, truth & ~verdict, truth & verdict], 1)
    sums = np.zeros((len(own), 4))
    np.add.at(sums, owners, cells * weights[:, None])
    drawn = resamples.sums(sums)
    figures = {}
    for what, (metric, of_cells) in _VERDICTS.items():
        value = metric(truth, verdict, sample_weight=weights)
        figures[f"match.{name}.{what}"] = figure(value, of_cells(*drawn.T))
    for what, values in (("auc", logits), ("score_auc", scores)):
        replicates = resamples.replicates(roc_auc, values, truth, owners, weights)
        value = roc_auc_score(truth, values, sample_weight=weights)
        figures[f"match.{name}.{what}"] = figure(value, replicates)
    matrix = confusion_matrix(truth, verdict, sample_weight=weights, labels=[False, True])
    return figures, Confusion(name, *(round(float(cell), 1) for cell in matrix.ravel()))


def _others(images: Ids, query: int, own: Ids, texts: Sequence[str]) -> Ids:
    same = own[[text == texts[query] for text in texts]]
    return images[~np.isin(images, same)][:OTHERS]
