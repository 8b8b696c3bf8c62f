"""Homes to measure on: a catalog of made pictures, and the model of another home."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from db.cache import EmbeddingCache
from db.home import Home
from db.records import CaptionRecord, ImageFacts, ItemRecord
from db.store import Store
from encoder import artifact as artifacts
from images import content_hash

TOGETHER = 2000  # rows that are stored at once
WORDS = "red green blue small large round square striped spotted old new shiny dull soft".split()


def make_home(path: Path, model: Path, pictures: Sequence[Path], captions: int = 2) -> Home:
    """A home at `path` that holds the pictures, one or two captions each, and a copy of the model.

    The rows are written as an import writes them, without its looking for duplicates, which is
    not what is measured.
    """
    home = Home(path)
    with Store.open(path, create=True) as store:
        store.apply_import(_records(pictures, captions), [])
    if not home.artifact.exists():
        shutil.copytree(model, home.artifact)
    return home


def embed_beforehand(home: Home, left: int) -> None:
    """Rows of noise in the cache for all images but the first `left`."""
    model, dice = artifacts.load(home.artifact), np.random.default_rng(0)
    width = model.shared + model.width
    with (
        Store.open(home.path) as store,
        EmbeddingCache(home.cache, model.embedding_fingerprint) as cache,
    ):
        contents = [bytes.fromhex(row.content_hash) for row in store.index_rows()][left:]
        for start in range(0, len(contents), TOGETHER):
            some = contents[start : start + TOGETHER]
            cache.put("image", some, dice.normal(size=(len(some), width)).astype(np.float16))


def _records(pictures: Sequence[Path], count: int) -> Iterator[ItemRecord]:
    for number, file in enumerate(pictures):
        status = file.stat()
        facts = ImageFacts(
            content_hash(file.read_bytes()), "", status.st_size, status.st_mtime_ns, 64, 64,
            "JPEG", 0.5, 0.2,
        )  # fmt: skip
        words = [WORDS[number // len(WORDS) ** place % len(WORDS)] for place in range(3)]
        captions = (
            CaptionRecord(f"a {' '.join(words)} thing number {number}", "en"),
            CaptionRecord(f"picture {number}, {words[0]} and {words[2]}, from the front", "en"),
        )
        yield ItemRecord(
            key=str(number), image=str(file.resolve()), captions=captions[:count], tags=(words[0],),
            split="train", facts=facts, name=f"thing {number}",
        )  # fmt: skip
