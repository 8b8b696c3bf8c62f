"""A small catalog that can be learnt in seconds: coloured shapes and what is said about them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from PIL import Image, ImageDraw

from settings import load_settings
from training.recipe import Pair, shipped

COLOURS = {"red": (210, 40, 30), "green": (40, 170, 50), "blue": (40, 60, 210)}
SHAPES = ("disc", "box", "bar")
ENCODER = msgspec.structs.replace(
    load_settings(environment={}).encoder,
    backbone="tiny",
    weights="random",
    image_size=32,
    pieces=400,
    max_tokens=12,
)
RECIPE = shipped(
    epochs=20, batch=16, extra_images=32, views=2, min_tag_items=3, learning_rate=5e-3, seed=3
)


def coloured_shapes(folder: Path, count: int = 96) -> list[Pair]:
    """Three colours by three shapes, drawn with jitter; two thirds train, the rest val."""
    rng = np.random.default_rng(0)
    pairs = []
    for number in range(count):
        colour, shape = list(COLOURS)[number % 3], SHAPES[number // 3 % 3]
        file = folder / f"{number}.png"
        image = Image.new("RGB", (40, 40), "white")
        left, top = (int(value) for value in rng.integers(4, 12, 2))
        box = (left, top, left + (8 if shape == "bar" else 22), top + 22)
        draw = ImageDraw.Draw(image)
        (draw.ellipse if shape == "disc" else draw.rectangle)(box, COLOURS[colour])
        image.save(file)
        said = (f"a {colour} {shape} on paper", f"{shape} painted {colour}")[number % 2]
        split = "val" if number % 3 == number // 9 % 3 else "train"
        pairs.append(Pair(str(number), file, (("en", said),), (colour, shape), split))
    return pairs
