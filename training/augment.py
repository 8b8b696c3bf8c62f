"""Another view of an image: mirrored, turned, zoomed and shifted a little, in one resampling."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from encoder.inputs import Pixels
from training.recipe import Recipe


def augmented(pixels: Pixels, recipe: Recipe, rng: np.random.Generator) -> Pixels:
    """`[s, s, 3]` → `[s, s, 3]`; what comes in from outside has the colour of the border."""
    size = pixels.shape[0]
    turn = rng.uniform(-recipe.rotation, recipe.rotation) * 2 * math.pi
    scale = 1 + rng.uniform(-recipe.zoom, recipe.zoom)
    shift = rng.uniform(-recipe.shift, recipe.shift, 2) * size
    mirror = -1.0 if recipe.flip and rng.random() < 0.5 else 1.0
    cos, sin, centre = math.cos(turn) / scale, math.sin(turn) / scale, (size - 1) / 2
    # Output → input, about the centre, as Pillow wants it.
    a, b, d, e = cos * mirror, sin, -sin * mirror, cos
    c = centre - a * (centre + shift[0]) - b * (centre + shift[1])
    f = centre - d * (centre + shift[0]) - e * (centre + shift[1])
    moved = Image.fromarray(pixels).transform(
        (size, size),
        Image.Transform.AFFINE,
        (a, b, c, d, e, f),
        Image.Resampling.BILINEAR,
        fillcolor=border_colour(pixels),
    )
    return np.asarray(moved)


def border_colour(pixels: Pixels) -> tuple[int, int, int]:
    """The median of the outermost pixels: white for a cut-out, a plausible tone for a photo."""
    edge: NDArray[np.uint8] = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    red, green, blue = np.median(edge, axis=0).astype(int).tolist()
    return red, green, blue
