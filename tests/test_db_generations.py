from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from db import generations
from db.generations import Generation, Manifest
from db.vectors import VectorIndex
from errors import IndexStateError, PairdexError, SettingsError


def publish(root: Path, fingerprint: str = "model", rows: int = 5, keep: int = 3) -> Generation:
    name, folder = generations.begin(root)
    rng = np.random.default_rng(rows)
    vectors = rng.normal(size=(rows, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = np.arange(10, 10 + rows, dtype=np.int64)
    for side in ("images", "captions"):
        halves = np.zeros((rows, 4), np.float16)
        generations.write_side(folder, side, ids, ids, vectors, halves, "Flat")
    manifest = Manifest(
        name=name, created="now", fingerprint=fingerprint, signature="", items=rows, captions=rows,
        shared=8, width=4, settings={}, timings={}, versions={},
    )  # fmt: skip
    return generations.publish(root, folder, manifest, lambda _: None, keep)


def test_the_live_generation_is_the_last_published(tmp_path: Path) -> None:
    publish(tmp_path)
    second = publish(tmp_path, rows=6)
    live = generations.open_current(tmp_path, "model")
    assert live.name == second.name == "000002"
    assert len(live.images.index) == 6


def test_only_the_last_generations_are_kept(tmp_path: Path) -> None:
    for _ in range(5):
        publish(tmp_path, keep=2)
    assert generations.names(tmp_path) == ["000004", "000005"]


def test_a_reader_keeps_the_generation_it_opened(tmp_path: Path) -> None:
    publish(tmp_path, keep=1)
    reader = generations.open_current(tmp_path)
    first = reader.images.halves, reader.images.ids, reader.images.index
    publish(tmp_path, rows=7, keep=1)
    assert len(first[0]) == len(first[1]) == len(first[2]) == 5


def test_what_fails_its_check_does_not_go_live(tmp_path: Path) -> None:
    publish(tmp_path)
    name, folder = generations.begin(tmp_path)
    manifest = generations.open_current(tmp_path).manifest

    def refuse(_: Generation) -> None:
        raise IndexStateError("not good enough")

    with pytest.raises(IndexStateError):
        generations.publish(tmp_path, folder, manifest, refuse, 3)
    assert generations.current_name(tmp_path) == "000001"
    assert generations.begin(tmp_path)[0] == name  # and the leftover is cleared away


def test_every_flipped_bit_is_noticed_before_anything_is_read(tmp_path: Path) -> None:
    folder = publish(tmp_path).folder
    rng = np.random.default_rng(0)
    for file in sorted(folder.glob("*.*")):
        if file.name == generations.MANIFEST:
            continue
        good = file.read_bytes()
        bad = bytearray(good)
        bad[rng.integers(len(bad))] ^= 1 << rng.integers(8)
        file.write_bytes(bad)
        with pytest.raises(IndexStateError, match="damaged"):
            generations.open_current(tmp_path)
        file.write_bytes(good)
    (folder / "images.faiss").unlink()
    with pytest.raises(IndexStateError, match="missing"):
        generations.open_current(tmp_path)


def test_another_models_index_is_refused(tmp_path: Path) -> None:
    publish(tmp_path, fingerprint="a")
    with pytest.raises(IndexStateError, match="another model"):
        generations.open_current(tmp_path, "b")


def test_no_index_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(IndexStateError, match="index build"):
        generations.open_current(tmp_path)


def test_search_returns_fewer_where_there_are_fewer() -> None:
    index = VectorIndex.build(np.eye(3, 8, dtype=np.float32), np.array([7, 8, 9]), "Flat")
    ids, cosines = index.search(np.eye(1, 8, dtype=np.float32), 10)
    assert ids.tolist()[0][0] == 7
    assert ids.shape == cosines.shape == (1, 3)


@pytest.mark.parametrize("factory", ["Nonsense", "IVF4096,Flat"])
def test_an_index_that_cannot_be_built_is_a_settings_error(factory: str) -> None:
    with pytest.raises(SettingsError, match=r"index\.factory"):
        VectorIndex.build(np.eye(3, 8, dtype=np.float32), np.array([7, 8, 9]), factory)


def test_a_file_that_is_no_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.faiss").write_bytes(b"no index")
    with pytest.raises(PairdexError, match="cannot be read"):
        VectorIndex.read(tmp_path / "x.faiss")
