"""Decoded images, and what the frozen backbone makes of several views of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from encoder.inputs import Pixels, read_pixels
from progress import Progress, silent
from training.augment import augmented
from training.recipe import Pair, Recipe

Features = NDArray[np.float16]
BATCH = 32
VIEWS_DICE = 1
WORKERS = 4  # Pillow lets go of the interpreter while it decodes and resamples


def decode(pairs: Sequence[Pair], size: int, progress: Progress = silent) -> Pixels:
    """All images as the model sees them, `[n, size, size, 3]`."""
    decoded = np.empty((len(pairs), size, size, 3), np.uint8)
    done = count(1)

    def one(row: int) -> None:
        decoded[row] = read_pixels(pairs[row].image, size)
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
    progress: Progress = silent,
) -> Features:
    """`[views, n, features]`: the image, its mirror, and views augmented at random."""
    # Dice of its own: what follows must not depend on whether the views were found on disk.
    rng = np.random.default_rng([recipe.seed, VIEWS_DICE])
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


def views_name(backbone: keras.Model, images: Pixels, recipe: Recipe) -> str:
    """The same file for the same backbone, images and ways of looking at them."""
    looks = (recipe.seed, recipe.views, recipe.flip, recipe.rotation, recipe.zoom, recipe.shift)
    shapes = (backbone.input_shape, backbone.output_shape)
    digest = hashlib.sha256(repr((looks, shapes)).encode())
    for array in (*backbone.get_weights(), images):
        digest.update(np.ascontiguousarray(array).tobytes())
    return f"features-{digest.hexdigest()[:16]}.npy"


def stored(file: Path | None, make: Callable[[], Features]) -> Features:
    """What `make` gives, or what it gave when the file was written; a damaged file is made anew."""
    if file is None:
        return make()
    try:
        found: Features = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        found = make()
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".part")
        with partial.open("wb") as stream:
            np.save(stream, found)
        partial.replace(file)
    return found


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
