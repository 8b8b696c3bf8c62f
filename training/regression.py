"""Logistic regressions whose weights are never negative, and which lean on what was known before.

A search must put items in order first of all, so weights are found on that: each right item is
held against all wrong ones of its own query. Then one factor and one offset turn the sum into a
probability that comes true among the results that are shown. Short and long queries get weights of
their own; one of middling length takes part in both (see encoder/scoring.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from encoder.scoring import Weights, shares

Array = NDArray[np.float64]
SHOWN = 10  # results whose scores are made to come true
LEAN = 0.15  # on the weights that were there before, against the sum of all queries


@dataclass(frozen=True)
class Answered:
    """One query's candidates, in the order of the shortlist."""

    evidence: Array  # [candidates, kinds of evidence]
    truth: NDArray[np.bool_]
    brevity: float


def fit_weights(queries: Sequence[Answered], before: Weights) -> Weights:
    """What has no example keeps the weights from before."""
    kinds = len(before.short)
    order = _order([q for q in queries if q.truth.any() and not q.truth.all()], before)
    short, long = order[:kinds], order[kinds:]
    rows, truth = [np.empty((0, 5))], [np.empty(0, np.bool_)]
    for query in queries:
        best = np.argsort(-(_split(query) @ order), kind="stable")[:SHOWN]
        of = shares(query.brevity)
        sums = query.evidence[best] @ np.stack([of[0] * short, of[1] * long], axis=1)
        rows.append(np.hstack([sums, np.tile(of, (len(best), 1))]))
        truth.append(query.truth[best])
    start = (1.0, 1.0, *before.offsets, before.single)
    factor, other, *offsets, single = logistic(
        np.concatenate(rows), np.concatenate(truth), start, 3
    )
    return Weights(_plain(short * factor), _plain(long * other), (offsets[0], offsets[1]), single)


def logistic(
    evidence: Array, truth: NDArray[np.generic], before: Sequence[float], signed: int
) -> tuple[float, ...]:
    """Weights of each kind of evidence; the last `signed` ones may be negative."""
    start = np.asarray(before, np.float64)
    target = np.asarray(truth, np.float64)

    def loss(weights: Array) -> tuple[float, Array]:
        logits = evidence @ weights
        away = weights - start
        value = (np.logaddexp(0.0, logits) - target * logits).sum() + LEAN * (away @ away)
        pull = evidence.T @ (0.5 * (1.0 + np.tanh(0.5 * logits)) - target)
        return float(value), np.asarray(pull + 2.0 * LEAN * away)

    return _plain(_least(loss, start, signed))


def _order(queries: Sequence[Answered], before: Weights) -> Array:
    """The weights, for short queries and then for long ones, that put right items first."""
    start = np.asarray([*before.short, *before.long])
    if not queries:
        return start
    split = [_split(query) for query in queries]
    spread = np.concatenate(split).std(axis=0) + 1e-6
    parts = [(rows / spread, query.truth) for rows, query in zip(split, queries, strict=True)]
    start = start * spread

    def loss(weights: Array) -> tuple[float, Array]:
        away = weights - start
        value, pull = LEAN * (away @ away), 2.0 * LEAN * away
        for rows, truth in parts:
            logits = rows @ weights
            odds = np.exp(logits - logits.max())
            right, wrong = odds[truth], odds[~truth].sum() + 1e-12
            value -= np.log(right / (right + wrong) + 1e-12).mean()
            missed = wrong / (right + wrong) / len(right)
            against = (odds[~truth] / wrong) @ rows[~truth]
            pull = pull - missed @ rows[truth] + missed.sum() * against
        return float(value), np.asarray(pull)

    return np.asarray(_least(loss, start, 0) / spread)


def _least(loss: Callable[[Array], tuple[float, Array]], start: Array, signed: int) -> Array:
    bounds = [(0.0, None)] * (len(start) - signed) + [(None, None)] * signed
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x, np.float64)


def _split(query: Answered) -> Array:
    short, long, _ = shares(query.brevity)
    return np.hstack([query.evidence * short, query.evidence * long])


def _plain(weights: Array) -> tuple[float, ...]:
    return tuple(weights.tolist())
