"""Patterns on the skin: drawn as one-bit ink over a body's box, clipped to it afterwards."""

import math
import random

from PIL import ImageDraw

from catalog.demo.easel import Marks


def marks(pattern: str, rng: random.Random) -> Marks | None:
    """The way to draw this pattern (nothing for plain skin)."""
    drawers = {"striped": _stripes, "spotted": _spots, "ringed": _rings, "patched": _patches}
    drawer = drawers.get(pattern)
    if drawer is None:
        return None
    grain = rng.getrandbits(32)
    chosen = drawer

    def draw(pen: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
        # The same grain for every piece of one creature, so that a repeat is a repeat.
        chosen(pen, size, random.Random(grain))  # noqa: S311 (no secret)

    return draw


def _stripes(pen: ImageDraw.ImageDraw, size: tuple[int, int], rng: random.Random) -> None:
    width, height = size
    count = rng.randint(5, 7)
    lean = rng.uniform(-0.10, 0.10) * width
    wave = 0.03 * width
    phase = rng.uniform(0, 6)
    for number in range(count):
        x = (number + 0.6) * width / count
        path = [
            (x + lean * (step / 8 - 0.5) + wave * math.sin(phase + step), height * step / 8)
            for step in range(9)
        ]
        pen.line(path, fill=1, width=max(3, round(0.38 * width / count)), joint="curve")


def _spots(pen: ImageDraw.ImageDraw, size: tuple[int, int], rng: random.Random) -> None:
    width, height = size
    step = max(18.0, (width * height) ** 0.5 / 5.5)
    row = 0
    y = rng.uniform(0.1, 0.5) * step
    while y < height:
        x = (0.2 + 0.5 * (row % 2)) * step
        while x < width:
            radius = step * rng.uniform(0.17, 0.27)
            cx = x + rng.uniform(-0.14, 0.14) * step
            cy = y + rng.uniform(-0.14, 0.14) * step
            pen.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), fill=1)
            x += step
        y += 0.82 * step
        row += 1


def _rings(pen: ImageDraw.ImageDraw, size: tuple[int, int], rng: random.Random) -> None:
    width, height = size
    step = max(30.0, (width * height) ** 0.5 / 3.4)
    row = 0
    y = rng.uniform(0.2, 0.6) * step
    while y < height + 0.3 * step:
        x = (0.3 + 0.5 * (row % 2)) * step
        while x < width + 0.3 * step:
            radius = step * rng.uniform(0.28, 0.34)
            pen.ellipse(
                (x - radius, y - radius, x + radius, y + radius),
                outline=1,
                width=max(3, round(0.11 * step)),
            )
            x += step
        y += 0.84 * step
        row += 1


def _patches(pen: ImageDraw.ImageDraw, size: tuple[int, int], rng: random.Random) -> None:
    width, height = size
    reach = (width * height) ** 0.5
    for cx, cy in ((0.20, 0.25), (0.78, 0.30), (0.45, 0.62), (0.88, 0.85), (0.05, 0.85)):
        x = (cx + rng.uniform(-0.08, 0.08)) * width
        y = (cy + rng.uniform(-0.08, 0.08)) * height
        radius = reach * rng.uniform(0.14, 0.19)
        bumps, phase = rng.randint(3, 5), rng.uniform(0, 6)
        edge = [
            (
                x + radius * (1 + 0.22 * math.sin(bumps * a + phase)) * math.cos(a),
                y + radius * (1 + 0.22 * math.sin(bumps * a + phase)) * math.sin(a),
            )
            for a in (2 * math.pi * k / 40 for k in range(40))
        ]
        pen.polygon(edge, fill=1)
