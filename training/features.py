"""Decoded images, and what the frozen backbone makes of several views of them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import keras
import numpy as np
from numpy.typing import NDArray

from encoder.inputs import Pixels, pixels
from images import read_rgb
from progress import Progress, silent
from training.augment import augmented
from training.recipe import Pair, Recipe

Features = NDArray[np.float16]
BATCH = 32
WORKERS = 4  # Pillow lets go of the interpreter while it decodes and resamples


def decode(pairs: Sequence[Pair], size: int, progress: Progress = silent) -> Pixels:
    """All images as the model sees them, `[n, size, size, 3]`."""
    decoded = np.empty((len(pairs), size, size, 3), np.uint8)
    done = count(1)

    def one(row: int) -> None:
        decoded[row] = pixels(read_rgb(pairs[row].image), size)
        progress("decode", next(done), len(pairs))

    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(one, range(len(pairs))):
            pass
    return decoded


def plain_features(backbone: keras.Model, images: Pixels) -> Features:
    """Features of the images as they are, `[n, features]`."""
    return _run(backbone, images)


def view_features(
    backbone: keras.Model,
    images: Pixels,
    recipe: Recipe,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> Features:
    """`[views, n, features]`: the image, its mirror, and views augmented at random."""
    views = []
    for view in range(recipe.views):
        progress("features", view, recipe.views)
        if view == 0:
            seen = images
        elif view == 1 and recipe.flip:
            seen = images[:, :, ::-1]
        else:
            seen = random_views(images, recipe, rng)
        views.append(_run(backbone, seen))
    progress("features", recipe.views, recipe.views)
    return np.stack(views)


def random_views(images: Pixels, recipe: Recipe, rng: np.random.Generator) -> Pixels:
    """One augmented view of each image; each has its own generator, so threads change nothing."""
    generators = rng.spawn(len(images))
    with ThreadPoolExecutor(WORKERS) as pool:
        views = pool.map(
            lambda pair: augmented(pair[0], recipe, pair[1]), zip(images, generators, strict=True)
        )
        return np.stack(list(views)) if len(images) else images


def _run(backbone: keras.Model, images: Pixels) -> Features:
    width = backbone.output_shape[-1]
    features = np.empty((len(images), width), np.float16)
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH]
        # A short last batch would be compiled anew.
        padded = np.concatenate([batch, np.zeros((BATCH - len(batch), *batch.shape[1:]), np.uint8)])
        features[start : start + BATCH] = backbone.predict_on_batch(padded)[: len(batch)]
    return features
