"""What people said of results, and the searches they keep: `store.judgements`, `store.saved`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, delete, insert, select, update

from db.repeating import repeated
from db.tables import Item
from db.tables_search import JudgementRow, SavedRow

CHUNK = 500
_TABLE = JudgementRow.__table__


@dataclass(frozen=True, slots=True)
class Judgement:
    """Somebody's word on whether an item answers a query: a pair to learn from."""

    item: str  # the catalog's own id
    query: str  # as typed
    good: bool
    request: dict[str, Any]  # all that was asked for, see search/stored.py
    asked: str  # equal where the same was asked for, whatever the filters
    source: str = ""  # where it was given: "search", "api" …
    generation: str = ""
    score: float | None = None  # at that time; None where it was not among the results
    created: str = ""  # ISO, UTC; given by the store
    id: int = 0  # likewise
    item_id: int | None = None  # None where the catalog does not hold the item now


@dataclass(frozen=True, slots=True)
class Saved:
    name: str
    request: dict[str, Any]
    created: str


class Judgements:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @repeated
    def add(self, judgements: Sequence[Judgement]) -> None:
        """A later word on the same item for the same query takes the place of the earlier."""
        now = dt.datetime.now(dt.UTC)
        with self._engine.begin() as connection:
            for one in judgements:
                same = (JudgementRow.asked == one.asked) & (JudgementRow.item == one.item)
                connection.execute(delete(JudgementRow).where(same))
                values = {
                    name: getattr(one, name)
                    for name in ("asked", "item", "query", "request", "good", "source")
                } | {"generation": one.generation, "score": one.score, "created": now}
                connection.execute(insert(JudgementRow).values(values))

    @repeated
    def all(self, asked: str | None = None) -> list[Judgement]:
        """The oldest first; `asked` is for those of one query alone."""
        columns = select(*_TABLE.c, Item.id.label("item_id")).select_from(
            _TABLE.outerjoin(Item.__table__, Item.key == JudgementRow.item)
        )
        if asked is not None:
            columns = columns.where(JudgementRow.asked == asked)
        with self._engine.connect() as connection:
            rows = connection.execute(columns.order_by(JudgementRow.id)).mappings()
            return [Judgement(**{**row, "created": _time(row["created"])}) for row in rows]

    @repeated
    def remove(self, ids: Sequence[int] | None = None) -> int:
        """Those of the numbers, or all; returns how many there were."""
        removed = 0
        with self._engine.begin() as connection:
            if ids is None:
                return connection.execute(delete(JudgementRow)).rowcount
            for start in range(0, len(ids), CHUNK):
                some = JudgementRow.id.in_(ids[start : start + CHUNK])
                removed += connection.execute(delete(JudgementRow).where(some)).rowcount
        return removed


class SavedSearches:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @repeated
    def put(self, name: str, request: dict[str, Any]) -> bool:
        """Returns whether it took the place of one of the same name."""
        values = {"request": request, "created": dt.datetime.now(dt.UTC)}
        with self._engine.begin() as connection:
            old = update(SavedRow).where(SavedRow.name == name).values(values)
            replaced = connection.execute(old).rowcount > 0
            if not replaced:
                connection.execute(insert(SavedRow).values(values | {"name": name}))
        return replaced

    def get(self, name: str) -> Saved | None:
        return next((one for one in self.all() if one.name == name), None)

    @repeated
    def all(self) -> list[Saved]:
        """By name."""
        query = select(SavedRow.name, SavedRow.request, SavedRow.created).order_by(SavedRow.name)
        with self._engine.connect() as connection:
            return [Saved(n, r, _time(made)) for n, r, made in connection.execute(query)]

    @repeated
    def remove(self, name: str) -> bool:
        """Whether there was one."""
        with self._engine.begin() as connection:
            return connection.execute(delete(SavedRow).where(SavedRow.name == name)).rowcount > 0


def _time(when: dt.datetime) -> str:
    """SQLite gives back times without their zone, which is always UTC."""
    return when.replace(tzinfo=dt.UTC).isoformat(timespec="seconds")
