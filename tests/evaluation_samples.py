"""A catalog and encoders whose evaluation is known beforehand.

72 pictures, each of its own shade, so that an encoder can tell which one it sees; every second is
of the test split. `KeyedEncoder` reads the number in a caption ("item 7 …") and in a picture; what
it makes of the picture is up to its kind.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from db.home import Home
from db.records import CaptionRecord, ImageFacts, ItemRecord
from db.store import Store
from encoder.encoded import Encoded, Floats
from encoder.head import Head
from encoder.inputs import Pixels
from encoder.scoring import Scoring
from encoder.tagging import PRECISIONS, Rule, Tagging
from images import content_hash
from tests.fakes import OneByOne

ITEMS = 72
TEST = ITEMS // 2
COLOURS, SHAPES = ("red", "green", "blue"), ("round", "square", "long", "flat")
Kind = Literal["perfect", "random", "blind"]


def tags_of(number: int) -> tuple[str, str]:
    turn = number // 2
    return COLOURS[turn % 3], SHAPES[turn % 4]


class KeyedEncoder(OneByOne):
    """perfect: picture and caption of an item share a vector. random: neither means anything.

    blind: captions of an item share a vector, so text finds text, but pictures mean nothing.
    """

    image_size = 32
    shared = ITEMS + 24
    tags: Sequence[str] = (*COLOURS, *SHAPES)

    def __init__(self, kind: Kind = "perfect") -> None:
        self.kind = kind
        self.fingerprint = self.model = kind
        self.thresholds: Floats = np.full(len(self.tags), 0.5, np.float32)
        self.head = Head(
            np.array([4, 0], np.float32), np.array([2, 0], np.float32), np.array(-4, np.float32)
        )
        self.scoring = Scoring()
        rule = Rule(1.0, 0.0, 0.0, 1.0, 0.0, 0.0, (0.0,) * len(self.tags), PRECISIONS)
        self.tagging = Tagging((0.0,) * len(self.tags), rule, rule, rule, rule)

    def images(self, batch: Pixels) -> Encoded:
        numbers = batch[:, :, :, 0].mean(axis=(1, 2)).round().astype(int).tolist()
        if self.kind == "perfect":
            return self._encoded([self._axis(n) for n in numbers], numbers)
        return self._encoded([self._noise(1000 + n) for n in numbers], [n + 5 for n in numbers])

    def texts(self, batch: Sequence[str]) -> Encoded:
        found = [re.search(r"item (\d+)|(\d+) 번", text) for text in batch]
        numbers = [int(m.group(1) or m.group(2)) if m else -1 for m in found]
        vectors = []
        for text, number in zip(batch, numbers, strict=True):
            noise = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
            if self.kind == "random":
                vectors.append(self._noise(noise))
            else:
                vectors.append(self._axis(number if number >= 0 else ITEMS + noise % 24))
        return self._encoded(vectors, numbers)

    def _axis(self, axis: int) -> Floats:
        return np.asarray(np.arange(self.shared) == axis, np.float32)

    def _noise(self, seed: int) -> Floats:
        return np.random.default_rng([7, seed]).normal(size=self.shared).astype(np.float32)

    def _encoded(self, rows: Sequence[Floats], numbers: Sequence[int]) -> Encoded:
        vectors = np.asarray(rows, np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        tags = np.asarray([[t in tags_of(n) for t in self.tags] for n in numbers], np.float32)
        return Encoded(vectors, np.zeros((len(rows), 2), np.float32), 0.1 + 0.8 * tags)


def catalog(home: Home, pictures: Path, second_captions: bool = True) -> Store:
    """The store of a new home. A second caption shares no word with the first but its number."""
    pictures.mkdir()
    items = []
    for number in range(ITEMS):
        file = pictures / f"{number}.png"
        Image.new("RGB", (32, 32), (number, 90, 200)).save(file)
        status = file.stat()
        colour, shape = tags_of(number)
        captions = [CaptionRecord(f"item {number} {colour}-type {shape}", "en")]
        if second_captions:
            captions.append(CaptionRecord(f"the so-called item {number} zq{number}x", "en"))
        captions.append(CaptionRecord(f"{number} 번 그림", "ko"))
        facts = ImageFacts(
            content_hash(file.read_bytes()), "0" * 16, status.st_size, status.st_mtime_ns, 32, 32,
            "PNG", 0.5, 0.1,
        )  # fmt: skip
        items.append(
            ItemRecord(
                key=f"k{number}",
                image=str(file),
                captions=tuple(captions),
                tags=(colour, shape),
                split="test" if number % 2 else "train",
                facts=facts,
                name=f"Thing{number}",
                attributes={"type": colour, "size": float(number)},
                kinds={"type": "text", "size": "number"},
            )
        )
    store = Store.open(home.path, create=True)
    store.apply_import(items, [])
    return store
