"""Reading a catalog in PostgreSQL by psycopg alone, for what starts fast; see reader.py."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from db.details import Rows
from db.postgres_connection import application, connect, translated
from db.reader import SCHEMA, PooledReader
from db.repeating import repeated
from errors import PairdexError
from settings import DbSettings

if TYPE_CHECKING:
    import psycopg

    from db.store import Store

# One state of the catalog for all statements of a reading, and the server holds us to reading.
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class PostgresReader(PooledReader[Any]):
    def __init__(self, home: Path, settings: DbSettings) -> None:
        super().__init__()
        self._home, self._settings = home, settings

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

    def _open_store(self) -> Store:
        from db.store import Store

        return Store.open(self._home, settings=self._settings)

    @contextmanager
    def _reading(self) -> Iterator[Rows]:
        with translated(self._settings):
            connection: psycopg.Connection[Any]
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
