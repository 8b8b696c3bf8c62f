"""What corrections change of the tag head: one logistic regression per tag, beside the trained one.

    logit = trained logit + vector · weight + bias

Learnt on stored vectors: what the catalog says of the train items, what people said against it,
and what they said of other images. Weights lean on zero, so a tag moves as far as corrections and
catalog together pull it. How strongly they lean, and what a correction counts beside a word of the
catalog, is chosen by predictions for images that the fit was not given (folds by image).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[np.float64]
FOLDS = 5
LEANS = (0.3, 1.0, 3.0, 10.0, 30.0)  # on zero, of each tag's weights
COUNTS = (1.0, 4.0, 16.0)  # what a correction counts beside a word of the catalog
BIAS = 1.0  # how strongly a bias leans on zero


@dataclass(frozen=True)
class Lessons:
    """Images with what is known of the tags that corrections are about."""

    vectors: Array  # [n, shared]
    trained: Array  # [n, tags] logits of the trained head
    truth: NDArray[np.bool_]  # [n, tags]
    known: NDArray[np.bool_]  # [n, tags]: somebody, or the catalog, said so
    corrected: NDArray[np.bool_]  # [n, tags]: somebody said so


@dataclass(frozen=True)
class Learnt:
    weight: Array  # [tags, shared]
    bias: Array  # [tags]
    unseen: Array  # [n, tags] logits of images that their fold's fit was not given
    lean: float
    count: float


def learn(lessons: Lessons, seed: int = 0) -> Learnt:
    fold = np.random.default_rng(seed).permutation(len(lessons.vectors)) % FOLDS
    best: tuple[float, float, float, Array] | None = None
    for lean, count in product(LEANS, COUNTS):
        unseen = _unseen(lessons, fold, lean, count)
        loss = _loss(unseen, lessons)
        if best is None or loss < best[0]:
            best = loss, lean, count, unseen
    assert best is not None
    _, lean, count, unseen = best
    weight, bias = _solve(lessons, np.ones(len(fold), np.bool_), lean, count)
    return Learnt(weight, bias, unseen, lean, count)


def _unseen(lessons: Lessons, fold: NDArray[np.intp], lean: float, count: float) -> Array:
    unseen = np.array(lessons.trained)
    for number in range(FOLDS):
        away = fold == number
        weight, bias = _solve(lessons, ~away, lean, count)
        unseen[away] += lessons.vectors[away] @ weight.T + bias
    return unseen


def _loss(logits: Array, lessons: Lessons) -> float:
    """Corrections and the catalog's words count the same as a whole."""
    each = np.logaddexp(0.0, logits) - lessons.truth * logits
    catalog = lessons.known & ~lessons.corrected
    parts = [each[some].mean() for some in (lessons.corrected, catalog) if some.any()]
    return float(np.mean(parts))


def _solve(
    lessons: Lessons, rows: NDArray[np.bool_], lean: float, count: float
) -> tuple[Array, Array]:
    """All tags at once: they share nothing but the vectors."""
    vectors, trained = lessons.vectors[rows], lessons.trained[rows]
    truth = lessons.truth[rows].astype(np.float64)
    weights = np.where(lessons.corrected[rows], count, 1.0) * lessons.known[rows]
    tags, width = truth.shape[1], vectors.shape[1]

    def loss(flat: Array) -> tuple[float, Array]:
        both = flat.reshape(tags, width + 1)
        weight, bias = both[:, :width], both[:, width]
        logits = trained + vectors @ weight.T + bias
        value = (weights * (np.logaddexp(0.0, logits) - truth * logits)).sum()
        value += 0.5 * lean * (weight * weight).sum() + 0.5 * BIAS * (bias @ bias)
        wrong = weights * (0.5 * (1.0 + np.tanh(0.5 * logits)) - truth)
        pull = np.hstack([wrong.T @ vectors + lean * weight, (wrong.sum(0) + BIAS * bias)[:, None]])
        return float(value), pull.ravel()

    start = np.zeros(tags * (width + 1))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 100})
    both = np.asarray(found.x, np.float64).reshape(tags, width + 1)
    return both[:, :width], both[:, width]
