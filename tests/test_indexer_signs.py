"""What the index keeps so that a search can tell look-alikes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from db import generations
from db.home import Home
from db.publishing import drop
from db.store import Store
from indexer.job import build_index
from indexer.signs import base_name, signs
from settings import Settings
from tests.fakes import FakeEncoder
from tests.generation_samples import publish


@pytest.mark.parametrize(
    "name",
    ["Mug (red)", "mug, 2 l", "MUG - front view", "Mug / blue", "  Mug  [2023] ", "Mug（大）"],
)
def test_variants_share_a_base_name(name: str) -> None:
    assert base_name(name) == "mug"


@pytest.mark.parametrize("name", ["", "A4", "(red)", "12 - 3"])
def test_a_name_that_says_too_little_is_no_sign(name: str) -> None:
    assert signs(b"x" * 32, "", name)[1:] == (0, 0)


def test_names_that_only_begin_alike_are_others() -> None:
    assert len({base_name(n) for n in ("Mug-rack", "Mug", "Mug rack", "Star: one")}) == 4


def test_an_index_holds_the_signs_of_each_image(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    items = list(store.items())
    hashed = dataclasses.replace(items[3].facts, perceptual_hash="ff00000000000001")
    store.apply_import([dataclasses.replace(items[3], facts=hashed, name="Sq0 (wide)")], [])
    build_index(home, store, encoder, settings)
    kept = generations.open_current(home.generations).signs
    assert kept.shape == (12, 3)
    assert kept[3, 1] == 0xFF00000000000001
    assert len(set(kept[:, 0].tolist())) == 12  # twelve different files
    assert kept[3, 2] == kept[0, 2] == signs(b"", "", "sq0")[2]


def test_a_new_name_makes_a_new_generation(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    first = build_index(home, store, encoder, settings).generation
    assert build_index(home, store, encoder, settings).generation == first
    item = next(store.items())
    store.apply_import([dataclasses.replace(item, name="Another")], [])
    second = build_index(home, store, encoder, settings)
    assert (second.generation != first, second.indexed) == (True, 0)


def test_a_hash_is_not_believed_of_a_file_that_has_changed(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    item = next(store.items())
    facts = dataclasses.replace(item.facts, perceptual_hash="0f", bytes=1, content_hash="00" * 32)
    store.apply_import([dataclasses.replace(item, facts=facts)], [])
    build_index(home, store, encoder, settings)
    assert generations.open_current(home.generations).signs[0, 1] == 0


def test_a_generation_without_signs_has_none(home: Home) -> None:
    generation = publish(home.generations)
    assert not generation.hold().signs.any()
    drop(home.generations, generation.name)
    assert isinstance(generation.signs, np.ndarray)  # held
