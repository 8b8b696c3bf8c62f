"""Embeddings by content: what was embedded once under a model is never embedded again.

Keyed by (kind, content hash, model fingerprint), so a renamed file costs nothing and a killed job
loses at most the batch it was at. A file of its own: it may be deleted to free space.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    func,
    select,
)
from sqlalchemy.dialects.sqlite import insert as insert_or_ignore

from db import sqlite
from db.home import writing

Row = NDArray[np.float16]
CHUNK = 500

_embeddings = Table(
    "embeddings",
    MetaData(),
    Column("fingerprint", String(64), primary_key=True),
    Column("kind", String(5), primary_key=True),
    Column("content", String(64), primary_key=True),
    Column("row", LargeBinary, nullable=False),
)


class EmbeddingCache:
    """The rows of one model; each row is one vector of float16."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._file = folder / "embeddings.db"
        self._fingerprint = fingerprint
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(f"sqlite:///{self._file}")
        sqlite.prepare(self._engine, self._file)
        _embeddings.metadata.create_all(self._engine)

    def __enter__(self) -> EmbeddingCache:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._engine.dispose()

    def known(self, kind: str) -> set[str]:
        """The contents that need not be embedded again."""
        query = select(_embeddings.c.content).where(*self._mine(kind))
        with self._engine.connect() as connection:
            return set(connection.scalars(query))

    def put(self, kind: str, rows: Iterable[tuple[str, Row]]) -> None:
        """Store a batch; on disk when this returns."""
        values = [
            {
                "fingerprint": self._fingerprint,
                "kind": kind,
                "content": content,
                "row": row.astype(np.float16).tobytes(),
            }
            for content, row in rows
        ]
        if values:
            with self._engine.begin() as connection:
                connection.execute(insert_or_ignore(_embeddings).on_conflict_do_nothing(), values)

    def get(self, kind: str, contents: Sequence[str]) -> Iterator[Row]:
        """The rows of known contents, in the order asked for."""
        query = select(_embeddings.c.content, _embeddings.c.row).where(*self._mine(kind))
        with self._engine.connect() as connection:
            for start in range(0, len(contents), CHUNK):
                part = contents[start : start + CHUNK]
                found = connection.execute(query.where(_embeddings.c.content.in_(part)))
                rows = {content: np.frombuffer(blob, np.float16) for content, blob in found}
                yield from (rows[content] for content in part)

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

    def forget_other_models(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                delete(_embeddings).where(_embeddings.c.fingerprint != self._fingerprint)
            )

    def _mine(self, kind: str) -> tuple[ColumnElement[bool], ...]:
        columns = _embeddings.c
        return (columns.fingerprint == self._fingerprint, columns.kind == kind)
