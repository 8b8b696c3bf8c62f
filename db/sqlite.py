"""All that is SQLite's own: pragmas, functions, what its errors mean. No raw SQLite elsewhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, text

from db.folding import fold
from db.sqlite_reading import CACHE_MIB, READING, SEALED, disk_trouble, sealed


def address(database: Path) -> str:
    """The URL of a database file; of one that can only be read, such that nothing is tried else."""
    if not sealed(database):
        return f"sqlite:///{database}"
    return f"sqlite:///{database.absolute().as_uri()}?{SEALED}&uri=true"


def engine(database: Path, cache_mib: int = CACHE_MIB, durable: bool = False) -> Engine:
    """Pragmas for each new connection (WAL: readers never wait), and errors that name the file.

    `cache_mib` is how much of the file a connection may hold in its own memory. `durable`: what a
    transaction has written is on the disk when it has ended, so it survives the machine too.
    """
    made = create_engine(address(database))

    @event.listens_for(made, "connect")
    def _set_pragmas(raw: sqlite3.Connection, _record: Any) -> None:
        cursor = raw.cursor()
        for pragma in (
            *(() if sealed(database) else ("journal_mode = WAL",)),
            f"synchronous = {'FULL' if durable else 'NORMAL'}",
            "foreign_keys = ON",
            *READING,
            f"cache_size = -{cache_mib << 10}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        # Any other database needs a function of this name too: lower(normalize($1, NFKC)).
        raw.create_function("pairdex_fold", 1, fold, deterministic=True)

    @event.listens_for(made, "handle_error")
    def _translate(context: ExceptionContext) -> None:
        error = context.original_exception
        if isinstance(error, sqlite3.DatabaseError):
            raise disk_trouble(database, error) from None

    return made


def read_once(connection: Connection) -> None:
    """What is not read again need not be held in memory."""
    connection.execute(text("PRAGMA cache_size = -2048"))


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """A transaction that has the write lock from its beginning and takes back changes of tables.

    Python's own transactions begin at the first change of a row, behind changes of tables.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("BEGIN IMMEDIATE"))
        try:
            yield connection
        except BaseException:
            connection.execute(text("ROLLBACK"))
            raise
        connection.execute(text("COMMIT"))


def compact(engine: Engine) -> None:
    """Rewrite the file without the space of deleted rows."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM"))
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
