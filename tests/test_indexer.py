from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from db import generations
from db.home import Home
from db.store import Store
from encoder.encoded import Encoded
from encoder.inputs import Pixels
from errors import CatalogError, HomeError
from indexer.job import build_index
from indexer.summary import BuildSummary
from settings import Settings, load_settings
from tests.fakes import COLOURS, FakeEncoder, draw


def build(home: Home, store: Store, encoder: FakeEncoder, settings: Settings) -> BuildSummary:
    encoder.seen_images = encoder.seen_texts = 0
    return build_index(home, store, encoder, settings)


def test_the_first_build_embeds_everything(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    summary = build(home, store, encoder, settings)
    assert (summary.items, summary.indexed, summary.unchanged, summary.failed) == (12, 12, 0, 0)
    live = generations.open_current(home.generations, "fake")
    assert live.images.ids.tolist() == list(range(1, 13))
    assert len(live.captions.ids) == 24
    assert store.last_run("index") is not None


def test_an_unchanged_catalog_costs_a_scan_and_keeps_its_generation(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    first = build(home, store, encoder, settings)
    second = build(home, store, encoder, settings)
    assert encoder.seen_images == encoder.seen_texts == 0
    assert (second.generation, second.unchanged) == (first.generation, 12)


def test_a_renamed_file_is_not_embedded_again(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    build(home, store, encoder, settings)
    item = next(store.items())
    moved = Path(item.image).with_name("moved.png")
    Path(item.image).rename(moved)
    store.apply_import([dataclasses.replace(item, image=str(moved))], [])
    assert build(home, store, encoder, settings).unchanged == 12
    assert encoder.seen_images == 0


def test_a_changed_caption_costs_its_text_alone(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    build(home, store, encoder, settings)
    item = next(store.items())
    other = dataclasses.replace(item.captions[0], text="a red diamond")
    store.apply_import([dataclasses.replace(item, captions=(other,))], [])
    build(home, store, encoder, settings)
    assert (encoder.seen_images, encoder.seen_texts) == (0, 1)


def test_a_changed_image_is_embedded_anew_even_before_the_next_import(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    build(home, store, encoder, settings)
    item = next(store.items())
    draw(Path(item.image).parent, item.key, "blue")
    assert build(home, store, encoder, settings).indexed == 1
    live = generations.open_current(home.generations)
    assert int(np.argmax(live.images.vectors[0])) == list(COLOURS).index("blue")


def test_every_item_is_accounted_for(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    gone, broken, *_ = store.items()
    Path(gone.image).unlink()
    Path(broken.image).write_bytes(b"no picture")
    summary = build(home, store, encoder, settings)
    assert (summary.indexed, summary.skipped, summary.failed) == (10, 1, 1)
    assert {(key, status) for key, status, _ in store.failures()} == {
        ("0", "skipped"), ("1", "failed"),
    }  # fmt: skip
    assert "no longer there" in store.failures()[0][2]
    live = generations.open_current(home.generations)
    assert not {gone.id, broken.id} & set(live.images.ids.tolist())
    assert not {gone.id, broken.id} & set(live.captions.owners.tolist())


def test_equal_images_are_embedded_once_and_both_indexed(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    first, second, *_ = store.items()
    Path(second.image).write_bytes(Path(first.image).read_bytes())
    summary = build(home, store, encoder, settings)
    assert (summary.indexed, encoder.seen_images) == (12, 11)


def test_a_killed_job_goes_on_where_it_was(home: Home, store: Store, encoder: FakeEncoder) -> None:
    class Killed(FakeEncoder):
        def images(self, batch: Pixels) -> Encoded:
            if self.seen_images:
                raise KeyboardInterrupt
            return super().images(batch)

    small = load_settings(environment={}, flags=["runtime.batch=4"])
    with pytest.raises(KeyboardInterrupt):
        build_index(home, store, Killed(), small)
    assert generations.current_name(home.generations) is None
    summary = build(home, store, encoder, small)
    assert encoder.seen_images == 8  # the first batch of four was safe
    assert summary.items == 12


def test_a_new_model_is_indexed_into_a_new_generation(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    old = build(home, store, encoder, settings)
    new = build(home, store, FakeEncoder("other"), settings)
    assert new.generation > old.generation
    assert new.indexed == 12
    generations.open_current(home.generations, "other")


def test_an_empty_catalog_and_a_lost_catalog_say_so(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    for item in store.items():
        Path(item.image).unlink()
    with pytest.raises(CatalogError, match="no image of the catalog can be read"):
        build(home, store, encoder, settings)
    store.apply_import([], [], prune=True)
    with pytest.raises(CatalogError, match="empty"):
        build(home, store, encoder, settings)


def test_a_second_build_is_told_who_holds_the_lock(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    with home.locked("index build"), pytest.raises(HomeError, match="held by index build"):
        build(home, store, encoder, settings)
