"""Reading images against plain Pillow: time, and what it does to embeddings.

python -m benchmarks.decoding [HOME] [--pictures 6]

The reference is Pillow alone: decoded in full, then its bicubic resize. `spare` is how many times
as large as the network's input a JPEG must still be after its decoder has halved it; images.SPARE
is what is used.
"""

from __future__ import annotations

import argparse
import io
import time
from pathlib import Path

import numpy as np
from PIL import Image

import images
from benchmarks.photos import QUALITY, photo
from benchmarks.results import keep
from encoder.inputs import Pixels, read_pixels
from encoder.runtime import OpenVinoEncoder
from settings import load_settings

SIZES = ((500, 375), (640, 480), (1000, 750), (1400, 1050), (2000, 1500), (4000, 3000))
SPARES = (1, 2, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description="What reading an image costs.")
    parser.add_argument("home", nargs="?", default="demo/home", help="its model is used")
    parser.add_argument("--pictures", type=int, default=6, help="of each size")
    options = parser.parse_args()
    settings = load_settings(Path(options.home))
    encoder = OpenVinoEncoder(Path(options.home) / "artifact", settings.runtime)
    side = encoder.image_size
    lines = [f"ms of one core for a JPEG, and the least cosine of {options.pictures} embeddings"]
    figures = []
    used = images.SPARE
    for width, height in SIZES:
        data = []
        for seed in range(options.pictures):
            buffer = io.BytesIO()
            photo(seed, width, height).save(buffer, "JPEG", quality=QUALITY)
            data.append(buffer.getvalue())
        read_pixels(data[0], side)  # loads what it needs
        start = time.thread_time()
        plain = np.stack([_plain(entry, side) for entry in data])
        full = (time.thread_time() - start) / len(data) * 1000
        reference = encoder.images(plain).vectors
        row = f"{width}x{height}: {full:.2f} by Pillow alone"
        for spare in SPARES:
            images.SPARE = spare
            start = time.thread_time()
            reduced = np.stack([read_pixels(entry, side) for entry in data])
            took = (time.thread_time() - start) / len(data) * 1000
            cosine = float((encoder.images(reduced).vectors * reference).sum(axis=1).min())
            mark = " (used)" if spare == used else ""
            row += f"; spare {spare}{mark} {took:.2f}, {cosine:.5f}"
            figures.append(
                {"width": width, "height": height, "spare": spare, "full_ms": full,
                 "reduced_ms": took, "cosine": cosine}
            )  # fmt: skip
        images.SPARE = used
        lines.append(row)
        print(row, flush=True)
    keep("decoding", lines, {"side": side, "spare_used": used, "rows": figures})


def _plain(data: bytes, side: int) -> Pixels:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC))


if __name__ == "__main__":
    main()
