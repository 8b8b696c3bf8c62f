"""The lock of a home in its database: it holds between machines, where that of a file does not.

It belongs to a connection of its own, so a killed process leaves none behind, and one whose machine
is gone is let go of when keepalives find out (postgres_connection.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from db.postgres_connection import application, connect, named, translated
from errors import LockedError
from settings import DbSettings

_HOLDER = (
    "SELECT a.application_name, a.client_addr FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND (l.classid::bigint << 32 | l.objid::bigint) = %s AND l.objsubid = 1"
)


def lock_number(name: str) -> int:
    """The number of an advisory lock, which is one of the database."""
    digest = hashlib.blake2b(f"pairdex {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


@contextmanager
def locked(settings: DbSettings, job: str, name: str) -> Iterator[None]:
    """A LockedError that says who holds it, where somebody does."""
    number = lock_number(name)
    with translated(settings):
        connection = connect(settings, application=application(job))
    try:
        with translated(settings):
            if not _one(connection, "SELECT pg_try_advisory_lock(%s)", number)[0]:
                raise _held(connection, settings, number)
        yield
    finally:
        connection.close()


def _held(connection: Any, settings: DbSettings, number: int) -> LockedError:
    holder = _one(connection, _HOLDER, number)
    who = str(holder[0]).removeprefix("pairdex: ") if holder and holder[0] else "another process"
    return LockedError(
        f"{named(settings.url)} is locked",
        f"held by {who}",
        "wait until it ends, then run this again",
    )


def _one(connection: Any, statement: str, number: int) -> tuple[Any, ...]:
    row = connection.execute(statement, (number,)).fetchone()
    return tuple(row) if row else ()
