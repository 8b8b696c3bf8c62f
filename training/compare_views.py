"""The five documented augmentations, in one resampling.

Rotation by a multiple of 45°, zoom, shear and shift by up to 20 %, mirror.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from encoder.inputs import Pixels
from training.augment import border_colour
from training.compare_data import WORKERS, Integers

DESCRIPTION = (
    "rotation by a multiple of 45°, zoom ±20 %, shear ±20 %, shift ±20 %, mirror; what comes in "
    "from outside has the colour of the border"
)
_STEP = np.pi / 4
_RANGE = 0.2


def random_view(image: Pixels, rng: np.random.Generator) -> Pixels:
    """`[s, s, 3]` → `[s, s, 3]`."""
    size = len(image)
    turn = rng.integers(8) * _STEP
    zoom, shear = 1 + rng.uniform(-_RANGE, _RANGE), rng.uniform(-_RANGE, _RANGE)
    shift = rng.uniform(-_RANGE, _RANGE, 2) * size
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    # Output → input, about the centre, as Pillow wants it.
    matrix = rotation @ np.array([[1.0, shear], [0.0, 1.0]]) @ np.diag([mirror, 1.0]) / zoom
    centre = np.full(2, size / 2)
    offset = centre - matrix @ (centre + shift)
    moved = Image.fromarray(image).transform(
        (size, size),
        Image.Transform.AFFINE,
        (*matrix[0].tolist(), float(offset[0]), *matrix[1].tolist(), float(offset[1])),
        Image.Resampling.BILINEAR,
        fillcolor=border_colour(image),
    )
    return np.asarray(moved)


def random_views(images: Pixels, rows: Integers, rng: np.random.Generator) -> Pixels:
    """A view of each row; each has its own generator, so threads change nothing."""
    with ThreadPoolExecutor(WORKERS) as pool:
        views = pool.map(
            lambda row, dice: random_view(np.asarray(images[row]), dice),
            rows,
            rng.spawn(len(rows)),
        )
        return np.stack(list(views))
