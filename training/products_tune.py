"""Fine-tuning a backbone to tell products apart: the softmax first, then both together.

What pays, by the inner splits of docs/records.md: crops of every size; the upper half only, for
what the lower one sees is the same anywhere; normalisation left as it was; crops smaller than the
pictures that will be asked, for a crop shows things larger than they are there; the output alone
as features, for layers from half-way up and palettes remember the store.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from encoder.inputs import Pixels
from encoder.network_backbone import build_backbone, settle, trunk_of
from encoder.products import Floats
from progress import Progress
from training.checkpoints import Checkpoints, restore
from training.crops import random_crop
from training.features import plain_features
from training.products_head import DROPOUT, L2, fit_head
from training.recipe import Epoch, Recipe

WORKERS = 2
SMOOTHING = 0.1
SPREAD = 1e-3  # least spread of a feature
PROBE_VIEWS, PROBE_EPOCHS = 3, 8  # of the softmax before the backbone learns
# Layers up to this one stay as they are: large maps, few channels, more than half of the work.
LOWER = {"mobilenetv2": "block_6_project_BN", "efficientnetb0": "block4a_project_bn"}
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Tuned:
    """A backbone of the size asked for, whose features are its output alone, and its softmax."""

    backbone: keras.Model
    weight: Floats
    bias: Floats


def source_side(size: int) -> int:
    """How large pictures are kept to be cropped, for a backbone of this size."""
    return round(size * 5 / 4)


def crop_side(size: int) -> int:
    """Crops are a sixth smaller than what is asked later, in steps that convolutions divide by."""
    return max(32, round(size * 5 / 6 / 32) * 32)


def tune(
    backbone: keras.Model,
    name: str,
    images: Pixels,
    labels: Rows,
    recipe: Recipe,
    checkpoints: Checkpoints,
    progress: Progress,
) -> Tuned:
    """`images` have `source_side`. The backbone itself stays as it is; `name` is what it is."""
    side = crop_side(backbone.input_shape[1])
    learner = _copy(backbone, name, side)
    trunk = trunk_of(learner)
    if not recipe.finetune_lower:
        _freeze(trunk, LOWER.get(name))
    pixels = keras.Input((side, side, 3))
    features = _Settled(learner)(pixels)
    top = _Softmax(int(labels.max()) + 1)
    model = keras.Model(pixels, top.over(features))
    fit = _Fit(model, images, labels, side, recipe, progress)
    if not fit.resume(checkpoints):
        top.begin(*_probe(learner, images, labels, side, recipe, progress))
    fit.run(checkpoints)
    return Tuned(_copy(learner, name, backbone.input_shape[1]), *top.plain())


def _copy(backbone: keras.Model, name: str, size: int) -> keras.Model:
    """The same convolutions for pictures of another size."""
    made = build_backbone(name, size, middle=False, palette=False)
    trunk = trunk_of(made)
    trunk.set_weights(trunk_of(backbone).get_weights())
    settle(trunk)
    return made


def _freeze(trunk: keras.Model, last: str | None) -> None:
    if last is None:  # of a backbone that nobody has looked into
        return
    for layer in trunk.layers:
        layer.trainable = False
        if layer.name == last:
            return


def _probe(
    learner: keras.Model,
    images: Pixels,
    labels: Rows,
    side: int,
    recipe: Recipe,
    progress: Progress,
) -> tuple[Floats, Floats, Floats]:
    """Features of some views, and the weight and bias that are best for them."""
    dice = np.random.default_rng([recipe.seed, 0])
    found = []
    for view in range(PROBE_VIEWS):
        progress("views", view, PROBE_VIEWS)
        found.append(plain_features(learner, _crops(images, side, dice)))
    progress("views", PROBE_VIEWS, PROBE_VIEWS)
    views = np.stack(found)
    count = int(labels.max()) + 1
    weight, bias = fit_head(views, labels, count, recipe.seed, PROBE_EPOCHS)
    return views.reshape(-1, views.shape[-1]).astype(np.float32), weight, bias


class _Settled(layers.Layer):
    """A backbone whose normalisation stays as it was learnt; batches of few products shake it.

    `backbone(pixels, training=False)` in a functional model does not do it: Keras overrules that
    with the mode of the whole, and products were then told apart worse than by a frozen one.
    """

    def __init__(self, backbone: keras.Model) -> None:
        super().__init__()
        self.backbone = backbone

    def call(self, pixels: Any) -> Any:
        return self.backbone(pixels, training=False)


class _Softmax:
    """The softmax over features brought to one scale: dropout must take off nothing but spread."""

    def __init__(self, products: int) -> None:
        self._dense = layers.Dense(products, kernel_regularizer=keras.regularizers.L2(L2))
        self._even = _Even()

    def over(self, features: Any) -> Any:
        return self._dense(layers.Dropout(DROPOUT)(self._even(features)))

    def begin(self, flat: Floats, weight: Floats, bias: Floats) -> None:
        mean, spread = flat.mean(axis=0), flat.std(axis=0) + SPREAD
        self._even.set_weights([mean, spread])
        self._dense.set_weights([weight * spread[:, None], bias + mean @ weight])

    def plain(self) -> tuple[Floats, Floats]:
        """Weight and bias for features as they are."""
        mean, spread = self._even.get_weights()
        kernel, bias = self._dense.get_weights()
        weight = (kernel / spread[:, None]).astype(np.float32)
        return weight, (bias - mean @ weight).astype(np.float32)


class _Even(layers.Layer):
    """Features less their mean, by their spread: both are found, not learnt."""

    def build(self, shape: tuple[int, ...]) -> None:
        width = shape[-1]
        self.mean = self.add_weight(shape=(width,), initializer="zeros", trainable=False)
        self.spread = self.add_weight(shape=(width,), initializer="ones", trainable=False)

    def call(self, features: Any) -> Any:
        return (features - self.mean) / self.spread


class _Fit:
    """All epochs of one training, each on other crops; a killed one goes on where it was."""

    def __init__(
        self,
        model: keras.Model,
        images: Pixels,
        labels: Rows,
        side: int,
        recipe: Recipe,
        progress: Progress,
    ) -> None:
        self._model, self._images, self._labels, self._side = model, images, labels, side
        self._recipe, self._progress = recipe, progress
        self._batch = min(recipe.finetune_batch, len(labels))
        self._steps = max(1, len(labels) // self._batch)
        total = self._steps * recipe.finetune_epochs
        rate = keras.optimizers.schedules.CosineDecay(
            0.0,
            max(1, total - total // 10),
            warmup_target=recipe.finetune_learning_rate,
            warmup_steps=max(1, total // 10),
        )
        optimizer = keras.optimizers.AdamW(
            rate, weight_decay=recipe.weight_decay, global_clipnorm=5.0
        )
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        model.compile(
            optimizer=optimizer,
            loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=SMOOTHING),
            metrics=["accuracy"],
            jit_compile=False,
        )
        optimizer.build(model.trainable_variables)
        self._variables = [*model.variables, *optimizer.variables]
        self._history: list[Epoch] = []

    def resume(self, checkpoints: Checkpoints) -> bool:
        stored = checkpoints.load()
        if stored is None or len(stored.arrays) != len(self._variables):
            return False
        restore(self._variables, stored.arrays)
        self._history = stored.history
        return True

    def run(self, checkpoints: Checkpoints) -> None:
        epochs = self._recipe.finetune_epochs
        for number in range(len(self._history), epochs):
            right = self._epoch(number)
            self._history.append(Epoch("products", number + 1, {"accuracy": right}))
            checkpoints.save(self._variables, self._history, {})

    def _epoch(self, number: int) -> float:
        """The share of crops that were told apart."""
        dice = np.random.default_rng([self._recipe.seed, 1 + number])
        order = dice.permutation(len(self._labels))
        truth = np.eye(self._model.output_shape[-1], dtype=np.float32)
        total, right = self._steps * self._recipe.finetune_epochs, 0.0
        for step in range(self._steps):
            rows = order[step * self._batch : (step + 1) * self._batch]
            seen = _crops(self._images[rows], self._side, dice)
            self._model.reset_metrics()
            figures = self._model.train_on_batch(seen, truth[self._labels[rows]], return_dict=True)
            right += float(ops.convert_to_numpy(figures["accuracy"]))
            done = number * self._steps + step + 1
            self._progress("products", done, total, f"accuracy {right / (step + 1):.3f}")
        return right / self._steps


def _crops(images: Pixels, side: int, dice: np.random.Generator) -> Pixels:
    with ThreadPoolExecutor(WORKERS) as pool:
        made = pool.map(
            lambda pair: random_crop(pair[0], side, pair[1]),
            zip(images, dice.spawn(len(images)), strict=True),
        )
        return np.stack(list(made))
