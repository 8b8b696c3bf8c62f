"""Changes of the catalog that were accepted and are still to be made.

    queued ──► embedding ──► published      in the catalog; then in the index that answers
       └──────────┴────────► failed         and why

A file of its own, or a table of its own beside the rows in PostgreSQL, so that accepting a change
neither waits for an import nor holds one up. What `add` has returned is on the disk.

A worker claims changes, makes them in their order and then tells so. Killed in between, its claim
is gone with it, and they are made again, which comes to the same: each names its item and says what
becomes of it. Several workers never claim the same change, nor changes of the same item.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from db import engines
from db.home import Home
from db.repeating import repeated
from db.tables import as_code_points

Action = Literal["put", "remove"]
State = Literal["queued", "embedding", "published", "failed"]
KEPT = 10_000  # tickets that are remembered when they are done
CHUNK = 500
TABLES = MetaData()
_entries = Table(
    "entries",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("action", String(6), nullable=False),
    Column("key", String(512), nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("content", String(64), nullable=False, index=True),
    Column("state", String(9), nullable=False, index=True),
    Column("created", DateTime, nullable=False),
    Column("finished", DateTime),
    Column("generation", String(32), nullable=False),
    Column("problem", JSON),
    sqlite_autoincrement=True,
)
as_code_points(_entries)


@dataclass(frozen=True, slots=True)
class Entry:
    """A change that is to be made; `body` is what its writer knows how to read."""

    id: int
    action: Action
    key: str
    body: str


class Claim:
    """Changes that this worker alone has until it ends."""

    def __init__(self, connection: Connection, entries: list[Entry]) -> None:
        self._connection, self.entries = connection, entries

    def applied(self, failed: Mapping[int, dict[str, Any]]) -> None:
        """They are in the catalog now; those that failed are not and never will be."""
        made = [entry.id for entry in self.entries if entry.id not in failed]
        for start in range(0, len(made), CHUNK):
            part = _entries.c.id.in_(made[start : start + CHUNK])
            self._connection.execute(update(_entries).where(part).values(state="embedding"))
        for number, problem in failed.items():
            _close(self._connection, _entries.c.id == number, "failed", problem=problem)


@dataclass(frozen=True, slots=True)
class Ticket:
    """How far a change has come."""

    id: int
    action: Action
    key: str
    state: State
    created: str  # ISO, UTC
    finished: str = ""  # likewise
    generation: str = ""  # the first that has it
    problem: dict[str, Any] | None = None


class Queue:
    def __init__(self, home: Home) -> None:
        home.create()
        self._engine = engines.beside_rows(home, home.queue, "queue", TABLES)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Queue:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @repeated
    def add(self, action: Action, key: str, body: str = "", content: str = "") -> int:
        """The number of its ticket; `content` is that of the upload which must be kept for it."""
        values = {
            "action": action, "key": key, "body": body, "content": content, "state": "queued",
            "created": dt.datetime.now(dt.UTC), "generation": "",
        }  # fmt: skip
        with self._engine.begin() as connection:
            row = insert(_entries).values(values).returning(_entries.c.id)
            return int(connection.scalars(row).one())

    @repeated
    def ticket(self, number: int) -> Ticket | None:
        query = select(*(_entries.c[name] for name in Ticket.__slots__))
        with self._engine.connect() as connection:
            row = connection.execute(query.where(_entries.c.id == number)).mappings().first()
        if row is None:
            return None
        times = {name: _time(row[name]) for name in ("created", "finished")}
        return Ticket(**(dict(row) | times))

    @repeated
    def waiting(self, limit: int | None = None, key: str | None = None) -> list[Entry]:
        """The oldest that are not in the catalog yet, in their order; of one item, or of all."""
        query = select(*(_entries.c[name] for name in Entry.__slots__))
        query = query.where(_entries.c.state == "queued").order_by(_entries.c.id).limit(limit)
        if key is not None:
            query = query.where(_entries.c.key == key)
        with self._engine.connect() as connection:
            return [Entry(*row) for row in connection.execute(query)]

    @contextmanager
    def claim(self, limit: int, newest: int) -> Iterator[Claim]:
        """The oldest that wait, up to a number, and that no other worker has claimed.

        Whoever has the first change of an item has the later ones too, so their order is kept.
        """
        earlier = _entries.alias()
        first = ~exists().where(
            earlier.c.key == _entries.c.key,
            earlier.c.state == "queued",
            earlier.c.id < _entries.c.id,
        )
        waiting = (_entries.c.state == "queued") & (_entries.c.id <= newest)
        heads = select(_entries.c.key).where(waiting, first).order_by(_entries.c.id).limit(limit)
        rows = select(*(_entries.c[name] for name in Entry.__slots__)).where(waiting)
        rows = rows.order_by(_entries.c.id).limit(limit)
        with self._engine.begin() as connection:
            keys = connection.scalars(heads.with_for_update(skip_locked=True)).all()
            found = connection.execute(rows.where(_entries.c.key.in_(keys))) if keys else ()
            yield Claim(connection, [Entry(*row) for row in found])

    @repeated
    def newest(self) -> int:
        """The number of the last change that was accepted."""
        with self._engine.connect() as connection:
            return connection.scalar(select(func.max(_entries.c.id))) or 0

    @repeated
    def counts(self) -> dict[str, int]:
        """How many there are in each state."""
        with self._engine.connect() as connection:
            query = select(_entries.c.state, func.count()).group_by(_entries.c.state)
            return dict(connection.execute(query).all())

    @repeated
    def contents(self, contents: Sequence[str]) -> set[str]:
        """Those of the uploads that a waiting change names."""
        found: set[str] = set()
        with self._engine.connect() as connection:
            for start in range(0, len(contents), CHUNK):
                part = _entries.c.content.in_(contents[start : start + CHUNK])
                query = select(_entries.c.content).where(_entries.c.state == "queued", part)
                found.update(connection.scalars(query))
        return found

    @repeated
    def published(self, generation: str, failed: Mapping[str, dict[str, Any]]) -> int:
        """All that was in the catalog is in the generation now, but the items that failed."""
        embedding = _entries.c.state == "embedding"
        with self._engine.begin() as connection:
            for key, problem in failed.items():
                mine = embedding & (_entries.c.key == key) & (_entries.c.action == "put")
                _close(connection, mine, "failed", problem=problem)
            done = _close(connection, embedding, "published", generation=generation)
            newest = connection.scalar(select(func.max(_entries.c.id))) or 0
            over = _entries.c.state.in_(("published", "failed"))
            connection.execute(delete(_entries).where(over, _entries.c.id <= newest - KEPT))
        return done


def _close(connection: Connection, which: Any, state: State, **values: Any) -> int:
    # What was sent is of no more use: a ticket is small.
    now = {"state": state, "finished": dt.datetime.now(dt.UTC), "body": ""}
    found = connection.execute(update(_entries).where(which).values(now | values))
    return int(found.rowcount)


def _time(when: dt.datetime | None) -> str:
    """SQLite gives back times without their zone, which is always UTC."""
    return "" if when is None else when.replace(tzinfo=dt.UTC).isoformat(timespec="milliseconds")
