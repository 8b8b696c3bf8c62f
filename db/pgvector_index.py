"""Nearest vectors by pgvector: an HNSW graph, or a comparison with all where that costs less.

The same questions as vectors.py answers with FAISS, and the same answers: what is asked for is
told from the rest before it is counted, and comes in the order of its exact cosine, worked out by
the server from float32 queries and the float16 vectors as they are stored.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from db.pgvector_connections import Asked, Places
from db.repeating import repeated
from db.vectors import Floats, Ids
from db.vectors_selecting import Selecting, Selection
from errors import SettingsError

EXACT = "exact"
# hnsw.ef_search; more than the last pgvector refuses.
EFFORTS = [40, 80, 160, 240, 320, 480, 640, 1000]
# What things cost, in rows that are compared in turn (`benchmarks/postgres.py` measures them at
# 100,000 vectors): a step of a walk through the graph, a row that is picked, one that is left out.
ROWS_PER_STEP, PICKED, LEFT_OUT = 25, 7, 0.3
SPARE = 1.5  # a filter does not leave the same share everywhere
_KIND = re.compile(r"HNSW(\d+)(?:,(\d+))?")

# Ordered once more by exact cosine: the graph compares with a query of float16.
_WALK = """
SELECT place, -(vector::vector <#> %(full)b::vector) AS cosine FROM (
  SELECT place, vector FROM {table} {where} ORDER BY vector <#> %(half)b::halfvec LIMIT %(wide)b
) AS near ORDER BY cosine DESC, place LIMIT %(count)b
"""
_SCAN = """
SELECT place, -(vector::vector <#> %(full)b::vector) AS cosine FROM {table} {where}
ORDER BY cosine DESC, place LIMIT %(count)b
"""
_MASKED, _PICKED = "WHERE get_bit(%(bits)b, place) = 1", "WHERE place = ANY(%(places)b)"


def graph(factory: str) -> tuple[int, int] | None:
    """Links of each vector, and the width while it is built; None for comparing all."""
    found = _KIND.fullmatch(factory)
    if found is None:
        if factory in (EXACT, "Flat", "SQfp16"):
            return None
        raise _refused(factory)
    links = int(found[1])
    width = int(found[2] or max(64, 4 * links))
    if not (2 <= links <= 100 and 2 * links <= width <= 1000):
        raise _refused(factory)
    return links, width


def _refused(factory: str) -> SettingsError:
    return SettingsError(
        f"index.factory {factory!r} is no index of pgvector", "",
        'take "auto", "Flat", or "HNSW16" (2 to 100 links), "HNSW16,64" (64 = ef_construction)',
    )  # fmt: skip


class PgvectorIndex(Selecting):
    """Searches are safe in parallel: each has a connection of its own."""

    def __init__(self, asked: Asked, table: str, ids: Ids, factory: str, effort: int) -> None:
        self._asked, self._table, self._ids = asked, table, ids
        self.exact = graph(factory) is None
        self.effort = effort

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def efforts(self) -> list[int]:
        """Those that may be tried, cheapest first."""
        return [] if self.exact else EFFORTS

    def tune(self, effort: int) -> None:
        """For the job that builds, never for an index that is shared."""
        self.effort = effort

    def search(
        self,
        queries: Floats,
        count: int,
        allowed: Selection | Ids | None = None,
        threads: int = 1,  # noqa: ARG002  (the server's are its own)
    ) -> tuple[Ids, Floats]:
        """Ids `[n, count]` and cosines of the nearest, as those of `VectorIndex.search`."""
        queries = np.ascontiguousarray(queries, np.float32)
        if allowed is not None and not isinstance(allowed, Selection):
            allowed = self.select(allowed)
        there = len(self) if allowed is None else len(allowed.rows)
        count = min(count, there)
        if count == 0 or not len(queries):
            shape = len(queries), count
            return np.empty(shape, np.int64), np.empty(shape, np.float32)
        if there == len(self):
            allowed = None
        compared = min(PICKED * there, self._in_turn(there))
        if self.exact or self._steps(count, there) * ROWS_PER_STEP >= compared:
            rows, cosines = self.compared(queries, count, allowed)
        else:
            rows, cosines = self.through(queries, count, allowed)
            short = (rows < 0).any(axis=1)
            if short.any():  # what is allowed lies far from the query
                rows[short], cosines[short] = self.compared(queries[short], count, allowed)
        return np.where(rows >= 0, self._ids[rows], -1), cosines

    def through(
        self, queries: Floats, count: int, allowed: Selection | None = None
    ) -> tuple[Ids, Floats]:
        """What the index itself finds under a filter: rows, and -1 for those that it misses."""
        if self.exact:
            return self.compared(queries, count, allowed)
        there = len(self) if allowed is None else len(allowed.rows)
        # So that as many of the allowed are met as without a filter of all.
        wide = count + count // 8 + 8 if allowed is None else max(self.effort, int(SPARE * count))
        told = {
            "hnsw.ef_search": self.effort,
            "hnsw.max_scan_tuples": 4 * self._steps(count, there) + 1000,
        }
        return self._asked_for(_WALK, queries, count, allowed, _MASKED, {"wide": wide}, told)

    def compared(
        self, queries: Floats, count: int, allowed: Selection | None = None
    ) -> tuple[Ids, Floats]:
        """By comparing all, or all that are allowed."""
        there = len(self) if allowed is None else len(allowed.rows)
        where = _PICKED if PICKED * there < self._in_turn(there) else _MASKED
        return self._asked_for(_SCAN, queries, count, allowed, where, {}, {})

    def _steps(self, count: int, there: int) -> int:
        """Of a walk that meets enough of those that are allowed."""
        return math.ceil(max(self.effort, SPARE * count) * len(self) / there)

    def _in_turn(self, there: int) -> float:
        """What comparing costs that leaves out what is not allowed."""
        return there + LEFT_OUT * (len(self) - there)

    @repeated
    def _asked_for(
        self,
        statement: str,
        queries: Floats,
        count: int,
        allowed: Selection | None,
        where: str,
        values: dict[str, Any],
        told: dict[str, int],
    ) -> tuple[Ids, Floats]:
        if allowed is None:
            where = ""
        elif where == _PICKED:
            values = values | {"places": Places(allowed.rows)}
        else:
            values = values | {"bits": allowed.bits.tobytes()}
        text = statement.format(table=self._table, where=where)
        asked = [values | {"count": count} | _query(query) for query in queries]
        with self._asked.one() as session:
            session.tell(told)
            found = session.many(text, asked)
        rows = np.full((len(queries), count), -1, np.int64)
        cosines = np.full((len(queries), count), -np.inf, np.float32)
        for number, some in enumerate(found):
            if some:
                rows[number, : len(some)], cosines[number, : len(some)] = zip(*some, strict=True)
        return rows, cosines


def _query(vector: Floats) -> dict[str, str]:
    text = "[" + ",".join([f"{value:.9g}" for value in vector.tolist()]) + "]"
    return {"full": text, "half": text}
