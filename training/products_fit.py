"""The epochs of a recogniser's fine-tuning; a killed one goes on after its last whole epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from progress import Progress
from training.checkpoints import Checkpoints, restore
from training.cutmix import cutmix
from training.recipe import Epoch, Recipe

SMOOTHING = 0.1
KIND_WEIGHT = 0.5  # of the loss over kinds, beside that over products
WARM_UP = 0.1  # share of the steps in which the rate climbs
Rows = NDArray[np.intp]
Looks = Callable[[Rows, int], NDArray[Any]]  # what some pictures look like in an epoch


@dataclass(frozen=True)
class Lesson:
    looks: Looks
    labels: Rows  # the product of each picture
    kinds: Rows  # the kind of each product
    cut: float  # the share of pictures that get a piece of another


class Fit:
    def __init__(
        self, model: keras.Model, lesson: Lesson, recipe: Recipe, progress: Progress
    ) -> None:
        self._model, self._lesson = model, lesson
        self._recipe, self._progress = recipe, progress
        self._batch = min(recipe.finetune_batch, len(lesson.labels))
        self._steps = max(1, len(lesson.labels) // self._batch)
        total = self._steps * recipe.finetune_epochs
        climb = max(1, round(total * WARM_UP))
        rate = keras.optimizers.schedules.CosineDecay(
            0.0,
            max(1, total - climb),
            warmup_target=recipe.finetune_learning_rate,
            warmup_steps=climb,
        )
        optimizer = keras.optimizers.AdamW(
            rate, weight_decay=recipe.weight_decay, global_clipnorm=5.0
        )
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        model.compile(
            optimizer=optimizer,
            loss=loss_over(lesson.kinds),
            metrics=["accuracy"],
            jit_compile=False,
        )
        optimizer.build(model.trainable_variables)
        self._variables = [*model.variables, *optimizer.variables]
        self._history: list[Epoch] = []

    def resume(self, checkpoints: Checkpoints) -> bool:
        """Whether there was something to go on from."""
        stored = checkpoints.load()
        if stored is None or len(stored.arrays) != len(self._variables):
            return False
        restore(self._variables, stored.arrays)
        self._history = stored.history
        return True

    def run(self, checkpoints: Checkpoints) -> None:
        for number in range(len(self._history), self._recipe.finetune_epochs):
            right = self._epoch(number)
            self._history.append(Epoch("products", number + 1, {"accuracy": right}))
            checkpoints.save(self._variables, self._history, {})

    def _epoch(self, number: int) -> float:
        """The share of pictures that were told apart."""
        lesson, size = self._lesson, self._batch
        dice = np.random.default_rng([self._recipe.seed, number])
        order = dice.permutation(len(lesson.labels))
        truth = np.eye(len(lesson.kinds), dtype=np.float32)[lesson.labels]
        total, right = self._steps * self._recipe.finetune_epochs, 0.0
        for step in range(self._steps):
            rows = order[step * size : (step + 1) * size]
            batch = cutmix(lesson.looks(rows, number), truth[rows], lesson.cut, dice)
            self._model.reset_metrics()
            figures = self._model.train_on_batch(*batch, return_dict=True)
            right += float(ops.convert_to_numpy(figures["accuracy"]))
            done = number * self._steps + step + 1
            self._progress("products", done, total, f"accuracy {right / (step + 1):.3f}")
        return right / self._steps


def loss_over(kinds: Rows) -> Callable[[Any, Any], Any]:
    """Cross-entropy over products, and over their kinds where some products share one.

    To take a milk for another milk is half a mistake, and what milks have in common is learnt from
    all of them.
    """
    count = len(kinds)
    member = np.eye(int(kinds.max()) + 1, dtype=np.float32)[kinds]

    def loss(truth: Any, logits: Any) -> Any:
        logs = ops.log_softmax(logits)
        smooth = truth * (1 - SMOOTHING) + SMOOTHING / count
        over_products = -ops.sum(smooth * logs, axis=-1)
        if member.shape[1] == count:
            return over_products
        shares = ops.log(ops.matmul(ops.exp(logs), member) + keras.config.epsilon())
        return over_products - KIND_WEIGHT * ops.sum(ops.matmul(truth, member) * shares, axis=-1)

    return loss
