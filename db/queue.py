"""Changes of the catalog that were accepted and are still to be made: a file of its own.

    queued ──► embedding ──► published      in the catalog; then in the index that answers
       └──────────┴────────► failed         and why

A file of its own, so that accepting a change neither waits for an import nor holds one up. What
`add` has returned is on the disk. A worker makes the changes in their order and then tells so here;
killed in between, it makes them again, which comes to the same: each names its item and says what
becomes of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)

from db import sqlite
from db.home import Home, writing

Action = Literal["put", "remove"]
State = Literal["queued", "embedding", "published", "failed"]
KEPT = 10_000  # tickets that are remembered when they are done
CHUNK = 500
_META = MetaData()
_entries = Table(
    "entries",
    _META,
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


@dataclass(frozen=True, slots=True)
class Entry:
    """A change that is to be made; `body` is what its writer knows how to read."""

    id: int
    action: Action
    key: str
    body: str


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
        self._engine = create_engine(f"sqlite:///{home.queue}")
        sqlite.prepare(self._engine, home.queue, cache_mib=2)

        @event.listens_for(self._engine, "connect")
        def _durable(raw: Any, _record: Any) -> None:
            # What is accepted survives the machine too, not only this process.
            raw.execute("PRAGMA synchronous = FULL")

        with writing(home.queue):
            _META.create_all(self._engine)

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

    def add(self, action: Action, key: str, body: str = "", content: str = "") -> int:
        """The number of its ticket; `content` is that of the upload which must be kept for it."""
        values = {
            "action": action, "key": key, "body": body, "content": content, "state": "queued",
            "created": dt.datetime.now(dt.UTC), "generation": "",
        }  # fmt: skip
        with self._engine.begin() as connection:
            row = insert(_entries).values(values).returning(_entries.c.id)
            return int(connection.scalars(row).one())

    def ticket(self, number: int) -> Ticket | None:
        query = select(*(_entries.c[name] for name in Ticket.__slots__))
        with self._engine.connect() as connection:
            row = connection.execute(query.where(_entries.c.id == number)).mappings().first()
        if row is None:
            return None
        times = {name: _time(row[name]) for name in ("created", "finished")}
        return Ticket(**(dict(row) | times))

    def waiting(self, limit: int | None = None, key: str | None = None) -> list[Entry]:
        """The oldest that are not in the catalog yet, in their order; of one item, or of all."""
        query = select(*(_entries.c[name] for name in Entry.__slots__))
        query = query.where(_entries.c.state == "queued").order_by(_entries.c.id).limit(limit)
        if key is not None:
            query = query.where(_entries.c.key == key)
        with self._engine.connect() as connection:
            return [Entry(*row) for row in connection.execute(query)]

    def newest(self) -> int:
        """The number of the last change that was accepted."""
        with self._engine.connect() as connection:
            return connection.scalar(select(func.max(_entries.c.id))) or 0

    def counts(self) -> dict[str, int]:
        """How many there are in each state."""
        with self._engine.connect() as connection:
            query = select(_entries.c.state, func.count()).group_by(_entries.c.state)
            return dict(connection.execute(query).all())

    def contents(self, contents: Sequence[str]) -> set[str]:
        """Those of the uploads that a waiting change names."""
        found: set[str] = set()
        with self._engine.connect() as connection:
            for start in range(0, len(contents), CHUNK):
                part = _entries.c.content.in_(contents[start : start + CHUNK])
                query = select(_entries.c.content).where(_entries.c.state == "queued", part)
                found.update(connection.scalars(query))
        return found

    def applied(self, ids: Sequence[int], failed: Mapping[int, dict[str, Any]]) -> None:
        """These are in the catalog now; those that failed are not and never will be."""
        with self._engine.begin() as connection:
            for start in range(0, len(ids), CHUNK):
                part = _entries.c.id.in_(ids[start : start + CHUNK])
                connection.execute(update(_entries).where(part).values(state="embedding"))
            for number, problem in failed.items():
                self._close(connection, _entries.c.id == number, "failed", problem=problem)

    def published(self, generation: str, failed: Mapping[str, dict[str, Any]]) -> int:
        """All that was in the catalog is in the generation now, but the items that failed."""
        embedding = _entries.c.state == "embedding"
        with self._engine.begin() as connection:
            for key, problem in failed.items():
                mine = embedding & (_entries.c.key == key) & (_entries.c.action == "put")
                self._close(connection, mine, "failed", problem=problem)
            done = self._close(connection, embedding, "published", generation=generation)
            newest = connection.scalar(select(func.max(_entries.c.id))) or 0
            over = _entries.c.state.in_(("published", "failed"))
            connection.execute(delete(_entries).where(over, _entries.c.id <= newest - KEPT))
        return done

    def _close(self, connection: Any, which: Any, state: State, **values: Any) -> int:
        # What was sent is of no more use: a ticket is small.
        now = {"state": state, "finished": dt.datetime.now(dt.UTC), "body": ""}
        found = connection.execute(update(_entries).where(which).values(now | values))
        return int(found.rowcount)


def _time(when: dt.datetime | None) -> str:
    """SQLite gives back times without their zone, which is always UTC."""
    return "" if when is None else when.replace(tzinfo=dt.UTC).isoformat(timespec="milliseconds")
