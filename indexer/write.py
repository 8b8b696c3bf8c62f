"""Stage 4: cached rows → the files of a new generation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from db import words_build
from db.cache import Rows
from db.generations import SIGNS_FILE
from db.home import writing
from db.publishing import write_array, write_side
from db.sides import Halves
from db.vectors import Floats
from indexer.run import TEXT, Run
from indexer.scan import Plan

READ = 5000  # ids that are numbers of Python's at once


def write(run: Run, plan: Plan, folder: Path) -> None:
    """Ids, vectors and halves of both sides, and the signs of the images."""
    shape = run.encoder.shared, run.encoder.head.width
    run.progress("write", 0, 2)
    for number, (name, kind, entries) in enumerate(
        (("images", run.image_kind, plan.images), ("captions", TEXT, plan.captions)), start=1
    ):
        parts = _slices(run.cache.get(kind, entries.contents), run.encoder.shared)
        write_side(folder, name, entries.ids, entries.owners, parts, shape)
        run.progress("write", number, 2)
    with writing(folder):
        write_array(folder / SIGNS_FILE, plan.signs)


def write_words(run: Run, plan: Plan, folder: Path) -> None:
    """The exact words of the items, as the catalog has them now."""
    ids = plan.images.ids
    parts = (ids[start : start + READ].tolist() for start in range(0, len(ids), READ))
    items = (words for part in parts for words in run.store.item_words(part))
    words_build.write(folder, words_build.build(ids, items, run.progress))


def _slices(parts: Iterator[Rows], shared: int) -> Iterator[tuple[Floats, Halves]]:
    """Unit vectors and halves, some rows at a time: memory stays the same for any catalog."""
    for packed in parts:
        vectors = packed[:, :shared].astype(np.float32)
        # Unit length again after the rounding to float16.
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
        yield vectors, packed[:, shared:]
