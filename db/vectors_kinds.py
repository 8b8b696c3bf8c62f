"""What FAISS's kinds of index differ in: training, how far a search looks, how a file is mapped."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

# As its Python layer makes it: the stubs know neither the keyword arguments nor all classes.
FAISS: Any = faiss
# k-means takes at most 256 vectors per list and wants 39; other kinds are content with fewer.
TRAINING_ROWS, ROWS_PER_LIST = 100_000, 64
# An estimate: vectors that one step of a walk through a graph is compared with.
SEEN_PER_STEP = 32
# An estimate: a filter does not leave the same share everywhere.
SPARE = 1.5
# Vectors that a refining index compares exactly, as a multiple of those that are asked for.
REFINED = 4


def train(index: Any, vectors: NDArray[np.floating]) -> None:
    """On evenly spaced rows: training on all costs minutes and memory and gains nothing."""
    inverted = faiss.try_extract_index_ivf(index)
    wanted = TRAINING_ROWS
    if inverted is not None:
        wanted = max(wanted, ROWS_PER_LIST * inverted.nlist)
        inverted.cp.min_points_per_centroid = 1  # a small catalog is no reason for a warning
    rows = np.unique(np.linspace(0, len(vectors) - 1, min(wanted, len(vectors)), dtype=np.int64))
    index.train(np.ascontiguousarray(vectors[rows], np.float32))


def effort(index: Any) -> int:
    """How far a search looks, as the index itself has stored it; 0 where it sees everything."""
    index = _core(index)
    if isinstance(index, faiss.IndexHNSW):
        return int(index.hnsw.efSearch)
    if isinstance(index, faiss.IndexIVF):
        return int(index.nprobe)
    return 0


def efforts(index: Any) -> list[int]:
    """What may be tried, cheapest first."""
    index = _core(index)
    if isinstance(index, faiss.IndexHNSW):
        return [32, 64, 128, 256, 512, 1024]
    if isinstance(index, faiss.IndexIVF):
        steps = [1 << power for power in range(2, 11)]
        return [step for step in steps if step < index.nlist] + [int(index.nlist)]
    return []


def tune(index: Any, to: int) -> None:
    index = _core(index)
    if isinstance(index, faiss.IndexHNSW):
        index.hnsw.efSearch = to
    elif isinstance(index, faiss.IndexIVF):
        index.nprobe = to


def is_graph(index: Any) -> bool:
    return isinstance(_core(index), faiss.IndexHNSW)


def widened(index: Any, count: int, share: float) -> tuple[int, int]:
    """The effort for a search that may return this share of the vectors, and how many it sees.

    As many vectors that may be returned are met on the way as without a filter.
    """
    total, core = index.ntotal, _core(index)
    if isinstance(core, faiss.IndexHNSW):
        steps = math.ceil(max(core.hnsw.efSearch, SPARE * count) / share)
        return steps, steps * SEEN_PER_STEP
    if isinstance(core, faiss.IndexIVF):
        lists = min(core.nlist, math.ceil(core.nprobe / share))
        return lists, lists * total // core.nlist
    return 0, total


def parameters(index: Any, effort: int, selector: Any) -> Any:
    """For one search: nothing is set on the index, which other threads are searching."""
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexPreTransform):
        inner = parameters(index.index, effort, selector)
        return FAISS.SearchParametersPreTransform(index_params=inner) if inner else None
    if isinstance(index, faiss.IndexRefine):
        inner = parameters(index.base_index, effort, selector)
        return FAISS.IndexRefineSearchParameters(k_factor=REFINED, base_index_params=inner)
    chosen = {} if selector is None else {"sel": selector}
    if isinstance(index, faiss.IndexHNSW):
        return FAISS.SearchParametersHNSW(efSearch=effort, **chosen)
    if isinstance(index, faiss.IndexIVF):
        return FAISS.SearchParametersIVF(nprobe=effort, **chosen)
    return FAISS.SearchParameters(**chosen) if chosen else None


def reading(file: Path) -> int:
    """The flags that map a file into memory: one way for inverted lists, another for the rest."""
    with file.open("rb") as stream:
        kind = stream.read(4)
    return int(faiss.IO_FLAG_MMAP if kind[:2] == b"Iw" else faiss.IO_FLAG_MMAP_IFC)


def _core(index: Any) -> Any:
    """What is inside of a transform or a refinement."""
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexPreTransform):
        return _core(index.index)
    if isinstance(index, faiss.IndexRefine):
        return _core(index.base_index)
    return index
