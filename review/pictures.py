"""Images that are not in the catalog: those that `tag` wrote for, and those that are named.

Their vectors are kept in the embedding cache, so they are looked at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import images
from db.cache import digests
from db.caches import open_cache
from db.home import Home
from db.journal import Journal
from encoder.encoded import Encoded, Encoder
from encoder.inputs import read_pixels
from errors import ImageError
from progress import Progress, silent

KIND = "image"  # of rows in the cache, as the index job keeps them
BATCH = 32


@dataclass(frozen=True)
class Picture:
    content: str  # SHA-256 of the file, as hex digits
    path: str  # absolute


def tagged_since(home: Home, most: int) -> list[Path]:
    """The images that `tag` wrote something for, the latest first."""
    if not (home.path / "tagging.db").is_file():
        return []
    with Journal(home) as journal:
        return journal.images(most)


def pictures(paths: Sequence[Path]) -> list[Picture]:
    """Those that can be read, each content once."""
    found: dict[str, Picture] = {}
    for path in paths:
        try:
            content = images.content_hash(images.read_file(path))
        except ImageError:  # gone since, or no image: nothing can be asked about it
            continue
        found.setdefault(content, Picture(content, str(path.absolute())))
    return list(found.values())


def vectors(
    some: Sequence[Picture], encoder: Encoder, home: Home, progress: Progress = silent
) -> tuple[list[Picture], Encoded]:
    """The pictures whose vectors are known or can be made, with what the model says of them."""
    there, rows = list[Picture](), list[np.ndarray]()
    with open_cache(home, encoder.fingerprint) as cache:
        contents = digests(b"".join(bytes.fromhex(one.content) for one in some))
        known = np.isin(contents, cache.known(KIND)) if len(some) else np.empty(0, np.bool_)
        for part in cache.get(KIND, contents[known]):
            rows.append(part.astype(np.float32))
        there += [one for one, is_known in zip(some, known.tolist(), strict=True) if is_known]
        new = [one for one, is_known in zip(some, known.tolist(), strict=True) if not is_known]
        for start in range(0, len(new), BATCH):
            for read, encoded in _looked_at(new[start : start + BATCH], encoder):
                packed = np.concatenate([encoded.vectors, encoded.halves], axis=1)
                cache.put(KIND, [bytes.fromhex(one.content) for one in read], packed)
                rows.append(packed)
                there += read
            progress("images", min(start + BATCH, len(new)), len(new))
    width = encoder.shared + encoder.head.width
    whole = np.concatenate([np.empty((0, width), np.float32), *rows])
    return there, as_encoded(whole, encoder)


def as_encoded(rows: np.ndarray, encoder: Encoder) -> Encoded:
    """Rows of vector and half, with the tags that the model gives them."""
    whole = np.asarray(rows, np.float32)
    found, halves = whole[:, : encoder.shared], whole[:, encoder.shared :]
    return Encoded(found, halves, encoder.tags_of(found))


def _looked_at(
    some: Sequence[Picture], encoder: Encoder
) -> Iterator[tuple[list[Picture], Encoded]]:
    read, pixels = list[Picture](), []
    for one in some:
        try:
            pixels.append(read_pixels(Path(one.path), encoder.image_size))
        except ImageError:
            continue
        read.append(one)
    if read:
        yield read, encoder.images(np.stack(pixels))
