"""Which rows of a vector index a search may return, whatever keeps the index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Selection:
    """The rows of one index that a search may return; made once, used for many searches."""

    rows: Ids  # ascending
    mask: NDArray[np.bool_]  # of every row
    bits: NDArray[np.uint8]  # the same as FAISS and PostgreSQL read it


class Selecting:
    """A part of an index whose row i is the vector of `_ids[i]`, which ascend."""

    _ids: Ids

    def select(self, ids: Ids) -> Selection:
        """The rows of those of the ids that are here."""
        places = np.minimum(np.searchsorted(self._ids, ids), max(len(self._ids) - 1, 0))
        rows = np.unique(places[self._ids[places] == ids]) if len(self._ids) else places[:0]
        return self.select_rows(rows)

    def select_rows(self, rows: Ids) -> Selection:
        mask = np.zeros(len(self._ids), bool)
        mask[rows] = True
        return Selection(np.flatnonzero(mask), mask, np.packbits(mask, bitorder="little"))


class Index(Protocol):
    """Unit vectors under their ids, nearest first by cosine, whoever searches them.

    Searches are safe in parallel.
    """

    exact: bool  # it sees every vector, each as it is stored

    def __len__(self) -> int: ...

    @property
    def efforts(self) -> list[int]:
        """How far a search may look, cheapest first."""

    def tune(self, effort: int) -> None:
        """Look so far; for the job that builds, never for an index that is shared."""

    def select(self, ids: Ids) -> Selection:
        """The rows of those of the ids that are here."""

    def select_rows(self, rows: Ids) -> Selection: ...

    def search(
        self,
        queries: Floats,
        count: int,
        allowed: Selection | Ids | None = None,
        threads: int = ...,
    ) -> tuple[Ids, Floats]:
        """Ids `[n, count]` and cosines of the nearest; fewer columns where there are fewer.

        `allowed` leaves all others out *before* the nearest are counted. `threads` is how many of
        this process it may take at most.
        """

    def through(self, queries: Floats, count: int, allowed: Selection) -> tuple[Ids, Floats]:
        """What the index itself finds under a filter: rows, and -1 for those that it misses."""
