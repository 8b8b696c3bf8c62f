"""The embedding cache in PostgreSQL, where several builders share what is left to embed.

    embedded           rows by content, as in the file (cache.py)
    embedding_work     contents that are still to be embedded, and those that cannot be, with why

A builder claims some contents at a time (`FOR UPDATE SKIP LOCKED`) in a transaction of their own,
and stores their rows in the same transaction. A claim ends with its connection, so what a killed
builder had is free again at once. A claim that is lost, by a server that was started anew, costs
nothing but that another may embed the same once more: rows are stored all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

import numpy as np
from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from db import postgres
from db.cache import CHUNK, TABLES, Digests, EmbeddingCache, Places, Rows, as_bytes, digests
from db.repeating import repeated
from db.tables import as_code_points
from errors import HomeError
from settings import DbSettings

LOOK = 0.3  # seconds between looks at whether others have ended or given up
REGISTERED = 5000  # contents that are told together
WORK = MetaData()
_work = Table(
    "embedding_work",
    WORK,
    Column("fingerprint", String(64), primary_key=True),
    Column("kind", String(5), primary_key=True),
    Column("content", LargeBinary(32), primary_key=True),
    Column("place", Integer, nullable=False),  # what is embedded first
    Column("problem", Text),
    Index("ix_embedding_work_place", "fingerprint", "kind", "place"),
)
for table in (_work, *TABLES.tables.values()):
    as_code_points(table)

_ADD = text("""
    INSERT INTO embedding_work (fingerprint, kind, content, place)
    SELECT :fingerprint, :kind, content, place
    FROM unnest(CAST(:contents AS bytea[]), CAST(:places AS int[])) AS new (content, place)
    WHERE NOT EXISTS (
        SELECT FROM embedded e
        WHERE fingerprint = :fingerprint AND kind = :kind AND e.content = new.content
    )
    ON CONFLICT DO NOTHING
""")
_AGAIN = text("""
    UPDATE embedding_work SET problem = NULL
    WHERE fingerprint = :fingerprint AND kind = :kind AND problem IS NOT NULL
    AND content = ANY(CAST(:contents AS bytea[]))
""")
_CLAIM = text("""
    SELECT content FROM embedding_work
    WHERE fingerprint = :fingerprint AND kind = :kind AND problem IS NULL
    ORDER BY place LIMIT :size FOR UPDATE SKIP LOCKED
""")
_STORE = text("""
    INSERT INTO embedded (fingerprint, kind, content, row)
    SELECT :fingerprint, :kind, content, packed
    FROM unnest(CAST(:contents AS bytea[]), CAST(:rows AS bytea[])) AS new (content, packed)
    ON CONFLICT DO NOTHING
""")
_DONE = text("""
    DELETE FROM embedding_work
    WHERE fingerprint = :fingerprint AND kind = :kind
    AND content = ANY(CAST(:contents AS bytea[]))
""")
_REFUSE = text("""
    UPDATE embedding_work SET problem = :problem
    WHERE fingerprint = :fingerprint AND kind = :kind AND content = :content
""")
_LEFT = text("""
    SELECT count(*) FROM embedding_work
    WHERE fingerprint = :fingerprint AND kind = :kind AND problem IS NULL
""")
_REFUSED = text("""
    SELECT content, problem FROM embedding_work
    WHERE fingerprint = :fingerprint AND kind = :kind AND problem IS NOT NULL
""")
_FORGET = text("""
    DELETE FROM embedding_work WHERE ctid IN (
        SELECT ctid FROM embedding_work WHERE fingerprint <> :fingerprint FOR UPDATE SKIP LOCKED
    )
""")


class SharedCache(EmbeddingCache):
    def __init__(self, settings: DbSettings, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        # A claim holds a connection; how many there are at a time follows from the decoding ahead.
        self._engine = postgres.engine(settings, "embeddings", overflow=-1)
        try:
            for tables in (TABLES, WORK):
                postgres.ensure(self._engine, tables)
        except BaseException:
            self._engine.dispose()
            raise
        self._claims: dict[tuple[str, bytes], _Claim] = {}
        self._lock = Lock()  # what is decoded ahead may be claimed by another thread
        self._registered: set[str] = set()

    def __exit__(self, *error: Any) -> None:
        with self._lock:
            for claim in set(self._claims.values()):
                claim.connection.close()
            self._claims.clear()
        super().__exit__(*error)

    def claims(self, kind: str, contents: Digests, size: int) -> Iterator[Places]:
        if kind not in self._registered:
            self._register(kind, contents)
            self._registered.add(kind)
        order = np.argsort(contents)
        while found := self._claim(kind, size):
            here = digests(b"".join(found))
            places = order[np.searchsorted(contents, here, sorter=order) % max(len(order), 1)]
            ours = contents[places] == here if len(contents) else np.zeros(len(here), np.bool_)
            # What was left by an earlier job, and is not in the catalog any more.
            self._settle(kind, as_bytes(here[~ours]), _DONE)
            if ours.any():
                yield places[ours]

    def put(self, kind: str, contents: Sequence[bytes], rows: Rows) -> None:
        packed = [row.astype(np.float16).tobytes() for row in rows]
        of = dict(zip(contents, packed, strict=True))
        for some in self._by_claim(kind, contents):
            self._settle(kind, some, _STORE, _DONE, rows=[of[content] for content in some])

    def refuse(self, kind: str, unreadable: Mapping[bytes, str]) -> None:
        for content, problem in unreadable.items():
            self._settle(kind, [content], _REFUSE, content=content, problem=problem)

    def settled(self, kind: str, told: Callable[[int], None]) -> bool:
        while True:
            left, free = self._look(kind)
            told(left)
            if not left or free:
                return not left
            time.sleep(LOOK)

    def refused(self, kind: str, contents: Digests) -> dict[bytes, str]:
        with self._engine.connect() as connection:
            found = {bytes(c): p for c, p in connection.execute(_REFUSED, self._of(kind))}
        wanted = set(as_bytes(contents)) if found else set()
        return {content: problem for content, problem in found.items() if content in wanted}

    def published(self) -> None:
        """Another machine may have another model, and a use for its rows: `index gc` looks."""

    @repeated
    def forget_other_models(self) -> None:
        super().forget_other_models()
        with self._engine.begin() as connection:
            connection.execute(_FORGET, self._of(""))

    def compact(self) -> None:
        with self._engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM embedded"))
            connection.invalidate()  # nobody else gets one that waits for ever

    # -- one transaction each ---------------------------------------------------------------

    def _register(self, kind: str, contents: Digests) -> None:
        for start in range(0, len(contents), REGISTERED):
            part = as_bytes(contents[start : start + REGISTERED])
            self._added(kind, part, list(range(start, start + len(part))))

    @repeated
    def _added(self, kind: str, contents: list[bytes], places: list[int]) -> None:
        values = self._of(kind) | {"contents": contents, "places": places}
        with self._engine.begin() as connection:
            connection.execute(_ADD, values)
            connection.execute(_AGAIN, values)

    @repeated
    def _claim(self, kind: str, size: int) -> list[bytes]:
        connection = self._engine.connect()
        try:
            found = connection.execute(_CLAIM, self._of(kind) | {"size": size})
            contents = [bytes(content) for (content,) in found]
        except BaseException:
            connection.close()
            raise
        if not contents:
            connection.close()
        else:
            claim = _Claim(connection, set(contents))
            with self._lock:
                self._claims.update({(kind, content): claim for content in contents})
        return contents

    def _by_claim(self, kind: str, contents: Sequence[bytes]) -> Iterator[list[bytes]]:
        with self._lock:
            groups: dict[int, list[bytes]] = {}
            for content in contents:
                groups.setdefault(id(self._claims.get((kind, content))), []).append(content)
        for group in groups.values():
            yield from (group[start : start + CHUNK] for start in range(0, len(group), CHUNK))

    def _settle(self, kind: str, contents: list[bytes], *statements: Any, **values: Any) -> None:
        """In the transaction of their claim, which ends with the last of its contents."""
        if not contents:
            return
        values |= self._of(kind) | {"contents": contents}
        with self._lock:
            claim = self._claims.get((kind, contents[0]))
        if claim is not None:
            try:
                claim.settle(contents, statements, values)
            except HomeError:  # the claim is lost; what was made is not
                self._let_go(claim)
                claim = None
            else:
                with self._lock:
                    for content in contents:
                        self._claims.pop((kind, content), None)
        if claim is None:
            self._directly(statements, values)

    def _let_go(self, claim: _Claim) -> None:
        claim.connection.invalidate()
        claim.connection.close()
        with self._lock:
            for key in [key for key, held in self._claims.items() if held is claim]:
                del self._claims[key]

    @repeated
    def _directly(self, statements: Sequence[Any], values: Mapping[str, Any]) -> None:
        with self._engine.begin() as connection:
            for statement in statements:
                connection.execute(statement, values)

    @repeated
    def _look(self, kind: str) -> tuple[int, bool]:
        """How many are left, and whether nobody has claimed one of them."""
        with self._engine.connect() as connection:
            left = connection.scalar(_LEFT, self._of(kind)) or 0
            free = connection.scalar(_CLAIM, self._of(kind) | {"size": 1}) is not None
            return left, free

    def _of(self, kind: str) -> dict[str, Any]:
        return {"fingerprint": self._fingerprint, "kind": kind}


class _Claim:
    """Contents that are locked by a transaction."""

    def __init__(self, connection: Connection, contents: set[bytes]) -> None:
        self.connection, self._open = connection, contents

    def settle(
        self, contents: list[bytes], statements: Sequence[Any], values: Mapping[str, Any]
    ) -> None:
        for statement in statements:
            self.connection.execute(statement, values)
        self._open.difference_update(contents)
        if not self._open:
            self.connection.commit()
            self.connection.close()
