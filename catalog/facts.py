"""Decoding every image of a catalog once, in full, on all cores, with bounded memory.

Threads and not processes: Pillow releases the interpreter lock while it decodes, and measured on
two cores both are equally fast. At most a few images per thread are in flight, however many rows
there are, and results come in the order of the rows.
"""

from __future__ import annotations

import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from catalog.locating import Located, Refused
from db.records import ImageFacts
from errors import ImageError
from images import content_hash, read_file, read_rgb

# `read_rgb` says in words what is wrong; these are its words for a file read into memory.
_CODES = {
    "image is too large": "too-large",
    "image is not an image": "not-an-image",
    "image is HEIC": "not-an-image",
}
# Under this spread of grey values the perceptual hash is made of noise and matches anything.
_FLAT = 0.01
_T = TypeVar("_T")
_R = TypeVar("_R")


def read_facts(located: Located) -> ImageFacts | Refused:
    """What decoding the file tells, or why it cannot be decoded."""
    try:
        data = read_file(Path(located.path))
    except ImageError as error:
        # A length of zero is damage; all else was there a moment ago, when the file was found.
        code = "damaged-image" if located.bytes == 0 else "unreadable-image"
        return Refused(code, error.why or error.what)
    try:
        image = read_rgb(data)
        with Image.open(io.BytesIO(data)) as header:
            form = header.format or ""
    except ImageError as error:
        code = _CODES.get(error.what, "damaged-image")
        return Refused(code, ": ".join(filter(None, (error.what, error.why))))
    import imagehash

    grey = image.convert("L")
    brightness, contrast = _levels(grey)
    return ImageFacts(
        content_hash=content_hash(data),
        perceptual_hash=str(imagehash.phash(grey)) if contrast >= _FLAT else "",
        bytes=located.bytes,
        mtime_ns=located.mtime_ns,
        width=image.width,
        height=image.height,
        format=form,
        brightness=brightness,
        contrast=contrast,
    )


def _levels(grey: Image.Image) -> tuple[float, float]:
    """Mean and standard deviation of the grey values, from 0 to 1."""
    counts = np.array(grey.histogram(), dtype=np.float64)
    values = np.arange(256) / 255
    mean = float(values @ counts / counts.sum())
    deviation = float(np.sqrt((values - mean) ** 2 @ counts / counts.sum()))
    return round(mean, 4), round(deviation, 4)


def map_ordered(
    function: Callable[[_T], _R], values: Iterable[_T], threads: int | None = None
) -> Iterator[_R]:
    """`map` over threads that reads its input only a few values ahead of its output."""
    threads = threads or os.cpu_count() or 1
    window: deque[Future[_R]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for value in values:
                window.append(pool.submit(function, value))
                if len(window) >= 4 * threads:
                    yield window.popleft().result()
            while window:
                yield window.popleft().result()
        finally:
            # On an error or an interruption what has not begun need not run.
            for future in window:
                future.cancel()
