"""Before all stages, where `runtime.precision` is int8: the graph in eight bits is made."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import images
from db.store import Store
from encoder.inputs import Pixels, read_pixels
from errors import ImageError
from indexer.run import INT8, Run


def calibrate(run: Run) -> None:
    """Images of this home are embedded in eight bits from now on."""
    store, encoder = run.store, run.encoder
    run.progress("calibrate", 0, 1)
    if encoder.calibrate(lambda count: _sample(store, encoder.image_size, count)):
        run.cache.forget(INT8)  # what another graph made
    run.progress("calibrate", 1, 1)


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
