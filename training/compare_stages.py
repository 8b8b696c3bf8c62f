"""What learns in which order, and what it is given to see.

A pretrained backbone stays frozen while the head learns from cached features of several views;
one from random weights learns whole, from new views in each epoch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import keras
import numpy as np
from numpy.typing import NDArray

from encoder.inputs import Pixels
from progress import Progress
from training.compare_data import Integers, Labelled
from training.compare_model import FINETUNE_RATE, HEAD_RATE, SCRATCH_RATE, SCRATCH_RATES, Classifier
from training.compare_report import Plan
from training.compare_views import random_views

VIEWS = 4  # cached per train image: as it is and three at random; an epoch takes one of them
_SPEED_BATCHES, _SPEED_SECONDS = 12, 5.0

Floats = NDArray[np.floating]
Sees = Callable[[Integers], Floats | Pixels]  # rows → what the model is given of them


@dataclass(frozen=True)
class Stage:
    """What learns, how fast, and from what."""

    trained: Literal["head", "all"]
    model: keras.Model
    rate: float
    at_random: Sees  # an augmented view of each
    plain: Sees


def stages(
    classifier: Classifier,
    images: Pixels,
    items: Labelled,
    plan: Plan,
    rng: np.random.Generator,
    progress: Progress,
) -> Iterator[Stage]:
    """The probe of a pretrained backbone comes first: a raw head would wreck its features."""

    def plain(rows: Integers) -> Pixels:
        return np.asarray(images[rows])

    def at_random(rows: Integers) -> Pixels:
        return random_views(images, rows, rng)

    if not classifier.pretrained:
        rate = SCRATCH_RATES.get(plan.backbone, SCRATCH_RATE)
        yield Stage("all", classifier.whole, rate, at_random, plain)
        return
    classifier.freeze()
    everything, train = np.arange(len(items.targets)), items.rows("train")
    width = classifier.trunk.output_shape[-1]
    cached = np.zeros((VIEWS, len(everything), width), np.float16)
    for view in range(VIEWS):
        progress(f"{plan.backbone} features", view, VIEWS)
        rows, sees = (train, at_random) if view else (everything, plain)
        cached[view, rows] = predict(classifier.trunk, sees, rows, plan.batch)
    progress(f"{plan.backbone} features", VIEWS, VIEWS)
    yield Stage(
        "head",
        classifier.head,
        HEAD_RATE,
        lambda rows: cached[rng.integers(VIEWS, size=len(rows)), rows].astype(np.float32),
        lambda rows: cached[0, rows].astype(np.float32),
    )
    if plan.finetune:
        classifier.unfreeze()
        yield Stage("all", classifier.whole, FINETUNE_RATE, at_random, plain)


def predict(model: keras.Model, sees: Sees, rows: Integers, batch: int) -> Floats:
    """`[n, k]`; the last batch is filled up, for a short one would be compiled anew."""
    filled = np.resize(rows, math.ceil(len(rows) / batch) * batch)
    parts = [
        np.asarray(model.predict_on_batch(sees(filled[start : start + batch])))
        for start in range(0, len(filled), batch)
    ]
    return np.concatenate(parts)[: len(rows)]


def images_per_second(model: keras.Model, images: Pixels, batch: int) -> float:
    """From ready pixels to classes: the median batch, after one that compiles."""
    ready = np.asarray(images[np.resize(np.arange(len(images)), batch)])
    model.predict_on_batch(ready)
    times: list[float] = []
    while len(times) < _SPEED_BATCHES and sum(times) < _SPEED_SECONDS:
        began = time.perf_counter()
        model.predict_on_batch(ready)
        times.append(time.perf_counter() - began)
    return batch / float(np.median(times))
