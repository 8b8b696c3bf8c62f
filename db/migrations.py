"""Numbered steps that bring a database to today's schema, each in one transaction.

A new database is made at once from the models and stamped with the newest number; an older one
takes the missing steps in order. A newer one than this program knows is refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection, Engine, bindparam, inspect, select, text, update

from db import (
    cache,
    cache_shared,
    full_text,
    postgres,
    postgres_folding,
    postgres_parts,
    queue,
    sqlite,
)
from db.item_words import item_words
from db.postgres_connection import RefusedError
from db.reader import SCHEMA
from db.records import WordsRecord
from db.tables import Base, Item, SchemaVersion
from db.tables_keys import KeyRow
from db.tables_links import LinkedRow, LinkProblemRow, LinkRow
from db.tables_review import QuestionRow
from db.tables_search import JudgementRow, SavedRow
from errors import HomeError

CHUNK = 5000  # rows that are read at once
Step = Callable[[Connection], None]


def _baseline(connection: Connection) -> None:
    """Step 1: the first published schema."""
    if connection.dialect.name == "postgresql":
        postgres_folding.create(connection)
        for tables in (queue.TABLES, cache.TABLES, cache_shared.WORK):
            tables.create_all(connection)  # with SQLite in files of their own
    Base.metadata.create_all(connection)


def _folded(connection: Connection) -> None:
    """Step 2: attributes as filters compare them, in indexes that hold the item too."""
    for statement in (
        "ALTER TABLE attributes ADD COLUMN folded TEXT NOT NULL DEFAULT ''",
        "UPDATE attributes SET folded = pairdex_fold(text)",
        "DROP INDEX ix_attributes_name_text",
        "DROP INDEX ix_attributes_name_number",
        "CREATE INDEX ix_attributes_name_number ON attributes (name, number, item_id)",
        "CREATE INDEX ix_attributes_name_folded ON attributes (name, kind, folded, item_id)",
    ):
        connection.execute(text(statement))


def _words(connection: Connection) -> None:
    """Step 3: a digest of each item's words, which are searched in the generations now."""
    connection.execute(text("DROP TABLE IF EXISTS item_words"))
    connection.execute(text("ALTER TABLE items ADD COLUMN words VARCHAR(32) NOT NULL DEFAULT ''"))
    Base.metadata.create_all(connection)  # state
    _of_each(connection, "words", lambda words: words.digest)


def _judged(connection: Connection) -> None:
    """Step 4: judgements of results, and saved searches."""
    Base.metadata.create_all(connection, [JudgementRow.__table__, SavedRow.__table__])  # type: ignore[list-item]  # Tables, typed as FromClauses


def _linked(connection: Connection) -> None:
    """Step 5: linked tables."""
    tables = [LinkRow.__table__, LinkedRow.__table__, LinkProblemRow.__table__]
    Base.metadata.create_all(connection, tables)  # type: ignore[arg-type]  # Tables, typed as FromClauses


def _asked(connection: Connection) -> None:
    """Step 6: questions about tags and matches, and their answers."""
    Base.metadata.create_all(connection, [QuestionRow.__table__])  # type: ignore[list-item]  # Table, typed as FromClause


def _keyed(connection: Connection) -> None:
    """Step 7: the service's API keys."""
    Base.metadata.create_all(connection, [KeyRow.__table__])  # type: ignore[list-item]  # Table, typed as FromClause


def _termed(connection: Connection) -> None:
    """Step 8: the terms of each item, by which the database itself finds words."""
    connection.execute(text("ALTER TABLE items ADD COLUMN terms TEXT NOT NULL DEFAULT ''"))
    _of_each(connection, "terms", full_text.kept)


def _of_each(connection: Connection, column: str, value: Callable[[WordsRecord], str]) -> None:
    """Fill a column of the items by what their words say."""
    ids = list(connection.scalars(select(Item.id).order_by(Item.id)))
    put = update(Item.__table__).where(Item.id == bindparam("number"))  # type: ignore[arg-type]  # a Table
    put = put.values({column: bindparam("value")})
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        found = zip(part, item_words(connection, part), strict=True)
        connection.execute(put, [{"number": n, "value": value(words)} for n, words in found])


STEPS: Sequence[Step] = (_baseline, _folded, _words, _judged, _linked, _asked, _keyed, _termed)
assert len(STEPS) == SCHEMA, "reader.py says what it reads: a new step counts it up"


def migrate(
    engine: Engine, database: Path | str, steps: Sequence[Step] = STEPS, create: bool = True
) -> int:
    """Take the missing steps; returns how many were taken.

    `database` is what messages call it. Without `create` there must be a catalog in it.
    """
    with engine.connect() as connection:
        version = _version(connection)
    if version == 0 and not create:
        raise HomeError(
            f"no catalog in {database}", "the database has no tables of Pairdex",
            "run `pairdex catalog import SOURCE`, or mend db.url",
        )  # fmt: skip
    if version > len(steps):
        raise HomeError(
            f"{database} was written by a newer Pairdex",
            f"its schema is {version}, this program knows {len(steps)}",
            "upgrade Pairdex",
        )
    try:
        taken = _taken(engine, version, steps)
    except RefusedError as error:
        if version == 0:
            raise
        raise RefusedError(
            f"{database} was written by an older Pairdex", error.why,
            "run this once as the role that owns its tables, see docs/postgres.md",
        ) from None  # fmt: skip
    postgres_parts.ensure(engine)
    return taken


def _taken(engine: Engine, version: int, steps: Sequence[Step]) -> int:
    """Take all steps but the first `version`."""
    taken = 0
    while version < len(steps):
        with _alone(engine) as connection:
            # Read anew: another process may have taken the step while we waited for our turn.
            version = _version(connection)
            if version == 0:
                # A new database: the models say all at once what the steps said over the years.
                _baseline(connection)
                _stamp(connection, len(steps))
                return len(steps)
            if version < len(steps):
                steps[version](connection)
                version, taken = version + 1, taken + 1
                _stamp(connection, version)
    return taken


def _alone(engine: Engine) -> AbstractContextManager[Connection]:
    """One transaction, its changes of tables included, beside which nobody writes."""
    return sqlite.alone(engine) if engine.dialect.name == "sqlite" else postgres.alone(engine)


def _version(connection: Connection) -> int:
    if not inspect(connection).has_table(SchemaVersion.__tablename__):
        return 0
    newest = select(SchemaVersion.version).order_by(SchemaVersion.version.desc()).limit(1)
    return connection.scalar(newest) or 0


def _stamp(connection: Connection, version: int) -> None:
    connection.execute(
        SchemaVersion.__table__.insert().values(version=version, applied=dt.datetime.now(dt.UTC))  # type: ignore[attr-defined]  # Table, typed as FromClause
    )
