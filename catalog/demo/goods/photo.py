"""A package as a phone might take it: on a shelf or a table, turned, dim, too near, noisy."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from catalog.demo.goods.package import SIDE, cast_shadow

SIZE = 320


def photo(package: Image.Image, dice: np.random.Generator) -> Image.Image:
    """RGB; the dice decide everything."""
    turn = float(dice.normal(0, 11))
    scale = float(dice.uniform(0.72, 1.3))
    squeeze = float(dice.uniform(0.86, 1.0))
    moved = package.resize(
        (round(SIDE * squeeze * scale), round(SIDE * scale)), Image.Resampling.BICUBIC
    )
    moved = moved.rotate(turn, Image.Resampling.BICUBIC, expand=True)
    moved = _leaning(moved, dice)
    scene = _scene(dice)
    x, y = ((SIDE - side) // 2 + round(dice.normal(0, 0.05) * SIDE) for side in moved.size)
    shadow = cast_shadow(moved)
    scene.paste(shadow, (x + 10, y + 14), shadow)
    scene.paste(moved, (x, y), moved)
    if dice.random() < 0.15:
        _thumb(scene, dice)
    scene = scene.resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    if dice.random() < 0.5:
        scene = scene.filter(ImageFilter.GaussianBlur(float(dice.uniform(0.3, 1.6))))
    return _taken(scene, dice)


def _leaning(package: Image.Image, dice: np.random.Generator) -> Image.Image:
    """Seen a little from aside or above."""
    g, h = dice.normal(0, 0.0003, 2)
    wide, high = package.size
    keep = 1 + g * wide / 2 + h * high / 2
    matrix = (keep, 0.0, 0.0, 0.0, keep, 0.0, float(g), float(h))
    return package.transform(
        package.size, Image.Transform.PERSPECTIVE, matrix, Image.Resampling.BICUBIC
    )


def _scene(dice: np.random.Generator) -> Image.Image:
    base = np.clip(dice.uniform(50, 215) + dice.normal(0, 24, 3), 10, 245)
    kind = int(dice.integers(4))
    scene = Image.new("RGB", (SIDE, SIDE), tuple(base.astype(int)))
    pen = ImageDraw.Draw(scene)
    if kind == 0:  # shelves with price tags and other goods
        for y in range(int(dice.integers(0, 60)), SIDE, int(dice.integers(110, 190))):
            pen.rectangle((0, y, SIDE, y + 14), tuple((base * 0.6).astype(int)))
        for _ in range(int(dice.integers(5, 14))):
            x, y = dice.integers(0, SIDE, 2)
            wide, high = dice.integers(25, 110, 2)
            tone = tuple(int(t) for t in dice.integers(20, 240, 3))
            pen.rectangle((x, y, x + wide, y + high), tone)
    elif kind == 1:  # a wooden table
        for y in range(0, SIDE, int(dice.integers(9, 24))):
            grain = np.clip(base + dice.normal(0, 14), 0, 255).astype(int)
            pen.rectangle((0, y, SIDE, y + 22), tuple(grain))
    elif kind == 2:  # things out of focus
        cells = dice.integers(3, 9)
        coarse = np.clip(
            base + dice.normal(0, 45, (cells, cells, 1)) + dice.normal(0, 18, (cells, cells, 3)),
            0,
            255,
        ).astype(np.uint8)
        scene = Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    else:  # tiles
        step = int(dice.integers(30, 90))
        for at in range(0, SIDE, step):
            tone = tuple((base * 0.8).astype(int))
            pen.line((at, 0, at, SIDE), tone, 4)
            pen.line((0, at, SIDE, at), tone, 4)
    return scene.filter(ImageFilter.GaussianBlur(float(dice.uniform(0, 5))))


def _thumb(scene: Image.Image, dice: np.random.Generator) -> None:
    skin = dice.choice([(224, 172, 140), (141, 95, 66), (245, 205, 178)])
    x, y = dice.choice([0, SIDE]), dice.uniform(0.5, 0.95) * SIDE
    pen = ImageDraw.Draw(scene)
    pen.ellipse((x - 90, y - 34, x + 90, y + 34), tuple(int(t) for t in skin))


def _taken(scene: Image.Image, dice: np.random.Generator) -> Image.Image:
    """Dim or glaring light from one side, warm or cold, with a sensor's noise."""
    seen = np.asarray(scene, np.float64)
    gain = float(np.exp(dice.normal(-0.2, 0.3)))
    colour = np.exp(dice.normal(0, 0.06, 3))
    slope = np.linspace(-1, 1, SIZE) * dice.normal(0, 0.18)
    falling = (1 + slope)[:, None, None] if dice.random() < 0.5 else (1 + slope)[None, :, None]
    seen = seen * gain * colour * falling + dice.normal(0, dice.uniform(1, 11), seen.shape)
    return Image.fromarray(seen.clip(0, 255).astype(np.uint8))
