"""Before all stages, where `runtime.precision` is int8: the graph in eight bits is made."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import images
from db.cache import EmbeddingCache
from db.store import Store
from encoder.encoded import Encoder
from encoder.inputs import Pixels, read_pixels
from errors import ImageError
from indexer.embed import INT8
from progress import Progress


def calibrated(store: Store, encoder: Encoder, cache: EmbeddingCache, progress: Progress) -> str:
    """The kind of cached rows that images get: those of eight bits are not mixed with others."""
    progress("calibrate", 0, 1)
    if encoder.calibrate(lambda count: _sample(store, encoder.image_size, count)):
        cache.forget(INT8)  # what another graph made
    progress("calibrate", 1, 1)
    return INT8


def _sample(store: Store, size: int, count: int) -> Pixels:
    """Evenly spaced images of the catalog, without those that cannot be read."""
    ids = store.item_ids()
    places = np.unique(np.linspace(0, len(ids) - 1, min(count, len(ids)), dtype=np.int64))
    found = []
    for path in store.image_paths([ids[place] for place in places]):
        try:
            found.append(read_pixels(images.read_file(Path(path)), size, path))
        except ImageError:
            continue  # the stages that follow account for it
    return np.stack(found) if found else np.empty((0, size, size, 3), np.uint8)
