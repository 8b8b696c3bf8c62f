"""What `tag` wrote and what was there before: for going on, for undoing, for knowing one's own.

A change is told here before it is made and once more when it is made, so that after any end of the
process each file is known to be in its old or in its new state. A file of its own: tagging neither
waits for the catalog's jobs nor holds them up.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from db import sqlite
from db.home import Home, writing

CHUNK = 500
State = Literal["begun", "done", "undone"]
_META = MetaData()
# Paths are bytes: a file name need not be text.
_runs = Table(
    "runs",
    _META,
    Column("id", Integer, primary_key=True),
    Column("started", DateTime, nullable=False),
    Column("command", String, nullable=False),
    sqlite_autoincrement=True,
)
_changes = Table(
    "changes",
    _META,
    Column("id", Integer, primary_key=True),
    Column("run", Integer, nullable=False, index=True),
    Column("state", String(6), nullable=False, index=True),
    Column("kind", String(8), nullable=False),
    Column("path", LargeBinary, nullable=False, index=True),
    Column("image", LargeBinary, nullable=False),
    Column("before", LargeBinary),  # a recipe, see tagger/delta.py; NULL: there was no file
    Column("before_hash", LargeBinary(32)),
    Column("before_mtime_ns", Integer),
    Column("after_hash", LargeBinary(32), nullable=False),
    Column("added", JSON, nullable=False),
)
_images = Table(
    "images",
    _META,
    Column("path", LargeBinary, primary_key=True),
    Column("signature", String(64), nullable=False),
    Column("stamps", JSON, nullable=False),
)


@dataclass(frozen=True)
class Change:
    """One file that is written: what it was, and how to tell that it still is what it became."""

    path: Path
    image: Path
    kind: str  # json, txt, xmp or embedded
    before: bytes | None  # how to make the old file of the new one; None: there was none
    before_hash: bytes | None
    before_mtime_ns: int | None
    after_hash: bytes
    added: tuple[str, ...] = ()  # keywords that are ours
    id: int = 0  # given by the journal
    state: State = "begun"


@dataclass(frozen=True)
class Seen:
    """An image whose outputs are all there: `stamps` are (path, size, mtime) of it and of them."""

    image: Path
    signature: str  # of model, index and options
    stamps: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class RunFacts:
    id: int
    started: str  # ISO, UTC
    command: str
    changes: int  # files that it wrote and that were not put back since


class Journal:
    def __init__(self, home: Home) -> None:
        file = home.path / "tagging.db"
        home.create()
        # An image is replaced only when how to put it back is on the disk.
        self._engine = sqlite.engine(file, cache_mib=8, durable=True)
        with writing(file):
            _META.create_all(self._engine)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._engine.dispose()

    def start(self, command: str) -> int:
        values = {"started": dt.datetime.now(dt.UTC), "command": command}
        with self._engine.begin() as connection:
            row = insert(_runs).values(values).returning(_runs.c.id)
            return int(connection.scalars(row).one())

    def begin(self, run: int, changes: Sequence[Change]) -> list[int]:
        """The ids of the changes; they are on the disk when this returns."""
        with self._engine.begin() as connection:
            top = connection.scalar(select(func.max(_changes.c.id))) or 0
            ids = [top + place for place in range(1, len(changes) + 1)]
            if ids:
                own = zip(changes, ids, strict=True)
                rows = [_row(change) | {"id": number, "run": run} for change, number in own]
                connection.execute(insert(_changes), rows)
        return ids

    def finish(
        self, done: Sequence[int], never: Sequence[int] = (), seen: Iterable[Seen] = ()
    ) -> None:
        """These changes were made, those never will be; of these images all is there."""
        rows = [
            {"path": os.fsencode(one.image), "signature": one.signature, "stamps": one.stamps}
            for one in seen
        ]
        with self._engine.begin() as connection:
            for part in _parts(done):
                made = update(_changes).where(_changes.c.id.in_(part)).values(state="done")
                connection.execute(made)
            for part in _parts(never):
                connection.execute(delete(_changes).where(_changes.c.id.in_(part)))
            for names in _parts([row["path"] for row in rows]):
                connection.execute(delete(_images).where(_images.c.path.in_(names)))
            if rows:
                connection.execute(insert(_images), rows)

    def undone(self, changes: Sequence[Change]) -> None:
        """These files are as they were; what was known of their images is forgotten."""
        with self._engine.begin() as connection:
            for part in _parts(changes):
                ids, names = [c.id for c in part], [os.fsencode(c.image) for c in part]
                put_back = update(_changes).where(_changes.c.id.in_(ids)).values(state="undone")
                connection.execute(put_back)
                connection.execute(delete(_images).where(_images.c.path.in_(names)))

    def unfinished(self) -> list[Change]:
        """Changes of a run that ended without a word."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_changes).where(_changes.c.state == "begun"))
            return [_change(row) for row in rows.mappings()]

    def changes(self, run: int) -> list[Change]:
        """What a run wrote and nobody put back, the latest first."""
        query = select(_changes).where(_changes.c.run == run, _changes.c.state == "done")
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(_changes.c.id.desc()))
            return [_change(row) for row in rows.mappings()]

    def latest(self, paths: Sequence[Path]) -> dict[Path, Change]:
        """The last change of each of these files that is still in force."""
        found: dict[Path, Change] = {}
        with self._engine.connect() as connection:
            for part in _parts([os.fsencode(path) for path in paths]):
                # Asked for the state too, SQLite would go through all that was ever done.
                query = select(_changes).where(_changes.c.path.in_(part))
                rows = connection.execute(query).mappings()
                for row in sorted(rows, key=lambda row: row["id"]):
                    if row["state"] == "done":
                        change = _change(row)
                        found[change.path] = change
        return found

    def seen(self, images: Sequence[Path]) -> dict[Path, Seen]:
        found: dict[Path, Seen] = {}
        with self._engine.connect() as connection:
            for part in _parts([os.fsencode(image) for image in images]):
                for row in connection.execute(select(_images).where(_images.c.path.in_(part))):
                    image = Path(os.fsdecode(row.path))
                    stamps = tuple((name, size, mtime) for name, size, mtime in row.stamps)
                    found[image] = Seen(image, row.signature, stamps)
        return found

    def images(self, most: int) -> list[Path]:
        """The images that outputs were last written for, the latest first."""
        query = select(_changes.c.image).where(_changes.c.state == "done")
        query = query.group_by(_changes.c.image).order_by(func.max(_changes.c.id).desc())
        with self._engine.connect() as connection:
            return [Path(os.fsdecode(name)) for name in connection.scalars(query.limit(most))]

    def runs(self) -> list[RunFacts]:
        """The latest first; those that wrote nothing, or all of which was put back, count 0."""
        in_force = func.count(_changes.c.id)
        joined = _runs.outerjoin(
            _changes, (_changes.c.run == _runs.c.id) & (_changes.c.state == "done")
        )
        query = select(_runs, in_force).select_from(joined).group_by(_runs.c.id)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(_runs.c.id.desc())).all()
        return [
            RunFacts(n, when.isoformat() + "+00:00", what, count) for n, when, what, count in rows
        ]


def _row(change: Change) -> dict[str, Any]:
    paths = {"path": os.fsencode(change.path), "image": os.fsencode(change.image)}
    return vars(change) | paths | {"added": list(change.added)}


def _change(row: Any) -> Change:
    values = {name: row[name] for name in row if name != "run"}
    paths = {name: Path(os.fsdecode(row[name])) for name in ("path", "image")}
    return Change(**(values | paths | {"added": tuple(row["added"])}))


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
