"""Shards of embedded rows: the same rows as in one job, whole files, taken in once."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import numpy as np
import pytest

from db.cache import EmbeddingCache, digests
from errors import HomeError
from images import content_hash
from indexer.run import IMAGE, TEXT
from indexer.shards import ABANDONED, Shard, ShardFolder, cut, embed, take
from indexer.storing import packed
from tests.fakes import COLOURS, FakeEncoder, draw


def pictures(folder: Path) -> Shard:
    files = [
        draw(folder, f"{colour}{shade}", colour, shade) for colour in COLOURS for shade in (0, 9)
    ]
    contents = tuple(bytes.fromhex(content_hash(file.read_bytes())) for file in files)
    return Shard(IMAGE, contents, tuple(map(str, files)))


def texts(*given: str) -> Shard:
    contents = tuple(hashlib.sha256(text.encode()).digest() for text in given)
    return Shard(TEXT, contents, given)


def put(folder: ShardFolder, shard: Shard, encoder: FakeEncoder) -> str:
    name = shard.name(encoder.fingerprint)
    folder.put(name, embed(shard, encoder, batch=4, workers=2))
    return name


@pytest.fixture(params=["folder", "memory"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder that all see, and an address of another file system."""
    return str(tmp_path / "shards") if request.param == "folder" else f"memory://{tmp_path.name}"


def test_the_rows_of_a_shard_are_those_of_the_encoder(tmp_path: Path, address: str) -> None:
    encoder, shard = FakeEncoder(), pictures(tmp_path)
    folder = ShardFolder(address, encoder.fingerprint)
    name = put(folder, shard, encoder)
    assert folder.done() == [name]
    assert folder.has(name)
    found = folder.get(name)
    assert found.contents == list(shard.contents)
    words = texts("a red square", "파랑 네모")
    assert (embed(words, encoder, 4, 1).rows == packed(encoder.texts(words.sources))).all()
    assert len(found) == len(shard.contents) == len(found.rows)


def test_what_cannot_be_read_is_told_with_its_reason(tmp_path: Path, address: str) -> None:
    encoder, shard = FakeEncoder(), pictures(tmp_path)
    Path(shard.sources[0]).write_bytes(b"none")
    Path(shard.sources[1]).unlink()
    folder = ShardFolder(address, encoder.fingerprint)
    found = folder.get(put(folder, shard, encoder))
    assert set(found.unreadable) == set(shard.contents[:2])
    assert "changes while it is indexed" in found.unreadable[shard.contents[0]]
    assert found.contents == list(shard.contents[2:])


def test_a_shard_of_which_nothing_can_be_read_is_whole_too(tmp_path: Path, address: str) -> None:
    shard = Shard(IMAGE, (b"x" * 32,), (str(tmp_path / "none.png"),))
    folder = ShardFolder(address, "fake")
    name = put(folder, shard, FakeEncoder())
    with EmbeddingCache(tmp_path / "cache", "fake") as cache:
        assert list(take(folder, name, cache).unreadable) == [b"x" * 32]
        assert len(cache.known(IMAGE)) == 0


def test_a_shard_made_twice_is_one_file_and_one_of_another_model_is_not_seen(
    tmp_path: Path, address: str
) -> None:
    shard, encoder = pictures(tmp_path), FakeEncoder()
    folder = ShardFolder(address, encoder.fingerprint)
    names = {put(folder, shard, encoder) for _ in range(2)}
    assert folder.done() == sorted(names)
    assert len(names) == 1
    assert ShardFolder(address, "another model").done() == []


def test_what_is_taken_in_is_known_to_the_job_and_gone_from_the_folder(
    tmp_path: Path, address: str
) -> None:
    encoder, shard = FakeEncoder(), pictures(tmp_path)
    folder = ShardFolder(address, encoder.fingerprint)
    embedded = embed(shard, encoder, 4, 1)
    name = put(folder, shard, encoder)
    with EmbeddingCache(tmp_path / "cache", encoder.fingerprint) as cache:
        take(folder, name, cache)
        wanted = digests(b"".join(shard.contents))
        assert (np.concatenate([*cache.get(IMAGE, wanted)]) == embedded.rows).all()
    assert folder.done() == []
    folder.remove(name)  # by two jobs at once: nothing to complain of
    assert not folder.has(name)
    with pytest.raises(HomeError, match="another build may have taken it"):
        folder.get(name)


def test_a_file_that_is_not_finished_is_not_seen_and_goes_when_it_is_old(tmp_path: Path) -> None:
    folder = ShardFolder(str(tmp_path), "fake")
    young, old = (tmp_path / "fake" / name for name in (".begun-just-now", ".begun-long-ago"))
    young.write_bytes(b"half")
    old.write_bytes(b"half")
    then = time.time() - ABANDONED.total_seconds() - 60
    os.utime(old, (then, then))
    assert folder.done() == []
    folder.sweep()
    assert [file.name for file in (tmp_path / "fake").iterdir()] == [young.name]


def test_an_address_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(HomeError, match="cannot be used"):
        ShardFolder(str(tmp_path / "file"), "fake")
    with pytest.raises(HomeError, match="name a folder that all workers see"):
        ShardFolder("nosuch://bucket/shards", "fake")


def test_work_is_cut_in_order() -> None:
    contents = [bytes([number]) * 32 for number in range(5)]
    shards = list(cut(TEXT, contents, "abcde", 2))
    assert [shard.sources for shard in shards] == [("a", "b"), ("c", "d"), ("e",)]
    assert len({shard.name("model") for shard in shards}) == 3
    assert shards[0].name("model") != shards[0].name("other")
