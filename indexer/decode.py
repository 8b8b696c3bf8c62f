"""Stage 2: files → batches of pixels, in threads, in memory that is used again and again.

Threads and not processes: Pillow decodes and resizes outside the interpreter's lock.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

import images
from encoder.inputs import Pixels, read_pixels
from errors import ImageError, printable


@dataclass
class Batch:
    """Images that could be read, side by side, and those that could not."""

    pixels: Pixels  # one row for each of `contents`
    release: Callable[[], None]  # the pixels are not needed any more
    contents: list[bytes] = field(default_factory=list)
    unreadable: dict[bytes, str] = field(default_factory=dict)  # content → reason
    seconds: float = 0.0  # of one core


def decode(
    work: Iterable[tuple[bytes, str]], size: int, batch: int, workers: int
) -> Iterator[Batch]:
    """Batches of `(content, path)` in order; as many are ahead of the reader as threads and two."""
    waiting = iter(work)
    free: list[Pixels] = []
    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
        queue: deque[Future[Batch]] = deque()
        try:
            while True:
                # Bounded: memory does not grow with the catalog.
                while len(queue) < workers + 2 and (part := list(islice(waiting, batch))):
                    pixels = free.pop() if free else np.empty((batch, size, size, 3), np.uint8)
                    queue.append(pool.submit(_decode, part, pixels, free))
                if not queue:
                    return
                yield queue.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _decode(part: list[tuple[bytes, str]], memory: Pixels, free: list[Pixels]) -> Batch:
    start = time.thread_time()
    batch = Batch(memory, lambda: free.append(memory))
    size = memory.shape[1]
    for content, path in part:
        try:
            data = images.read_file(Path(path))
            if hashlib.sha256(data).digest() != content:
                # What is cached under a content must be of that content, for ever.
                raise ImageError(
                    f"{printable(path)} changes while it is indexed", "", "build the index again"
                )
            memory[len(batch.contents)] = read_pixels(data, size, path)
            batch.contents.append(content)
        except ImageError as error:
            batch.unreadable[content] = str(error)
    batch.pixels = memory[: len(batch.contents)]
    batch.seconds = time.thread_time() - start
    return batch
