"""Stage 2: files → batches of pixels, refused where a file is not what the scan found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from encoder import decoding
from errors import ImageError, printable

Batch = decoding.Batch[bytes]  # keyed by content


def decode(
    work: Iterable[tuple[bytes, str]], size: int, batch: int, workers: int
) -> Iterator[Batch]:
    """Batches of `(content, path)` in order."""
    return decoding.decode(work, size, batch, workers, _check)


def _check(expected: bytes, content: bytes, path: str) -> None:
    if content != expected:
        # What is cached under a content must be of that content, for ever.
        raise ImageError(
            f"{printable(path)} changes while it is indexed", "", "build the index again"
        )
