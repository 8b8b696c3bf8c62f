"""Intervals: the figure is computed again on 1,000 resamples of its queries or items.

All resamples go through NumPy at once, as rows of weights (how often each query was drawn), so
statistics here take weights where scikit-learn takes one sample; a test holds them equal.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from evaluation.report import Figure

Array = NDArray[np.float64]
TIMES = 1000
# Numbers held at once while pairs are weighted; bounds memory, not the result.
_CHUNK = 8_000_000


class Resamples:
    """Draws with replacement of `count` queries or items, the same for every figure of a family."""

    def __init__(self, count: int, seed: int, times: int = TIMES) -> None:
        self.count = count
        dice = np.random.default_rng(seed)
        self.drawn = dice.integers(0, count, (times, count))
        offsets = np.arange(times)[:, None] * count
        flat = np.bincount((self.drawn + offsets).ravel(), minlength=times * count)
        self.weights: Array = flat.reshape(times, count).astype(np.float64)

    def mean(self, values: NDArray[np.floating]) -> Figure:
        values = np.asarray(values, np.float64)
        return figure(values.mean(), self.weights @ values / self.count)

    def median(self, values: NDArray[np.floating]) -> Figure:
        return figure(float(np.median(values)), np.median(values[self.drawn], axis=1))

    def sums(self, parts: NDArray[np.floating]) -> Array:
        """`[times, k]`: what the parts `[count, k]` of each query add up to in each resample."""
        return np.asarray(self.weights @ np.asarray(parts, np.float64))

    def replicates(
        self,
        statistic: Callable[[Array, Array, Array], Array],
        scores: NDArray[np.floating],
        truth: NDArray[np.generic],
        owners: NDArray[np.integer] | None = None,
        weights: NDArray[np.floating] | None = None,
    ) -> Array:
        """A ranking statistic per resample; `owners` says which query or item a pair falls with."""
        owners = np.arange(len(scores)) if owners is None else owners
        weights = np.ones(len(scores)) if weights is None else weights
        step = max(1, _CHUNK // max(1, len(scores)))
        parts = [
            statistic(
                np.asarray(scores, np.float64),
                np.asarray(truth, np.float64),
                self.weights[start : start + step][:, owners] * weights,
            )
            for start in range(0, len(self.weights), step)
        ]
        return np.concatenate(parts)


def figure(value: float, replicates: Array, biased: bool = False) -> Figure:
    """The middle 95 % of the replicates, widened to the value where they miss it.

    `biased` is for figures that resampling itself moves: an item drawn twice stands beside itself
    in a ranking, and every noise adds to a calibration error. Their replicates are centred on the
    value first.
    """
    known = replicates[np.isfinite(replicates)]
    if not len(known):
        known = np.asarray([value])
    low, high = np.quantile(known, [0.025, 0.975])
    if biased:
        shift = value - known.mean()
        # Never past the bounds that the replicates keep: a share stays one.
        low = max(low + shift, 0.0) if known.min() >= 0 else low + shift
        high = min(high + shift, 1.0) if known.max() <= 1 else high + shift
    return Figure(
        round(float(value), 4),
        round(float(min(low, value)), 4),
        round(float(max(high, value)), 4),
    )


def average_precision(scores: Array, truth: Array, weights: Array) -> Array:
    """Per row of `weights [b, n]`; not a number where a resample drew no positive."""
    true, said = _steps(scores, truth, weights)
    gained = np.diff(true, axis=1, prepend=0.0)
    with np.errstate(invalid="ignore"):
        precision = np.where(said > 0, true / said, 0.0)
        return np.asarray((precision * gained).sum(axis=1) / true[:, -1])


def roc_auc(scores: Array, truth: Array, weights: Array) -> Array:
    true, said = _steps(scores, truth, weights)
    false = said - true
    height = true + np.concatenate([np.zeros((len(true), 1)), true[:, :-1]], axis=1)
    with np.errstate(invalid="ignore"):
        area = (np.diff(false, axis=1, prepend=0.0) * height).sum(axis=1) / 2
        return np.asarray(area / (true[:, -1] * false[:, -1]))


def _steps(scores: Array, truth: Array, weights: Array) -> tuple[Array, Array]:
    """Weight of what is true and of what is said, down to each distinct score."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    weights = weights[:, order]
    said = np.cumsum(weights, axis=1)[:, ends]
    true = np.cumsum(weights * truth[order], axis=1)[:, ends]
    return true, said
