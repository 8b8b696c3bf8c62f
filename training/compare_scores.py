"""The figures of a classifier on the judged split, and what a guess would have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    precision_recall_fscore_support,
    roc_auc_score,
)

from evaluation.bootstrap import TIMES
from evaluation.report import Figure
from training.compare_data import Integers
from training.compare_report import Baseline, Scores

Floats = NDArray[np.floating]


def scores_of(truth: Integers, probabilities: Floats, seed: int) -> Scores:
    """Macro means over the classes that occur in `truth`: the others cannot be recalled."""
    verdict = probabilities.argmax(axis=1)
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, verdict, labels=np.unique(truth), average="macro", zero_division=0
    )
    return Scores(
        _accuracy(float(accuracy_score(truth, verdict)), len(truth), seed),
        round(float(precision), 4),
        round(float(recall), 4),
        round(float(f1), 4),
        _roc_auc(truth, probabilities),
    )


def confusion(truth: Integers, probabilities: Floats) -> list[list[int]]:
    """Rows: truth; columns: verdict."""
    classes = np.arange(probabilities.shape[1])
    matrix: list[list[int]] = confusion_matrix(
        truth, probabilities.argmax(axis=1), labels=classes
    ).tolist()
    return matrix


def baselines(train: Integers, truth: Integers, classes: int, seed: int) -> list[Baseline]:
    """Always the most frequent class of train, and a class drawn blindly."""
    frequent = np.zeros((len(truth), classes))
    frequent[:, np.bincount(train, minlength=classes).argmax()] = 1.0
    share = 1 / classes
    blind = Scores(_accuracy(share, len(truth), seed), None, round(share, 4), None, 0.5)
    return [
        Baseline("most frequent class", scores_of(truth, frequent, seed)),
        Baseline("chance", blind),
    ]


def _accuracy(share: float, number: int, seed: int) -> Figure:
    """How many of `number` items drawn with replacement are right is binomial: no loop needed."""
    drawn = np.random.default_rng(seed).binomial(number, share, 10 * TIMES) / number
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Figure(round(share, 4), round(float(low), 4), round(float(high), 4))


def _roc_auc(truth: Integers, probabilities: Floats) -> float | None:
    """One class against the rest, the mean over those that occur; none where only one does."""
    present = np.unique(truth)
    if len(present) < 2:
        return None
    areas = [roc_auc_score(truth == place, probabilities[:, place]) for place in present]
    return round(float(np.mean(areas)), 4)
