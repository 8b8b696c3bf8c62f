"""Near duplicates and variants come under one hit."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageOps

from db import generations, publishing
from db.generations import SIGNS_FILE, Generation
from db.home import Home
from db.store import Store
from db.vectors import Floats
from indexer.job import build_index
from search import Request, Searcher
from search.grouping import BLOCK, group
from settings import Settings
from tests.fakes import FakeEncoder
from tests.generation_samples import publish, unit


def signed(root: Path, signs: list[tuple[int, int, int]], vectors: Floats) -> Generation:
    """A generation of images with these signs and vectors; ids count from 10."""
    generation = publish(root, rows=len(signs))
    publishing.write_array(generation.folder / SIGNS_FILE, np.asarray(signs, np.uint64))
    np.save(generation.folder / "images.vectors.npy", vectors.astype(np.float16))
    return generation


def fold(generation: Generation, *order: int) -> list[list[int | str]]:
    """Groups of items given best first: the best, then each folded one with its reason."""
    items = np.asarray(order, np.int64) + 10
    groups = group(generation, items, bits=4, cosine=0.9)
    return [
        [order[one.row], *(part for row, why in one.folded for part in (order[row], why))]
        for one in groups
    ]


@pytest.fixture
def apart() -> Floats:
    """Vectors at right angles."""
    return np.eye(8, dtype=np.float32)


def test_equal_files_are_one(home: Home, apart: Floats) -> None:
    generation = signed(home.generations, [(7, 0, 0), (8, 0, 0), (7, 0, 0)], apart[:3])
    assert fold(generation, 0, 1, 2) == [[0, 2, "same file"], [1]]
    assert fold(generation, 2, 1, 0) == [[2, 0, "same file"], [1]]  # the best leads


def test_near_hashes_are_one_picture_and_farther_ones_are_not(home: Home, apart: Floats) -> None:
    signs = [(1, 0xFF0, 0), (2, 0xFFF, 0), (3, 0xFFF0FF, 0)]  # 4 and 12 bits from the first
    assert fold(signed(home.generations, signs, apart[:3]), 0, 1, 2) == [
        [0, 1, "same picture"],
        [2],
    ]


def test_a_mirrored_picture_is_the_same_picture(home: Home, apart: Floats) -> None:
    dice = np.random.default_rng(0)
    shades = dice.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    picture = Image.fromarray(shades).resize((160, 160), Image.Resampling.BICUBIC)
    others = [picture, ImageOps.mirror(picture), ImageOps.flip(picture), picture.rotate(90)]
    signs = [(n + 1, int(str(imagehash.phash(one)), 16), 0) for n, one in enumerate(others)]
    assert fold(signed(home.generations, signs, apart[:4]), 0, 1, 2, 3) == [
        [0, 1, "same picture"],
        [2],
        [3],
    ]


@pytest.mark.parametrize(
    ("layout", "name", "look", "folded"),
    [
        (True, False, True, True),
        (True, True, False, True),
        (False, True, True, True),
        (True, False, False, False),
        (False, True, False, False),
        (False, False, True, False),
    ],
)
def test_two_of_three_weak_signs_make_a_variant(
    home: Home, apart: Floats, layout: bool, name: bool, look: bool, folded: bool
) -> None:
    signs = [(1, 0xFF00, 5), (2, 0xFFFF if layout else 0xFF00FF00000000, 5 if name else 6)]
    vectors = apart[[0, 0]] if look else apart[[0, 1]]
    expected = [[0, 1, "variant"]] if folded else [[0], [1]]
    assert fold(signed(home.generations, signs, vectors), 0, 1) == expected


def test_what_is_not_known_is_no_sign(home: Home, apart: Floats) -> None:
    """Blank pictures have no perceptual hash, unnamed items no name."""
    assert fold(signed(home.generations, [(0, 0, 0)] * 2, apart[[0, 1]]), 0, 1) == [[0], [1]]
    assert fold(signed(home.generations, [(0, 0, 0)] * 2, apart[[0, 0]]), 0, 1) == [[0], [1]]


def test_a_chain_of_small_differences_does_not_join_its_ends(home: Home, apart: Floats) -> None:
    signs = [(1, 0xF, 0), (2, 0xFF, 0), (3, 0xFFF, 0)]  # each 4 bits from the next
    generation = signed(home.generations, signs, apart[:3])
    assert fold(generation, 0, 1, 2) == [[0, 1, "same picture"], [2]]
    assert fold(generation, 1, 0, 2) == [[1, 0, "same picture", 2, "same picture"]]


def test_many_results_are_folded_near_their_place(home: Home) -> None:
    """Each item is in exactly one group however many there are."""
    count = BLOCK + 500
    rng = np.random.default_rng(3)
    signs = [(int(n), 0, 0) for n in rng.integers(1, 400, size=count)]
    generation = signed(home.generations, signs, unit(rng, count))
    groups = group(generation, np.arange(10, 10 + count), 4, 0.9)
    rows = [row for one in groups for row in (one.row, *(row for row, _ in one.folded))]
    assert sorted(rows) == list(range(count))
    assert [one.row for one in groups] == sorted(one.row for one in groups)
    assert len(groups) < 900


@pytest.fixture
def searcher(home: Home, store: Store, encoder: FakeEncoder, settings: Settings) -> Searcher:
    """Items 0 and 3 are one picture, 6 is a variant of 9 by name and look."""
    items = list(store.items())
    hashes = {"0": "ff00000000000001", "3": "ff00000000000003"}
    for item in items:
        facts = dataclasses.replace(item.facts, perceptual_hash=hashes.get(item.key, ""))
        name = "Mug (red)" if item.key == "6" else "Mug, 2 l" if item.key == "9" else item.name
        store.apply_import([dataclasses.replace(item, facts=facts, name=name)], [])
    build_index(home, store, encoder, settings)
    return Searcher(store, generations.open_current(home.generations), encoder, settings.search)


def test_a_search_folds_what_is_one_and_says_why(searcher: Searcher) -> None:
    result = searcher.search("red", top=12)
    folded = {hit.id: [(m.id, m.why) for m in hit.group] for hit in result.results if hit.group}
    assert {frozenset((best, members[0][0])) for best, members in folded.items()} == {
        frozenset("03"),
        frozenset("69"),
    }
    assert {members[0][1] for members in folded.values()} == {"same picture", "variant"}
    assert len(result.results) == 10
    for hit in result.results:
        assert all(member.score <= hit.score for member in hit.group)
        assert all(member.image.endswith(".png") for member in hit.group)


def test_a_search_may_leave_all_unfolded(searcher: Searcher) -> None:
    result = searcher.search(Request("red", top=12, group=False))
    assert len(result.results) == 12
    assert not any(hit.group for hit in result.results)
