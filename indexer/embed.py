"""Stage 3: batches → rows in the embedding cache, where a killed job finds them again."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, tee
from types import TracebackType

import numpy as np

from db.cache import EmbeddingCache, Rows
from db.store import Store
from encoder.encoded import Encoded, Encoder
from encoder.inputs import Pixels
from indexer.decode import Batch, decode
from indexer.memory import trim
from indexer.scan import Plan, Work
from progress import Progress

IMAGE, TEXT = "image", "text"
INT8 = "int8"  # images, by a graph whose vectors are not those of the others
# Rows that are stored together: the most that a killed job does again.
STORED = {IMAGE: 32, INT8: 32, TEXT: 512}
CAPTIONS = 64  # texts per inference request
# So many images are embedded one by one: to make the graph for streams would take longer.
FEW = 64
# From here on it pays to measure, for half a second, how fast images could be at best.
WORTH_MEASURING = 1000
MEASURED_SECONDS = 0.5


@dataclass
class Embedded:
    """What the stage did, and where its time went."""

    count: int = 0
    seconds: float = 0.0
    precision: str = ""
    decode: float = 0.0  # seconds of one core
    inference: float = 0.0  # likewise
    best: float = 0.0  # images per second of inference alone; 0 where it was not measured


def embed_images(
    plan: Plan,
    store: Store,
    encoder: Encoder,
    cache: EmbeddingCache,
    batch: int,
    progress: Progress,
    measure: bool = True,
    kind: str = IMAGE,
) -> Embedded:
    """Embed what is left to do; what cannot be decoded leaves the plan with its reason.

    `measure` is whether inference alone is measured before much work; `kind` that of cached rows.
    """
    new, done = plan.new_images, Embedded()
    if not len(new):
        return done
    few = len(new) <= FEW and kind == IMAGE
    done.precision = "f32" if few else encoder.precision
    if measure and len(new) >= WORTH_MEASURING:
        done.best = best_rate(encoder, batch)
    start, cpu, own = time.perf_counter(), time.process_time(), time.thread_time()
    unreadable: dict[bytes, str] = {}
    with _Writer(cache, kind, len(new), progress) as writer:

        def told(decoded: Batch) -> None:
            done.decode += decoded.seconds
            unreadable.update(decoded.unreadable)
            cache.refuse(kind, decoded.unreadable)
            writer.leave_out(len(decoded.unreadable))

        workers = os.cpu_count() or 1
        for parts in _rounds(new, cache, kind, writer):
            work = (
                found
                for ids, contents in parts
                for found in zip(contents, store.image_paths(ids), strict=True)
            )
            for contents, encoded in encoded_images(work, encoder, batch, workers, told, few):
                writer.add(contents, encoded)
    unreadable |= cache.refused(kind, new.contents)
    done.count, done.seconds = writer.stored, time.perf_counter() - start
    done.inference = time.process_time() - cpu - done.decode - (time.thread_time() - own)
    plan.drop(unreadable)
    return done


def encoded_images(
    work: Iterable[tuple[bytes, str]],
    encoder: Encoder,
    batch: int,
    workers: int,
    told: Callable[[Batch], None],
    few: bool = False,
) -> Iterator[tuple[list[bytes], Encoded]]:
    """What can be read of `(content, path)`, in order; `told` of each batch when it is decoded.

    `few` is that no stream is made for them.
    """
    at_work: deque[Batch] = deque()

    def pixels() -> Iterator[Pixels]:
        for decoded in decode(work, encoder.image_size, batch, workers):
            told(decoded)
            if decoded.contents:
                at_work.append(decoded)
                yield decoded.pixels
            else:
                decoded.release()

    stream = map(encoder.images, pixels()) if few else encoder.stream_images(pixels())
    for encoded in stream:
        decoded = at_work.popleft()
        decoded.release()
        yield decoded.contents, encoded


def embed_texts(
    plan: Plan, store: Store, encoder: Encoder, cache: EmbeddingCache, progress: Progress
) -> int:
    """Captions of like length together: a batch costs what its longest costs."""
    new = plan.new_captions
    if not len(new):
        return 0
    with _Writer(cache, TEXT, len(new), progress) as writer:
        for parts in _rounds(new, cache, TEXT, writer):
            here, there = tee(parts)
            contents = (content for _, part in there for content in part)
            texts = _batches((t for ids, _ in here for t in store.caption_texts(ids)), CAPTIONS)
            for encoded in encoder.stream_texts(texts):
                writer.add(list(islice(contents, len(encoded))), encoded)
    return writer.stored


def _rounds(
    new: Work, cache: EmbeddingCache, kind: str, writer: _Writer
) -> Iterator[Iterator[tuple[list[int], list[bytes]]]]:
    """What is to be embedded here, as ids and contents: once, unless others give something up."""
    settled = False
    while not settled:
        parts = map(new.part, cache.claims(kind, new.contents, STORED[kind]))
        first = next(parts, None)
        if first is not None:
            yield chain([first], parts)
        writer.flush()
        settled = cache.settled(kind, writer.left)


def best_rate(encoder: Encoder, batch: int) -> float:
    """Images per second from pixels that are in memory already: no pipeline can be faster."""
    size = encoder.image_size
    noise = np.random.default_rng(0).integers(0, 256, (batch, size, size, 3), dtype=np.uint8)
    list(encoder.stream_images([noise]))  # compiles
    start = time.perf_counter()

    def until() -> Iterator[Pixels]:
        while time.perf_counter() - start < MEASURED_SECONDS:
            yield noise

    count = sum(len(encoded) for encoded in encoder.stream_images(until()))
    return count / (time.perf_counter() - start)


def packed(encoded: Encoded) -> Rows:
    """One float16 row per item: vector, then half."""
    return np.concatenate([encoded.vectors, encoded.halves], axis=1).astype(np.float16)


class _Writer:
    """Rows into the cache, some at a time; what is counted as done is stored."""

    def __init__(self, cache: EmbeddingCache, kind: str, total: int, progress: Progress) -> None:
        self._cache, self._kind, self._total, self._progress = cache, kind, total, progress
        self._contents: list[bytes] = []
        self._rows: list[Rows] = []
        self._done = 0
        self.stored = 0  # by us; others may have stored some of what was to be done

    def add(self, contents: list[bytes], encoded: Encoded) -> None:
        self._contents += contents
        self._rows.append(packed(encoded))
        if len(self._contents) >= STORED[self._kind]:
            self.flush()

    def leave_out(self, count: int) -> None:
        """These need not be waited for."""
        self._done += count

    def left(self, count: int) -> None:
        """So many are not stored yet, by whomever."""
        self._done = max(self._done, self._total - count)
        self._tell()

    def flush(self) -> None:
        if self._contents:
            self._cache.put(self._kind, self._contents, np.concatenate(self._rows))
            self._done += len(self._contents)
            self.stored += len(self._contents)
            self._contents, self._rows = [], []
            if self._kind == TEXT:
                trim()  # texts are many small pieces
        self._tell()

    def _tell(self) -> None:
        stage = "captions" if self._kind == TEXT else "images"
        self._progress(stage, self._done, self._total)

    def __enter__(self) -> _Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """However the stage ends, by Ctrl-C too, what is ready is stored first."""
        self.flush()


def _batches(values: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(values)
    while part := list(islice(iterator, size)):
        yield part
