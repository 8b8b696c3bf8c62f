"""Embeddings by content: what was embedded once under a model is never embedded again.

Keyed by (kind, content hash, embedding fingerprint), so a renamed file costs nothing and a killed
job loses at most the batch it was at. A file of its own: it may be deleted to free space. Where the
rows are in PostgreSQL it is there (cache_shared.py), and builders share what is left to do.

Contents are SHA-256 digests as an array of 32 bytes each: a million of them are 32 MB, where a set
of strings would be two hundred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    func,
    select,
)
from sqlalchemy.dialects.sqlite import insert as insert_or_ignore

from db import sqlite
from db.home import writing

Rows = NDArray[np.float16]
Digests = NDArray[np.bytes_]
Places: TypeAlias = NDArray[np.int64]
DIGEST = np.dtype("S32")
CHUNK = 500
READ = 500  # contents that are worked on together
CONTENTS = 10_000  # that are read at once

TABLES = MetaData()
_embeddings = Table(
    "embedded",
    TABLES,
    Column("fingerprint", String(64), primary_key=True),
    Column("kind", String(5), primary_key=True),
    Column("content", LargeBinary(32), primary_key=True),
    Column("row", LargeBinary, nullable=False),
)
# As the first releases kept it. What can be made anew is not converted.
_old = Table("embeddings", MetaData())


class EmbeddingCache:
    """The rows of one model; each row is one vector of float16."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._file = folder / "embeddings.db"
        self._fingerprint = fingerprint
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        # Rows are written once and read once, each batch elsewhere: a large cache gains nothing.
        self._engine = sqlite.engine(self._file, cache_mib=2)
        _old.drop(self._engine, checkfirst=True)
        TABLES.create_all(self._engine)

    def __enter__(self) -> EmbeddingCache:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._engine.dispose()

    def known(self, kind: str) -> Digests:
        """The contents that need not be embedded again, in no order."""
        query = select(_embeddings.c.content).where(*self._mine(kind))
        with self._engine.connect() as connection:
            found = connection.scalars(query.execution_options(yield_per=CONTENTS))
            whole = bytearray()
            for some in found.partitions():  # as objects, all at once, they are twice as large
                whole += b"".join(some)
            return digests(whole)

    def claims(self, kind: str, contents: Digests, size: int) -> Iterator[Places]:  # noqa: ARG002  (SharedCache needs them)
        """Places in `contents` that are ours to embed, some at a time; `put` or `refuse` them.

        `size` is how many of them a builder takes at once where others take some too.
        """
        for start in range(0, len(contents), READ):
            yield np.arange(start, min(start + READ, len(contents)))

    def refuse(self, kind: str, unreadable: Mapping[bytes, str]) -> None:
        """These cannot be embedded, and why: no other builder need try."""

    def settled(self, kind: str, told: Callable[[int], None]) -> bool:  # noqa: ARG002  (likewise)
        """Whether nothing is left to embed; else there is something to be claimed again.

        Waits for what others have claimed, and tells how many are left.
        """
        return True

    def refused(self, kind: str, contents: Digests) -> dict[bytes, str]:  # noqa: ARG002  (likewise)
        """Those that some other builder could not embed, and why."""
        return {}

    def put(self, kind: str, contents: Sequence[bytes], rows: Rows) -> None:
        """Store a batch; safe from any end of this process when this returns."""
        values = [
            {
                "fingerprint": self._fingerprint,
                "kind": kind,
                "content": content,
                "row": row.astype(np.float16).tobytes(),
            }
            for content, row in zip(contents, rows, strict=True)
        ]
        if values:
            with self._engine.begin() as connection:
                connection.execute(insert_or_ignore(_embeddings).on_conflict_do_nothing(), values)

    def get(self, kind: str, contents: Digests) -> Iterator[Rows]:
        """The rows of known contents in the order asked for, some hundred at a time."""
        query = select(_embeddings.c.content, _embeddings.c.row).where(*self._mine(kind))
        with self._engine.connect() as connection:
            for start in range(0, len(contents), CHUNK):
                part = as_bytes(contents[start : start + CHUNK])
                found = connection.execute(query.where(_embeddings.c.content.in_(part)))
                rows = dict(found.all())
                whole = b"".join([rows[content] for content in part])
                yield np.frombuffer(whole, np.float16).reshape(len(part), -1)

    def forget(self, kind: str) -> None:
        """Drop all rows of this kind and model."""
        with self._engine.begin() as connection:
            connection.execute(delete(_embeddings).where(*self._mine(kind)))

    @staticmethod
    def exists(folder: Path) -> bool:
        return (folder / "embeddings.db").is_file()

    def other_models(self) -> tuple[int, int]:
        """How many rows are of other models, and their bytes."""
        size = func.coalesce(func.sum(func.length(_embeddings.c.row)), 0)
        query = select(func.count(), size).where(_embeddings.c.fingerprint != self._fingerprint)
        with self._engine.connect() as connection:
            rows, total = connection.execute(query).one()
            return int(rows), int(total)

    def compact(self) -> None:
        """Give the space of deleted rows back to the disk; needs as much again while it runs."""
        sqlite.compact(self._engine)

    def published(self) -> None:
        """The index is of this model now, so the rows of others are of no more use."""
        self.forget_other_models()

    def forget_other_models(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                delete(_embeddings).where(_embeddings.c.fingerprint != self._fingerprint)
            )

    def _mine(self, kind: str) -> tuple[ColumnElement[bool], ...]:
        columns = _embeddings.c
        return (columns.fingerprint == self._fingerprint, columns.kind == kind)


def digests(data: bytes | bytearray) -> Digests:
    """Digests laid end to end as an array."""
    return np.frombuffer(data, DIGEST)


def as_bytes(contents: Digests) -> list[bytes]:
    """The digests, whole: NumPy itself would drop the zeros that one ends with."""
    data = contents.tobytes()
    return [data[start : start + 32] for start in range(0, len(data), 32)]
