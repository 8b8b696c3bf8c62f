from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from db.choosing import candidates, recall_at_ten, tenth_best, write_index
from db.generations import Measured
from db.vectors import Floats, VectorIndex, exact
from tests.generation_samples import clustered

ROWS = 10_000
Chooser = Callable[..., tuple[VectorIndex, Measured]]


@pytest.fixture(scope="module")
def vectors() -> Floats:
    return clustered(ROWS).astype(np.float16)  # as in files


@pytest.fixture(scope="module")
def queries() -> Floats:
    """As words lie beside images: moved, and further from the centres."""
    return clustered(200, seed=5, shift=0.4)


@pytest.fixture
def choose(tmp_path: Path) -> Chooser:
    """The index that is written, as readers will have it, and what was measured of it."""

    def chosen(
        vectors: Floats, queries: Floats, factory: str = "auto", recall: float = 0.98, **more: Any
    ) -> tuple[VectorIndex, Measured]:
        file, ids = tmp_path / "x.faiss", np.arange(len(vectors))
        found = write_index(file, vectors, ids, queries, factory, recall, **more)
        assert found.bytes_per_item == round(file.stat().st_size / len(ids), 1)
        return VectorIndex.read(file, ids, vectors), found

    return chosen


def test_a_small_catalog_is_searched_exactly(
    choose: Chooser, vectors: Floats, queries: Floats
) -> None:
    index, found = choose(vectors, queries)
    assert index.exact
    assert (found.factory, found.recall, found.effort) == ("SQfp16", 1.0, 0)
    assert found.bytes_per_item < 2 * vectors.shape[1] + 1
    assert index.search(queries, 10)[0].tolist() == exact(vectors, queries, 10)[0].tolist()


@pytest.mark.parametrize("wanted", [0.9, 0.98, 0.995])
def test_a_large_catalog_gets_the_least_effort_that_has_the_recall_for_queries_to_come(
    choose: Chooser, vectors: Floats, queries: Floats, wanted: float
) -> None:
    index, found = choose(vectors, queries, recall=wanted, exact_up_to=1000)
    assert found.factory == "IVF256,PQ16x4fsr"
    assert found.effort == index.effort > 0
    best = tenth_best(vectors, queries)
    reached, error = recall_at_ten(index, queries, best)
    assert reached - 2 * error >= wanted
    assert found.recall == pytest.approx(reached, abs=1e-4)
    if found.effort > index.efforts[0]:
        index.tune(index.efforts[index.efforts.index(found.effort) - 1])
        reached, error = recall_at_ten(index, queries, best)
        assert reached - 2 * error < wanted
    fresh = clustered(500, seed=6, shift=0.4)
    index.tune(found.effort)
    assert recall_at_ten(index, fresh, tenth_best(vectors, fresh))[0] >= wanted


def test_where_no_approximation_is_enough_the_search_is_exact(
    choose: Chooser, vectors: Floats, queries: Floats
) -> None:
    more_than_all = 1.01  # which no candidate reaches
    index, found = choose(vectors[:2000], queries, recall=more_than_all, exact_up_to=1000)
    assert (found.factory, found.recall, index.exact) == ("SQfp16", 1.0, True)


def test_vectors_of_odd_length_are_coded_by_number(choose: Chooser, queries: Floats) -> None:
    odd = np.ascontiguousarray(clustered(3000, length=33).astype(np.float16))
    _, found = choose(odd, clustered(100, length=33, seed=5), recall=0.9, exact_up_to=1000)
    assert found.factory == "IVF128,SQ8"
    assert found.recall > 0.9


def test_a_told_factory_is_taken_and_its_recall_is_told(
    choose: Chooser, vectors: Floats, queries: Floats
) -> None:
    _, found = choose(vectors, queries, "PQ2x4fs")
    assert found.factory == "PQ2x4fs"
    assert 0.1 < found.recall < 0.98


@pytest.mark.parametrize("factory", ["Flat", "SQfp16"])
def test_told_exact_search_is_not_doubted(
    choose: Chooser, vectors: Floats, queries: Floats, factory: str
) -> None:
    index, found = choose(vectors, queries, factory, recall=1.0)
    assert (found.factory, found.recall, index.exact) == (factory, 1.0, True)


def test_equal_vectors_are_ties_and_no_lost_neighbours(choose: Chooser, queries: Floats) -> None:
    """Thousands of items with the same caption: any ten of them are right."""
    same = np.repeat(clustered(50, seed=2), 100, axis=0).astype(np.float16)
    _, found = choose(same, queries, exact_up_to=1000)
    assert found.recall >= 0.98


@pytest.mark.parametrize("factory", ["auto", "Flat"])
def test_building_tells_how_far_it_is(
    choose: Chooser, vectors: Floats, queries: Floats, factory: str
) -> None:
    seen: list[tuple[str, int, int, str]] = []

    def progress(stage: str, done: int, total: int, note: str = "") -> None:
        seen.append((stage, done, total, note))

    many, total = np.tile(vectors, (3, 1)), 3 * ROWS
    choose(many, queries, factory, stage="image index", progress=progress)
    assert len(seen) == 2
    assert seen[-1] == ("image index", total, total, "SQfp16" if factory == "auto" else "Flat")


def test_candidates_follow_the_size() -> None:
    assert candidates(200_000, 128) == ["SQfp16"]
    assert candidates(200_001, 128) == ["IVF1024,PQ64x4fsr", "IVF1024,SQ8", "SQfp16"]
    assert candidates(1_000_000, 128)[0] == "IVF2048,PQ64x4fsr"
    assert candidates(16_000_000, 64)[0] == "IVF8192,PQ32x4fsr"
