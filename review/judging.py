"""Whether new heads are better than those in force: on validation, and on corrections held out.

Both are calibrated alike, on validation by folds, and every figure is of images that neither the
heads' fit nor the calibration was given. Differences are paired: the same images are drawn for
both, a thousand times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoder.encoded import Floats
from encoder.head import sigmoid
from encoder.tagging import logits
from evaluation.bootstrap import Array, Resamples, average_precision, figure
from evaluation.report import Figure
from review.calibration import Calibrated, Fit, Truth

ALLOWED = 0.005  # what a figure may be lower by, as far as it may be chance
NEGLIGIBLE = 0.001  # what it may be lower by for sure
# F1 hangs on where tags are cut, which moves by chance with the answers of a few images.
ALLOWED_OF_CUTS = 0.03
CUT = ("val.micro_F1",)


@dataclass(frozen=True)
class Change:
    """One figure of the heads in force and of the new ones."""

    before: float
    after: float
    change: Figure
    allowed: float = ALLOWED

    @property
    def fell(self) -> bool:
        """By more than is allowed, or by less and not by chance."""
        sure = self.change.high < 0 and self.change.value < -NEGLIGIBLE
        return sure or self.change.value < -self.allowed


def on_validation(
    before: Calibrated, after: Calibrated, truth: Truth, precision: float, seed: int
) -> dict[str, Change]:
    resamples = Resamples(len(truth), seed)
    present = np.flatnonzero(truth.any(axis=0))
    values = [_figures(one, truth, present, precision, resamples) for one in (before, after)]
    return {
        name: _change(before_, values[1][name], ALLOWED_OF_CUTS if name in CUT else ALLOWED)
        for name, before_ in values[0].items()
    }


def on_corrections(
    before: Floats, after: Floats, truth: Truth, judged: Truth, seed: int
) -> dict[str, Change]:
    """`before` and `after` are probabilities `[n, tags]`; what is not `judged` does not count."""
    resamples = Resamples(len(truth), seed)
    counts = judged.sum(axis=1).astype(np.float64)
    drawn = np.maximum(resamples.sums(counts[:, None])[:, 0], 1e-9)
    changes = {}
    for name, measure in (("likelihood", _likelihood), ("right", _right)):
        parts = [np.where(judged, measure(of, truth), 0.0).sum(axis=1) for of in (before, after)]
        old, new = (
            (float(part.sum() / counts.sum()), resamples.sums(part[:, None])[:, 0] / drawn)
            for part in parts
        )
        changes[f"corrections.{name}"] = _change(old, new, allowed=NEGLIGIBLE)
    return changes


def _figures(
    one: Calibrated, truth: Truth, present: NDArray[np.intp], precision: float, resamples: Resamples
) -> dict[str, tuple[float, Array]]:
    """Each with its value in every resample."""
    chances = _chances(one.indexed)
    given = chances >= one.tagging.indexed.cut(precision)
    hits, said, there = (
        resamples.sums(part.sum(axis=1)[:, None].astype(np.float64))[:, 0]
        for part in (given & truth, given, truth)
    )
    f1 = 2 * (given & truth).sum() / max(1, given.sum() + truth.sum())
    return {
        "val.macro_mAP": _macro(chances, truth, present, resamples),
        "val.head.macro_mAP": _macro(_chances(one.alone), truth, present, resamples),
        "val.micro_F1": (float(f1), 2 * hits / np.maximum(said + there, 1.0)),
    }


def _chances(fit: Fit) -> Floats:
    return sigmoid(np.asarray(fit.unseen, np.float32))


def _macro(
    chances: Floats, truth: Truth, present: NDArray[np.intp], resamples: Resamples
) -> tuple[float, Array]:
    whole, values, drawn = np.ones((1, len(truth))), list[float](), list[Array]()
    for tag in present.tolist():
        scores, right = chances[:, tag].astype(np.float64), truth[:, tag].astype(np.float64)
        values.append(float(average_precision(scores, right, whole)[0]))
        drawn.append(resamples.replicates(average_precision, scores, right))
    return float(np.mean(values)), np.nanmean(drawn, axis=0)


def _change(
    before: tuple[float, Array], after: tuple[float, Array], allowed: float = ALLOWED
) -> Change:
    difference = figure(after[0] - before[0], after[1] - before[1])
    return Change(round(before[0], 4), round(after[0], 4), difference, allowed)


def _likelihood(chances: Floats, truth: Truth) -> Array:
    """Mean log likelihood: 0 is certain and right, -0.69 is a coin."""
    odds = logits(chances).astype(np.float64)
    return np.asarray(truth * odds - np.logaddexp(0.0, odds))


def _right(chances: Floats, truth: Truth) -> Array:
    return np.asarray((chances >= 0.5) == truth, np.float64)
