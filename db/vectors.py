"""FAISS, and the only place that knows it: vectors by id, nearest first by cosine.

Inside, an index counts rows; ids and the exact float16 vectors are arrays that the generation
maps into memory. So a lossy index is put in exact order at the price of reading a few rows, and a
filter that leaves few items is answered exactly.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from db import vectors_kinds as kinds
from db.vectors_selecting import Selecting, Selection
from errors import IndexStateError, SettingsError

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]
Stored = NDArray[np.floating]  # unit vectors, float16 in files
SLICE = 16_384  # rows that are added, or compared exactly, at a time
_CORES = faiss.omp_get_max_threads()


class VectorIndex(Selecting):
    """Unit vectors under their ids. Searches are safe in parallel: they set nothing."""

    def __init__(self, index: Any, ids: Ids, vectors: Stored) -> None:
        self._index, self._ids, self._vectors = index, ids, vectors
        self.exact = kinds.is_exact(index, vectors.dtype)

    @classmethod
    def build(
        cls,
        vectors: Stored,
        ids: Ids,
        factory: str,
        added: Callable[[int], None] = lambda _: None,
    ) -> VectorIndex:
        """Ids ascending. Vectors are taken slice by slice; `added` is told how many are done."""
        count, dimension = vectors.shape
        faiss.omp_set_num_threads(_CORES)
        try:
            index = faiss.index_factory(dimension, factory, faiss.METRIC_INNER_PRODUCT)
            if not index.is_trained:
                kinds.train(index, vectors)
            for start in range(0, count, SLICE):
                index.add(_floats(vectors[start : start + SLICE]))
                let_go(vectors)
                added(min(start + SLICE, count))
        except (RuntimeError, AssertionError) as error:
            raise SettingsError(
                f"index.factory {factory!r} cannot index {count} vectors of {dimension} numbers",
                _reason(error).rpartition("Error: ")[2],
                'take "auto", "Flat" or another FAISS index_factory string',
            ) from None
        return cls(index, ids, vectors)

    @classmethod
    def read(cls, file: Path, ids: Ids, vectors: Stored) -> VectorIndex:
        """Mapped into memory. FAISS has no checksums: compare the manifest's before this."""
        try:
            index = faiss.read_index(str(file), kinds.reading(file))
        except (RuntimeError, OSError) as error:
            raise IndexStateError(
                f"{file} cannot be read", _reason(error), "build the index again"
            ) from None
        return cls(index, ids, vectors)

    def write(self, file: Path) -> None:
        # Through a file of ours: FAISS itself would say of a full disk only that a write failed.
        with file.open("wb") as stream:
            faiss.write_index(self._index, kinds.FAISS.PyCallbackIOWriter(stream.write, 1 << 20))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def effort(self) -> int:
        """How far a search looks: efSearch, nprobe, or 0 where it sees everything."""
        return kinds.effort(self._index)

    @property
    def efforts(self) -> list[int]:
        """Those that may be tried, cheapest first."""
        return kinds.efforts(self._index)

    def tune(self, effort: int) -> None:
        """Store another effort; for the job that builds, never for an index that is shared."""
        kinds.tune(self._index, effort)

    def search(
        self,
        queries: Floats,
        count: int,
        allowed: Selection | Ids | None = None,
        threads: int = _CORES,
    ) -> tuple[Ids, Floats]:
        """Ids `[n, count]` and cosines of the nearest; fewer columns where there are fewer.

        `allowed` leaves all others out *before* the nearest are counted. Where an approximate
        index finds fewer in a row, the row ends with ids of -1.
        """
        queries = np.ascontiguousarray(queries, np.float32)
        if allowed is not None and not isinstance(allowed, Selection):
            allowed = self.select(allowed)
        there = len(self) if allowed is None else len(allowed.rows)
        count = min(count, there)
        if count == 0:
            return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        # Waking the threads costs a single query more than its search does.
        faiss.omp_set_num_threads(1 if len(queries) == 1 else threads)
        if allowed is not None and there < len(self):
            rows, cosines = self._filtered(queries, count, allowed)
        elif self.exact:
            cosines, rows = self._index.search(queries, count)
        else:
            asked = min(kinds.asked(self._index, count), there)
            parameters = kinds.parameters(self._index, self.effort, None)
            _, rows = self._index.search(queries, asked, params=parameters)
            rows, cosines = self._ordered(queries, rows, count)
        ids = np.where(rows >= 0, self._ids[rows], -1)
        return ids, cosines

    def widened(self, count: int, allowed: Selection) -> kinds.Wide:
        """How a search under this filter goes, and what it costs."""
        return kinds.widened(self._index, count, len(allowed.rows) / len(self))

    def _filtered(self, queries: Floats, count: int, allowed: Selection) -> tuple[Ids, Floats]:
        if len(allowed.rows) <= self.widened(count, allowed).price:
            return exact(self._vectors, queries, count, allowed.rows)
        rows, cosines = self.through(queries, count, allowed)
        short = (rows < 0).any(axis=1)
        if short.any():  # what is allowed lies far from the query
            found = exact(self._vectors, queries[short], count, allowed.rows)
            rows[short], cosines[short] = found
        return rows, cosines

    def through(self, queries: Floats, count: int, allowed: Selection) -> tuple[Ids, Floats]:
        """What the index itself finds under a filter: rows, and -1 for those that it misses."""
        if self.exact:
            selector = kinds.FAISS.IDSelectorBitmap(allowed.bits)
            parameters = kinds.parameters(self._index, 0, selector)
            cosines, rows = self._index.search(queries, count, params=parameters)
            return rows, cosines
        # The allowed ones among the nearest of all. Not by FAISS's own filter: that takes whatever
        # is allowed on the way, and where nothing near the query is, says so by wrong answers.
        wide = self.widened(count, allowed)
        parameters = kinds.parameters(self._index, wide.effort, None)
        _, near = self._index.search(queries, min(wide.asked, len(self)), params=parameters)
        return self._ordered(queries, near, count, allowed.mask)

    def _ordered(
        self, queries: Floats, near: Ids, count: int, mask: NDArray[np.bool_] | None = None
    ) -> tuple[Ids, Floats]:
        """The first `count` by exact cosine, of those in the mask; what is missing is -1."""
        rows = np.full((len(queries), count), -1, np.int64)
        cosines = np.full((len(queries), count), -np.inf, np.float32)
        for number, (query, found) in enumerate(zip(queries, near, strict=True)):
            kept = found[found >= 0] if mask is None else found[(found >= 0) & mask[found]]
            exactly = _floats(self._vectors[kept]) @ query
            order = np.argsort(-exactly, kind="stable")[:count]
            rows[number, : len(order)] = kept[order]
            cosines[number, : len(order)] = exactly[order]
        return rows, cosines


def write_exact(file: Path, vectors: Stored, added: Callable[[int], None] = lambda _: None) -> None:
    """The file of the index that compares all, without having that index in memory."""

    def slices() -> Iterator[slice]:
        for start in range(0, len(vectors), SLICE):
            yield slice(start, start + SLICE)
            let_go(vectors)
            added(min(start + SLICE, len(vectors)))

    kinds.write_exact(file, vectors, slices())


def let_go(vectors: Stored) -> None:
    """What was read of a mapped file counts as memory until the system is told to take it."""
    base: object = vectors
    while isinstance(base, np.ndarray):  # a view of a view of the map
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def exact(
    vectors: Stored, queries: Floats, count: int, rows: Ids | None = None
) -> tuple[Ids, Floats]:
    """The rows nearest to each query and their cosines, by comparing all, or those of `rows`."""
    total = len(vectors) if rows is None else len(rows)
    count = min(count, total)
    best_rows = np.empty((len(queries), 0), np.int64)
    best = np.empty((len(queries), 0), np.float32)
    for start in range(0, total, SLICE):
        some = (
            vectors[start : start + SLICE] if rows is None else vectors[rows[start : start + SLICE]]
        )
        cosines, places = kinds.FAISS.knn(
            queries, _floats(some), min(count, len(some)), metric=faiss.METRIC_INNER_PRODUCT
        )
        best = np.concatenate([best, cosines], axis=1)
        if rows is None:
            let_go(vectors)
        best_rows = np.concatenate([best_rows, places + start], axis=1)
        order = np.argsort(-best, axis=1, kind="stable")[:, :count]
        best, best_rows = (
            np.take_along_axis(best, order, 1),
            np.take_along_axis(best_rows, order, 1),
        )
    return best_rows if rows is None else rows[best_rows], best


def _floats(vectors: Stored) -> Floats:
    return np.ascontiguousarray(vectors, np.float32)


def _reason(error: Exception) -> str:
    """What FAISS says, without the place in its source."""
    last = str(error).strip().splitlines()[-1]
    return re.sub(r"^Error in .* at \S+:\d+: ", "", last)
