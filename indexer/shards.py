"""The embed stage as a pure function over shards, so that any number of machines can share it.

A shard is some contents with what they are read from; its file holds a row for each and is named
after all that the rows depend on. It is written under a temporary name and renamed, in any folder
that every worker sees or at an address that fsspec reads: a file that is there is whole, and
whoever makes it again makes the same one.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import fsspec
import numpy as np
from fsspec.implementations.local import LocalFileSystem

from db.cache import EmbeddingCache, Rows, as_bytes, digests
from encoder.encoded import Encoder
from errors import HomeError
from indexer.embed import CAPTIONS, IMAGE, encoded_images, packed

SUFFIX = ".npz"


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
class Embedded:
    """The rows of a shard, and why the rest of it has none."""

    kind: str
    contents: list[bytes]
    rows: Rows
    unreadable: dict[bytes, str]

    def __len__(self) -> int:
        return len(self.contents) + len(self.unreadable)


def embed(shard: Shard, encoder: Encoder, batch: int, workers: int) -> Embedded:
    """The same decoding and the same graphs as in a job of one machine."""
    if shard.kind != IMAGE:
        texts = [shard.sources[at : at + CAPTIONS] for at in range(0, len(shard.sources), CAPTIONS)]
        parts = [packed(encoded) for encoded in encoder.stream_texts(texts)]
        return Embedded(shard.kind, list(shard.contents), np.concatenate(parts), {})
    unreadable: dict[bytes, str] = {}
    contents: list[bytes] = []
    parts = [np.empty((0, 0), np.float16)]
    work = zip(shard.contents, shard.sources, strict=True)
    for decoded, encoded in encoded_images(
        work, encoder, batch, workers, lambda one: unreadable.update(one.unreadable)
    ):
        contents += decoded
        parts.append(packed(encoded))
    return Embedded(IMAGE, contents, np.concatenate(parts[1:] or parts), unreadable)


class ShardFolder:
    """Where shards lie that are done: one folder for each model."""

    def __init__(self, address: str, fingerprint: str) -> None:
        self._address, self._fingerprint = address, fingerprint
        try:
            self._disk, root = fsspec.core.url_to_fs(address)
            self._folder = f"{root.rstrip('/')}/{fingerprint[:16]}"
            self._disk.makedirs(self._folder, exist_ok=True)
        except (OSError, ValueError, ImportError) as error:
            raise self._trouble(error) from None

    def put(self, shard: Shard, embedded: Embedded) -> str:
        """Returns the name of the file, which is whole from the moment that it has it."""
        name = shard.name(self._fingerprint)
        told = {content.hex(): reason for content, reason in embedded.unreadable.items()}
        memory = io.BytesIO()
        np.savez(
            memory,
            kind=np.array(embedded.kind),
            contents=np.frombuffer(b"".join(embedded.contents), np.uint8),
            rows=embedded.rows,
            unreadable=np.array(json.dumps(told)),
        )
        file = f"{self._folder}/{name}{SUFFIX}"
        unfinished = f"{self._folder}/.{name}-{uuid.uuid4().hex}"
        try:
            with self._disk.open(unfinished, "wb") as stream:
                stream.write(memory.getvalue())
                if isinstance(self._disk, LocalFileSystem):
                    stream.flush()
                    os.fsync(stream.fileno())
            self._disk.mv(unfinished, file)
        except OSError as error:
            raise self._trouble(error) from None
        return name

    def get(self, name: str) -> Embedded:
        try:
            raw = self._disk.cat_file(f"{self._folder}/{name}{SUFFIX}")
        except OSError as error:
            raise self._trouble(error) from None
        with np.load(io.BytesIO(raw), allow_pickle=False) as file:
            contents = as_bytes(digests(file["contents"].tobytes()))
            told = json.loads(str(file["unreadable"]))
            bad = {bytes.fromhex(content): reason for content, reason in told.items()}
            return Embedded(str(file["kind"]), contents, file["rows"], bad)

    def done(self) -> list[str]:
        """What an earlier run has left."""
        files = [str(file).rsplit("/", 1)[-1] for file in self._disk.ls(self._folder, detail=False)]
        return sorted(
            file.removesuffix(SUFFIX)
            for file in files
            if file.endswith(SUFFIX) and not file.startswith(".")
        )

    def remove(self, name: str) -> None:
        """It need not be there any more."""
        try:
            self._disk.rm_file(f"{self._folder}/{name}{SUFFIX}")
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._trouble(error) from None

    def _trouble(self, error: Exception) -> HomeError:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        return HomeError(
            f"the shards at {self._address} cannot be used",
            reason,
            "name a folder that all workers see, or an address that fsspec reads, in index.shards",
        )


def take(folder: ShardFolder, name: str, cache: EmbeddingCache) -> Embedded:
    """Into the cache, where the rest of the job finds it; the file is then no longer needed."""
    embedded = folder.get(name)
    cache.put(embedded.kind, embedded.contents, embedded.rows)
    folder.remove(name)
    return embedded


def cut(kind: str, contents: Sequence[bytes], sources: Sequence[str], size: int) -> Iterator[Shard]:
    """In order, so many together."""
    for at in range(0, len(contents), size):
        yield Shard(kind, tuple(contents[at : at + size]), tuple(sources[at : at + size]))
