"""Which kind of vector index a catalog gets, and what it was found to be.

`factory` "auto" means exact search as long as that is quick, then the first candidate whose
measured recall is enough; more effort is tried before the next candidate. Any other factory is
built as it is told, and measured in the same way.
"""

from __future__ import annotations

import time
from statistics import median

import numpy as np

from db.generations import Measured
from db.vectors import Floats, Ids, Stored, VectorIndex, exact
from progress import Progress, silent

AUTO = "auto"
# An estimate: up to here exact search takes milliseconds. `benchmarks/vectors.py` tells by size.
FLAT_UP_TO = 100_000
# From here a graph takes gigabytes and hours: inverted lists stay on the disk, mapped into memory.
GRAPH_UP_TO = 5_000_000
NEAREST = 10  # recall@10
SHORTLIST = 200  # results that are asked for when a query is timed
TIMED = 100  # queries that are timed
SAME = 1e-5  # cosines nearer than this are a tie: either row is right


def candidates(count: int, flat_up_to: int = FLAT_UP_TO) -> list[str]:
    """In the order of what they cost in memory and time; the last one always has the recall."""
    if count <= flat_up_to:
        return ["Flat"]
    if count <= GRAPH_UP_TO:
        return ["HNSW32,SQ8", "HNSW32,SQfp16", "Flat"]
    lists = 1 << round(np.log2(4 * np.sqrt(count)))
    return [f"IVF{lists}_HNSW32,SQ8", f"IVF{lists}_HNSW32,SQfp16", "Flat"]


def index_for(
    vectors: Stored,
    ids: Ids,
    queries: Floats,
    factory: str,
    recall: float,
    stage: str = "vectors",
    progress: Progress = silent,
    flat_up_to: int = FLAT_UP_TO,
) -> tuple[VectorIndex, Measured]:
    """The index, tuned to the least effort that reaches `recall`, and what was measured.

    `queries` are vectors such as will be asked. A told factory that does not reach the recall is
    taken with the effort that came nearest; the figure says so.
    """
    told = factory != AUTO
    best: Floats | None = None
    for name in [factory] if told else candidates(len(ids), flat_up_to):

        def added(rows: int, name: str = name) -> None:
            progress(stage, rows, len(ids), name)

        index = VectorIndex.build(vectors, ids, name, added)
        if index.exact:
            reached = 1.0
        else:
            best = _tenth_best(vectors, queries) if best is None else best
            reached = _tuned(index, queries, best, recall)
        if told or reached >= recall:
            break
    return index, Measured(
        factory=name,
        effort=index.effort,
        recall=round(reached, 4),
        bytes_per_item=0.0,
        ms_per_query=round(milliseconds(index, queries), 3),
        queries=len(queries),
    )


def milliseconds(index: VectorIndex, queries: Floats) -> float:
    """Median time of one query on one thread, once the files are in memory."""
    times = []
    for query in queries[:TIMED]:
        start = time.perf_counter()
        index.search(query[None], SHORTLIST)
        times.append(time.perf_counter() - start)
    return median(times) * 1000 if times else 0.0


def recall_at_ten(index: VectorIndex, queries: Floats, best: Floats) -> float:
    """The share of the exact ten nearest among the first ten; `best` is the tenth's cosine."""
    if not len(best):
        return 1.0
    _, cosines = index.search(queries, NEAREST)
    return float((cosines >= best[:, None] - SAME).mean())


def _tenth_best(vectors: Stored, queries: Floats) -> Floats:
    if not len(vectors):
        return np.empty(0, np.float32)
    _, cosines = exact(vectors, queries, NEAREST)
    tenth: Floats = cosines[:, -1]
    return tenth


def _tuned(index: VectorIndex, queries: Floats, best: Floats, recall: float) -> float:
    """The recall with the least effort that reaches what is wanted, else with the best one."""
    found: list[tuple[float, int]] = []
    for effort in index.efforts:
        index.tune(effort)
        found.append((recall_at_ten(index, queries, best), effort))
        if found[-1][0] >= recall:
            return found[-1][0]
    if not found:
        return recall_at_ten(index, queries, best)
    reached, effort = max(found)
    index.tune(effort)
    return reached
