"""Which kind of vector index a catalog gets, and what it was found to be.

`factory` "auto" means exact search as long as that is quick, then the first candidate whose
measured recall is enough; more effort is tried before the next candidate. Any other factory is
built as it is told, and measured in the same way.
"""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import numpy as np

from db import vectors_kinds as kinds
from db.generations import Measured
from db.home import writing
from db.vectors import Floats, Ids, Stored, VectorIndex, exact, let_go, write_exact
from db.vectors_selecting import Index
from progress import Progress, silent

AUTO = "auto"
# Up to here exact search takes under two milliseconds, needs no training and misses nothing.
# `benchmarks/vectors.py` tells what it takes by size.
EXACT_UP_TO = 200_000
NEAREST = 10  # recall@10
SHORTLIST = 200  # results that are asked for when a query is timed
TIMED = 100  # queries that are timed, and put together where time is no matter
SAME = 1e-5  # cosines nearer than this are a tie: either row is right
# Standard errors of the measured recall that must lie above what is wanted: other queries than
# those that it was measured with are to have it too.
SURE = 2


def candidates(count: int, dimension: int, exact_up_to: int = EXACT_UP_TO) -> list[str]:
    """In the order of what they cost in memory and time; the last one always has the recall.

    Inverted lists and no graph: the text queries of a catalog lie where no image does, no walk
    through a graph leads from there into all the clusters that they ask for, and a graph costs
    ten times as much to build.
    """
    if count <= exact_up_to:
        return [kinds.EXACT]
    lists = 1 << round(np.log2(2 * np.sqrt(count)))
    # Four bits for two numbers, of what is left when a list's centre is taken away.
    coded = [f"IVF{lists},PQ{dimension // 2}x4fsr"] if dimension % 2 == 0 else []
    return [*coded, f"IVF{lists},SQ8", kinds.EXACT]


def write_index(
    file: Path,
    vectors: Stored,
    ids: Ids,
    queries: Floats,
    factory: str,
    recall: float,
    stage: str = "vectors",
    progress: Progress = silent,
    exact_up_to: int = EXACT_UP_TO,
) -> Measured:
    """Write the index, tuned to the least effort that reaches `recall`; say what was measured.

    `queries` are vectors such as will be asked. A told factory that does not reach the recall is
    taken with the effort that came nearest; the figure says so.
    """
    told = factory != AUTO
    best: Floats | None = None
    names = [factory] if told else candidates(len(ids), vectors.shape[1], exact_up_to)
    for name in names:

        def added(rows: int, name: str = name) -> None:
            progress(stage, rows, len(ids), name)

        if name == kinds.EXACT and vectors.dtype == np.float16:
            with writing(file):
                write_exact(file, vectors, added)
            reached = 1.0
            break
        index = VectorIndex.build(vectors, ids, name, added)
        reached, sure = 1.0, True
        if not index.exact:
            best = tenth_best(vectors, queries) if best is None else best
            reached, sure = tuned(index, queries, best, recall)
        if told or sure:
            with writing(file):
                index.write(file)
            break
    let_go(vectors)
    # As it will be used, and what it was built in is freed.
    index = VectorIndex.read(file, ids, vectors)
    return Measured(
        factory=name,
        effort=index.effort,
        recall=round(reached, 4),
        bytes_per_item=round(file.stat().st_size / max(len(ids), 1), 1),
        ms_per_query=round(milliseconds(index, queries), 3),
        queries=len(queries),
    )


def milliseconds(index: Index, queries: Floats) -> float:
    """Median time of one query on one thread, once the files are in memory."""
    times = []
    for query in queries[:TIMED]:
        start = time.perf_counter()
        index.search(query[None], SHORTLIST)
        times.append(time.perf_counter() - start)
    return median(times) * 1000 if times else 0.0


def tenth_best(vectors: Stored, queries: Floats) -> Floats:
    """What the tenth of the exact nearest has for a cosine, for each query."""
    if not len(vectors):
        return np.empty(0, np.float32)
    _, cosines = exact(vectors, queries, NEAREST)
    tenth: Floats = cosines[:, -1]
    return tenth


def recall_at_ten(index: Index, queries: Floats, best: Floats) -> tuple[float, float]:
    """The share of the exact ten nearest among the first ten, and its standard error."""
    if not len(best):
        return 1.0, 0.0
    parts = range(0, len(queries), TIMED)
    cosines = np.concatenate([index.search(queries[s : s + TIMED], NEAREST)[1] for s in parts])
    each = (cosines >= best[:, None] - SAME).mean(axis=1)
    return float(each.mean()), float(each.std() / np.sqrt(len(each)))


def tuned(index: Index, queries: Floats, best: Floats, recall: float) -> tuple[float, bool]:
    """The recall with the least effort that surely reaches what is wanted, else with the best."""
    found: list[tuple[float, int]] = []
    for effort in index.efforts or [0]:
        index.tune(effort)
        reached, error = recall_at_ten(index, queries, best)
        if reached - SURE * error >= recall:
            return reached, True
        found.append((reached, -effort))
    reached, effort = max(found)
    index.tune(-effort)
    return reached, False
