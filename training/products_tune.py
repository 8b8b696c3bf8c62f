"""Fine-tuning a backbone to tell products apart: the softmax first, then both together.

What pays, by splits of train alone in which whole series of photographs are held out: crops of
every size; the upper part only, for what the lower one sees is the same anywhere; normalisation
left as it was; crops smaller than the pictures that will be asked, for a crop shows things larger
than they are there; the output alone as features, for layers from half-way up and palettes remember
the store.

What the lower part makes of some crops of each picture is computed once, so that an epoch costs a
third of what it would. `finetune_lower` trains all of it, on other crops in each epoch.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from encoder.inputs import Pixels
from encoder.network_backbone import BACKBONES, build_backbone, settle, trunk_of
from encoder.products import Floats
from progress import Progress
from training.checkpoints import Checkpoints
from training.crops import random_crop
from training.features import BATCH
from training.products_fit import Fit, Looks, Rows
from training.products_head import DROPOUT, L2, fit_head
from training.recipe import Recipe

WORKERS = 2
SPREAD = 1e-3  # least spread of a feature
CROPS = 10  # of each picture, where what the lower half makes of them is kept
PROBE_VIEWS, PROBE_EPOCHS = 3, 8  # of the softmax before the backbone learns
# Layers up to this one stay as they are: large maps, few channels, most of the work.
LOWER = {"mobilenetv2": "block_9_add", "efficientnetb0": "block4c_add"}


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
    size = backbone.input_shape[1]
    learner = _copy(backbone, name, crop_side(size))
    if name in LOWER and not recipe.finetune_lower:
        upper, looks = _upper(learner, name, images, recipe, progress)
    else:
        upper, looks = learner, _crops_of(images, learner, recipe)
    entry = keras.Input(upper.input_shape[1:])
    top = _Softmax(int(labels.max()) + 1, recipe.seed)
    model = keras.Model(entry, top.over(_Settled(upper)(entry)))
    fit = Fit(model, looks, labels, recipe, progress)
    if not fit.resume(checkpoints):
        top.begin(upper, looks, labels)
    fit.run(checkpoints)
    return Tuned(_copy(learner, name, size), *top.plain())


def _copy(backbone: keras.Model, name: str, size: int) -> keras.Model:
    """The same convolutions for pictures of another size."""
    made = build_backbone(name, size, middle=False, palette=False)
    trunk = trunk_of(made)
    trunk.set_weights(trunk_of(backbone).get_weights())
    settle(trunk)
    return made


def _crops_of(images: Pixels, learner: keras.Model, recipe: Recipe) -> Looks:
    def looks(rows: Rows, epoch: int) -> NDArray[Any]:
        # Dice of their own for each batch: what a killed run would have seen, it sees.
        dice = np.random.default_rng([recipe.seed, epoch, int(rows[0])])
        return _crops(images[rows], learner.input_shape[1], dice)

    return looks


def _upper(
    learner: keras.Model, name: str, images: Pixels, recipe: Recipe, progress: Progress
) -> tuple[keras.Model, Looks]:
    """The upper half, which shares its layers with `learner`, and what the lower one makes."""
    trunk = trunk_of(learner)
    split = trunk.get_layer(LOWER[name]).output
    pooled = layers.GlobalAveragePooling2D()(trunk.outputs[-1])
    upper = keras.Model(split, pooled, name="upper")
    pixels = keras.Input(learner.input_shape[1:])
    lower = keras.Model(pixels, keras.Model(trunk.input, split)(BACKBONES[name].scaling(pixels)))
    side, count = learner.input_shape[1], len(images)
    dice = np.random.default_rng([recipe.seed, 0])
    maps = np.empty((CROPS, count, *split.shape[1:]), np.float16)
    for crop in range(CROPS):
        for start in range(0, count, BATCH):
            progress("crops", crop * count + start, CROPS * count)
            part = images[start : start + BATCH]
            padded = np.zeros((BATCH, side, side, 3), np.uint8)
            padded[: len(part)] = _crops(part, side, dice)
            maps[crop, start : start + BATCH] = lower.predict_on_batch(padded)[: len(part)]
    progress("crops", CROPS * count, CROPS * count)

    def looks(rows: Rows, epoch: int) -> NDArray[Any]:
        return maps[(epoch + rows) % CROPS, rows].astype(np.float32)

    return upper, looks


def _crops(images: Pixels, side: int, dice: np.random.Generator) -> Pixels:
    with ThreadPoolExecutor(WORKERS) as pool:
        made = pool.map(
            lambda pair: random_crop(pair[0], side, pair[1]),
            zip(images, dice.spawn(len(images)), strict=True),
        )
        return np.stack(list(made))


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

    def __init__(self, products: int, seed: int) -> None:
        self._products, self._seed = products, seed
        self._dense = layers.Dense(products, kernel_regularizer=keras.regularizers.L2(L2))
        self._even = _Even()

    def over(self, features: Any) -> Any:
        return self._dense(layers.Dropout(DROPOUT, seed=self._seed)(self._even(features)))

    def begin(self, upper: keras.Model, looks: Looks, labels: Rows) -> None:
        """With what is best for the backbone as it is."""
        views = np.stack([_features(upper, looks, len(labels), e) for e in range(PROBE_VIEWS)])
        flat = views.reshape(-1, views.shape[-1])
        mean, spread = flat.mean(axis=0), flat.std(axis=0) + SPREAD
        weight, bias = fit_head(views, labels, self._products, self._seed, PROBE_EPOCHS)
        self._even.set_weights([mean, spread])
        self._dense.set_weights([weight * spread[:, None], bias + mean @ weight])

    def plain(self) -> tuple[Floats, Floats]:
        """Weight and bias for features as they are."""
        mean, spread = self._even.get_weights()
        kernel, bias = self._dense.get_weights()
        weight = (kernel / spread[:, None]).astype(np.float32)
        return weight, (bias - mean @ weight).astype(np.float32)


def _features(upper: keras.Model, looks: Looks, count: int, epoch: int) -> Floats:
    parts = []
    for start in range(0, count, BATCH):
        rows = np.arange(start, start + BATCH) % count  # a short last batch would be compiled anew
        parts.append(upper.predict_on_batch(looks(rows, epoch)))
    return np.concatenate(parts)[:count]


class _Even(layers.Layer):
    """Features less their mean, by their spread: both are found, not learnt."""

    def build(self, shape: tuple[int, ...]) -> None:
        width = shape[-1]
        self.mean = self.add_weight(shape=(width,), initializer="zeros", trainable=False)
        self.spread = self.add_weight(shape=(width,), initializer="ones", trainable=False)

    def call(self, features: Any) -> Any:
        return (features - self.mean) / self.spread
