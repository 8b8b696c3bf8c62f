"""What the base checkpoint learns from: drawn creatures, and photographs where there are any.

Everything is rendered once into uint8 files on disk, so that the training itself only reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from catalog.demo.creature import Creature, creature, tags_of
from catalog.demo.draw import draw
from errors import CatalogError
from images import read_rgb
from progress import Progress
from training.captions import label_matrix

BASE_SEED = 1_000_003
DEMO_SEED = 7  # what users judge the project by; nothing shipped may have seen it


@dataclass(frozen=True)
class Material:
    """Creatures first, then photographs; labels and tags are of the creatures alone."""

    images: NDArray[np.uint8]  # [n, s, s, 3]
    labels: NDArray[np.float32]  # [creatures, tags]
    tags: tuple[str, ...]

    @property
    def creatures(self) -> int:
        return len(self.labels)


def prepare(
    folder: Path,
    size: int,
    creatures: range,
    photos: Sequence[Path],
    crops: int,
    progress: Progress,
    seed: int = BASE_SEED,
) -> Material:
    """Render what is not rendered yet; a second call with the same arguments only reads."""
    if seed == DEMO_SEED:
        raise CatalogError("the base checkpoint must not see the demo's creatures")
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{size}-{creatures.start}-{len(creatures)}-{len(photos)}x{crops}"
    known = [facts(creature(seed, number)) for number in creatures]
    tags = tuple(sorted({tag for one in known for tag in one}))
    place = {tag: column for column, tag in enumerate(tags)}
    labels = label_matrix([[place[tag] for tag in one] for one in known], len(tags))
    file = folder / f"images-{name}.npy"
    if not file.is_file():
        _render(file, size, seed, creatures, photos, crops, progress)
    return Material(np.load(file, mmap_mode="r"), labels, tags)


def facts(one: Creature) -> tuple[str, ...]:
    """All that can be seen, finer than the tags that a catalog would give."""
    return (
        *tags_of(one),
        *(
            f"{kind}:{getattr(one, kind)}"
            for kind in ("horns", "wings", "pose", "mood", "size")
            if getattr(one, kind)
        ),
    )


def _render(
    file: Path,
    size: int,
    seed: int,
    creatures: range,
    photos: Sequence[Path],
    crops: int,
    progress: Progress,
) -> None:
    total = len(creatures) + len(photos) * crops
    partial = file.with_suffix(".part.npy")
    images = np.lib.format.open_memmap(partial, "w+", np.uint8, (total, size, size, 3))
    for row, number in enumerate(creatures):
        rng = np.random.default_rng([seed, number])
        images[row] = np.asarray(_jittered(draw(creature(seed, number), size), rng, 0.1))
        if row % 100 == 0:
            progress("draw", row, total)
    start = len(creatures)

    def cut(photo: int) -> None:
        image = read_rgb(photos[photo])
        for crop in range(crops):
            rng = np.random.default_rng([seed, photo, crop])
            view = _jittered(
                random_crop(image, size, rng)
                if crop
                else image.resize((size, size), Image.Resampling.BICUBIC),
                rng,
                0.4,
            )
            images[start + photo * crops + crop] = np.asarray(view)
        progress("crop", start + photo * crops, total)

    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(cut, range(len(photos))):
            pass
    images.flush()
    partial.replace(file)


def random_crop(image: Image.Image, size: int, rng: np.random.Generator) -> Image.Image:
    """A part of 20 to 100 % of the image's area, at ratios from 3:4 to 4:3, perhaps mirrored."""
    width, height = image.size
    area = rng.uniform(0.2, 1.0) * width * height
    ratio = np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
    w, h = min(width, int((area * ratio) ** 0.5)), min(height, int((area / ratio) ** 0.5))
    left, top = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
    part = image.resize((size, size), Image.Resampling.BICUBIC, (left, top, left + w, top + h))
    return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else part


def _jittered(image: Image.Image, rng: np.random.Generator, strength: float) -> Image.Image:
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = change(image).enhance(float(rng.uniform(1 - strength, 1 + strength)))
    return image
