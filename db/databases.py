"""Which database holds the rows of a home: a SQLite file in it, or the PostgreSQL one of `db.url`;
and where its generations are: in folders of the home, or in that database.

Everything that opens rows asks here, or is told by who has the settings already. Light to import:
what a search needs of it loads neither SQLAlchemy nor, where the rows are in SQLite, psycopg.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from errors import SettingsError
from settings import DbSettings, Settings, load_settings

if TYPE_CHECKING:
    from db.home import Home
    from db.published import Generations
    from db.reader import Reader

Held: TypeAlias = Callable[[], bool]  # whether a lock is still ours
_told: dict[Path, Settings] = {}


def use(home: Path, settings: Settings) -> None:
    """What flags have said of the database of a home, for all that this process opens."""
    _told[home.absolute()] = settings


def database_of(home: Path) -> DbSettings:
    """Its `url` is "" where the rows are in the home."""
    return _settings(home).db


def generations_of(home: Home) -> Generations:
    """The generations of a home, wherever `vectors.backend` says that they are."""
    settings = _settings(home.path)
    if settings.vectors.backend == "pgvector":
        if not settings.db.url:
            raise SettingsError(
                "vectors.backend is pgvector", "there is no database: db.url is empty",
                "set db.url to its address, or vectors.backend to faiss",
            )  # fmt: skip
        from db.pgvector import PostgresGenerations

        return PostgresGenerations(settings.db, home)
    from db.published import FolderGenerations

    return FolderGenerations(home.generations, home.stamps)


def _settings(home: Path) -> Settings:
    return _told.get(home.absolute()) or load_settings(home)


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


@contextmanager
def alike_elsewhere(home: Path, job: str, model: str) -> Iterator[None]:
    """No machine builds with another model meanwhile, where several may build at all."""
    settings = database_of(home)
    if not settings.url:
        yield
        return
    from db.postgres_lock import alike

    with alike(settings, job, model):
        yield
