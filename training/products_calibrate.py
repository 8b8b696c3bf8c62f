"""Probabilities that come true, and the one from which a product is said to be recognised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

from encoder.head import sigmoid
from encoder.products import Floats, ProductHead, evidence, softmax
from training.recipe import Recipe

FOLDS = 4  # parts of the products that are left out in turn
FEWEST = 8  # unknown queries from which a threshold is chosen
SPARED = 0.02  # share of known queries that a higher threshold than is asked for may cost


@dataclass(frozen=True)
class Queries:
    features: Floats  # [n, views, features]
    labels: NDArray[np.intp]


@dataclass(frozen=True)
class Calibrated:
    temperature: float
    weights: list[float]
    threshold: float
    metrics: dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """A head that some products were kept from, asked about them and about those it knows.

    `labels` are its own numbers of the products; that of a product it never saw is -1.
    """

    head: ProductHead
    queries: Queries


def left_out(
    products: int, without: Callable[[NDArray[np.intp]], ProductHead], queries: Queries, seed: int
) -> list[Trial]:
    """Each product is kept from one head, so that every query is asked as one of an unknown too.

    `without(products)` is the head of a catalog that never held them.
    """
    order = np.random.default_rng(seed).permutation(products)
    trials = []
    for part in np.array_split(order, min(FOLDS, products // 2)):
        some = np.sort(part)
        left = np.setdiff1d(np.arange(products), some)
        numbers = np.where(np.isin(queries.labels, some), -1, np.searchsorted(left, queries.labels))
        trials.append(Trial(without(some), Queries(queries.features, numbers)))
    return trials


def calibrate(
    head: ProductHead, trials: Sequence[Trial], queries: Queries, recipe: Recipe
) -> Calibrated:
    """What scores are worth, by trials in which some products were unknown."""
    logits, _ = _asked(head, queries.features)
    temperature = _temperature(logits, queries.labels)
    said, truth, right, chance = _tried(trials, temperature)
    weights = _weights(said, truth)
    sure = _sure(said, chance, weights)
    # What is known is judged by the head that will be used; what is not, it cannot be asked about.
    said_of_known, _, right_of_known, chance_of_known = _tried([Trial(head, queries)], temperature)
    known = _sure(said_of_known, chance_of_known, weights)
    threshold = _threshold(sure[truth == 0], known[right_of_known], recipe.refuse)
    order = np.argsort(-logits, axis=1)
    places = (order == queries.labels[:, None]).argmax(axis=1)
    metrics = {
        "queries": len(queries.labels),
        "val.top1": round(float((places == 0).mean()), 4),
        "val.top5": round(float((places < 5).mean()), 4),
        "val.recognised": round(float((right_of_known & (known >= threshold)).mean()), 4),
        "val.wrong": round(float((~right_of_known & (known >= threshold)).mean()), 4),
        "val.unknown_refused": round(float((sure < threshold)[truth == 0].mean()), 4)
        if (truth == 0).any()
        else None,
        "val.ece": round(_ece(sure, right & (truth == 1)), 4),
    }
    return Calibrated(temperature, weights, threshold, metrics)


def _asked(head: ProductHead, features: Floats) -> tuple[Floats, Floats]:
    """Logits and cosines, the mean of a query's views."""
    count, views, width = features.shape
    flat = features.reshape(-1, width)
    logits = head.logits(flat).reshape(count, views, -1).mean(axis=1)
    return logits, head.cosines(flat).reshape(count, views, -1).mean(axis=1)


def _temperature(logits: Floats, labels: NDArray[np.intp]) -> float:
    own = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        chances = softmax(logits, float(np.exp(log_temperature)))
        return float(-np.log(chances[own, labels] + 1e-12).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-4.0, 4.0), method="bounded").x))


def _tried(
    trials: Sequence[Trial], temperature: float
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.bool_], NDArray[np.float64]]:
    """Evidence, whether known, whether the first product is right, and its softmax."""
    rows = []
    for trial in trials:
        logits, cosines = _asked(trial.head, trial.queries.features)
        labels = trial.queries.labels
        chance = softmax(logits, temperature).max(axis=1)
        said = evidence(logits, cosines, temperature)
        rows.append((said, (labels >= 0).astype(np.intp), logits.argmax(axis=1) == labels, chance))
    said, truth, right, chance = (np.concatenate(column) for column in zip(*rows, strict=True))
    return said, truth, right, chance


def _sure(
    said: NDArray[np.float64], chance: NDArray[np.float64], weights: Sequence[float]
) -> NDArray[np.float64]:
    """The probability of the first product: that of any, times the softmax."""
    one = sigmoid(np.asarray(said @ np.asarray(weights[:-1]) + weights[-1], np.float32))
    return np.asarray(one * chance, np.float64)


def _weights(said: NDArray[np.float64], truth: NDArray[np.intp]) -> list[float]:
    """Known and unknown count the same, however many there are of each."""
    if len(np.unique(truth)) < 2:
        return [*np.zeros(said.shape[1]), 6.0]
    mean, spread = said.mean(axis=0), said.std(axis=0) + 1e-6
    fitted = LogisticRegression(class_weight="balanced").fit((said - mean) / spread, truth)
    weights = fitted.coef_[0] / spread
    return [*map(float, weights), float(fitted.intercept_[0] - weights @ mean)]


def _threshold(unknown: NDArray[np.float64], known: NDArray[np.float64], refuse: float) -> float:
    """The least that refuses this share of unknown products.

    Or a higher one, under which nothing but the last few of the known and right lie: what a shop
    is shown differs more from its goods than the few that were kept out of it.
    """
    if len(unknown) < FEWEST:
        return 0.5
    least = float(np.quantile(unknown, refuse))
    free = float(np.quantile(known, SPARED)) if len(known) else 0.0
    return float(min(0.99, max(least + 1e-6, free)))


def _ece(sure: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> float:
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [
        abs(sure[place == b].mean() - right[place == b].mean()) * (place == b).mean()
        for b in range(bins)
        if (place == b).any()
    ]
    return float(sum(gaps))
