from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from db.vectors import Floats, Ids, VectorIndex, exact, let_go, write_exact
from errors import PairdexError, SettingsError
from tests.generation_samples import clustered, unit

ROWS = 10_000
FACTORIES = [
    "SQfp16", "IVF128,PQ16x4fsr", "IVF128,SQ8",  # what `auto` takes
    "Flat", "HNSW32,SQ8", "HNSW32,SQfp16", "IVF128_HNSW32,SQ8", "SQ8", "PQ16x4fs",
]  # fmt: skip
OTHERS = [
    "IVF64,Flat",
    "PCA16,IVF64,Flat",
    "IVF64,PQ16x4fs,Refine(SQfp16)",
    "HNSW16,Flat",
    "NSG16",
]


@pytest.fixture(scope="module")
def vectors() -> Floats:
    return clustered(ROWS).astype(np.float16)  # as in files


@pytest.fixture(scope="module")
def ids() -> Ids:
    """Ascending, with gaps: never the row number."""
    return np.arange(ROWS, dtype=np.int64) * 3 + 7


@pytest.fixture(scope="module")
def queries() -> Floats:
    """As words lie beside images: moved, and further from the centres."""
    return clustered(200, seed=5, shift=0.4)


@pytest.fixture(scope="module")
def indexes(vectors: Floats, ids: Ids) -> dict[str, VectorIndex]:
    built = {name: VectorIndex.build(vectors, ids, name) for name in FACTORIES}
    for index in built.values():
        if index.efforts:
            index.tune(128)
    return built


def recall(found: Ids, right: Ids) -> float:
    pairs = zip(found.tolist(), right.tolist(), strict=True)
    return float(np.mean([len(set(f) & set(r)) / len(r) for f, r in pairs]))


# -- search ---------------------------------------------------------------------------------


@pytest.mark.parametrize("factory", FACTORIES)
def test_every_kind_of_index_finds_nearly_what_exact_search_finds(
    indexes: dict[str, VectorIndex], vectors: Floats, ids: Ids, queries: Floats, factory: str
) -> None:
    found, cosines = indexes[factory].search(queries, 10)
    rows, right = exact(vectors, queries, 10)
    assert recall(found, ids[rows]) >= (0.5 if "PQ" in factory else 0.97)
    assert (np.diff(cosines, axis=1) <= 1e-6).all()
    if factory in ("Flat", "SQfp16"):
        assert indexes[factory].exact
        assert found.tolist() == ids[rows].tolist()
        assert cosines == pytest.approx(right, abs=1e-5)


@pytest.mark.parametrize("factory", OTHERS)
def test_any_factory_string_works_with_and_without_a_filter(
    vectors: Floats, ids: Ids, queries: Floats, factory: str, tmp_path: Path
) -> None:
    some, of = vectors[:5000], ids[:5000]
    VectorIndex.build(some, of, factory).write(tmp_path / "x")
    index = VectorIndex.read(tmp_path / "x", of, some)
    found, _ = index.search(queries, 10)
    assert np.isin(found, of).all()
    half = of[::2]
    found, _ = index.search(queries, 10, half)
    assert np.isin(found, half).all()


def test_cosines_are_exact_whatever_the_index_stores(
    indexes: dict[str, VectorIndex], vectors: Floats, ids: Ids, queries: Floats
) -> None:
    for index in indexes.values():
        found, cosines = index.search(queries[:5], 20)
        rows = np.searchsorted(ids, found)
        right = np.einsum("qkd,qd->qk", vectors[rows].astype(np.float32), queries[:5])
        assert cosines == pytest.approx(right, abs=1e-5)


def test_search_returns_fewer_where_there_are_fewer() -> None:
    index = VectorIndex.build(np.eye(3, 8, dtype=np.float32), np.array([7, 8, 9]), "Flat")
    found, cosines = index.search(np.eye(1, 8, dtype=np.float32), 10)
    assert found.tolist()[0][0] == 7
    assert found.shape == cosines.shape == (1, 3)


def test_more_effort_finds_more_and_is_stored_with_the_index(tmp_path: Path) -> None:
    noise = unit(np.random.default_rng(0), 5000, 32)
    ids, queries = np.arange(5000), unit(np.random.default_rng(1), 100, 32)
    index = VectorIndex.build(noise, ids, "IVF256,SQ8")
    right = exact(noise, queries, 10)[0]
    found = []
    for effort in (1, 8, 256):
        index.tune(effort)
        index.write(tmp_path / f"{effort}.faiss")
        read = VectorIndex.read(tmp_path / f"{effort}.faiss", ids, noise)
        assert read.effort == effort
        found.append(recall(read.search(queries, 10)[0], right))
    assert found[0] < found[1] < found[2]
    assert found[2] > 0.98


@pytest.mark.parametrize("factory", FACTORIES)
def test_an_index_that_is_read_answers_as_the_one_that_was_written(
    indexes: dict[str, VectorIndex], vectors: Floats, ids: Ids, queries: Floats,
    factory: str, tmp_path: Path,
) -> None:  # fmt: skip
    indexes[factory].write(tmp_path / "x.faiss")
    read = VectorIndex.read(tmp_path / "x.faiss", ids, vectors)
    (tmp_path / "x.faiss").unlink()  # whoever has opened it keeps it
    assert read.search(queries, 20)[0].tolist() == indexes[factory].search(queries, 20)[0].tolist()


@pytest.mark.parametrize("rows", [0, 1, ROWS])
def test_the_file_of_exact_search_is_what_the_library_itself_would_write(
    vectors: Floats, ids: Ids, rows: int, tmp_path: Path
) -> None:
    done: list[int] = []
    write_exact(tmp_path / "ours", vectors[:rows], done.append)
    VectorIndex.build(vectors[:rows], ids[:rows], "SQfp16").write(tmp_path / "theirs")
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()
    assert done == ([rows] if rows else [])


def test_what_was_read_of_a_mapped_file_can_be_let_go(vectors: Floats, tmp_path: Path) -> None:
    """It counts as memory while it is mapped; it can be read again."""

    def mapped() -> int:
        text = Path("/proc/self/smaps").read_text(encoding="utf-8")
        part = text[text.index(str(file)) :]
        return int(part[part.index("Rss:") :].split()[1])

    file = tmp_path / "vectors.npy"
    np.save(file, vectors)
    stored = np.load(file, mmap_mode="r")
    assert (stored == vectors).all()
    if Path("/proc/self/smaps").exists():
        assert mapped() > 0
    let_go(stored[5:].view(np.ndarray))
    if Path("/proc/self/smaps").exists():
        assert mapped() == 0
    assert (stored == vectors).all()
    let_go(vectors)  # which is no file


def test_exact_search_among_some_rows_names_these_rows(vectors: Floats, queries: Floats) -> None:
    """More rows than are compared at a time, and in fewer of them than are asked for."""
    many = np.tile(vectors, (3, 1))
    rows = np.arange(0, len(many), 1 + len(many) // 20_000)
    found, cosines = exact(many, queries, 10, rows)
    right = np.sort(queries @ many[rows].astype(np.float32).T, axis=1)[:, ::-1][:, :10]
    assert np.isin(found, rows).all()
    assert cosines == pytest.approx(right, abs=1e-5)
    assert exact(many, queries, 10, rows[:3])[0].shape == (len(queries), 3)


def test_threads_that_search_with_different_filters_do_not_disturb_each_other(
    indexes: dict[str, VectorIndex], ids: Ids, queries: Floats
) -> None:
    index = indexes["HNSW32,SQ8"]
    filters = [index.select(ids[part::4]) for part in range(4)] + [None]
    jobs = [(queries[n : n + 1], filters[n % 5]) for n in range(100)]
    alone = [index.search(query, 20, allowed)[0].tolist() for query, allowed in jobs]
    with ThreadPoolExecutor(8) as pool:
        together = pool.map(lambda job: index.search(job[0], 20, job[1])[0].tolist(), jobs)
    assert list(together) == alone


# -- filters --------------------------------------------------------------------------------


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.999])
def test_a_filter_keeps_its_recall(
    indexes: dict[str, VectorIndex], vectors: Floats, ids: Ids, queries: Floats,
    factory: str, share: float,
) -> None:  # fmt: skip
    allowed = np.flatnonzero(np.random.default_rng(3).random(ROWS) < share)
    found, _ = indexes[factory].search(queries, 10, ids[allowed])
    right = ids[exact(vectors, queries, 10, allowed)[0]]
    assert np.isin(found, ids[allowed]).all()
    assert recall(found, right) >= (0.5 if "PQ" in factory else 0.95)


@pytest.mark.parametrize("factory", ["IVF128,PQ16x4fsr", "HNSW32,SQ8", "IVF128_HNSW32,SQ8"])
def test_a_filter_that_leaves_only_what_is_far_away_keeps_its_recall(
    indexes: dict[str, VectorIndex], vectors: Floats, ids: Ids, queries: Floats, factory: str
) -> None:
    """No path through a graph, and no list, leads from the query to what is allowed."""
    query = queries[:1]
    far = np.argsort(vectors.astype(np.float32) @ query[0])[: ROWS // 2]
    found, _ = indexes[factory].search(query, 10, ids[far])
    right = ids[exact(vectors, query, 10, far)[0]]
    assert recall(found, right) >= 0.95


def test_a_filter_names_what_is_not_there_without_harm(
    indexes: dict[str, VectorIndex], ids: Ids, queries: Floats
) -> None:
    for index in indexes.values():
        found, _ = index.search(queries[:1], 10, np.array([0, 8, ids[4], ids[-1] + 50, ids[2]]))
        assert sorted(found[0].tolist()) == [ids[2], ids[4]]
        assert index.search(queries[:1], 10, np.empty(0, np.int64))[0].shape == (1, 0)


def test_a_filter_that_allows_everything_is_no_filter(
    indexes: dict[str, VectorIndex], ids: Ids, queries: Floats
) -> None:
    for index in indexes.values():
        assert index.search(queries, 5, ids)[0].tolist() == index.search(queries, 5)[0].tolist()


# -- errors ---------------------------------------------------------------------------------


@pytest.mark.parametrize("factory", ["Nonsense", "IVF4096,Flat"])
def test_an_index_that_cannot_be_built_is_a_settings_error(factory: str) -> None:
    with pytest.raises(SettingsError, match=r"index\.factory"):
        VectorIndex.build(np.eye(3, 8, dtype=np.float32), np.array([7, 8, 9]), factory)


def test_a_file_that_is_no_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.faiss").write_bytes(b"no index")
    nothing = np.empty((0, 8), np.float32)
    for name in ("x.faiss", "y.faiss"):
        with pytest.raises(PairdexError, match="cannot be read"):
            VectorIndex.read(tmp_path / name, np.empty(0, np.int64), nothing)
