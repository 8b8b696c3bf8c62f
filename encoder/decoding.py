"""Files → batches of pixels, in threads, in memory that is used again and again.

Threads and not processes: Pillow decodes and resizes outside the interpreter's lock. The index
job and the tagger both read images through here.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

import images
from encoder.inputs import Pixels, read_pixels
from errors import ImageError

Key = TypeVar("Key", bound=Hashable)
# Told the key, the SHA-256 of what was read and the path; refuses the file by an ImageError.
Check = Callable[[Key, bytes, str], None]


@dataclass
class Batch(Generic[Key]):
    """Images that could be read, side by side, and those that could not."""

    pixels: Pixels  # one row for each of `keys`
    release: Callable[[], None]  # the pixels are not needed any more
    keys: list[Key] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)  # SHA-256 of the files
    unreadable: dict[Key, str] = field(default_factory=dict)  # key → reason
    seconds: float = 0.0  # of one core


def decode(
    work: Iterable[tuple[Key, str]],
    size: int,
    batch: int,
    workers: int,
    check: Check[Key] | None = None,
) -> Iterator[Batch[Key]]:
    """Batches of `(key, path)` in order; as many are ahead of the reader as threads and two."""
    waiting = iter(work)
    free: list[Pixels] = []
    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
        queue: deque[Future[Batch[Key]]] = deque()
        try:
            while True:
                # Bounded: memory does not grow with the work.
                while len(queue) < workers + 2 and (part := list(islice(waiting, batch))):
                    pixels = free.pop() if free else np.empty((batch, size, size, 3), np.uint8)
                    queue.append(pool.submit(_decode, part, pixels, free, check))
                if not queue:
                    return
                yield queue.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _decode(
    part: list[tuple[Key, str]], memory: Pixels, free: list[Pixels], check: Check[Key] | None
) -> Batch[Key]:
    start = time.thread_time()
    batch: Batch[Key] = Batch(memory, lambda: free.append(memory))
    size = memory.shape[1]
    for key, path in part:
        try:
            data = images.read_file(Path(path))
            content = hashlib.sha256(data).digest()
            if check is not None:
                check(key, content, path)
            memory[len(batch.keys)] = read_pixels(data, size, path)
            batch.keys.append(key)
            batch.contents.append(content)
        except ImageError as error:
            batch.unreadable[key] = str(error)
    batch.pixels = memory[: len(batch.keys)]
    batch.seconds = time.thread_time() - start
    return batch
