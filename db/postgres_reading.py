"""Reading a catalog in PostgreSQL by psycopg alone, for what starts fast; see reader.py."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from db.details import Rows
from db.postgres_connection import application, connect, translated
from db.reader import SCHEMA, Reader
from db.repeating import repeated
from errors import PairdexError
from settings import DbSettings

if TYPE_CHECKING:
    import psycopg

    from db.store import Store

# One state of the catalog for all statements of a reading, and the server holds us to reading.
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class PostgresReader(Reader):
    """Connections are opened as threads need them at the same time, and kept."""

    def __init__(self, home: Path, settings: DbSettings) -> None:
        self._home, self._settings = home, settings
        self._idle: deque[psycopg.Connection[Any]] = deque()
        self._store: Store | None = None
        self._opening = Lock()

    @classmethod
    def open(cls, home: Path, settings: DbSettings) -> PostgresReader:
        """A catalog of an older form is brought to today's first."""
        reader = cls(home, settings)
        try:
            if reader._schema() != SCHEMA:
                reader.whole()
        except BaseException:
            reader.close()
            raise
        return reader

    def whole(self) -> Store:
        from db.store import Store  # and with it SQLAlchemy

        with self._opening:
            if self._store is None:
                self._store = Store.open(self._home, settings=self._settings)
            return self._store

    def close(self) -> None:
        self._let_go()
        if self._store is not None:
            self._store.close()

    @contextmanager
    def _reading(self) -> Iterator[Rows]:
        with translated(self._settings):
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = connect(self._settings, application=application("reader"))

            def rows(statement: str, values: Mapping[str, object]) -> Iterable[tuple[Any, ...]]:
                if not values:
                    return connection.execute(statement.encode()).fetchall()
                return connection.execute(_named(statement), values).fetchall()

            try:
                connection.execute(_BEGIN)
                yield rows
                connection.execute("COMMIT")
            except BaseException as error:
                connection.close()
                if not isinstance(error, PairdexError):
                    self._let_go()  # what took this one, such as a new server, took all
                raise
            self._idle.append(connection)

    def _let_go(self) -> None:
        while self._idle:
            self._idle.pop().close()

    @repeated
    def _schema(self) -> int:
        with self._reading() as rows:
            [[there]] = rows("SELECT to_regclass('schema_version') IS NOT NULL", {})
            found = rows("SELECT max(version) FROM schema_version", {}) if there else [(0,)]
            return next(version or 0 for (version,) in found)


@lru_cache(64)
def _named(statement: str) -> bytes:
    """Parameters as psycopg names them; our statements hold no other colon or per cent sign."""
    return re.sub(r":(\w+)", r"%(\1)s", statement).encode()
