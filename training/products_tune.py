"""Fine-tuning the backbone to tell products apart: the softmax first, then both together.

Only its upper part learns: what the lower part makes of several views of each picture is computed
once, so that an epoch costs a small share of the whole. `finetune_lower` trains all of the network,
on another view of each picture in each epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from encoder.inputs import Pixels
from encoder.network_backbone import BACKBONES, trunk_of
from encoder.products import Floats
from progress import Progress
from training.photographed import photographed
from training.products_head import DROPOUT, L2, fit_head
from training.recipe import Recipe

WORKERS = 2
STRENGTH = 0.7
SMOOTHING = 0.05
SPREAD = 1e-3  # least spread of a feature
BATCH = 32
# Where the upper part begins: the last layer of small maps and few channels.
SPLITS = {"mobilenetv2": "block_12_add", "efficientnetb0": "block5c_add"}
Rows = NDArray[np.intp]
Views = NDArray[np.float16]


def tune(
    backbone: keras.Model,
    name: str,
    images: Pixels,
    labels: Rows,
    recipe: Recipe,
    look: Callable[[], Views],
    progress: Progress,
) -> tuple[Floats, Floats, Views]:
    """Change the backbone in place; returns the softmax that goes with it and features of views.

    `look` computes such features with the backbone as it then is.
    """
    dice = np.random.default_rng(recipe.seed)
    count = int(labels.max()) + 1
    truth = np.eye(count, dtype=np.float32)[labels]
    top = _Softmax(count)
    if name in SPLITS and not recipe.finetune_lower:
        upper, maps, views = _upper(backbone, name, images, recipe.views, dice, progress)
        model = keras.Model(upper.inputs, top.over(upper.output, views, labels, recipe.seed))

        def some(rows: Rows) -> list[NDArray[Any]]:
            view = dice.integers(recipe.views, size=len(rows))
            return [maps[view, rows].astype(np.float32), views[view, rows].astype(np.float32)]

        _fit(model, some, truth, recipe, dice, progress)
        views = np.stack([_raised(upper, *pair) for pair in zip(maps, views, strict=True)])
    else:
        pixels = keras.Input(backbone.input_shape[1:])
        # Normalisation stays as it was learnt: batches of a few products would shake it.
        features = backbone(pixels, training=False)
        model = keras.Model(pixels, top.over(features, look(), labels, recipe.seed))
        _fit(model, lambda rows: _views(images[rows], dice), truth, recipe, dice, progress)
        views = look()
    return *top.plain(), views


class _Softmax:
    """The softmax over features brought to one scale: dropout must take off nothing but spread."""

    def __init__(self, products: int) -> None:
        self._products = products
        self._dense = layers.Dense(products, kernel_regularizer=keras.regularizers.L2(L2))

    def over(self, features: Any, views: Views, labels: Rows, seed: int) -> Any:
        """Logits of features, begun with what is best for the backbone as it is."""
        flat = views.reshape(-1, views.shape[-1]).astype(np.float32)
        self._mean, self._spread = flat.mean(axis=0), flat.std(axis=0) + SPREAD
        weight, bias = fit_head(views, labels, self._products, seed)
        even = layers.Rescaling(1 / self._spread, -self._mean / self._spread)(features)
        logits = self._dense(layers.Dropout(DROPOUT)(even))
        self._dense.set_weights([weight * self._spread[:, None], bias + self._mean @ weight])
        return logits

    def plain(self) -> tuple[Floats, Floats]:
        """Weight and bias for features as they are."""
        kernel, bias = self._dense.get_weights()
        weight = (kernel / self._spread[:, None]).astype(np.float32)
        return weight, (bias - self._mean @ weight).astype(np.float32)


def _raised(upper: keras.Model, maps: Views, whole: Views) -> Views:
    """What the upper part makes of the maps of one view."""
    found = np.empty_like(whole)
    for start in range(0, len(maps), BATCH):
        rows = slice(start, start + BATCH)
        parts = [np.asarray(part[rows], np.float32) for part in (maps, whole)]
        short = BATCH - len(parts[0])
        parts = [np.pad(part, [(0, short)] + [(0, 0)] * (part.ndim - 1)) for part in parts]
        found[rows] = upper.predict_on_batch(parts)[: BATCH - short]
    return found


def _upper(
    backbone: keras.Model,
    name: str,
    images: Pixels,
    views: int,
    dice: np.random.Generator,
    progress: Progress,
) -> tuple[keras.Model, Views, Views]:
    """The upper part, what the lower one makes of each view, and the features of each view."""
    trunk = trunk_of(backbone)
    split = trunk.get_layer(SPLITS[name]).output
    *_, top = trunk.outputs
    upper = keras.Model(split, [*trunk.outputs[1:-1], top], name="upper")
    scaled = BACKBONES[name].scaling
    pixels = keras.Input(backbone.input_shape[1:])
    below = keras.Model(trunk.input, split)(scaled(pixels), training=False)
    lower = keras.Model(pixels, [below, backbone(pixels, training=False)])
    shape, width = tuple(split.shape[1:]), int(backbone.output_shape[-1])
    maps = np.empty((views, len(images), *shape), np.float16)
    whole = np.empty((views, len(images), width), np.float16)
    for view in range(views):
        for start in range(0, len(images), BATCH):
            progress("lower", view * len(images) + start, views * len(images))
            part = images[start : start + BATCH]
            looks = part if view == 0 else _views(part, dice)
            padded = np.zeros((BATCH, *looks.shape[1:]), np.uint8)
            padded[: len(looks)] = looks
            made, felt = lower.predict_on_batch(padded)
            maps[view, start : start + BATCH] = made[: len(looks)]
            whole[view, start : start + BATCH] = felt[: len(looks)]
    progress("lower", views * len(images), views * len(images))
    entry, fixed = keras.Input(shape), keras.Input((width,))
    features = _features(name, upper(entry, training=False), fixed)
    return keras.Model([entry, fixed], features), maps, whole


def _features(name: str, raised: list[Any], fixed: Any) -> Any:
    """The backbone's feature vector: what the upper part makes anew, the rest as it was."""
    pool = layers.GlobalAveragePooling2D()
    (_, low), (_, middle) = BACKBONES[name].taps
    top = BACKBONES[name].width
    *between, last = raised
    width = int(fixed.shape[-1])
    if width < low + middle + top:  # features without the middle
        parts = [pool(last), fixed[:, top:]]
    else:
        parts = [fixed[:, :low], pool(between[0]), pool(last), fixed[:, low + middle + top :]]
    return layers.Concatenate()([part for part in parts if part.shape[-1]])


def _fit(
    model: keras.Model,
    seen: Callable[[Rows], Any],
    truth: Floats,
    recipe: Recipe,
    dice: np.random.Generator,
    progress: Progress,
) -> None:
    batch = min(recipe.finetune_batch, len(truth))
    steps = max(1, len(truth) // batch)
    total = steps * recipe.finetune_epochs
    rate = keras.optimizers.schedules.CosineDecay(
        recipe.finetune_learning_rate * 0.1,
        total,
        warmup_target=recipe.finetune_learning_rate,
        warmup_steps=max(1, total // 20),
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, clipnorm=5.0),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=SMOOTHING),
        metrics=["accuracy"],
        jit_compile=False,
    )
    for epoch in range(recipe.finetune_epochs):
        order = dice.permutation(len(truth))
        right = 0.0
        for step in range(steps):
            rows = order[step * batch : (step + 1) * batch]
            model.reset_metrics()
            figures = model.train_on_batch(seen(rows), truth[rows], return_dict=True)
            right += float(figures["accuracy"])
            done = epoch * steps + step + 1
            progress("products", done, total, f"accuracy {right / (step + 1):.3f}")


def _views(images: Pixels, dice: np.random.Generator) -> Pixels:
    with ThreadPoolExecutor(WORKERS) as pool:
        return np.stack(list(pool.map(_view, images, dice.spawn(len(images)))))


def _view(pixels: Pixels, dice: np.random.Generator) -> Pixels:
    view = photographed(pixels, dice, STRENGTH)
    return view[:, ::-1] if dice.random() < 0.5 else view
