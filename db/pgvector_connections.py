"""Connections to the database of the vectors, and numbers as they cross them."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeAlias

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format

from db.postgres_connection import application, connect, translated
from settings import DbSettings

# Plans are made for the very numbers that are asked with: a plan for any LIMIT would read the whole
# table. Iterative scans go on where a filter leaves too few; relaxed, as what they find is put in
# exact order anyway, and strict order would leave out what comes late.
_SESSION = (
    "SET plan_cache_mode = force_custom_plan; SET enable_seqscan = off; "
    "SET hnsw.iterative_scan = relaxed_order; SET hnsw.scan_mem_multiplier = 16"
)
Values: TypeAlias = Sequence[Any] | Mapping[str, Any]  # of the parameters of a statement
_INT4, _INT4_ARRAY = 23, 1007  # type numbers of PostgreSQL, the same everywhere


class Places:
    """Numbers of rows as a parameter: a thousand of them cost no more than one."""

    def __init__(self, rows: NDArray[np.integer]) -> None:
        self.rows = rows


class _PlacesDumper(Dumper):
    format = Format.BINARY
    oid = _INT4_ARRAY

    def dump(self, obj: Places) -> bytes:
        head = np.array([1, 0, _INT4, len(obj.rows), 1], ">i4").tobytes()
        body = np.full((len(obj.rows), 2), 4, ">i4")  # each with its length before it
        body[:, 1] = obj.rows
        return head + body.tobytes()


class Session:
    """One connection; knows what the server was told on it."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self._told: dict[str, int] = {}

    def tell(self, settings: Mapping[str, int]) -> None:
        """Settings of the server for what follows on this connection."""
        new = {name: value for name, value in settings.items() if self._told.get(name) != value}
        if new:
            self.connection.execute("; ".join(f"SET {k} = {v}" for k, v in new.items()).encode())
            self._told |= new

    def rows(self, statement: str, values: Values = ()) -> list[tuple[Any, ...]]:
        [found] = self.many(statement, [values])
        return found

    def many(self, statement: str, values: Sequence[Values]) -> list[list[tuple[Any, ...]]]:
        """The same statement with each of the values, in one journey."""
        text = statement.encode()
        if len(values) == 1:
            cursor = self.connection.cursor(binary=True)
            return [cursor.execute(text, values[0], prepare=True).fetchall()]
        with self.connection.pipeline():
            cursors = [self.connection.cursor(binary=True) for _ in values]
            for cursor, some in zip(cursors, values, strict=True):
                cursor.execute(text, some, prepare=True)
            return [cursor.fetchall() for cursor in cursors]


class Asked(Protocol):
    """Whatever lends a connection to ask the server."""

    def one(self) -> AbstractContextManager[Session]: ...


class Connections:
    """Opened as threads need them at the same time, and kept; closed with their owner."""

    def __init__(
        self,
        settings: DbSettings,
        job: str,
        opened: Callable[[Session], None] = lambda _: None,
    ) -> None:
        """`opened` is told of each new connection before it is used."""
        self._settings, self._job, self._opened = settings, job, opened
        self._idle: deque[Session] = deque()
        weakref.finalize(self, _close, self._idle)

    @contextmanager
    def one(self) -> Iterator[Session]:
        with translated(self._settings):
            session = self._taken()
            try:
                yield session
            except BaseException:
                session.connection.close()
                _close(self._idle)  # what took this one, such as a new server, took all
                raise
            if len(self._idle) < self._settings.pool:
                self._idle.append(session)
            else:
                session.connection.close()

    def close(self) -> None:
        _close(self._idle)

    def _taken(self) -> Session:
        while self._idle:
            session = self._idle.pop()
            if not session.connection.closed:
                return session
        session = connected(self._settings, self._job)
        try:
            self._opened(session)
        except BaseException:
            session.connection.close()
            raise
        return session


class OneSession:
    """The same connection for all: what one transaction has written, no other can see."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @contextmanager
    def one(self) -> Iterator[Session]:
        yield self._session


def connected(settings: DbSettings, job: str, timeout: float | None = None) -> Session:
    connection = connect(settings, timeout, application(job))
    connection.adapters.register_dumper(Places, _PlacesDumper)
    connection.execute(_SESSION)
    return Session(connection)


def _close(idle: deque[Session]) -> None:
    while idle:
        idle.pop().connection.close()
