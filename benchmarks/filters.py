"""What a filter costs in each kind of vector index, and whether it keeps its recall.

python -m benchmarks.filters [--size SIZE] [FACTORY…]

Each index is tuned as `index build` does. Then a share of the vectors is allowed, at random, and
the search through the index is timed beside exact comparison of the rows that are allowed. Where
the second is quicker it is taken: `db/vectors_kinds.py` foretells that by the price in rows, which
is set here beside what it comes to.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from benchmarks.results import keep
from benchmarks.synthetic import Catalog
from db import vectors_kinds as kinds
from db.choosing import candidates, milliseconds, tenth_best, tuned
from db.vectors import Floats, Ids, Stored, VectorIndex, exact
from db.vectors_selecting import Selection

QUERIES, COUNT = 200, 200
SHARES = (0.5, 0.1, 0.02)
HEAD = "  allowed  recall@10  taken ms  rows exactly ms  index ms  price foretold, found (rows)"


def measured(vectors: Stored, queries: Floats, factory: str) -> list[str]:
    ids = np.arange(len(vectors), dtype=np.int64)
    index = VectorIndex.build(vectors, ids, factory)
    reached, _ = tuned(index, queries, tenth_best(vectors, queries), 0.98)
    whole = milliseconds(index, queries)

    def compared(queries: Floats, count: int, allowed: Selection) -> tuple[Ids, Floats]:
        return exact(vectors, queries, count, allowed.rows)

    lines = [f"{factory} at {index.effort}: recall@10 {reached:.4f}, {whole:.2f} ms", HEAD]
    for share in SHARES:
        allowed = index.select(ids[np.random.default_rng(1).random(len(ids)) < share])
        right = exact(vectors, queries, 10, allowed.rows)[1][:, -1]
        found = np.concatenate([index.search(q[None], COUNT, allowed)[1][:, :10] for q in queries])
        recall = (found >= right[:, None] - 1e-5).mean()
        taken = _median(index.search, queries, allowed)
        rows = _median(compared, queries, allowed)
        foretold = index.widened(COUNT, allowed).price
        inside = _median(index.through, queries, allowed)
        cost = rows / len(allowed.rows)
        lines.append(
            f"  {share:7.1%}  {recall:9.4f}  {taken:8.2f}  {rows:15.2f}  {inside:8.2f}"
            f"  {foretold:,}, {inside / cost:,.0f}"
        )
    return lines


def _median(
    search: Callable[[Floats, int, Selection], object], queries: Floats, allowed: Selection
) -> float:
    """Milliseconds of one query."""
    times = []
    for query in queries[:50]:
        start = time.perf_counter()
        search(query[None], COUNT, allowed)
        times.append(time.perf_counter() - start)
    return median(times) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description="Filters in each kind of vector index.")
    parser.add_argument("factories", nargs="*", metavar="FACTORY")
    parser.add_argument("--size", type=int, default=200_000)
    parser.add_argument("--name", default="filters", help="of the result files")
    given = parser.parse_args()
    catalog = Catalog(given.size)
    vectors = np.concatenate([part.astype(np.float16) for part, _ in catalog.sides("images")])
    usual = [kinds.EXACT, candidates(given.size, vectors.shape[1], 0)[0], "HNSW32,SQ8"]
    lines = [f"{given.size:,} vectors, one query at a time, {COUNT} results"]
    for factory in given.factories or usual:
        lines += measured(vectors, catalog.queries(QUERIES), factory)
    keep(given.name, lines, {"size": given.size})


if __name__ == "__main__":
    main()
