"""A labelled catalog of drawn squares, for the tests of the backbone comparison."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from db.records import AttributeValue, Split
from db.store import Store
from tests.fakes import COLOURS, record

SIZE = 32
SPLITS: tuple[Split, ...] = ("train",) * 4 + ("val", "test")


def speckled(colour: str, dice: np.random.Generator) -> Image.Image:
    """A square of one colour under noise, so that no two are equal."""
    noise = dice.normal(0, 40, (SIZE, SIZE, 3))
    pixels = np.clip(np.array(COLOURS[colour]) + noise, 0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


def squares(folder: Path) -> Store:
    """144 squares: colour (learnable), lot (drawn by lot), serial (a name each), grade (number)."""
    dice = np.random.default_rng(1)
    items = []
    for number in range(144):
        colour = list(COLOURS)[number % 3]
        file = folder / f"{number}.png"
        speckled(colour, dice).save(file)
        attributes: dict[str, AttributeValue] = {
            "colour": colour,
            "lot": ["a", "b", "c"][int(dice.integers(3))],
            "serial": f"no. {number}",
            "grade": float(number % 3 == 0),
        }
        items.append(
            replace(
                record(file, colour, SPLITS[number // 3 % 6]),
                tags=(colour,),
                attributes=attributes,
                kinds={"colour": "text", "lot": "text", "serial": "text", "grade": "number"},
            )
        )
    store = Store.open(folder / "home", create=True)
    store.apply_import(items, [])
    return store
