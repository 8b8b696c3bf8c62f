"""Fine-tuning the backbone to tell products apart: the softmax first, then both together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from encoder.inputs import Pixels
from encoder.network_backbone import BACKBONES, trunk_of
from encoder.products import Floats
from progress import Progress
from training.photographed import photographed
from training.products_head import DROPOUT, L2
from training.recipe import Recipe

WORKERS = 2
STRENGTH = 0.7
SMOOTHING = 0.05


def tune(
    backbone: keras.Model,
    name: str,
    head: tuple[Floats, Floats],
    images: Pixels,
    labels: NDArray[np.intp],
    recipe: Recipe,
    progress: Progress,
) -> tuple[Floats, Floats]:
    """Change the backbone in place; returns the softmax that goes with it."""
    weight, bias = head
    if not recipe.finetune_lower:
        first, _ = BACKBONES[name].taps[0]
        for layer in trunk_of(backbone).layers:
            if layer.name == first:
                break
            layer.trainable = False
    pixels = keras.Input(backbone.input_shape[1:])
    # Normalisation stays as it was learnt: batches of a few products would shake it.
    features = backbone(pixels, training=False)
    dense = layers.Dense(weight.shape[1], kernel_regularizer=keras.regularizers.L2(L2 / 10))
    model = keras.Model(pixels, dense(layers.Dropout(DROPOUT)(features)))
    dense.set_weights([weight, bias])
    batch = recipe.finetune_batch
    steps = max(1, len(images) // batch)
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
        jit_compile=False,
    )
    dice = np.random.default_rng(recipe.seed)
    truth = np.eye(weight.shape[1], dtype=np.float32)
    with ThreadPoolExecutor(WORKERS) as pool:

        def seen(rows: NDArray[np.intp]) -> Pixels:
            return np.stack(list(pool.map(_view, images[rows], dice.spawn(len(rows)))))

        for epoch in range(recipe.finetune_epochs):
            order = dice.permutation(len(images))
            loss = 0.0
            for step in range(steps):
                rows = order[step * batch : (step + 1) * batch]
                loss += float(model.train_on_batch(seen(rows), truth[labels[rows]]))
                done = epoch * steps + step + 1
                progress("products", done, total, f"loss {loss / (step + 1):.3f}")
    kernel, bias = dense.get_weights()
    return kernel.astype(np.float32), bias.astype(np.float32)


def _view(pixels: Pixels, dice: np.random.Generator) -> Pixels:
    view = photographed(pixels, dice, STRENGTH)
    return view[:, ::-1] if dice.random() < 0.5 else view
