"""A home whose model has never seen green, and an artifact that is only files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from db.home import Home
from db.records import ItemRecord
from db.store import Store
from encoder import artifact as artifacts
from encoder.artifact import FILES, Artifact
from encoder.encoded import Encoded, Floats
from encoder.head import Head, sigmoid
from encoder.heads import Heads, TagHead
from encoder.inputs import Pixels
from encoder.scoring import Scoring
from indexer.job import build_index
from settings import RuntimeSettings, Settings
from tests.fakes import COLOURS, SHARED, WIDTH, FakeEncoder, draw, record

NAMES = list(COLOURS)


def bare_artifact(folder: Path) -> Artifact:
    """Every file is there and none is a graph: publishing looks at no more."""
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).write_bytes(name.encode())
    return artifacts.seal(
        folder,
        Artifact(
            shape={}, image_size=32, max_tokens=8, vocabulary=10, shared=SHARED, width=WIDTH,
            tags=list(COLOURS), thresholds=[0.5] * 3, scoring=Scoring(), recipe={}, metrics={},
        ),
    )  # fmt: skip


class HeadedEncoder(FakeEncoder):
    """Reads tags off the vector by a head that was trained without green."""

    def __init__(
        self, folder: Path, settings: RuntimeSettings | None = None, cache: Path | None = None
    ) -> None:
        super().__init__()
        del settings, cache
        self.artifact = artifacts.load(folder)
        self.tagging = self.artifact.tagging
        self.model = self.artifact.fingerprint
        refit = self.artifact.refit
        self.corrected = None if refit is None else Heads.read(folder / refit.file)
        anchors = np.zeros((3, SHARED), np.float32)
        anchors[0, 0] = anchors[2, 2] = 8.0
        self.tag_head = TagHead(anchors, np.asarray([-4, -1, -4], np.float32))
        self.trained_head: Head = self.head
        if self.corrected is not None:
            self.head = self.corrected.match(self.trained_head)

    def images(self, batch: Pixels) -> Encoded:
        seen = super().images(batch)
        return dataclasses.replace(seen, tags=self.tags_of(seen.vectors))

    def tags_of(self, vectors: NDArray[np.floating]) -> Floats:
        logits = self.tag_head.logits(vectors)
        if self.corrected is not None:
            logits = logits + self.corrected.logits(vectors)
        return sigmoid(np.asarray(logits, np.float32))


def squares(folder: Path, count: int = 120) -> list[ItemRecord]:
    """Three colours by turns; a third judges, a few are for the test. Half of the green ones that
    are learnt from are not called green."""
    folder.mkdir()
    items = []
    for number in range(count):
        colour = NAMES[number % 3]
        split = "test" if number % 20 == 0 else "val" if number // 3 % 3 == 0 else "train"
        item = record(draw(folder, str(number), colour, shade=number % 50), colour, split)  # type: ignore[arg-type]
        tags = (colour,) if split != "train" or colour != "green" or number % 2 else ()
        items.append(dataclasses.replace(item, tags=tags))
    return items


def learning_home(home: Home, folder: Path, settings: Settings) -> Store:
    store = Store.open(home.path, create=True)
    store.apply_import(squares(folder), [])
    bare_artifact(home.artifact)
    encoder = HeadedEncoder(home.artifact)
    build_index(home, store, encoder, settings)
    return store


def told(artifact: Artifact) -> Artifact:
    """Without what says when and by what name."""
    return msgspec.structs.replace(artifact, fingerprint="")
