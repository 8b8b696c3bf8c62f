"""The few figures that steer training; `evaluation` is the judge of the result."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from errors import ModelError

Floats = NDArray[np.floating]


def recall_at(similarity: Floats, k: int) -> float:
    """Share of rows whose own column (the diagonal) is among their first k.

    scikit-learn's `top_k_accuracy_score` settles ties by the column's number, so that a model
    that says the same of everything would seem to find the first k; here a tie shares its places.
    """
    own = np.diagonal(finite(similarity))[:, None]
    ranks = (similarity > own).sum(axis=1) + ((similarity == own).sum(axis=1) - 1) / 2
    return float((ranks < k).mean())


def reciprocal_rank(similarity: Floats) -> float:
    """Mean of one over the rank of each row's own column; of a tie, the last place.

    scikit-learn's `label_ranking_average_precision_score` of the unit matrix, without its loop
    over rows: a thousand take it most of a second, each epoch.
    """
    own = np.diagonal(finite(similarity))[:, None]
    return float((1 / (similarity >= own).sum(axis=1)).mean())


def macro_precision(scores: Floats, labels: Floats) -> float:
    """Mean average precision over the tags that occur at all; 0 where none does."""
    present = labels.sum(axis=0) > 0
    if not present.any():
        return 0.0
    return float(average_precision_score(labels[:, present] > 0.5, finite(scores)[:, present]))


def roc_auc(positive: Floats, negative: Floats) -> float:
    """How often a positive is above a negative; ties count half."""
    truth = np.repeat([1, 0], [len(positive), len(negative)])
    return float(roc_auc_score(truth, finite(np.concatenate([positive, negative]))))


def finite(scores: Floats) -> Floats:
    """The scores, or the reason why there are none worth judging."""
    if not np.isfinite(scores).all():
        raise ModelError(
            "the training has diverged",
            "the model's scores are no numbers any more",
            "set a lower training.learning_rate and train again",
        )
    return scores
