"""A deterministic encoder without a network: it sees colours and reads their names.

Fast and predictable, so that the rooms around the model can be tested in milliseconds; what the
real model does is tested with really trained tiny models (tests marked slow).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from db.records import CaptionRecord, ImageFacts, ItemRecord, Split
from encoder.encoded import Encoded, Floats, Loss
from encoder.head import Head, sigmoid
from encoder.inputs import Pixels
from encoder.known import KnownWords
from encoder.scoring import Scoring
from encoder.tagging import Tagging

COLOURS = {"red": (220, 30, 30), "green": (30, 180, 40), "blue": (30, 60, 220)}
KOREAN = {"red": "빨강", "green": "초록", "blue": "파랑"}
SHARED = 16
WIDTH = 4


class OneByOne:
    """The streams of an encoder that has only one thing at work."""

    precision = "f32"
    known = KnownWords()
    tagging: Tagging | None = None

    def images(self, batch: Pixels) -> Encoded:
        raise NotImplementedError

    def texts(self, batch: Sequence[str]) -> Encoded:
        raise NotImplementedError

    def tags_of(self, vectors: NDArray[np.floating]) -> Floats:
        raise NotImplementedError

    def stream_images(self, batches: Iterable[Pixels]) -> Iterator[Encoded]:
        return map(self.images, batches)

    def stream_texts(self, batches: Iterable[Sequence[str]]) -> Iterator[Encoded]:
        return map(self.texts, batches)

    def calibrate(self, images: Callable[[int], Pixels]) -> bool:  # noqa: ARG002  (the protocol's)
        """It has one precision, which needs nothing."""
        return False

    @property
    def loss(self) -> Loss | None:
        return None

    def rest(self) -> None:
        """Nothing is held."""


class FakeEncoder(OneByOne):
    image_size = 32
    shared = SHARED
    tags: Sequence[str] = tuple(COLOURS)

    def __init__(self, fingerprint: str = "fake") -> None:
        self.fingerprint = self.model = fingerprint
        self.thresholds: Floats = np.full(len(COLOURS), 0.5, np.float32)
        # relu(cos · [4, 0, 0, 0]) · [2, 0, 0, 0] - 4: a score that rises with the cosine alone.
        self.head = Head(
            np.array([4, 0, 0, 0], np.float32),
            np.array([2, 0, 0, 0], np.float32),
            np.array(-4, np.float32),
        )
        self.scoring = Scoring()
        self.seen_images = 0
        self.seen_texts = 0

    def images(self, batch: Pixels) -> Encoded:
        self.seen_images += len(batch)
        means = batch.astype(np.float32).mean(axis=(1, 2))
        palette = np.asarray(list(COLOURS.values()), np.float32)
        far = np.linalg.norm(means[:, None] - palette, axis=2)
        vectors = np.zeros((len(batch), SHARED), np.float32)
        vectors[np.arange(len(batch)), far.argmin(axis=1)] = 1.0
        # The exact shade makes neighbours differ.
        vectors[:, 3:6] = means / 2550
        return _encoded(vectors, sigmoid((80 - far) / 10))

    def tags_of(self, vectors: NDArray[np.floating]) -> Floats:
        """The shade is lost in a vector, the colour is not."""
        return sigmoid(4 * np.asarray(vectors[:, : len(COLOURS)], np.float32) - 2)

    def texts(self, batch: Sequence[str]) -> Encoded:
        self.seen_texts += len(batch)
        vectors = np.zeros((len(batch), SHARED), np.float32)
        for row, text in enumerate(batch):
            for axis, name in enumerate(COLOURS):
                vectors[row, axis] = name in text or KOREAN[name] in text
            if not vectors[row].any():
                noise = hashlib.sha256(text.encode()).digest()
                vectors[row, 6:] = np.frombuffer(noise[:10], np.uint8)
        return _encoded(vectors, np.minimum(vectors[:, :3], 1.0))


def _encoded(vectors: Floats, tags: Floats) -> Encoded:
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return Encoded(vectors, np.zeros((len(vectors), WIDTH), np.float32), tags.astype(np.float32))


def draw(folder: Path, key: str, colour: str, shade: int = 0) -> Path:
    """A small picture of one colour."""
    red, green, blue = COLOURS[colour]
    file = folder / f"{key}.png"
    Image.new("RGB", (40, 30), (red - shade, green, blue)).save(file)
    return file


def record(file: Path, colour: str, split: Split = "train", words: str = "") -> ItemRecord:
    """The row of a drawn picture, as an import would have made it."""
    from images import content_hash

    status = file.stat()
    facts = ImageFacts(
        content_hash(file.read_bytes()), "0" * 16, status.st_size, status.st_mtime_ns, 40, 30,
        "PNG", 0.5, 0.1,
    )  # fmt: skip
    captions = (
        CaptionRecord(f"a {colour} square {words}".strip(), "en"),
        CaptionRecord(f"{KOREAN[colour]} 네모", "ko"),
    )
    return ItemRecord(
        key=file.stem,
        image=str(file),
        captions=captions,
        tags=(colour, "square"),
        split=split,
        facts=facts,
        name=f"Sq{file.stem}",
        attributes={"edge": 2.5, "shelf": "left", "seen": ["x", "y"]},
        kinds={"edge": "number", "shelf": "text", "seen": "list"},
    )
