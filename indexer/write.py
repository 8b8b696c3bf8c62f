"""Stage 4: cached rows → the files of a new generation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from db.cache import EmbeddingCache
from db.generations import write_side
from indexer.embed import IMAGE, TEXT
from indexer.scan import Plan
from progress import Progress


def write(
    folder: Path,
    plan: Plan,
    cache: EmbeddingCache,
    shape: tuple[int, int],
    factory: str,
    progress: Progress,
) -> None:
    """`shape` is the length of a vector and of a half."""
    progress("write", 0, 2)
    image_ids = [row.item for row in plan.images]
    contents = [row.content for row in plan.images]
    _write(folder, "images", image_ids, image_ids, contents, cache, shape, factory)
    progress("write", 1, 2)
    rows = sorted(plan.captions, key=lambda row: row.caption)
    caption_ids = [row.caption for row in rows]
    owners = [row.item for row in rows]
    contents = [row.content for row in rows]
    _write(folder, "captions", caption_ids, owners, contents, cache, shape, factory)
    progress("write", 2, 2)


def _write(
    folder: Path,
    name: str,
    ids: Sequence[int],
    owners: Sequence[int],
    contents: Sequence[str],
    cache: EmbeddingCache,
    shape: tuple[int, int],
    factory: str,
) -> None:
    shared, width = shape
    kind = IMAGE if name == "images" else TEXT
    vectors = np.empty((len(ids), shared), np.float32)
    halves = np.empty((len(ids), width), np.float16)
    for number, row in enumerate(cache.get(kind, contents)):
        vectors[number], halves[number] = row[:shared], row[shared:]
    # Unit length again after the rounding to float16.
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    write_side(
        folder,
        name,
        np.asarray(ids, np.int64),
        np.asarray(owners, np.int64),
        vectors,
        halves,
        factory,
    )
