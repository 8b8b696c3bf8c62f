"""Pictures to measure with: photo-like ones of ImageNet's size, and cheap ones by the thousand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 500, 375  # the mean of ImageNet's photographs; at this quality 110 kB, as they are
QUALITY = 92
CHEAP = 64


def photo(seed: int, width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """Shapes of every size, coarse ones strongest, as in photographs; three related colours."""
    dice = np.random.default_rng(seed)
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    frequency = np.sqrt(down**2 + across**2)
    frequency[0, 0] = 1 / max(width, height)

    def layer() -> np.ndarray:
        waves = dice.normal(size=frequency.shape) + 1j * dice.normal(size=frequency.shape)
        return np.fft.irfft2(waves / frequency**1.1, (height, width))

    light = layer()
    bands = [light + 0.35 * layer() for _ in range(3)]
    colours = np.stack([(band - band.mean()) / band.std() for band in bands], axis=-1)
    grain = dice.normal(0, 3, (height, width, 1))
    return Image.fromarray(np.clip(128 + 50 * colours + grain, 0, 255).astype(np.uint8))


def photos(folder: Path, count: int) -> list[Path]:
    """`count` JPEG files, made where they are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{number:06d}.jpg" for number in range(count)]
    for number, file in enumerate(files):
        if not file.is_file():
            partial = file.with_suffix(".part")
            photo(number).save(partial, "JPEG", quality=QUALITY)
            partial.replace(file)
    return files


def cheap(folder: Path, count: int, start: int = 0) -> list[Path]:
    """JPEG files of coloured noise: quickly made, all different, 64 pixels wide."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number in range(start, start + count):
        file = folder / f"{number % 100:02d}" / f"{number:07d}.jpg"
        if not file.is_file():
            file.parent.mkdir(exist_ok=True)
            dice = np.random.default_rng(number)
            noise = dice.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            image = Image.fromarray(noise).resize((CHEAP, CHEAP), Image.Resampling.NEAREST)
            image.save(file, "JPEG", quality=70)
        files.append(file)
    return files
