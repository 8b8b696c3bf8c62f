from __future__ import annotations

import json
import os
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from db import generations, publishing
from db.generations import Generation
from db.sides import Side
from errors import HomeError, IndexStateError
from tests.generation_samples import publish


def test_what_fails_its_check_does_not_go_live_and_leaves_nothing(tmp_path: Path) -> None:
    publish(tmp_path)

    def refuse(_: Generation) -> None:
        raise IndexStateError("not good enough")

    with pytest.raises(IndexStateError):
        publish(tmp_path, verify=refuse)
    assert generations.current_name(tmp_path) == "000001"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000001", "CURRENT", "LAST"]


def test_leftovers_of_a_killed_job_are_removed_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".building-000001").mkdir()
    (tmp_path / ".dropped-000009").mkdir()
    publish(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000001", "CURRENT", "LAST"]


def test_the_millionth_generation_is_newer_than_the_one_before(tmp_path: Path) -> None:
    publish(tmp_path)
    (tmp_path / publishing.LAST).write_text("999998\n", encoding="ascii")
    publish(tmp_path)
    publish(tmp_path, keep=2)
    assert generations.names(tmp_path) == ["999999", "1000000"]


def test_a_clock_that_jumps_changes_no_order(tmp_path: Path) -> None:
    for _ in range(3):
        publish(tmp_path)
    for age, name in enumerate(generations.names(tmp_path)):
        os.utime(tmp_path / name, (2e9 - age * 1e8, 2e9 - age * 1e8))
    assert generations.names(tmp_path) == ["000001", "000002", "000003"]
    assert publish(tmp_path, keep=2).name == "000004"
    assert generations.names(tmp_path) == ["000003", "000004"]


def test_every_flipped_bit_is_noticed_before_anything_is_read(tmp_path: Path) -> None:
    folder = publish(tmp_path).folder
    rng = np.random.default_rng(0)
    for file in sorted(folder.glob("*.*")):
        good = file.read_bytes()
        bad = bytearray(good)
        bad[rng.integers(len(bad))] ^= 1 << rng.integers(8)
        file.write_bytes(bad)
        with pytest.raises(IndexStateError, match="damaged"):
            generations.open_current(tmp_path)
        file.write_bytes(good)
    generations.open_current(tmp_path)
    (folder / "images.faiss").unlink()
    with pytest.raises(IndexStateError, match=r"images\.faiss is missing"):
        generations.open_current(tmp_path)


def test_a_changed_word_in_the_manifest_is_noticed(tmp_path: Path) -> None:
    file = publish(tmp_path, fingerprint="model-a").folder / generations.MANIFEST
    file.write_bytes(file.read_bytes().replace(b"model-a", b"model-b"))
    with pytest.raises(IndexStateError, match="its checksum differs"):
        generations.open_current(tmp_path, "model-b")


def test_a_file_that_was_found_sound_is_not_read_again(tmp_path: Path) -> None:
    root, stamps = tmp_path / "generations", tmp_path / "cache" / "sound.json"
    folder = publish(root).folder
    generations.open_current(root, stamps=stamps)
    # Damage that a `stat` would not show: size, inode and times are made to be the same.
    known = json.loads(stamps.read_bytes())
    file = folder / "images.vectors.npy"
    old = file.stat()
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    with file.open("r+b") as stream:
        stream.write(data)
    os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))
    with pytest.raises(IndexStateError, match="damaged"):
        generations.open_current(root, stamps=stamps)
    known["000001/images.vectors.npy"][2] = file.stat().st_ctime_ns
    stamps.write_text(json.dumps(known), encoding="utf-8")
    generations.open_current(root, stamps=stamps)  # believed: this is what a stamp gives up
    with pytest.raises(IndexStateError, match="damaged"):
        generations.open_current(root)  # believes nothing


def test_what_the_build_has_read_need_not_be_read_by_the_first_search(tmp_path: Path) -> None:
    root, stamps = tmp_path / "generations", tmp_path / "cache" / "sound.json"
    publish(root, stamps=stamps)
    before = stamps.stat()
    generations.open_current(root, stamps=stamps)
    after = stamps.stat()  # would be written anew if a file had been read
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("spoil", [b"", b"{", b'{"000001/images.faiss": 3}', b"\xff"])
def test_damaged_stamps_cost_one_reading(tmp_path: Path, spoil: bytes) -> None:
    root, stamps = tmp_path / "generations", tmp_path / "sound.json"
    publish(root, stamps=stamps)
    stamps.write_bytes(spoil)
    generations.open_current(root, stamps=stamps)
    assert b"images.faiss" in stamps.read_bytes()


def test_a_copied_home_is_read_once_and_then_believed(tmp_path: Path) -> None:
    root, stamps = tmp_path / "a" / "generations", tmp_path / "a" / "sound.json"
    publish(root, stamps=stamps)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    file = tmp_path / "b" / "generations" / "000001" / "captions.ids.npy"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(IndexStateError, match="damaged"):
        generations.open_current(
            tmp_path / "b" / "generations", stamps=tmp_path / "b" / "sound.json"
        )


def test_a_generation_of_an_older_program_is_told(tmp_path: Path) -> None:
    file = publish(tmp_path).folder / generations.MANIFEST
    file.write_text('{"schema": 1, "name": "000001"}', encoding="utf-8")
    with pytest.raises(IndexStateError, match="has format 1"):
        generations.open_current(tmp_path)
    assert generations.live_manifest(tmp_path) is None


def test_the_captions_of_each_item_are_stored_with_the_index(tmp_path: Path) -> None:
    items = np.array([3, 5, 9])
    captions, owners = np.array([1, 2, 4, 7]), np.array([9, 3, 9, 3])
    with publishing.building(tmp_path) as (_, folder):
        for name, ids, of in (("images", items, items), ("captions", captions, owners)):
            rows = np.eye(len(ids), 8, dtype=np.float32), np.zeros((len(ids), 4), np.float16)
            publishing.write_side(folder, name, ids, of, [rows], (8, 4))
        publishing.write_indexes(folder, "Flat", 1.0)
        order = np.load(folder / "captions.order.npy")
        starts = np.load(folder / "captions.starts.npy")
    assert [captions[order[a:b]].tolist() for a, b in pairwise(starts)] == [
        [2, 7], [], [1, 4],
    ]  # fmt: skip


def test_a_catalog_without_captions_has_a_generation(tmp_path: Path) -> None:
    with publishing.building(tmp_path) as (_, folder):
        ids, none = np.arange(3), np.empty(0, np.int64)
        rows = np.eye(3, 8, dtype=np.float32), np.zeros((3, 4), np.float16)
        publishing.write_side(folder, "images", ids, ids, [rows], (8, 4))
        publishing.write_side(folder, "captions", none, none, [], (8, 4))
        publishing.write_indexes(folder, "auto", 0.98)
        side = Side(folder, "captions")
        found, _ = side.index.search(np.eye(1, 8, dtype=np.float32), 5)
        assert found.shape == (1, 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    publish(tmp_path)
    tmp_path.chmod(0o500)
    with pytest.raises(HomeError, match="permission denied"):
        publish(tmp_path)
    tmp_path.chmod(0o700)
    assert generations.open_current(tmp_path).name == "000001"
