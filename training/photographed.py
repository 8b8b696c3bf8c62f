"""A catalog's clean picture as a phone might have taken it: turned, lit, blurred, somewhere else.

A shop often has one studio picture per product and is shown photographs. What surrounds a product
on plain ground is replaced, so that nothing is learnt of the ground.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy.ndimage import label

from encoder.inputs import Pixels
from training.augment import border_colour

_PLAIN = 14.0  # spread of the border's tones up to which the ground counts as plain
_APART = 24  # tones by which a product differs from its ground
Floats = NDArray[np.floating[Any]]


def photographed(pixels: Pixels, rng: np.random.Generator, strength: float = 1.0) -> Pixels:
    """`[s, s, 3]` → `[s, s, 3]`; `strength` scales how far it goes from the picture."""
    size = pixels.shape[0]
    mask = product_mask(pixels)
    turn = math.radians(rng.normal(0, 9) * strength)
    if mask is None:  # a photograph already: its own ground goes with it
        scale = rng.uniform(1.0, 1.0 + 0.45 * strength)
        ground, cover = _mirrored(pixels), Image.new("L", (size, size), 255)
        shift = rng.uniform(-0.1, 0.1, 2) * size * strength
    else:
        scale = rng.uniform(1.0 - 0.45 * strength, 1.0 + 0.35 * strength)
        ground = _ground(size, rng)
        cover = Image.fromarray(mask).filter(ImageFilter.GaussianBlur(1))
        shift = rng.uniform(-0.14, 0.14, 2) * size * strength
    lean = rng.normal(0, 0.06, 2) * strength
    matrix = _matrix(size, turn, scale, shift, lean, stretch=1 + rng.normal(0, 0.08) * strength)
    moved = Image.fromarray(pixels).transform(
        (size, size), Image.Transform.PERSPECTIVE, matrix, Image.Resampling.BILINEAR
    )
    cover = cover.transform(
        (size, size), Image.Transform.PERSPECTIVE, matrix, Image.Resampling.BILINEAR
    )
    ground.paste(moved, (0, 0), cover)
    if rng.random() < 0.4 * strength:
        ground = ground.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.4) * size / 192))
    return _lit(np.asarray(ground, np.float32), rng, strength)


def product_mask(pixels: Pixels) -> NDArray[np.uint8] | None:
    """Where the product is, 255 or 0; None for a picture whose ground is not plain."""
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).astype(np.float32)
    tone = np.asarray(border_colour(pixels), np.float32)
    away = np.abs(edge - tone).max(axis=1)
    if np.quantile(away, 0.8) > _PLAIN:
        return None
    ground = np.abs(pixels.astype(np.float32) - tone).max(axis=2) < _APART
    # Ground is what is joined to the border: a white label on a white product is none.
    joined, _ = label(np.pad(ground, 1, constant_values=True))
    mask = np.where(joined[1:-1, 1:-1] == joined[0, 0], 0, 255).astype(np.uint8)
    share = float(mask.mean()) / 255
    return mask if 0.02 < share < 0.995 else None


def _matrix(
    size: int, turn: float, scale: float, shift: Floats, lean: Floats, stretch: float
) -> tuple[float, ...]:
    """Output → input, about the centre, as Pillow wants it: turned, scaled, seen from aside."""
    cos, sin, centre = math.cos(turn) / scale, math.sin(turn) / scale, (size - 1) / 2
    a, b, d, e = cos * stretch, sin * stretch, -sin, cos
    c = centre - a * (centre + shift[0]) - b * (centre + shift[1])
    f = centre - d * (centre + shift[0]) - e * (centre + shift[1])
    g, h = lean[0] / size, lean[1] / size
    # Perspective pulls towards a corner; the middle must stay where it is.
    keep = 1 + (g + h) * centre
    return a * keep, b * keep, c * keep, d * keep, e * keep, f * keep, g, h


def _mirrored(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels[::-1, ::-1].copy()).filter(ImageFilter.GaussianBlur(6))


def _ground(size: int, rng: np.random.Generator) -> Image.Image:
    """Patches of tone, coarse or fine, as shelves, tables and hands are from near by."""
    cells = int(rng.choice([1, 2, 3, 5, 9, 16]))
    base = rng.uniform(20, 235, 3)
    tones = (
        base
        + rng.normal(0, rng.uniform(5, 60), (cells, cells, 1))
        + rng.normal(0, 15, (cells, cells, 3))
    )
    coarse = Image.fromarray(np.clip(tones, 0, 255).astype(np.uint8))
    smooth = rng.random() < 0.6
    filtered = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    return coarse.resize((size, size), filtered)


def _lit(seen: Floats, rng: np.random.Generator, strength: float) -> Pixels:
    """Dim or bright, warm or cold, brighter on one side, with a sensor's noise."""
    size = seen.shape[0]
    gain = np.exp(rng.normal(-0.12, 0.28) * strength)
    colour = np.exp(rng.normal(0, 0.07, 3) * strength)
    slope = np.linspace(-1, 1, size) * rng.normal(0, 0.14) * strength
    falling = (1 + slope)[:, None, None] if rng.random() < 0.5 else (1 + slope)[None, :, None]
    middle = seen.mean()
    contrast = np.exp(rng.normal(-0.05, 0.15) * strength)
    seen = (middle + (seen - middle) * contrast) * gain * colour * falling
    seen = seen + rng.normal(0, rng.uniform(0, 9) * strength, seen.shape)
    return np.clip(seen, 0, 255).astype(np.uint8)
