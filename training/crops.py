"""Crops of a photograph from near by and from afar: what teaches a backbone the things in it.

A product is photographed from every distance, and two stores light it differently. A crop of a
twenty-fifth of the picture may show one apple of a crate of them, and it still is that apple.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from encoder.inputs import Pixels
from training.augment import border_colour

LEAST = 0.04  # share of the picture that a crop shows at least
RATIO = 4 / 3  # width to height of a crop, and the other way round, at most
TURN = math.radians(8)  # standard deviation
GAIN, CONTRAST, SATURATION, COLOUR = 0.21, 0.175, 0.21, 0.07  # standard deviations of logarithms


def random_crop(pixels: Pixels, side: int, rng: np.random.Generator) -> Pixels:
    """`[s, s, 3]` → `[side, side, 3]`: a part of it, turned, perhaps mirrored, in other light."""
    size = pixels.shape[0]
    area = rng.uniform(LEAST, 1.0)
    ratio = math.exp(rng.uniform(-1, 1) * math.log(RATIO))
    wide, high = min(1.0, math.sqrt(area * ratio)), min(1.0, math.sqrt(area / ratio))
    x, y = rng.uniform(-1, 1) * (1 - wide), rng.uniform(-1, 1) * (1 - high)
    turn = rng.normal(0, TURN)
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    # Output → input, both from -1 to 1.
    a, b = wide * math.cos(turn) * mirror, -high * math.sin(turn)
    d, e = wide * math.sin(turn) * mirror, high * math.cos(turn)
    shrink, half = size / side, size / 2
    matrix = (
        a * shrink, b * shrink, half * (1 + x - a - b),
        d * shrink, e * shrink, half * (1 + y - d - e),
    )  # fmt: skip
    seen = Image.fromarray(pixels).transform(
        (side, side),
        Image.Transform.AFFINE,
        matrix,
        Image.Resampling.BILINEAR,
        fillcolor=border_colour(pixels),
    )
    return np.asarray(seen.convert("RGB", _light(seen, rng)))


def _light(seen: Image.Image, rng: np.random.Generator) -> tuple[float, ...]:
    """Dim or bright, pale or vivid, warm or cold: one linear map of colours, as Pillow wants it."""
    saturation, contrast, gain = np.exp(rng.normal(0, (SATURATION, CONTRAST, GAIN)))
    colour = np.exp(rng.normal(0, COLOUR, 3)) * gain
    middle = float(np.asarray(seen.reduce(8)).mean())
    own, others = (1 + 2 * saturation) / 3, (1 - saturation) / 3
    mixed = np.full((3, 3), others) + np.eye(3) * (own - others)
    offset = np.full((3, 1), middle * (1 - contrast))
    return tuple((np.hstack([mixed * contrast, offset]) * colour[:, None]).ravel().tolist())
