"""What a search would go by for queries with known answers: its own shortlists and evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from db.generations import Generation, Manifest
from db.publishing import write_side
from db.records import ItemRecord
from encoder.encoded import Encoded, Encoder
from encoder.inputs import read_pixels
from encoder.scoring import Floats, Wording
from evaluation.gallery import Gallery
from progress import Progress
from search.rerank import judge
from search.shortlist import shortlist
from search.wording import wording
from training.scoring_queries import Known

CANDIDATES = 200  # of each channel, as many as a search takes


@dataclass(frozen=True)
class Found:
    """The candidates of one query."""

    logits: Floats
    cosines: Floats
    captions: Floats  # -1 for an item without any
    said: Wording
    truth: NDArray[np.bool_]


def look_for(place: Gallery, encoder: Encoder, queries: Sequence[Known]) -> Iterator[Found]:
    generation = place.generation
    encoded = encoder.texts([query.text for query in queries])
    for number, query in enumerate(queries):
        one = encoded[number : number + 1]
        items = shortlist(generation, one.vectors[0], query.text, CANDIDATES).items
        said = wording(generation.words, query.text, items)
        seen = judge(generation, encoder, one, items, said)
        right = [place.ids[key] for key in query.right if key in place.ids]
        truth = np.isin(items, np.asarray(right, np.int64))
        yield Found(seen.logits, seen.cosines, seen.captions, said, truth)


@contextmanager
def provisional(
    items: Sequence[ItemRecord], encoder: Encoder, progress: Progress
) -> Iterator[Generation]:
    """Vectors and halves of items that no index holds yet. It has nothing to search with."""
    parts = []
    for number, item in enumerate(items, start=1):
        parts.append(encoder.images(read_pixels(Path(item.image), encoder.image_size)[None]))
        progress("calibrate", number, len(items))
    told = sorted((c.id, item.id, c.text) for item in items for c in item.captions)
    with TemporaryDirectory(prefix="pairdex-") as folder:
        root = Path(folder)
        images = np.asarray([item.id for item in items], np.int64)
        order = np.argsort(images)
        _write(root, "images", images[order], images[order], Encoded.concatenate(parts), order)
        captions = np.asarray([row[0] for row in told], np.int64)
        owners = np.asarray([row[1] for row in told], np.int64)
        texts = encoder.texts([row[2] for row in told])
        _write(root, "captions", captions, owners, texts, np.arange(len(told)))
        yield Generation(
            root,
            Manifest(
                name="provisional", created=datetime.now(UTC).isoformat(), signature="",
                fingerprint=encoder.fingerprint, items=len(items), captions=len(told),
                shared=texts.vectors.shape[1], width=texts.halves.shape[1],
                settings={}, timings={}, versions={},
            ),
        )  # fmt: skip


def _write(
    root: Path,
    name: str,
    ids: NDArray[np.int64],
    owners: NDArray[np.int64],
    encoded: Encoded,
    order: NDArray[np.intp],
) -> None:
    vectors, halves = encoded.vectors[order], encoded.halves[order].astype(np.float16)
    shape = (vectors.shape[1], halves.shape[1])
    write_side(root, name, ids, owners, [(vectors, halves)], shape)
