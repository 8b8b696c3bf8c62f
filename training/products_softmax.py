"""The softmax that a fine-tuned backbone learns with, and the backbone as it stands under it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from encoder.products import Floats
from training.features import BATCH
from training.products_fit import Looks, Rows
from training.products_head import DROPOUT, L2, fit_head

SPREAD = 1e-3  # least spread of a feature
PROBE_VIEWS, PROBE_EPOCHS = 3, 8  # of the softmax before the backbone learns


class Settled(layers.Layer):
    """A backbone whose normalisation stays as it was learnt; batches of few products shake it.

    `backbone(pixels, training=False)` in a functional model does not do it: Keras overrules that
    with the mode of the whole, and products were then told apart worse than by a frozen one.
    """

    def __init__(self, backbone: keras.Model) -> None:
        super().__init__()
        self.backbone = backbone

    def call(self, pixels: Any) -> Any:
        return self.backbone(pixels, training=False)


class Softmax:
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
