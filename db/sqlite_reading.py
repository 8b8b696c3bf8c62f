"""Reading a SQLite catalog by Python's own driver, for what starts fast; see reader.py."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from db.details import Rows
from db.home import Home
from db.reader import SCHEMA, PooledReader
from errors import HomeError

if TYPE_CHECKING:
    from db.store import Store

# What a connection is told that reads; one that writes is told more (sqlite.py).
READING = ("busy_timeout = 10000", "temp_store = MEMORY")
CACHE_MIB = 64  # of the file, that a connection may hold in its own memory


# How a sealed database is opened.
SEALED = "mode=ro&immutable=1"


def sealed(database: Path) -> bool:
    """Nothing can be written where it lies: its side files (WAL) are neither there nor can be made.

    Nothing changes then while it is read. Side files that hold rows would have to be read too.
    """
    wal = database.with_name(f"{database.name}-wal")
    held = wal.exists() and wal.stat().st_size > 0
    return not (held or os.access(database.parent, os.W_OK))


class SqliteReader(PooledReader[sqlite3.Connection]):
    def __init__(self, home: Path) -> None:
        super().__init__()
        self._home, self._database = home, Home(home).database

    @classmethod
    def open(cls, home: Path) -> SqliteReader:
        """A catalog of an older form is brought to today's first."""
        Home(home).require()
        reader = cls(home)
        if reader._schema() != SCHEMA:
            reader.whole()
        return reader

    def _open_store(self) -> Store:
        from db.store import Store

        return Store.open(self._home)

    @contextmanager
    def _reading(self) -> Iterator[Rows]:
        with _translated(self._database):
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._connected()

            def rows(statement: str, values: Mapping[str, object]) -> Iterable[tuple[Any, ...]]:
                return connection.execute(statement, values).fetchall()

            try:
                connection.execute("BEGIN")
                yield rows
                connection.execute("COMMIT")
            except BaseException:
                connection.close()
                raise
            self._idle.append(connection)

    def _connected(self) -> sqlite3.Connection:
        try:
            # To be able to write lets the last reader put the side files (WAL) away.
            return _connected(self._database, "mode=rw")
        except sqlite3.OperationalError:
            if not sealed(self._database):
                raise
            return _connected(self._database, SEALED)

    def _schema(self) -> int:
        with self._reading() as rows:
            tables = rows("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'", {})
            found = rows("SELECT max(version) FROM schema_version", {}) if tables else [(0,)]
            return next(version or 0 for (version,) in found)


def _connected(database: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{database.absolute().as_uri()}?{how}",
        uri=True, isolation_level=None, check_same_thread=False, timeout=10,
    )  # fmt: skip
    for pragma in ("query_only = ON", *READING, f"cache_size = -{CACHE_MIB << 10}"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()  # opens the file
    return connection


@contextmanager
def _translated(database: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise disk_trouble(database, error) from None


def disk_trouble(database: Path, error: sqlite3.DatabaseError) -> Exception:
    """What the user can mend; a mistake in our own SQL stays what it is."""
    reason = str(error)
    for sign, what, remedy in (
        ("full", "cannot be written", "free some space, then run this again"),
        ("readonly", "cannot be written", "check the folder's permissions"),
        ("unable to open", "cannot be opened", "check the folder's permissions"),
        ("disk I/O", "cannot be used", "check the disk, then run this again"),
        ("locked", "is in use", "wait until the other job ends, then run this again"),
        ("not a database", "is damaged", "restore it, or remove it and import the catalog again"),
        ("malformed", "is damaged", "restore it, or remove it and import the catalog again"),
    ):
        if sign in reason:
            return HomeError(f"{database} {what}", reason, remedy)
    return error
