"""The rows of a catalog from one database to another: every table, whole, checked by its digest.

All tables are copied in one transaction of the database they go to, so what is killed has left
nothing there. Run again, tables that are there already, row for row, are not copied once more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    Engine,
    Integer,
    MetaData,
    Row,
    Table,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
)

from db import postgres, postgres_lock, postgres_parts, queue, sqlite
from db.home import Home, writing
from db.migrations import migrate
from db.postgres_connection import named
from db.store import Store
from db.tables import Base, SchemaVersion
from errors import HomeError
from progress import Progress, silent
from settings import DbSettings

TOGETHER = 2_000  # rows that are on their way at once
PARTS: dict[str, MetaData] = {"catalog": Base.metadata, "queue": queue.TABLES}


@dataclass(frozen=True)
class Rows:
    """Where the rows of a home are: in its files, or in the database that `settings` name."""

    home: Home
    settings: DbSettings

    @property
    def where(self) -> str:
        return named(self.settings.url) if self.settings.url else str(self.home.path)

    def store(self) -> Store:
        """Its catalog, all tables there."""
        if self.settings.url:
            return Store.open(self.home.path, settings=self.settings)
        return Store(sqlite.engine(self.home.database))

    @contextmanager
    def locked(self, source: Rows) -> Iterator[None]:
        """No job writes there while rows come in; that of the source's own lock is held already."""
        if self.settings.url and self.settings.url != source.settings.url:
            with postgres_lock.locked(self.settings, "move", "lock"):
                yield
        elif self.home.path != source.home.path:
            self.home.create()
            with self.home.locked("move"):
                yield
        else:
            yield

    @contextmanager
    def engines(self) -> Iterator[dict[str, Engine]]:
        """One for each of PARTS, with all tables there."""
        with ExitStack() as stack:
            if self.settings.url:
                engine = postgres.engine(self.settings, "move", pool=2)
                stack.callback(engine.dispose)
                migrate(engine, self.where)
                postgres.ensure(engine, queue.TABLES)
                yield dict.fromkeys(PARTS, engine)
                return
            self.home.create()
            made = {}
            for part, file in (("catalog", self.home.database), ("queue", self.home.queue)):
                made[part] = sqlite.engine(file)
                stack.callback(made[part].dispose)
            with writing(self.home.path):
                migrate(made["catalog"], str(self.home.database))
                queue.TABLES.create_all(made["queue"])
            yield made


@dataclass(frozen=True)
class Copied:
    table: str
    rows: int
    digest: str  # SHA-256 over all of them, in the order of their keys
    already: bool  # they were there before


def move_rows(
    source: Rows, target: Rows, replace: bool = False, progress: Progress = silent
) -> list[Copied]:
    """Every table is at the target as at the source, or an error says which is not.

    Raises a HomeError where the target holds other rows, unless it is told to `replace` them.
    """
    copied = []
    with source.engines() as sources, target.engines() as targets:
        for part, tables in PARTS.items():
            with _reading(sources[part]) as reading:
                copied += _part(reading, targets[part], tables, target, replace, progress)
            postgres_parts.filled(targets[part], tables)
    return copied


def _part(
    reading: Connection,
    engine: Engine,
    metadata: MetaData,
    target: Rows,
    replace: bool,
    progress: Progress,
) -> list[Copied]:
    tables = [
        table for table in metadata.sorted_tables if table.name != SchemaVersion.__tablename__
    ]
    wanted = {}
    for table in tables:
        wanted[table] = _digest(reading, table, "read", progress)
    with engine.begin() as writing_:
        there = {table: _count(writing_, table) for table in tables}
        if any(there.values()):
            if all(_digest(writing_, table) == wanted[table] for table in tables):
                return [Copied(str(table.name), *wanted[table], already=True) for table in tables]
            if not replace:
                held = ", ".join(f"{n:,} {table.name}" for table, n in there.items() if n)
                raise HomeError(
                    f"{target.where} holds other rows", held,
                    "name an empty place, or --replace them",
                )  # fmt: skip
            for table in reversed(tables):
                writing_.execute(delete(table))
        for table in tables:
            _copy(reading, writing_, table, wanted[table][0], progress)
        _number_on(reading, writing_, tables)
        for table in tables:
            if _digest(writing_, table) != wanted[table]:
                raise HomeError(
                    f"table {table.name} has not arrived whole at {target.where}",
                    "its digest differs", "nothing was changed there; run this again",
                )  # fmt: skip
    return [Copied(str(table.name), *wanted[table], already=False) for table in tables]


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    """All that is read is of one state."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(**postgres.ONE_STATE)
        connection.execute(text("BEGIN" if engine.dialect.name == "sqlite" else "SELECT 1"))
        yield connection


def _digest(
    connection: Connection, table: Table, stage: str = "", progress: Progress = silent
) -> tuple[int, str]:
    """How many rows, and a SHA-256 over what they say."""
    digest, count = hashlib.sha256(), 0
    total = _count(connection, table) if stage else 0
    for rows in _rows(connection, table):
        for row in rows:
            said = json.dumps(list(row), default=_plain, sort_keys=True, ensure_ascii=False)
            digest.update(said.encode("utf-8", "surrogatepass") + b"\n")
        count += len(rows)
        if stage:
            progress(f"{stage} {table.name}", count, total)
    return count, digest.hexdigest()


def _plain(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _rows(connection: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    query = select(table).order_by(*table.primary_key.columns)
    yield from connection.execute(query.execution_options(yield_per=TOGETHER)).partitions()


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _copy(
    reading: Connection, writing_: Connection, table: Table, total: int, progress: Progress
) -> None:
    names = [column.name for column in table.columns]
    nothing = [column.name for column in table.columns if isinstance(column.type, JSON)]
    done = 0
    for rows in _rows(reading, table):
        # A JSON column that is given None would hold the word null where it held nothing.
        alike: dict[frozenset[str], list[dict[str, Any]]] = {}
        for row in rows:
            values = dict(zip(names, row, strict=True))
            for name in nothing:
                if values[name] is None:
                    del values[name]
            alike.setdefault(frozenset(values), []).append(values)
        for some in alike.values():
            writing_.execute(insert(table), some)
        done += len(rows)
        progress(f"copy {table.name}", done, total)


def _number_on(reading: Connection, writing_: Connection, tables: Sequence[Table]) -> None:
    """Ids go on where they were: one that was ever given is not given again."""
    for table in tables:
        keys = list(table.primary_key.columns)
        if len(keys) != 1 or not isinstance(keys[0].type, Integer) or keys[0].foreign_keys:
            continue
        last = max(
            _last(reading, table, keys[0].name), writing_.scalar(select(func.max(keys[0]))) or 0
        )
        if not last:
            continue
        if writing_.dialect.name == "postgresql":
            statement = "SELECT setval(pg_get_serial_sequence(:name, :key), :last)"
            writing_.execute(
                text(statement), {"name": table.name, "key": keys[0].name, "last": last}
            )
        elif inspect(writing_).has_table("sqlite_sequence"):
            values = {"name": table.name, "last": last}
            set_ = text("UPDATE sqlite_sequence SET seq = :last WHERE name = :name")
            if not writing_.execute(set_, values).rowcount and table.dialect_kwargs.get(
                "sqlite_autoincrement"
            ):
                writing_.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :last)"), values)


def _last(reading: Connection, table: Table, key: str) -> int:
    """The newest id that was ever given."""
    if reading.dialect.name == "postgresql":
        name = reading.scalar(
            text("SELECT pg_get_serial_sequence(:name, :key)"), {"name": table.name, "key": key}
        )
        if name is None:
            return 0
        found = reading.execute(text(f"SELECT last_value, is_called FROM {name}")).one()  # noqa: S608  (the server's own)
        return int(found.last_value) if found.is_called else 0
    if table.dialect_kwargs.get("sqlite_autoincrement"):
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        return int(reading.scalar(query, {"name": table.name}) or 0)
    return 0
