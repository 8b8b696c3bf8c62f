"""What every search reads of the catalog: a few plain statements, without SQLAlchemy.

To load SQLAlchemy and its tables takes as long as all else that a search does from a cold start. So
these statements are portable SQL with named parameters, which the drivers (sqlite_reading.py,
postgres_reading.py) and SQLAlchemy (store.py) take alike. Who asks for more opens the store.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager
from threading import Lock
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from db import details
from db.details import Rows
from db.records import ItemRecord
from db.repeating import repeated

if TYPE_CHECKING:
    from db.store import Store

SCHEMA = 8  # steps of migrations.py: the form of the tables that these statements are for
CHUNK = 500
# Counters of the catalog as a whole, by their names in `state`.
REMOVALS, CHANGES = "removals", "changes"
_KEYS = "SELECT key, id FROM items WHERE key IN ({keys})"
_STATE = "SELECT number FROM state WHERE name = :name"


class Reader:
    """Safe to be used by any number of threads."""

    def _reading(self) -> AbstractContextManager[Rows]:
        """Runs statements that see the catalog in one state."""
        raise NotImplementedError

    def whole(self) -> Store:
        """All that can be asked of the catalog."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    @repeated
    def details(self, ids: Sequence[int]) -> dict[int, ItemRecord]:
        """Those of the items that are there, in the order of the ids."""
        found: dict[int, ItemRecord] = {}
        with self._reading() as rows:
            for start in range(0, len(ids), CHUNK):
                found |= details.details(rows, ids[start : start + CHUNK])
        return found

    @repeated
    def ids_of(self, keys: Sequence[str]) -> dict[str, int]:
        """The ids of items by the catalog's own; those that it lacks are left out."""
        found: dict[str, int] = {}
        with self._reading() as rows:
            for start in range(0, len(keys), CHUNK):
                values = {f"k{n}": key for n, key in enumerate(keys[start : start + CHUNK])}
                names = ", ".join(f":{name}" for name in values)
                found.update(map(tuple, rows(_KEYS.format(keys=names), values)))
        return found

    @repeated
    def item_ids(self) -> list[int]:
        """All ids, ascending."""
        with self._reading() as rows:
            return [number for (number,) in rows("SELECT id FROM items ORDER BY id", {})]

    def removals(self) -> int:
        """How often items were removed: while it is the same, none of those that were is gone."""
        return self._state(REMOVALS)

    def revision(self) -> int:
        """A number that is another once any item has changed."""
        return self._state(CHANGES)

    @repeated
    def _state(self, name: str) -> int:
        with self._reading() as rows:
            return next((number for (number,) in rows(_STATE, {"name": name})), 0)


class _Closable(Protocol):
    def close(self) -> None: ...


Raw = TypeVar("Raw", bound=_Closable)  # a driver's own connection


class PooledReader(Reader, Generic[Raw]):
    """Connections are opened as threads need them at the same time, and kept."""

    def __init__(self) -> None:
        self._idle: deque[Raw] = deque()
        self._store: Store | None = None
        self._opening = Lock()

    def _open_store(self) -> Store:
        """With SQLAlchemy, which is loaded only now."""
        raise NotImplementedError

    def whole(self) -> Store:
        with self._opening:
            if self._store is None:
                self._store = self._open_store()
            return self._store

    def close(self) -> None:
        self._let_go()
        if self._store is not None:
            self._store.close()

    def _let_go(self) -> None:
        while self._idle:
            self._idle.pop().close()
