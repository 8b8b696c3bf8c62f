"""Which database holds the rows of a home: a SQLite file in it, or the PostgreSQL one of `db.url`.

Everything that opens rows asks here, or is told by who has the settings already. Light to import:
what a search needs of it loads neither SQLAlchemy nor, where the rows are in SQLite, psycopg.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from settings import DbSettings, load_settings

if TYPE_CHECKING:
    from db.home import Home
    from db.reader import Reader

Held: TypeAlias = Callable[[], bool]  # whether a lock is still ours
_told: dict[Path, DbSettings] = {}


def use(home: Path, settings: DbSettings) -> None:
    """What a flag has said of the database of a home, for all that this process opens."""
    _told[home.absolute()] = settings


def database_of(home: Path) -> DbSettings:
    """Its `url` is "" where the rows are in the home."""
    told = _told.get(home.absolute())
    return load_settings(home).db if told is None else told


def shown_name(home: Home) -> str:
    """What people are told of where the rows are: no password."""
    url = database_of(home.path).url
    if not url:
        return str(home.database)
    from db.postgres_connection import named

    return named(url)


def open_reader(home: Path, settings: DbSettings | None = None) -> Reader:
    """What a search reads, without SQLAlchemy. `settings` spares reading them again."""
    settings = settings if settings is not None and settings.url else database_of(home)
    if settings.url:
        from db.postgres_reading import PostgresReader

        return PostgresReader.open(home, settings)
    from db.sqlite_reading import SqliteReader

    return SqliteReader.open(home)


@contextmanager
def locked_elsewhere(
    home: Path, job: str, name: str, wait: bool = False, shared: bool = False
) -> Iterator[Held]:
    """The lock of this name in the database, which other machines see; none where it is a file."""
    settings = database_of(home)
    if not settings.url:
        yield lambda: True
        return
    from db.postgres_lock import locked

    with locked(settings, job, name, wait, shared) as held:
        yield held
