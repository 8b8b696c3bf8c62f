"""Stage 4: cached rows → the files of a new generation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from db.cache import EmbeddingCache, Row
from db.generations import Halves
from db.publishing import write_side
from db.vectors import Floats
from indexer.embed import IMAGE, TEXT
from indexer.scan import Plan
from progress import Progress

SLICE = 8192


def write(
    folder: Path,
    plan: Plan,
    cache: EmbeddingCache,
    shape: tuple[int, int],
    progress: Progress,
) -> None:
    """`shape` is the length of a vector and of a half."""
    progress("write", 0, 2)
    image_ids = [row.item for row in plan.images]
    contents = [row.content for row in plan.images]
    _write(folder, "images", image_ids, image_ids, contents, cache, shape)
    progress("write", 1, 2)
    rows = sorted(plan.captions, key=lambda row: row.caption)
    caption_ids = [row.caption for row in rows]
    owners = [row.item for row in rows]
    contents = [row.content for row in rows]
    _write(folder, "captions", caption_ids, owners, contents, cache, shape)
    progress("write", 2, 2)


def _write(
    folder: Path,
    name: str,
    ids: Sequence[int],
    owners: Sequence[int],
    contents: Sequence[str],
    cache: EmbeddingCache,
    shape: tuple[int, int],
) -> None:
    kind = IMAGE if name == "images" else TEXT
    write_side(
        folder,
        name,
        np.asarray(ids, np.int64),
        np.asarray(owners, np.int64),
        _slices(cache.get(kind, contents), shape),
        shape,
    )


def _slices(rows: Iterator[Row], shape: tuple[int, int]) -> Iterator[tuple[Floats, Halves]]:
    """Unit vectors and halves, a slice of rows at a time: memory stays the same for any catalog."""
    while some := list(islice(rows, SLICE)):
        packed = np.stack(some)
        vectors = packed[:, : shape[0]].astype(np.float32)
        # Unit length again after the rounding to float16.
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
        yield vectors, packed[:, shape[0] :]
