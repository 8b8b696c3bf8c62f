"""The stages by themselves: order, bounds, what is stored when, and where a build's time went."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import indexer.embed
import indexer.storing
from db import generations
from db.cache import EmbeddingCache, as_bytes, digests
from db.home import Home
from db.store import Store
from encoder.encoded import Encoded
from encoder.inputs import Pixels, read_pixels
from images import content_hash
from indexer.decode import decode
from indexer.job import build_index
from indexer.run import Embedded
from indexer.summary import BuildSummary, account
from settings import Settings, load_settings
from tests.fakes import FakeEncoder, record

SMALL = load_settings(environment={}, flags=["runtime.batch=4"])


def files(folder: Path, count: int) -> list[tuple[bytes, str]]:
    """(content, path) of pictures that all differ."""
    made = []
    for number in range(count):
        file = folder / f"{number}.png"
        Image.new("RGB", (40, 30), (number, 100, 200)).save(file)
        made.append((bytes.fromhex(content_hash(file.read_bytes())), str(file)))
    return made


def test_batches_come_in_order_and_hold_what_the_files_show(tmp_path: Path) -> None:
    work = files(tmp_path, 11)
    found = list(decode(work, 32, 4, workers=3))
    assert [len(batch.pixels) for batch in found] == [4, 4, 3]
    assert [content for batch in found for content in batch.contents] == [c for c, _ in work]
    together = np.concatenate([batch.pixels for batch in found])
    for row, (_, path) in zip(together, work, strict=True):
        assert (row == read_pixels(Path(path), 32)).all()


def test_decoding_stays_a_few_batches_ahead_and_uses_its_memory_again(tmp_path: Path) -> None:
    taken = 0

    def work() -> Iterator[tuple[bytes, str]]:
        nonlocal taken
        for entry in files(tmp_path, 60):
            taken += 1
            yield entry

    memory = set()
    for number, batch in enumerate(decode(work(), 32, 2, workers=2), start=1):
        assert taken <= 2 * (number + 4)
        memory.add(batch.pixels.__array_interface__["data"][0])
        batch.release()
    assert taken == 60
    assert len(memory) <= 5


def test_an_unreadable_file_leaves_no_gap(tmp_path: Path) -> None:
    work = files(tmp_path, 4)
    Path(work[1][1]).write_bytes(b"no picture")
    work[1] = (bytes.fromhex(content_hash(b"no picture")), work[1][1])
    (batch,) = decode(work, 32, 4, workers=1)
    assert batch.contents == [work[0][0], work[2][0], work[3][0]]
    assert len(batch.pixels) == 3
    assert list(batch.unreadable) == [work[1][0]]
    assert work[1][1] in batch.unreadable[work[1][0]]


def test_a_file_that_changes_after_the_scan_is_not_stored_as_what_it_was(tmp_path: Path) -> None:
    ((content, path),) = files(tmp_path, 1)
    Image.new("RGB", (40, 30), "black").save(path)
    (batch,) = decode([(content, path)], 32, 4, workers=1)
    assert not batch.contents
    assert "changes while it is indexed" in batch.unreadable[content]


def test_digests_that_end_with_zeros_stay_whole(tmp_path: Path) -> None:
    contents = [b"\1" * 31 + b"\0", b"\0" * 32, b"\2" * 32]
    rows = np.arange(6, dtype=np.float16).reshape(3, 2)
    with EmbeddingCache(tmp_path, "m") as cache:
        cache.put("image", contents, rows)
        assert set(as_bytes(cache.known("image"))) == set(contents)
        (found,) = cache.get("image", digests(b"".join(reversed(contents))))
        assert (found == rows[::-1]).all()
        assert not len(cache.known("text"))


def test_what_is_counted_is_stored(
    home: Home, store: Store, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read back through another connection each time that progress is reported."""
    monkeypatch.setitem(indexer.storing.STORED, "image", 4)
    seen = []

    def progress(stage: str, done: int, total: int, note: str = "") -> None:
        if stage == "images":
            with EmbeddingCache(home.cache, "fake") as cache:
                seen.append((done, len(cache.known("image"))))

    build_index(home, store, encoder, SMALL, progress)
    assert seen[-1] == (12, 12)
    assert len(seen) >= 3
    assert all(done == stored for done, stored in seen)


def test_a_job_that_dies_without_a_word_loses_at_most_what_is_stored_together(
    home: Home, store: Store, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(indexer.storing.STORED, "image", 4)
    monkeypatch.setattr(indexer.embed, "FEW", 0)

    class Failing(FakeEncoder):
        def stream_images(self, batches: Iterable[Pixels]) -> Iterator[Encoded]:
            for number, batch in enumerate(batches):
                if number == 2:
                    raise RuntimeError("out of luck")
                yield self.images(batch)

    with pytest.raises(RuntimeError, match="out of luck"):
        build_index(home, store, Failing(), SMALL)
    assert generations.current_name(home.generations) is None
    build_index(home, store, encoder, SMALL)
    assert encoder.seen_images == 4


def test_captions_of_like_length_go_together(
    home: Home, store: Store, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer.embed, "CAPTIONS", 3)
    for item in list(store.items())[::2]:
        longer = dataclasses.replace(item.captions[0], text="a red square " * (item.id + 1))
        store.apply_import([dataclasses.replace(item, captions=(longer,))], [])
    batches: list[list[int]] = []

    class Watching(FakeEncoder):
        def texts(self, batch: object) -> Encoded:
            assert isinstance(batch, list)
            batches.append([len(text) for text in batch])
            return super().texts(batch)

    build_index(home, store, Watching(), SMALL)
    lengths = [length for batch in batches for length in batch]
    assert lengths == sorted(lengths)
    assert max(len(batch) for batch in batches) == 3


def test_a_deleted_item_is_gone_from_the_next_generation(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    first = build_index(home, store, encoder, settings)
    kept = list(store.items())[1:]
    store.apply_import(kept, [], prune=True)
    second = build_index(home, store, encoder, settings)
    assert second.generation > first.generation
    assert (second.items, second.indexed) == (11, 0)
    live = generations.open_current(home.generations)
    assert 1 not in live.images.ids
    assert 1 not in live.captions.owners


def test_a_new_model_leaves_the_old_generation_whole_until_its_own_is_published(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    old = build_index(home, store, encoder, settings).generation
    asked = []

    class Other(FakeEncoder):
        def images(self, batch: Pixels) -> Encoded:
            asked.append(generations.open_current(home.generations, "fake").name)
            return super().images(batch)

    build_index(home, store, Other("other"), settings)
    assert set(asked) == {old}
    generations.open_current(home.generations, "other")


def test_the_summary_says_where_the_time_of_the_images_went(
    home: Home, store: Store, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer.embed, "WORTH_MEASURING", 12)
    monkeypatch.setattr(indexer.embed, "MEASURED_SECONDS", 0.01)
    summary = build_index(home, store, encoder, SMALL)
    assert set(summary.core_seconds) == {"decode", "inference"}
    assert summary.core_seconds["decode"] > 0
    assert summary.inference_per_second > 0
    assert summary.precision == "f32"
    again = build_index(home, store, encoder, SMALL)
    assert (again.core_seconds, again.images_per_second) == ({}, 0.0)


def test_the_share_is_of_what_inference_alone_could_do() -> None:
    summary = BuildSummary()
    account(summary, Embedded(count=100, seconds=2.0, precision="bf16", best=200.0))
    assert (summary.images_per_second, summary.inference_per_second) == (50.0, 200.0)
    assert summary.inference_share == 0.25
    unmeasured = BuildSummary()
    account(unmeasured, Embedded(count=100, seconds=2.0, precision="bf16"))
    assert (unmeasured.images_per_second, unmeasured.inference_share) == (50.0, 0.0)


def test_equal_files_that_cannot_be_read_are_all_accounted_for(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings, tmp_path: Path
) -> None:
    for name in ("x", "y"):
        (tmp_path / f"{name}.png").write_bytes(b"no picture")
        store.apply_import([record(tmp_path / f"{name}.png", "red")], [])
    summary = build_index(home, store, encoder, settings)
    assert (summary.indexed, summary.failed) == (12, 2)
    assert [key for key, _, _ in store.failures()] == ["x", "y"]


def test_a_few_images_are_embedded_without_a_stream(
    home: Home, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    streamed: list[int] = []

    class Watched(FakeEncoder):
        def stream_images(self, batches: Iterable[Pixels]) -> Iterator[Encoded]:
            for batch in batches:
                streamed.append(len(batch))
                yield self.images(batch)

    assert build_index(home, store, Watched("one"), settings).indexed == 12
    assert not streamed
    monkeypatch.setattr(indexer.embed, "FEW", 11)
    assert build_index(home, store, Watched("two"), settings).indexed == 12
    assert sum(streamed) == 12
