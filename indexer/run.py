"""What all stages of one build work with, and what embedding tells of itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from db.cache import EmbeddingCache
from db.home import Home
from db.store import Store
from encoder.encoded import Encoder
from indexer.scan import Plan
from progress import Progress, silent
from settings import Settings

# Kinds of cached rows.
IMAGE, TEXT = "image", "text"
INT8 = "int8"  # images, by a graph whose vectors are not those of the others


@dataclass(frozen=True)
class Run:
    home: Home
    store: Store
    encoder: Encoder
    cache: EmbeddingCache
    settings: Settings
    progress: Progress = silent
    image_kind: str = IMAGE  # of the rows that images get: IMAGE or INT8
    seconds: dict[str, float] = field(default_factory=dict)  # of each stage that has ended

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - start, 3)


@dataclass
class Embedded:
    """What embedding images did, and where its time went."""

    count: int = 0
    seconds: float = 0.0
    precision: str = ""
    decode: float = 0.0  # seconds of one core
    inference: float = 0.0  # likewise
    best: float = 0.0  # images per second of inference alone; 0 where it was not measured


# Embeds what the plan has left to do, images and captions: here, or on a cluster.
Engine = Callable[[Run, Plan], Embedded]
