"""Stage 2: files → batches of pixels, in threads, never more than two batches ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import images
from encoder.inputs import Pixels, pixels
from errors import ImageError
from indexer.scan import ImageRow


def decode(
    rows: Sequence[ImageRow], size: int, batch: int, workers: int
) -> Iterator[list[tuple[ImageRow, Pixels | ImageError]]]:
    """Batches in order; an image that cannot be read comes as its error."""
    waiting = iter(rows)
    # Pillow decodes outside Python's global lock, so threads are enough and share memory.
    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
        queue: deque[Future[tuple[ImageRow, Pixels | ImageError]]] = deque()
        try:
            while True:
                # Bounded: memory does not grow with the catalog.
                for row in islice(waiting, 2 * batch - len(queue)):
                    queue.append(pool.submit(_decode, row, size))
                if not queue:
                    return
                yield [queue.popleft().result() for _ in range(min(batch, len(queue)))]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _decode(row: ImageRow, size: int) -> tuple[ImageRow, Pixels | ImageError]:
    try:
        return row, pixels(images.read_rgb(row.path), size)
    except ImageError as error:
        return row, error
