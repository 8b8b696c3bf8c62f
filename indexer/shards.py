"""The embed stage as a pure function over shards, so that any number of machines can share it.

A shard is some contents with what they are read from; its file holds a row for each and is named
after all that the rows depend on. It is written under a temporary name and renamed, in any folder
that every worker sees or at an address that fsspec reads: a file that is there is whole, and
whoever makes it again makes the same one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import fsspec
import numpy as np
from fsspec.implementations.local import LocalFileSystem

from db.cache import EmbeddingCache, Rows, as_bytes, digests
from encoder.encoded import Encoder
from errors import HomeError
from indexer.decode import Batch
from indexer.embed import CAPTIONS, encoded_images
from indexer.run import IMAGE
from indexer.storing import packed

SUFFIX = ".npz"
ABANDONED = dt.timedelta(days=1)  # nobody is still writing a file that was begun before


@dataclass(frozen=True)
class Shard:
    kind: str  # IMAGE or TEXT
    contents: tuple[bytes, ...]
    sources: tuple[str, ...]  # the path of each image, or each text itself

    def name(self, fingerprint: str) -> str:
        digest = hashlib.sha256(f"{fingerprint} {self.kind} ".encode())
        digest.update(b"".join(self.contents))
        return digest.hexdigest()[:32]


@dataclass(frozen=True)
class ShardRows:
    """The rows of a shard, and why the rest of it has none."""

    kind: str
    contents: list[bytes]
    rows: Rows
    unreadable: dict[bytes, str]
    decode: float = 0.0  # seconds of one core that reading the images took; not kept in the file

    def __len__(self) -> int:
        return len(self.contents) + len(self.unreadable)


def embed(shard: Shard, encoder: Encoder, batch: int, workers: int) -> ShardRows:
    """The same decoding and the same graphs as in a job of one machine."""
    if shard.kind != IMAGE:
        texts = [shard.sources[at : at + CAPTIONS] for at in range(0, len(shard.sources), CAPTIONS)]
        parts = [packed(encoded) for encoded in encoder.stream_texts(texts)]
        return ShardRows(shard.kind, list(shard.contents), np.concatenate(parts), {})
    unreadable: dict[bytes, str] = {}
    contents: list[bytes] = []
    parts = [np.empty((0, 0), np.float16)]
    seconds = 0.0

    def told(decoded: Batch) -> None:
        nonlocal seconds
        seconds += decoded.seconds
        unreadable.update(decoded.unreadable)

    work = zip(shard.contents, shard.sources, strict=True)
    for some, encoded in encoded_images(work, encoder, batch, workers, told):
        contents += some
        parts.append(packed(encoded))
    return ShardRows(IMAGE, contents, np.concatenate(parts[1:] or parts), unreadable, seconds)


class ShardFolder:
    """Where shards lie that are done: one folder for each model."""

    def __init__(self, address: str, fingerprint: str) -> None:
        self.address = address
        try:
            self._disk, root = fsspec.core.url_to_fs(address)
            self._folder = f"{root.rstrip('/')}/{fingerprint[:16]}"
            self._disk.makedirs(self._folder, exist_ok=True)
        except (OSError, ValueError, ImportError) as error:
            raise self._trouble(error) from None

    def has(self, name: str) -> bool:
        try:
            return bool(self._disk.exists(self._file(name)))
        except OSError as error:
            raise self._trouble(error) from None

    def put(self, name: str, rows: ShardRows) -> None:
        """The file is whole from the moment that it has its name."""
        told = {content.hex(): reason for content, reason in rows.unreadable.items()}
        memory = io.BytesIO()
        np.savez(
            memory,
            kind=np.array(rows.kind),
            contents=np.frombuffer(b"".join(rows.contents), np.uint8),
            rows=rows.rows,
            unreadable=np.array(json.dumps(told)),
        )
        unfinished = f"{self._folder}/.{name}-{uuid.uuid4().hex}"
        try:
            with self._disk.open(unfinished, "wb") as stream:
                stream.write(memory.getvalue())
                if isinstance(self._disk, LocalFileSystem):
                    stream.flush()
                    os.fsync(stream.fileno())
            self._disk.mv(unfinished, self._file(name))
        except OSError as error:
            raise self._trouble(error) from None

    def get(self, name: str) -> ShardRows:
        try:
            raw = self._disk.cat_file(self._file(name))
        except FileNotFoundError:
            raise HomeError(
                f"a shard at {self.address} is gone",
                "another build may have taken it",
                "give each home an index.shards of its own, and run the same again",
            ) from None
        except OSError as error:
            raise self._trouble(error) from None
        with np.load(io.BytesIO(raw), allow_pickle=False) as file:
            contents = as_bytes(digests(file["contents"].tobytes()))
            told = json.loads(str(file["unreadable"]))
            bad = {bytes.fromhex(content): reason for content, reason in told.items()}
            return ShardRows(str(file["kind"]), contents, file["rows"], bad)

    def done(self) -> list[str]:
        """What an earlier run has left."""
        return sorted(
            name.removesuffix(SUFFIX)
            for name in self._names()
            if name.endswith(SUFFIX) and not name.startswith(".")
        )

    def sweep(self) -> None:
        """Remove what workers began and, by its age, never finished."""
        old = dt.datetime.now(dt.UTC) - ABANDONED
        for name in self._names():
            file = f"{self._folder}/{name}"
            with suppress(
                FileNotFoundError, NotImplementedError
            ):  # finished meanwhile; no ages there
                if name.startswith(".") and self._disk.modified(file) < old:
                    self._disk.rm_file(file)

    def _names(self) -> list[str]:
        try:
            files = self._disk.ls(self._folder, detail=False, refresh=True)
        except OSError as error:
            raise self._trouble(error) from None
        return [str(file).rsplit("/", 1)[-1] for file in files]

    def _file(self, name: str) -> str:
        return f"{self._folder}/{name}{SUFFIX}"

    def remove(self, name: str) -> None:
        """It need not be there any more."""
        try:
            self._disk.rm_file(self._file(name))
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._trouble(error) from None

    def _trouble(self, error: Exception) -> HomeError:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        return HomeError(
            f"the shards at {self.address} cannot be used",
            reason,
            "name a folder that all workers see, or an address that fsspec reads, in index.shards",
        )


def take(folder: ShardFolder, name: str, cache: EmbeddingCache) -> ShardRows:
    """Into the cache, where the rest of the job finds it; the file is then no longer needed."""
    rows = folder.get(name)
    cache.put(rows.kind, rows.contents, rows.rows)
    folder.remove(name)
    return rows


def cut(kind: str, contents: Sequence[bytes], sources: Sequence[str], size: int) -> Iterator[Shard]:
    """In order, so many together."""
    for at in range(0, len(contents), size):
        yield Shard(kind, tuple(contents[at : at + size]), tuple(sources[at : at + size]))
