"""Vectors and halves in a table of PostgreSQL, read and written by the thousand.

    place │ id │ owner │ vector halfvec │ half bytea        row i of the generation's arrays

A float16 array of a table is asked like one that is mapped from a file: `vectors[rows]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from threading import local
from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from db.pgvector_connections import Asked, Places, Session, Values
from db.repeating import repeated
from db.sides import Side
from db.vectors import let_go
from errors import IndexStateError

Half = NDArray[np.float16]
SLICE = 5_000  # rows that cross the connection at once
_HEADER = 4  # bytes before the numbers of a vector: how many they are, and nothing
_COPY_HEAD, _COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


def create(session: Session, table: str, shared: int) -> None:
    session.connection.execute(
        f"CREATE TABLE {table} (place int4 NOT NULL, id int8 NOT NULL, owner int8 NOT NULL, "
        f"vector halfvec({shared}) NOT NULL, half bytea NOT NULL)".encode()
    )


def fill(session: Session, table: str, side: Side, told: Callable[[int], None]) -> None:
    """Copy a side's files into an empty table; `told` how many rows are there."""
    count, shared, width = len(side.ids), side.vectors.shape[1], side.halves.shape[1]
    row = np.dtype(
        [
            ("columns", ">i2"), ("place_", ">i4"), ("place", ">i4"), ("id_", ">i4"), ("id", ">i8"),
            ("owner_", ">i4"), ("owner", ">i8"), ("vector_", ">i4"), ("numbers", ">i4"),
            ("vector", ">f2", (shared,)), ("half_", ">i4"), ("half", "<f2", (width,)),
        ]
    )  # fmt: skip
    with session.connection.cursor() as cursor:
        copying = cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)".encode())
        with copying as copy:
            copy.write(_COPY_HEAD)
            for start in range(0, count, SLICE):
                end = min(start + SLICE, count)
                rows = np.zeros(end - start, row)
                rows["columns"] = 5
                rows["place_"], rows["id_"], rows["owner_"] = 4, 8, 8
                rows["vector_"], rows["numbers"] = _HEADER + 2 * shared, shared << 16
                rows["half_"] = 2 * width
                rows["place"] = np.arange(start, end)
                rows["id"], rows["owner"] = side.ids[start:end], side.owners[start:end]
                rows["vector"], rows["half"] = side.vectors[start:end], side.halves[start:end]
                copy.write(rows.tobytes())
                let_go(side.vectors)
                let_go(side.halves)
                told(end)
            copy.write(_COPY_END)
    session.connection.execute(f"ALTER TABLE {table} ADD PRIMARY KEY (place)".encode())


class SideRows:
    """The rows of one side in its table. A thread that asks again for what it has just had gets it
    from here: a search judges, groups and spreads the same items one after the other."""

    def __init__(self, asked: Asked, table: str, count: int, widths: dict[str, int]) -> None:
        self.table, self.count, self.widths = table, count, widths
        self._asked, self._last = asked, local()

    def some(self, places: NDArray[np.int64]) -> dict[str, Half]:
        """Both columns of rows that ascend, no more than SLICE."""
        had: tuple[NDArray[np.int64], dict[str, Half]] | None = getattr(self._last, "had", None)
        if had is not None and len(had[0]):
            at = np.minimum(np.searchsorted(had[0], places), len(had[0]) - 1)
            if np.array_equal(had[0][at], places):
                return {column: rows[at] for column, rows in had[1].items()}
        found = self.read(tuple(self.widths), "place = ANY(%s)", (Places(places),))
        if any(len(rows) != len(places) for rows in found.values()):
            raise self.gone()
        self._last.had = places, found
        return found

    @repeated
    def read(self, columns: Sequence[str], where: str, values: Values) -> dict[str, Half]:
        # Sorted here: the server would sort what is long, for each column.
        wanted = ", ".join(columns)
        statement = f"SELECT place, {wanted} FROM {self.table} WHERE {where}"  # noqa: S608  (our own words)
        with self._asked.one() as session:
            rows = sorted(session.rows(statement, values))
        return {
            column: _numbers(column, b"".join([row[at] for row in rows]), self.widths[column])
            for at, column in enumerate(columns, start=1)
        }

    def gone(self) -> IndexStateError:
        return IndexStateError(
            f"{self.table} lacks rows", "they are no longer there", "run `pairdex index verify`"
        )


def _numbers(column: str, data: bytes, width: int) -> Half:
    if column == "half":
        return np.frombuffer(data, "<f2").reshape(-1, width).astype(np.float16, copy=False)
    rows = np.frombuffer(data, np.uint8).reshape(-1, _HEADER + 2 * width)
    return np.ascontiguousarray(rows[:, _HEADER:]).view(">f2").astype(np.float16)


class StoredRows:
    """One column of a side."""

    dtype = np.dtype(np.float16)

    def __init__(self, side: SideRows, column: str) -> None:
        self._side, self._column = side, column
        self.shape = side.count, side.widths[column]

    @classmethod
    def array(cls, side: SideRows, column: str) -> Half:
        """Whoever reads rows need not know that they are elsewhere."""
        return cast(Half, cls(side, column))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> Half:
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step == 1 and stop - start > 1:
                return np.concatenate(list(self.slices(start, stop)))
            rows = np.arange(start, stop, step)
        if isinstance(rows, int | np.integer):
            [one] = self[[rows]]
            return np.asarray(one, np.float16)
        wanted = np.asarray(rows)
        wanted = np.flatnonzero(wanted) if wanted.dtype == bool else wanted.astype(np.int64)
        wanted = np.where(wanted < 0, wanted + len(self), wanted)
        places, back = np.unique(wanted, return_inverse=True)
        parts = [
            self._side.some(places[start : start + SLICE])[self._column]
            for start in range(0, len(places), SLICE)
        ]
        found = np.concatenate(parts) if parts else np.empty((0, self.shape[1]), np.float16)
        return found[back.reshape(-1)]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return self[:] if dtype is None else self[:].astype(dtype)

    def astype(self, dtype: DTypeLike) -> NDArray[Any]:
        return self[:].astype(dtype)

    def slices(self, start: int = 0, stop: int | None = None) -> Iterator[Half]:
        """All rows between, in order, some thousand at a time."""
        end = len(self) if stop is None else stop
        for begin in range(start, end, SLICE):
            last = min(begin + SLICE, end)
            where = "place >= %s AND place < %s"
            part = self._side.read([self._column], where, (begin, last))[self._column]
            if len(part) != last - begin:
                raise self._side.gone()
            yield part
