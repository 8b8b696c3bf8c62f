"""What is folded under one hit: altered copies of pictures that should be, others that should not.

python -m benchmarks.groups HOME [--pictures FOLDER …] [--copies 80] [--name NAME]

    copies      pictures of the catalog, each changed in one way: how many fold with their original
                by their pictures alone, and how many with the same name beside it
    others      all pairs of different pictures, of the catalog and of each folder. In catalogs that
                hold no picture twice each fold is a mistake
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from benchmarks.results import keep
from db.generations import open_current
from db.home import Home
from db.store import Store
from db.vectors import Floats
from encoder.encoded import Encoder
from encoder.inputs import pixels
from encoder.runtime import OpenVinoEncoder
from images import read_rgb
from search.grouping import fold
from settings import SearchSettings, load_settings

BATCH = 8
Picture = Image.Image
Pictures = Sequence[Picture]


def jpeg(image: Picture, quality: int) -> Picture:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(io.BytesIO(stream.getvalue())).convert("RGB")


def cropped(image: Picture, share: float) -> Picture:
    width, height = image.size
    x, y = int(width * share), int(height * share)
    return image.crop((x, y, width - x, height - y))


def recoloured(image: Picture) -> Picture:
    hue, saturation, value = image.convert("HSV").split()
    turned = hue.point(lambda level: (level + 80) % 256)
    return Image.merge("HSV", (turned, saturation, value)).convert("RGB")


CHANGES: dict[str, Callable[[Picture], Picture]] = {
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "JPEG quality 30": lambda image: jpeg(image, 30),
    "15 % darker": lambda image: ImageEnhance.Brightness(image).enhance(0.85),
    "2 % cut off each side": lambda image: cropped(image, 0.02),
    "5 % cut off each side": lambda image: cropped(image, 0.05),
    "turned by 3 degrees": lambda image: image.rotate(3, fillcolor=image.getpixel((0, 0))),
    "other colours": recoloured,
    "mirrored": ImageOps.mirror,
}


def main() -> None:
    options = _options()
    place = Home(Path(options.home))
    settings = load_settings(place.path, flags=options.set)
    encoder = OpenVinoEncoder(place.artifact, settings.runtime, place.compiled)
    generation = open_current(place.generations, encoder.fingerprint, place.stamps)
    with Store.open(place.path) as store:
        files = [Path(item.image) for item in store.items()]
    some = np.random.default_rng(1).choice(len(files), min(options.copies, len(files)), False)
    copies = altered([read_rgb(files[row].read_bytes()) for row in some], encoder, settings.search)
    vectors = generation.images.vectors.astype(np.float32)
    others = {"the catalog": folds(np.asarray(generation.signs), vectors, settings.search)}
    for folder in options.pictures:
        images = [read_rgb(file.read_bytes()) for file in sorted(Path(folder).rglob("*.jpg"))]
        signs = signs_of(images)
        others[Path(folder).name] = folds(signs, embedded(images, encoder), settings.search)
    _tell(copies, others, len(some), settings.search, options.name)


def altered(
    images: Pictures, encoder: Encoder, settings: SearchSettings
) -> dict[str, tuple[float, float]]:
    """For each change: the share folded with the original, without names and with equal ones."""
    before, signs = embedded(images, encoder), signs_of(images)
    shares = {}
    for change, make in CHANGES.items():
        copies = [make(image) for image in images]
        after, changed = embedded(copies, encoder), signs_of(copies)
        found = []
        for name in (0, 1):
            folded = 0
            for row in range(len(images)):
                pair = np.stack([signs[row], changed[row]])
                pair[:, 2] = name
                both = np.stack([before[row], after[row]])
                folded += len(fold(pair, both, settings.group_bits, settings.group_cosine)) == 1
            found.append(folded / len(images))
        shares[change] = (found[0], found[1])
    return shares


def folds(
    signs: NDArray[np.uint64], vectors: Floats, settings: SearchSettings
) -> tuple[int, int, int]:
    """Pictures, pairs of them, and how many of all fold under another."""
    groups = fold(signs, vectors, settings.group_bits, settings.group_cosine)
    count = len(signs)
    return count, count * (count - 1) // 2, count - len(groups)


def embedded(images: Pictures, encoder: Encoder) -> Floats:
    size = encoder.image_size
    starts = range(0, len(images), BATCH)
    batches = [
        np.stack([pixels(image, size) for image in images[start : start + BATCH]])
        for start in starts
    ]
    return np.concatenate([encoder.images(batch).vectors for batch in batches])


def signs_of(images: Pictures) -> NDArray[np.uint64]:
    """Each file its own content, and no name."""
    hashes = [int(str(imagehash.phash(image.convert("L"))), 16) for image in images]
    return np.asarray([(0, value, 0) for value in hashes], np.uint64).reshape(-1, 3)


def _tell(
    copies: dict[str, tuple[float, float]],
    others: dict[str, tuple[int, int, int]],
    count: int,
    settings: SearchSettings,
    name: str,
) -> None:
    lines = [
        f"group_bits {settings.group_bits}, group_cosine {settings.group_cosine}; {count} copies",
        "",
        "folded with the original       by pictures   with the name",
        *(
            f"{change:<30} {alone:>11.2f} {named:>15.2f}"
            for change, (alone, named) in copies.items()
        ),
        "",
        "different pictures             pictures      pairs   folded",
        *(
            f"{place:<30} {some:>8} {pairs:>10} {bad:>8}"
            for place, (some, pairs, bad) in others.items()
        ),
    ]
    figures: dict[str, Any] = {"copies": copies, "others": others}
    keep(name, lines, figures)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home")
    parser.add_argument("--pictures", nargs="*", default=[], help="folders of different pictures")
    parser.add_argument("--copies", type=int, default=80)
    parser.add_argument("--name", default="groups")
    parser.add_argument("--set", action="append", default=[])
    return parser.parse_args()


if __name__ == "__main__":
    main()
