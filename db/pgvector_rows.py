"""Vectors and halves in a table of PostgreSQL, read and written by the thousand.

    place │ id │ owner │ vector halfvec │ half bytea        row i of the generation's arrays

A float16 array of a table is asked like one that is mapped from a file: `vectors[rows]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from db.pgvector_connections import Asked, Places, Session
from db.repeating import repeated
from db.sides import Side
from db.vectors import let_go
from errors import IndexStateError

Half = NDArray[np.float16]
SLICE = 5_000  # rows that cross the connection at once
_HEADER = 4  # bytes before the numbers of a vector: how many they are, and nothing
_COPY_HEAD, _COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_COLUMNS = {"vector": "halfvec_send(vector)", "half": "half"}
_SOME = "SELECT count(*), string_agg({column}, ''::bytea ORDER BY place) FROM {table} WHERE {where}"


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


class StoredRows:
    """One column of the rows of a side, `shape[0]` of them."""

    dtype = np.dtype(np.float16)

    def __init__(self, asked: Asked, table: str, column: str, shape: tuple[int, int]) -> None:
        self._asked, self._table, self._column, self.shape = asked, table, column, shape

    @classmethod
    def array(cls, asked: Asked, table: str, column: str, shape: tuple[int, int]) -> Half:
        """Whoever reads rows need not know that they are elsewhere."""
        return cast(Half, cls(asked, table, column, shape))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> Half:
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step == 1:
                parts = list(self.slices(start, stop))
                return np.concatenate(parts) if parts else np.empty((0, self.shape[1]), np.float16)
            rows = np.arange(start, stop, step)
        if isinstance(rows, int | np.integer):
            [one] = self[[rows]]
            return np.asarray(one, np.float16)
        wanted = np.asarray(rows)
        wanted = np.flatnonzero(wanted) if wanted.dtype == bool else wanted.astype(np.int64)
        places, back = np.unique(
            np.where(wanted < 0, wanted + len(self), wanted), return_inverse=True
        )
        parts = [
            self._some("place = ANY(%s)", (Places(places[start : start + SLICE]),), SLICE)
            for start in range(0, len(places), SLICE)
        ]
        found = np.concatenate(parts) if parts else np.empty((0, self.shape[1]), np.float16)
        if len(found) != len(places):
            raise self._gone()
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
            part = self._some("place >= %s AND place < %s", (begin, last), last - begin)
            if len(part) != last - begin:
                raise self._gone()
            yield part

    @repeated
    def _some(self, where: str, values: tuple[object, ...], most: int) -> Half:
        column = _COLUMNS[self._column]
        statement = _SOME.format(column=column, table=self._table, where=where)
        with self._asked.one() as session:
            [(count, data)] = session.rows(statement, values)
        assert count <= most
        if self._column == "half":
            return np.frombuffer(data or b"", "<f2").reshape(count, self.shape[1])
        rows = np.frombuffer(data or b"", np.uint8).reshape(count, _HEADER + 2 * self.shape[1])
        numbers = np.ascontiguousarray(rows[:, _HEADER:]).view(">f2")
        return numbers.astype(np.float16)

    def _gone(self) -> IndexStateError:
        return IndexStateError(
            f"{self._table} lacks rows", "they are no longer there", "run `pairdex index verify`"
        )
