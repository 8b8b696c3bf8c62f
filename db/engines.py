"""The engines of a home: where SQLite and PostgreSQL part for who opens rows through SQLAlchemy."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, MetaData

from db import postgres, sqlite
from db.databases import database_of
from db.home import Home, writing
from db.postgres_connection import named
from settings import DbSettings


def of_rows(home: Home, settings: DbSettings | None = None) -> tuple[Engine, str]:
    """The engine of the catalog, and what messages call its database.

    `settings` may name a database; else the home's own settings say where its rows are.
    """
    settings = settings if settings is not None and settings.url else database_of(home.path)
    if settings.url:
        return postgres.engine(settings), named(settings.url)
    return sqlite.engine(home.database), str(home.database)


def beside_rows(home: Home, file: Path, job: str, tables: MetaData) -> Engine:
    """The engine of tables that lie in a file of their own, or beside the rows in PostgreSQL.

    What is written is on the disk when its transaction has ended: it survives the machine too.
    """
    settings = database_of(home.path)
    if settings.url:
        engine = postgres.engine(settings, job, pool=2)
        try:
            postgres.ensure(engine, tables)
        except BaseException:
            engine.dispose()
            raise
        return engine
    engine = sqlite.engine(file, cache_mib=2, durable=True)
    with writing(file):
        tables.create_all(engine)
    return engine
