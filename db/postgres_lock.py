"""The lock of a home in its database: it holds between machines, where that of a file does not.

It belongs to a connection of its own, so a killed process leaves none behind, and one whose machine
is gone is let go of when keepalives find out (postgres_connection.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from db.postgres_connection import application, connect, named, translated
from errors import LockedError, PairdexError
from settings import DbSettings

_HOLDERS = (
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database()) AND "
)
_HOLDER = _HOLDERS + "(l.classid::bigint << 32 | l.objid::bigint) = %s AND l.objsubid = 1"
# Locks of two numbers: that all of this kind share, and one of its own for each model.
_ALIKE = 1_885_956_452
_UNLIKE = _HOLDERS + f"l.classid = {_ALIKE} AND l.objid::bigint <> %s AND l.objsubid = 2"


def lock_number(name: str) -> int:
    """The number of an advisory lock, which is one of the database."""
    digest = hashlib.blake2b(f"pairdex {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


@contextmanager
def locked(
    settings: DbSettings, job: str, name: str, wait: bool = False, shared: bool = False
) -> Iterator[Callable[[], bool]]:
    """A LockedError that says who holds it, where somebody does and we do not `wait`.

    What is given says whether the lock is still held.
    """
    number, how = lock_number(name), "_shared" if shared else ""
    with translated(settings):
        connection = connect(settings, timeout=0, application=application(job))
    try:
        with translated(settings):
            if wait:
                connection.execute("SET lock_timeout = 0")
                _one(connection, f"SELECT pg_advisory_lock{how}(%s)", number)
            elif not _one(connection, f"SELECT pg_try_advisory_lock{how}(%s)", number)[0]:
                raise _held(connection, settings, number)

        def held() -> bool:
            try:
                with translated(settings):
                    return bool(_one(connection, "SELECT %s IS NOT NULL", number))
            except PairdexError:
                return False

        yield held
    finally:
        connection.close()


@contextmanager
def alike(settings: DbSettings, job: str, model: str) -> Iterator[None]:
    """A LockedError that says who works with another model, where somebody does."""
    number = lock_number(f"model {model}") & 0x7FFFFFFF
    with translated(settings):
        connection = connect(settings, timeout=0, application=application(job))
    try:
        with translated(settings), connection.transaction():
            # One after the other, so that of two that come at once only the second is refused.
            _one(connection, "SELECT pg_advisory_xact_lock(%s)", lock_number("models"))
            other = _one(connection, _UNLIKE, number)
            if other:
                raise LockedError(
                    f"an index of another model is being built in {named(settings.url)}",
                    f"by {_shown(other)}",
                    "give both machines the same model, or wait until it ends",
                )
            _one(connection, f"SELECT pg_advisory_lock_shared({_ALIKE}, %s)", number)
        yield
    finally:
        connection.close()


def _held(connection: Any, settings: DbSettings, number: int) -> LockedError:
    return LockedError(
        f"{named(settings.url)} is locked",
        f"held by {_shown(_one(connection, _HOLDER, number))}",
        "wait until it ends, then run this again",
    )


def _shown(holder: tuple[Any, ...]) -> str:
    return str(holder[0]).removeprefix("pairdex: ") if holder and holder[0] else "another process"


def _one(connection: Any, statement: str, number: int) -> tuple[Any, ...]:
    row = connection.execute(statement, (number,)).fetchone()
    return tuple(row) if row else ()
