"""A softmax over backbone features, Dropout and L2 against learning by heart, as NumPy arrays."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from encoder.products import Floats, ProductHead

EPOCHS = 60
BATCH = 64
DROPOUT = 0.5
L2 = 1e-4
RATE = 2e-3
LEVEL = 0.5  # how much of what only a product's number of pictures says is taken off again


def fit_head(
    features: NDArray[np.generic],
    labels: NDArray[np.intp],
    products: int,
    seed: int,
    epochs: int = EPOCHS,
) -> tuple[Floats, Floats]:
    """`[views, n, features]` → weight `[features, products]` and bias, for raw features.

    Each epoch sees one view of each picture, another one every time.
    """
    views, count, width = features.shape
    flat = features.reshape(-1, width).astype(np.float32)
    mean, spread = flat.mean(axis=0), flat.std(axis=0) + 1e-3
    keras.utils.set_random_seed(seed)
    entry = keras.Input((width,))
    dense = layers.Dense(products, kernel_regularizer=keras.regularizers.L2(L2))
    model = keras.Model(entry, dense(layers.Dropout(DROPOUT)(entry)))
    steps = max(1, -(-count // BATCH)) * epochs
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps)
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    dice = np.random.default_rng(seed)
    for _ in range(epochs):
        order = dice.permutation(count)
        if len(order) % BATCH:  # a short last batch would be compiled anew
            order = np.concatenate([order, dice.integers(count, size=-len(order) % BATCH)])
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            seen = features[dice.integers(views, size=len(rows)), rows].astype(np.float32)
            model.train_on_batch((seen - mean) / spread, labels[rows])
    kernel, bias = dense.get_weights()
    weight = kernel / spread[:, None]
    return weight.astype(np.float32), (bias - mean @ weight).astype(np.float32)


def product_head(
    weight: Floats, bias: Floats, plain: Floats, labels: NDArray[np.intp], products: int
) -> ProductHead:
    """The softmax, with the centre of each product's own pictures, `[n, features]`.

    A product is not asked for more often because the catalog has more pictures of it, and those
    with few are passed over in another store: the softmax forgets half of what it knows of numbers.
    Without a weight no mean is taken off: a few studio pictures say nothing of that of photographs.
    """
    if weight.size:
        counts = np.maximum(np.bincount(labels, minlength=products), 1)
        bias = bias - np.float32(LEVEL) * np.log(counts / counts.mean()).astype(np.float32)
    mean = plain.mean(axis=0) if weight.size else np.zeros(plain.shape[1], np.float32)
    away = plain - mean
    away /= np.linalg.norm(away, axis=1, keepdims=True) + 1e-9
    centres = np.zeros((products, plain.shape[1]), np.float32)
    np.add.at(centres, labels, away)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True) + 1e-9
    return ProductHead(weight, bias, centres, mean.astype(np.float32))
