"""Catalogs that exist only as numbers and words: clustered vectors, text beside images, real rows.

Vectors of images lie in clusters of uneven size, as products and animals do, and not uniformly,
where nothing is near anything. Vectors of text lie in clusters of their own, moved by one vector
that is the same for all: so do those of every model that embeds images and words.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np
from sqlalchemy import Connection, insert

from db import publishing, sqlite, words_build
from db.databases import generations_of
from db.generations import Generation, Manifest
from db.home import Home
from db.records import WordsRecord
from db.sides import Halves
from db.store import Store
from db.tables import Caption, Item
from db.vectors import Floats
from encoder.encoded import Encoded, Encoder
from encoder.head import Head
from encoder.known import KnownWords
from encoder.scoring import Scoring
from progress import Progress, silent
from settings import IndexSettings

SHARED, WIDTH = 128, 256
SLICE = 10_000
WORDS, CAPTION = 30_000, 8  # of the vocabulary, of a caption
GAP = 0.7  # how far text lies beside images, as a share of a centre's length
IMAGE_NOISE, TEXT_NOISE = 0.7, 0.9
FINGERPRINT = "synthetic"


class Catalog:
    """`count` items with one caption each; every part is made anew from the seed when asked for."""

    def __init__(self, count: int, seed: int = 1) -> None:
        self.count, self.seed = count, seed
        rng = np.random.default_rng(seed)
        clusters = max(50, count // 300)
        self._centres = rng.normal(size=(clusters, SHARED)).astype(np.float32)
        self._gap = (GAP * rng.normal(size=SHARED)).astype(np.float32)
        sizes = 1.0 / np.arange(3, clusters + 3) ** 0.7
        self._clusters = rng.choice(clusters, size=count, p=sizes / sizes.sum())

    def sides(self, name: str) -> Iterator[tuple[Floats, Halves]]:
        for start in range(0, self.count, SLICE):
            rows = np.arange(start, min(start + SLICE, self.count))
            rng = np.random.default_rng([self.seed, start, name == "images"])
            halves = rng.normal(size=(len(rows), WIDTH)).astype(np.float16)
            yield self._placed(self._clusters[rows], name, rng), halves

    def queries(self, count: int) -> Floats:
        """Texts that no item has, of the clusters that items are in."""
        rng = np.random.default_rng([self.seed, 99])
        return self._placed(self._clusters[rng.integers(self.count, size=count)], "text", rng)

    def captions(self) -> Iterator[str]:
        """Words as frequent as in running text without its smallest words; a few per item."""
        rng = np.random.default_rng([self.seed, 7])
        weights = 1.0 / (np.arange(WORDS) + 20)
        weights /= weights.sum()
        for start in range(0, self.count, SLICE):
            some = rng.choice(WORDS, size=(min(SLICE, self.count - start), CAPTION), p=weights)
            yield from (" ".join(map(_word, row)) for row in some.tolist())

    def _placed(self, clusters: np.ndarray, name: str, rng: np.random.Generator) -> Floats:
        images = name == "images"
        noise = rng.normal(size=(len(clusters), SHARED)).astype(np.float32)
        vectors = self._centres[clusters] + (IMAGE_NOISE if images else TEXT_NOISE) * noise
        if not images:
            vectors += self._gap
        placed: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return placed


def answering(texts: Sequence[str], vectors: Floats) -> Encoder:
    """An encoder that knows the vector of each query beforehand.

    What a network takes is not what is measured here. It has only what a search asks for.
    """
    return cast(Encoder, _Answers(texts, vectors))


class _Answers:
    known = KnownWords()
    scoring = Scoring()

    def __init__(self, texts: Sequence[str], vectors: Floats) -> None:
        self.fingerprint = self.model = FINGERPRINT
        rng = np.random.default_rng(3)
        self.head = Head(
            rng.normal(size=WIDTH).astype(np.float32),
            rng.normal(size=WIDTH).astype(np.float32),
            np.array(0, np.float32),
        )
        self._rows = {text: row for row, text in enumerate(texts)}
        self._vectors = vectors
        self._halves = rng.normal(size=(len(vectors), WIDTH)).astype(np.float32)

    def texts(self, batch: Sequence[str]) -> Encoded:
        rows = [self._rows[text] for text in batch]
        nothing = np.empty((len(rows), 0), np.float32)
        return Encoded(self._vectors[rows], self._halves[rows], nothing)


def fill(home: Home, catalog: Catalog) -> None:
    """The catalog's rows, without files and without an import."""
    Store.open(home.path, create=True).close()
    engine = sqlite.engine(home.database)
    captions = catalog.captions()
    with engine.begin() as connection:
        for start in range(0, catalog.count, SLICE):
            ids = range(start + 1, min(start + SLICE, catalog.count) + 1)
            _rows(connection, ids, [next(captions) for _ in ids])
    engine.dispose()


def _rows(connection: Connection, ids: range, texts: list[str]) -> None:
    facts = {
        "split": "train", "content_hash": "", "perceptual_hash": "", "bytes": 0, "mtime_ns": 0,
        "width": 0, "height": 0, "format": "", "brightness": 0.0, "contrast": 0.0,
    }  # fmt: skip
    names = [f"item {number}" for number in ids]
    items = [
        {"id": i, "key": str(i), "name": name, "image": f"{i}.jpg"} | facts
        for i, name in zip(ids, names, strict=True)
    ]
    connection.execute(insert(Item), items)
    rows = zip(ids, texts, strict=True)
    connection.execute(
        insert(Caption),
        [{"id": i, "item_id": i, "position": 0, "language": "en", "text": t} for i, t in rows],
    )


def write(folder: Path, catalog: Catalog, first: int = 1) -> None:
    """Both sides of a generation, without their indexes."""
    ids = np.arange(first, first + catalog.count, dtype=np.int64)
    for name in ("images", "captions"):
        publishing.write_side(folder, name, ids, ids, catalog.sides(name), (SHARED, WIDTH))
    items = (
        WordsRecord(f"item {number}", (caption,), ())
        for number, caption in zip(ids.tolist(), catalog.captions(), strict=True)
    )
    words_build.write(folder, words_build.build(ids, items))


def publish(
    home: Home,
    catalog: Catalog,
    index: IndexSettings,
    progress: Progress = silent,
    first: int = 1,
    fingerprint: str = FINGERPRINT,
) -> Generation:
    """A whole generation of the catalog; ids count from `first`."""
    with generations_of(home).building() as build:
        write(build.folder, catalog, first)
        measured = build.write_indexes(index.factory, index.recall, progress)
        manifest = Manifest(
            name=build.name,
            created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            fingerprint=fingerprint,
            signature=build.name,
            items=catalog.count,
            captions=catalog.count,
            shared=SHARED,
            width=WIDTH,
            removals=0,
            vectors=measured,
            settings={},
            timings={},
            versions={},
        )
        return build.publish(manifest, lambda _: None, index.keep)


def _word(number: int) -> str:
    """A word of its own for each number: syllables, so that stemming leaves it be."""
    consonants, vowels = "bdfgklmnprtv", "aou"
    word = ""
    for _ in range(3):
        number, place = divmod(number, 36)
        word += consonants[place // 3] + vowels[place % 3]
    return word
