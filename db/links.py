"""Linked tables: `store.links`. Their rows change all at once or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Engine, delete, insert, or_, select, update

from db.folding import fold
from db.records import ProblemRecord
from db.repeating import repeated
from db.tables_links import LinkedRow, LinkProblemRow, LinkRow

LinkKind = Literal["promotions", "stores", "table"]
CHUNK = 1000
_TABLE = LinkRow.__table__


@dataclass(frozen=True, slots=True)
class Link:
    """How a table is linked; `source` is an absolute path or an address."""

    name: str
    source: str
    kind: LinkKind
    on: str = ""  # the catalog's column that it joins on; stores have none
    key: str = ""  # its own column that holds the same
    encoding: str = ""
    every: int = 0  # seconds between visits of `sync --due`; 0 = never by itself


@dataclass(frozen=True, slots=True)
class Copy:
    """What is known of the content in use."""

    digest: str
    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class LinkState:
    """A link, its copy, and how its last visits ended. Times are UTC."""

    link: Link
    copy: Copy
    fetched: dt.datetime
    checked: dt.datetime
    rows: int
    left_out: int
    failing: dt.datetime | None = None
    error: str = ""

    def due(self, now: dt.datetime) -> bool:
        return bool(self.link.every) and now - self.checked >= dt.timedelta(seconds=self.link.every)


@dataclass(frozen=True, slots=True)
class Linked:
    """A row of a linked table. `starts` and `ends` are the first and the last day, ISO."""

    data: dict[str, str] = field(default_factory=dict)
    key: str = ""
    brand: str = ""
    starts: str | None = None
    ends: str | None = None
    latitude: float | None = None
    longitude: float | None = None


class Links:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @repeated
    def all(self) -> list[LinkState]:
        """By name."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(*_TABLE.c).order_by(LinkRow.name)).mappings()
            return [_state(dict(row)) for row in rows]

    def get(self, name: str) -> LinkState | None:
        return next((one for one in self.all() if one.link.name == name), None)

    @repeated
    def replace(
        self,
        link: Link,
        copy: Copy,
        rows: Sequence[Linked],
        problems: Sequence[ProblemRecord],
        now: dt.datetime,
    ) -> None:
        """Put a link with its rows in the place of the one of that name, in one transaction."""
        values = {
            **{name: getattr(link, name) for name in Link.__slots__},
            **{name: getattr(copy, name) for name in Copy.__slots__},
            "fetched": now, "checked": now, "failing": None, "error": "",
            "rows": len(rows), "left_out": len(problems),
        }  # fmt: skip
        with self._engine.begin() as connection:
            found = connection.scalar(select(LinkRow.id).where(LinkRow.name == link.name))
            if found is None:
                made = insert(LinkRow).values(values).returning(LinkRow.id)
                number = connection.scalars(made).one()
            else:
                number = found
                connection.execute(update(LinkRow).where(LinkRow.id == number).values(values))
                for kind in (LinkedRow, LinkProblemRow):
                    connection.execute(delete(kind).where(kind.link_id == number))
            own = {"link_id": number}
            for start in range(0, len(rows), CHUNK):
                part = [own | _row(row) for row in rows[start : start + CHUNK]]
                connection.execute(insert(LinkedRow), part)
            listed = [
                own | {"row": p.row, "key": p.key, "code": p.code, "detail": p.detail}
                for p in problems
            ]
            if listed:
                connection.execute(insert(LinkProblemRow), listed)

    @repeated
    def unchanged(self, name: str, now: dt.datetime, copy: Copy) -> None:
        """The source was asked and has nothing new."""
        values = {"checked": now, "failing": None, "error": ""}
        values |= {"etag": copy.etag, "modified": copy.modified}
        with self._engine.begin() as connection:
            connection.execute(update(LinkRow).where(LinkRow.name == name).values(values))

    @repeated
    def failed(self, name: str, now: dt.datetime, error: str) -> None:
        """The source could not be had; its rows stay as they are."""
        mine = LinkRow.name == name
        values = {"checked": now, "error": error}
        with self._engine.begin() as connection:
            connection.execute(update(LinkRow).where(mine).values(values))
            first = update(LinkRow).where(mine, LinkRow.failing.is_(None))
            connection.execute(first.values(failing=now))

    @repeated
    def remove(self, name: str) -> bool:
        """Whether there was one; its rows go with it."""
        with self._engine.begin() as connection:
            return connection.execute(delete(LinkRow).where(LinkRow.name == name)).rowcount > 0

    @repeated
    def problems(self, name: str) -> list[ProblemRecord]:
        """The rows that were left out of the copy in use."""
        own = select(LinkRow.id).where(LinkRow.name == name).scalar_subquery()
        query = select(LinkProblemRow).where(LinkProblemRow.link_id == own)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(LinkProblemRow.id))
            return [ProblemRecord(p.row, p.key, p.code, p.detail) for p in rows]

    def matching(self, name: str, key: str, brand: str = "") -> list[Linked]:
        """Rows of this key, in the order of the table, and those of this brand without a key."""
        wanted = [LinkedRow.key == fold(key)] if key else []
        if brand:
            wanted.append((LinkedRow.key == "") & (LinkedRow.brand == fold(brand)))
        return self._rows(name, or_(*wanted)) if wanted else []

    def rows(self, name: str) -> list[Linked]:
        """All rows, in the order of the table."""
        return self._rows(name)

    def _rows(self, name: str, *conditions: Any) -> list[Linked]:
        own = select(LinkRow.id).where(LinkRow.name == name).scalar_subquery()
        columns = LinkedRow.__table__.c
        query = select(*(columns[field] for field in Linked.__slots__))
        query = query.where(LinkedRow.link_id == own, *conditions).order_by(LinkedRow.id)
        with self._engine.connect() as connection:
            return [Linked(**row) for row in connection.execute(query).mappings()]


def _row(row: Linked) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in Linked.__slots__}
    return values | {"key": fold(row.key), "brand": fold(row.brand)}


def _state(row: dict[str, Any]) -> LinkState:
    # SQLite gives back times without their zone, which is always UTC.
    times = {
        name: row[name] and row[name].replace(tzinfo=dt.UTC)
        for name in ("fetched", "checked", "failing")
    }
    return LinkState(
        Link(**{name: row[name] for name in Link.__slots__}),
        Copy(**{name: row[name] for name in Copy.__slots__}),
        rows=row["rows"],
        left_out=row["left_out"],
        error=row["error"],
        **times,
    )
