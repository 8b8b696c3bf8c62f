"""What a recogniser's fine-tuning sees of the pictures: crops, or what the lower half made of them.

Crops are smaller than the pictures that will be asked, for a crop shows things larger than they are
there. What the lower half of a backbone makes of some crops of each picture is computed once, so
that an epoch costs a third of what it would.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from encoder.inputs import Pixels
from encoder.network_backbone import BACKBONES, trunk_of
from progress import Progress
from training.crops import random_crop
from training.features import BATCH
from training.products_fit import Looks, Rows

WORKERS = 2
CROPS = 10  # of each picture, where what the lower half makes of them is kept
# Layers up to this one stay as they are: large maps, few channels, most of the work.
LOWER = {"mobilenetv2": "block_9_add", "efficientnetb0": "block4c_add"}


def crop_side(size: int) -> int:
    """Crops are a sixth smaller than what is asked later, in steps that convolutions divide by."""
    return max(32, round(size * 5 / 6 / 32) * 32)


def other_crops(images: Pixels, side: int, seed: int) -> Looks:
    """Other crops in each epoch."""

    def looks(rows: Rows, epoch: int) -> NDArray[Any]:
        # Dice of their own for each batch: what a killed run would have seen, it sees.
        return _crops(images[rows], side, np.random.default_rng([seed, epoch, int(rows[0])]))

    return looks


def kept_crops(
    images: Pixels, learner: keras.Model, name: str, seed: int, progress: Progress
) -> Looks:
    """What the lower half makes of the same crops, one after the other."""
    trunk = trunk_of(learner)
    split = trunk.get_layer(LOWER[name]).output
    pixels = keras.Input(learner.input_shape[1:])
    lower = keras.Model(pixels, keras.Model(trunk.input, split)(BACKBONES[name].scaling(pixels)))
    side, count = learner.input_shape[1], len(images)
    dice = np.random.default_rng([seed, 0])
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

    return looks


def _crops(images: Pixels, side: int, dice: np.random.Generator) -> Pixels:
    with ThreadPoolExecutor(WORKERS) as pool:
        made = pool.map(
            lambda pair: random_crop(pair[0], side, pair[1]),
            zip(images, dice.spawn(len(images)), strict=True),
        )
        return np.stack(list(made))
