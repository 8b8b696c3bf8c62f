"""One backbone: train on train, steer by val, answer for the judged split."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from encoder.inputs import Pixels
from errors import ModelError
from progress import Progress
from training.compare_data import Integers, Labelled
from training.compare_model import Classifier
from training.compare_report import Epoch, Plan
from training.compare_stages import Floats, Stage, predict, stages


@dataclass(frozen=True)
class Fit:
    probabilities: Floats  # of the judged rows
    curve: list[Epoch]
    kept_epoch: int
    seconds: float
    trained: str
    trained_parameters: int


def fit(
    classifier: Classifier, images: Pixels, items: Labelled, plan: Plan, progress: Progress
) -> Fit:
    began = time.perf_counter()
    rng = np.random.default_rng(plan.seed)
    curve: list[Epoch] = []
    kept = 0
    trained: list[str] = []
    for stage in stages(classifier, images, items, plan, rng, progress):
        trained.append(stage.trained)
        kept = _train(stage, items, plan, rng, progress, curve)
    seconds = time.perf_counter() - began
    judged = predict(stage.model, stage.plain, items.rows(items.judged), plan.batch)
    weights = stage.model.trainable_variables
    size = sum(math.prod(variable.shape) for variable in weights)
    return Fit(judged, curve, kept, seconds, ", then ".join(trained), size)


def _train(
    stage: Stage,
    items: Labelled,
    plan: Plan,
    rng: np.random.Generator,
    progress: Progress,
    curve: list[Epoch],
) -> int:
    """Adds to the curve; returns which of its epochs the model ends with, from 1."""
    model, train, val = stage.model, items.rows("train"), items.rows("val")
    batch = min(plan.batch, len(train))
    steps = math.ceil(len(train) / batch)
    rate = keras.optimizers.schedules.CosineDecay(stage.rate, steps * plan.epochs)
    model.compile(
        keras.optimizers.Adam(rate, global_clipnorm=1.0),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    choosing = len(val) > 0 and items.judged != "val"
    best, best_weights, kept = math.inf, None, 0
    note = ""
    for epoch in range(plan.epochs):

        def report(step: int, live: str, epoch: int = epoch, note: str = note) -> None:
            live = f"epoch {epoch + 1}/{plan.epochs} {live}{note}"
            stage_name = f"{plan.backbone} {stage.trained}"
            progress(stage_name, epoch * steps + step, steps * plan.epochs, live)

        # The last batch is filled up with the first images of the epoch.
        order = np.resize(rng.permutation(train), (steps, batch))
        loss, accuracy = _epoch(stage, items, order, report)
        val_loss, val_accuracy = _judge(stage, items, val, plan.batch)
        note = "" if val_accuracy is None else f" val {val_accuracy:.3f}"
        report(steps, _live(loss, accuracy), note=note)
        curve.append(Epoch(stage.trained, len(curve) + 1, loss, accuracy, val_loss, val_accuracy))
        if not choosing:
            kept = len(curve)
        elif val_loss is not None and val_loss < best:
            best, best_weights, kept = val_loss, model.get_weights(), len(curve)
    if best_weights is not None:
        model.set_weights(best_weights)
    return kept


def _epoch(
    stage: Stage, items: Labelled, order: Integers, report: Callable[[int, str], None]
) -> tuple[float, float]:
    """One pass over the rows of `order [steps, batch]`; mean loss and accuracy on the way."""
    sums = np.zeros(2)
    for step, rows in enumerate(order, start=1):
        stage.model.reset_metrics()
        sums += stage.model.train_on_batch(stage.at_random(rows), items.targets[rows])
        loss, accuracy = (sums / step).tolist()
        if not math.isfinite(loss):
            raise ModelError("the training diverged", "the loss is no number", "try another --seed")
        if step < len(order):
            report(step, _live(loss, accuracy))
    return loss, accuracy


def _live(loss: float, accuracy: float) -> str:
    return f"loss {loss:.3f} accuracy {accuracy:.3f}"


def _judge(
    stage: Stage, items: Labelled, rows: Integers, batch: int
) -> tuple[float, float] | tuple[None, None]:
    """(loss, accuracy) on the rows as they are."""
    if not len(rows):
        return None, None
    said, truth = predict(stage.model, stage.plain, rows, batch), items.targets[rows]
    loss = -np.log(np.maximum(said[np.arange(len(rows)), truth], 1e-7)).mean()
    return float(loss), float((said.argmax(axis=1) == truth).mean())
