"""Small generations, made without a catalog or a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from db import publishing, words_build
from db.generations import Generation, Manifest
from db.published import FolderGenerations, Generations
from db.records import WordsRecord
from db.vectors import Floats


def unit(rng: np.random.Generator, rows: int, length: int = 8) -> Floats:
    vectors = rng.normal(size=(rows, length)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def clustered(rows: int, length: int = 32, seed: int = 0, shift: float = 0.0) -> Floats:
    """Unit vectors in clusters; `shift` moves all of them, as words lie beside images."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(7).normal(size=(max(rows // 100, 5), length))
    vectors = centres[rng.integers(len(centres), size=rows)]
    vectors = vectors + 0.5 * rng.normal(size=(rows, length)) + shift
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def nothing(_: Generation) -> None:
    """A check that finds no fault."""


def publish(
    where: Path | Generations,
    fingerprint: str = "model",
    rows: int = 5,
    keep: int = 3,
    first: int = 10,
    verify: Callable[[Generation], None] = nothing,
    factory: str = "Flat",
    stamps: Path | None = None,
) -> Generation:
    """One image and one caption for each of the ids from `first` on; `stamps` are of a folder."""
    kept = FolderGenerations(where, stamps) if isinstance(where, Path) else where
    vectors = unit(np.random.default_rng(rows), rows)
    ids = np.arange(first, first + rows, dtype=np.int64)
    halves = np.zeros((rows, 4), np.float16)
    with kept.building() as build:
        folder = build.folder
        for side in ("images", "captions"):
            publishing.write_side(folder, side, ids, ids, [(vectors, halves)], (8, 4))
        items = (WordsRecord(f"n{number}", ("a square",), ()) for number in ids)
        words_build.write(folder, words_build.build(ids, items))
        manifest = Manifest(
            name=build.name, created="2026-01-01T00:00:00+00:00", fingerprint=fingerprint,
            signature="", items=rows, captions=rows, shared=8, width=4,
            settings={}, timings={}, versions={},
            vectors=build.write_indexes(factory, 0.98),
        )  # fmt: skip
        return build.publish(manifest, verify, keep)
