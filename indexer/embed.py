"""Stage 3: batches → rows in the embedding cache, where a killed job finds them again."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain, islice, tee

import numpy as np

from db.cache import EmbeddingCache
from encoder.encoded import Encoded, Encoder
from encoder.inputs import Pixels
from indexer.decode import Batch, decode
from indexer.memory import give_back
from indexer.run import IMAGE, TEXT, Embedded, Run
from indexer.scan import Plan, Work
from indexer.storing import STORED, RowWriter

CAPTIONS = 64  # texts per inference request
# So many images are embedded one by one: to make the graph for streams would take longer.
FEW = 64
# From here on it pays to measure, for half a second, how fast images could be at best.
WORTH_MEASURING = 1000
MEASURED_SECONDS = 0.5


def embed_here(run: Run, plan: Plan) -> Embedded:
    """All of it on this machine: images first, then captions."""
    with run.timed("images"):
        done = embed_images(run, plan)
    run.encoder.rest()
    give_back(len(plan.images))
    with run.timed("captions"):
        embed_texts(run, plan)
    run.encoder.rest()
    give_back(len(plan.images))
    return done


def embed_images(run: Run, plan: Plan, measure: bool = True) -> Embedded:
    """Embed what is left to do; what cannot be decoded leaves the plan with its reason.

    `measure` is whether inference alone is measured before much work.
    """
    new, done = plan.new_images, Embedded()
    if not len(new):
        return done
    encoder, kind, batch = run.encoder, run.image_kind, run.settings.runtime.batch
    few = len(new) <= FEW and kind == IMAGE
    done.precision = "f32" if few else encoder.precision
    if measure and len(new) >= WORTH_MEASURING:
        done.best = best_rate(encoder, batch)
    start, cpu, own = time.perf_counter(), time.process_time(), time.thread_time()
    unreadable: dict[bytes, str] = {}
    with closing(RowWriter(run, kind, len(new))) as writer:

        def told(decoded: Batch) -> None:
            done.decode += decoded.seconds
            unreadable.update(decoded.unreadable)
            run.cache.refuse(kind, decoded.unreadable)
            writer.leave_out(len(decoded.unreadable))

        workers = os.cpu_count() or 1
        for parts in _rounds(new, run.cache, kind, writer):
            work = (
                found
                for ids, contents in parts
                for found in zip(contents, run.store.image_paths(ids), strict=True)
            )
            for contents, encoded in encoded_images(work, encoder, batch, workers, told, few):
                writer.add(contents, encoded)
    unreadable |= run.cache.refused(kind, new.contents)
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


def embed_texts(run: Run, plan: Plan) -> None:
    """Captions of like length together: a batch costs what its longest costs."""
    new = plan.new_captions
    if not len(new):
        return
    with closing(RowWriter(run, TEXT, len(new))) as writer:
        for parts in _rounds(new, run.cache, TEXT, writer):
            here, there = tee(parts)
            contents = (content for _, part in there for content in part)
            texts = (text for ids, _ in here for text in run.store.caption_texts(ids))
            for encoded in run.encoder.stream_texts(_batches(texts, CAPTIONS)):
                writer.add(list(islice(contents, len(encoded))), encoded)


def _rounds(
    new: Work, cache: EmbeddingCache, kind: str, writer: RowWriter
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


def _batches(values: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(values)
    while part := list(islice(iterator, size)):
        yield part
