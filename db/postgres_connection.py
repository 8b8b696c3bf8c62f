"""A connection to PostgreSQL: how it is made, what it is told, and what its errors mean.

Everything that talks to the server connects here, through SQLAlchemy (postgres.py) or without it.
The address is libpq's own, so `sslmode`, `sslrootcert`, `connect_timeout`, `host` with several
servers and the like stand in it, and PGPASSWORD, PGPASSFILE or ~/.pgpass may hold the password.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from db.repeating import AgainError
from errors import HomeError, PairdexError, SettingsError
from settings import DbSettings

if TYPE_CHECKING:
    import psycopg
    from psycopg.abc import Buffer, Dumper

# Where the address says nothing else. A server that is gone without a word is noticed within a
# minute, by connections that wait for nothing too.
PARAMETERS = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
    "application_name": "pairdex",
    "client_encoding": "UTF8",
}
LOCK_TIMEOUT = 10  # seconds that a statement waits for another's lock, as in SQLite
IDLE = 10 * 60  # seconds after which a transaction that does nothing is ended: its process hangs


def named(url: str) -> str:
    """What messages call the database: no password, and no parameters that might hold one."""
    parts = urlsplit(url)
    user = f"{unquote(parts.username)}@" if parts.username else ""
    hosts = parts.netloc.rpartition("@")[2]
    if hosts in ("", ":"):
        hosts = "localhost"
    return f"postgresql://{user}{hosts}{parts.path}"


def connect(
    settings: DbSettings, timeout: float | None = None, application: str = ""
) -> psycopg.Connection[Any]:
    """A connection in autocommit; `timeout` is that of its statements, 0 for none.

    Raises psycopg's own errors: see `translated`. The address, which may hold a password, is in
    none of them.
    """
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ModuleNotFoundError:
        raise SettingsError(
            "db.url names PostgreSQL", "psycopg is not installed", "pip install 'pairdex[postgres]'"
        ) from None
    try:
        given = conninfo_to_dict(re.sub(r"^postgresql\+psycopg:", "postgresql:", settings.url))
    except psycopg.ProgrammingError:
        raise SettingsError(
            "db.url", "it cannot be read as an address of a database",
            'such as "postgresql+psycopg://user@host:5432/database?sslmode=verify-full"; '
            "special characters of a password are written as %XX",
        ) from None  # fmt: skip
    # It warns of what it could not tidy away after an error, and the error is told by us.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    known: dict[str, Any] = PARAMETERS | {k: v for k, v in given.items() if v is not None}
    if application:
        known["application_name"] = application[:60]
    connection = psycopg.connect(**known, autocommit=True)
    try:
        _tell(connection, settings.timeout if timeout is None else timeout)
        connection.adapters.register_dumper(str, _without_null())
        if connection.info.parameter_status("server_encoding") != "UTF8":
            raise HomeError(
                f"{named(settings.url)} cannot be used", "its encoding is not UTF-8",
                "make a database with `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`",
            )  # fmt: skip
    except BaseException:
        connection.close()
        raise
    return connection


def _tell(connection: psycopg.Connection[Any], timeout: float) -> None:
    # In one message. Times are kept without their zone, as in SQLite, and are UTC.
    connection.execute(
        # To compile a plan takes longer than anything that is asked here.
        f"SET TIME ZONE 'UTC'; SET jit = off; SET lock_timeout = '{LOCK_TIMEOUT}s'; "
        f"SET statement_timeout = {round(timeout * 1000)}; "
        f"SET idle_in_transaction_session_timeout = '{IDLE}s'; "
        # The server too notices within a minute that a machine is gone, and frees what it held.
        "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; "
        "SET tcp_keepalives_count = 3"
    )


@cache
def _without_null() -> type[Dumper]:
    """PostgreSQL keeps no NUL in a text, so a sign for one takes its place."""
    from psycopg.types.string import StrDumper

    class TextDumper(StrDumper):
        def dump(self, obj: str) -> Buffer | None:
            return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)

    return TextDumper


@contextmanager
def translated(settings: DbSettings) -> Iterator[None]:
    """What the user can mend, in one line; a mistake in our own SQL stays what it is."""
    try:
        yield
    except PairdexError:
        raise
    except Exception as error:  # noqa: BLE001  (psycopg's, which need not be there to name it)
        raise trouble(settings.url, error) from None


class RefusedError(HomeError):
    """The role lacks a right."""


# By the first letters of an SQLSTATE; the longest that fits holds.
_STATES = {
    "08": ("lost the connection", "check the server, then run this again"),
    "57P": ("lost the connection", "check the server, then run this again"),
    "25006": ("is read-only", "name the primary server, or a role that may write"),
    "23505": ("was changed by others at the same time", "run this again"),
    "40": ("was changed by others at the same time", "run this again"),
    "42501": ("refuses", "grant the role what it needs, see docs/postgres.md"),
    "53100": ("has no space left on its disk", "free some on the server, then run this again"),
    "53200": ("has no memory left", "wait until it has some, then run this again"),
    "53300": ("takes no more connections", "lower db.pool, or raise its max_connections"),
    "54": ("has reached a limit", "see the server's log"),
    "55P03": ("is in use", "wait until the other job ends, then run this again"),
    "57014": ("took too long", "raise db.timeout, then run this again"),
    "58": ("has trouble with its disk", "see the server's log"),
    "XX001": ("is damaged", "restore it from a backup"),
    "XX002": ("is damaged", "`REINDEX DATABASE` mends indexes; else restore a backup"),
}
REFUSALS = "42501", "25006"
# What a server, or the way to it, says before there is a connection: no SQLSTATE comes with it.
_REFUSALS = (
    ("password authentication failed", "refuses the password", "mend db.url or ~/.pgpass"),
    ("no password supplied", "wants a password", "put it into ~/.pgpass or PGPASSWORD"),
    ("pg_hba.conf", "does not let us in", "allow it in the server's pg_hba.conf"),
    ("permission denied for database", "does not let us in", "GRANT CONNECT to the role"),
    ("SSL", "cannot be reached over TLS", "check sslmode and sslrootcert in db.url"),
    ("certificate", "cannot be reached over TLS", "check sslmode and sslrootcert in db.url"),
    ("does not exist", "cannot be opened", "make it, see docs/postgres.md, or mend db.url"),
    ("too many", "takes no more connections", "lower db.pool, or raise its max_connections"),
    ("invalid ", "cannot be opened", "mend db.url"),
)
_NOT_MADE = 'permission denied to create extension "vector"'
_MISSING = re.compile(r'extension "(\w+)"|type "(halfvec|vector)"|operator class "(\w+)"')


def trouble(url: str, error: BaseException, committing: bool = False) -> BaseException:
    """The error as one line; the error itself where it is a mistake of ours.

    `committing` says that it came with the end of a transaction, which may have been made then.
    """
    state: str | None = getattr(error, "sqlstate", None)
    name, said = named(url), _first_line(error)
    missing = _MISSING.search(said)
    if missing and (state in ("0A000", "58P01", "42704") or said.endswith(_NOT_MADE)):
        return HomeError(
            f"{name} lacks pgvector", said,
            "install it on the server and, as its superuser, CREATE EXTENSION vector",
        )  # fmt: skip
    if state is None:
        if type(error).__name__ not in ("OperationalError", "ConnectionTimeout"):
            return error
        return _unconnected(name, said, committing)
    for length in (5, 3, 2):
        if state[:length] in _STATES:
            what, remedy = _STATES[state[:length]]
            again = state[:2] in ("08", "40") or state[:3] == "57P" or state == "23505"
            if again and not committing:
                return AgainError(f"{name} {what}", said, remedy)
            kind = RefusedError if state in REFUSALS else HomeError
            return kind(f"{name} {what}", _perhaps(said, again), remedy)
    return error


def _unconnected(name: str, said: str, committing: bool) -> PairdexError:
    for sign, what, remedy in _REFUSALS:
        if sign in said:
            return HomeError(f"{name} {what}", said, remedy)
    what, remedy = "cannot be reached", "check that the server runs, and db.url"
    if committing:
        return HomeError(f"{name} {what}", _perhaps(said, True), remedy)
    return AgainError(f"{name} {what}", said, remedy)


def _perhaps(said: str, lost: bool) -> str:
    return f"{said}; whether the change was made is not known" if lost else said


def _first_line(error: BaseException) -> str:
    said = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    # Where it lies is in our own words already; a socket's path says nothing.
    said = re.sub(r"^connection (failed|is bad): ", "", said)
    said = re.sub(r"^connection to server (at|on) .*? failed: ", "", said)
    said = re.sub(r"^(FATAL|ERROR): +", "", said)
    return said if said[1:2].isupper() else said[:1].lower() + said[1:]


def application(job: str) -> str:
    """What others are told of a connection: its job and where it runs."""
    return f"pairdex: {job} (process {os.getpid()} on {os.uname().nodename})"
