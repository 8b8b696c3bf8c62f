"""What FAISS's kinds of index differ in: training, how far a search looks, how a file is mapped."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

# As its Python layer makes it: the stubs know neither the keyword arguments nor all classes.
FAISS: Any = faiss
# k-means wants 39 vectors per list, and more gain little; other kinds are content with fewer.
TRAINING_ROWS, ROWS_PER_LIST = 16_384, 40
# What `auto` takes where it compares all: float16 as in the files, so nothing is rounded, at half
# the size of `Flat` and, from 20,000 vectors on, at half its time.
EXACT = "SQfp16"
# Of what a lossy index finds nearest, so many, and so many times what is asked for, are put in
# exact order: a code of four bits for two numbers ranks the right ones among the first hundreds.
REORDERED, REORDERED_TIMES = 500, 4
# Where the count of vectors stands in a file of FAISS: behind the kind and the dimension.
_COUNT = 8
# `benchmarks/filters.py` measures both. To read a vector from the map and compare it exactly
# costs as much as so many in a scan inside of FAISS; a step of a walk through a graph (of efSearch)
# as much as so many such rows.
SCANNED_PER_ROW, WALKED_PER_STEP = 20, 8
# A filter does not leave the same share everywhere.
SPARE = 1.5
# Vectors that a refining index compares exactly, as a multiple of those that are asked for.
REFINED = 4


def is_exact(index: Any, stored: np.dtype[Any]) -> bool:
    """Whether it sees every vector, and each as it is stored."""
    if isinstance(index, faiss.IndexScalarQuantizer):
        return bool(index.sq.qtype == FAISS.ScalarQuantizer.QT_fp16) and stored == np.float16
    return isinstance(index, faiss.IndexFlat)


def write_exact(file: Path, vectors: NDArray[np.float16], slices: Iterable[slice]) -> None:
    """What FAISS would write of an `EXACT` index that holds all vectors, without that index.

    It is a header, the count of bytes, and the vectors as they lie in their own file.
    """
    empty = FAISS.index_factory(vectors.shape[1], EXACT, faiss.METRIC_INNER_PRODUCT)
    header = FAISS.serialize_index(empty)
    header[_COUNT : _COUNT + 8] = np.array([len(vectors)], "<u8").view(np.uint8)
    header[-8:] = np.array([vectors.nbytes], "<u8").view(np.uint8)
    with file.open("wb") as stream:
        stream.write(header.data)
        for part in slices:
            stream.write(np.ascontiguousarray(vectors[part], "<f2").data)


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


def asked(index: Any, count: int) -> int:
    """How many to ask for, so that the exact order has a choice of what it puts first."""
    core = _core(index)
    if isinstance(core, faiss.IndexHNSW):  # what a walk has in hand anyway: more would widen it
        return max(count, int(core.hnsw.efSearch))
    return max(REORDERED, REORDERED_TIMES * count)


@dataclass(frozen=True)
class Wide:
    """A search that meets as many vectors that may be returned as it would without a filter."""

    effort: int
    asked: int  # nearest of all, of which those are taken that may be returned
    price: int  # rows that could be read and compared exactly in that time


def widened(index: Any, count: int, share: float) -> Wide:
    """For a filter that lets this share of the vectors through."""
    total, core = index.ntotal, _core(index)
    wanted = math.ceil(max(asked(index, count), SPARE * count) / share)
    if isinstance(core, faiss.IndexHNSW):
        return Wide(wanted, wanted, wanted * WALKED_PER_STEP)
    # What is left is put in exact order.
    price = asked(index, count)
    if isinstance(core, faiss.IndexIVF):
        lists = min(core.nlist, math.ceil(core.nprobe / share))
        return Wide(lists, wanted, price + lists * total // core.nlist // SCANNED_PER_ROW)
    return Wide(0, wanted, price + total // SCANNED_PER_ROW)


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
