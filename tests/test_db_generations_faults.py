"""Disks that are full or cannot be written: one clear line, and the live generation as it was."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from db import generations, publishing
from db.databases import generations_of
from db.home import Home
from errors import HomeError
from indexer.verify import verify_generation
from tests.generation_samples import publish

ROWS = 4000  # a vectors.npy of 64 kB, an index of 128 kB, halves of 32 kB


def stays_as_it_was(root: Path) -> None:
    """The first generation is live and sound; nothing is left of the one that failed."""
    assert sorted(path.name for path in root.iterdir()) == ["000001", "CURRENT", "LAST"]
    assert generations.open_current(root).name == "000001"
    assert verify_generation(generations_of(Home(root.parent)), "000001", 64).sound


@pytest.fixture
def limited() -> Iterator[None]:
    """No file of this process may grow beyond what a test sets; as it was afterwards."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(("limit", "file"), [(50_000, "vectors.npy"), (100_000, "images.faiss")])
@pytest.mark.usefixtures("limited")
def test_a_file_that_may_not_grow_is_told_and_nothing_is_left(
    tmp_path: Path, limit: int, file: str
) -> None:
    root = tmp_path / "generations"
    publish(root)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    with pytest.raises(HomeError, match="file too large") as caught:
        publish(root, rows=ROWS)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert file in caught.value.what
    assert "raise the limit" in caught.value.remedy
    stays_as_it_was(root)
    assert publish(root, rows=ROWS).name == "000002"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount here")
    if done.returncode:
        pytest.skip("a disk can only be mounted by root")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_is_told_and_given_back_at_once(small_disk: Path) -> None:
    root = small_disk / "generations"
    publish(root)
    for rows in (ROWS, 2 * ROWS):  # the disk is full at another file
        with pytest.raises(HomeError, match="no space left on device") as caught:
            publish(root, rows=rows)
        assert "free some space" in caught.value.remedy
        assert "generations" in caught.value.what
        stays_as_it_was(root)
    assert publish(root, rows=10).name == "000002"


def test_a_disk_that_became_read_only_still_answers(small_disk: Path) -> None:
    root, stamps = small_disk / "generations", small_disk / "sound.json"
    publish(root)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert generations.open_current(root, stamps=stamps).name == "000001"
    with pytest.raises(HomeError, match="read-only file system") as caught:
        publish(root)
    assert "on a disk that can be written" in caught.value.remedy
    with pytest.raises(HomeError, match="read-only"):
        publishing.point(root, "000001")
    assert verify_generation(generations_of(Home(small_disk)), "000001", 64).sound
