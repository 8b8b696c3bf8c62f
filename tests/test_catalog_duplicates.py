"""Duplicates: the banded search finds what comparing all pairs finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from catalog.duplicates import find_duplicates
from catalog.facts import read_facts
from catalog.locating import Located
from db.records import ImageFacts
from tests.catalog_samples import picture


def components(hashes: list[int], bits: int) -> set[tuple[int, ...]]:
    """Groups by comparing every pair: slow and surely right."""
    groups = [{place} for place in range(len(hashes))]
    for i in range(len(hashes)):
        for j in range(i):
            if (hashes[i] ^ hashes[j]).bit_count() <= bits and groups[i] is not groups[j]:
                groups[i] |= groups[j]
                for member in groups[j]:
                    groups[member] = groups[i]
    return {tuple(sorted(group)) for group in groups if len(group) > 1}


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 40), st.integers(0, 12))
def test_banding_finds_what_comparing_all_pairs_finds(seed: int, count: int, bits: int) -> None:
    random = np.random.default_rng(seed)
    base = [int(value) for value in random.integers(0, 2**63, max(1, count // 4))]
    hashes = []
    for _ in range(count):
        value = base[random.integers(len(base))]
        for place in random.integers(0, 64, random.integers(0, 10)):
            value ^= 1 << int(place)
        hashes.append(value)
    content = [str(place) for place in range(count)]
    found = find_duplicates(content, [f"{value:016x}" for value in hashes], bits)
    assert {group.members for group in found} == components(hashes, bits)


def test_equal_files_are_exact_and_others_near() -> None:
    groups = find_duplicates(
        ["a", "b", "a", "c", "d"], ["0" * 16, "f" * 16, "0" * 16, "f" * 15 + "e", ""], 4
    )
    assert [(group.members, group.exact) for group in groups] == [((0, 2), True), ((1, 3), False)]


def facts_of(path: Path, image: Image.Image) -> ImageFacts:
    image.save(path)
    facts = read_facts(Located(str(path), path.stat().st_size, 0))
    assert isinstance(facts, ImageFacts)
    return facts


def test_a_resized_and_recompressed_copy_is_near_and_another_picture_is_not(
    tmp_path: Path,
) -> None:
    image = picture("one", (200, 160))
    facts = [
        facts_of(tmp_path / "a.png", image),
        facts_of(tmp_path / "b.jpg", image.resize((150, 120))),
        facts_of(tmp_path / "c.png", picture("two", (200, 160))),
    ]
    groups = find_duplicates([f.content_hash for f in facts], [f.perceptual_hash for f in facts], 4)
    assert [group.members for group in groups] == [(0, 1)]


def test_flat_pictures_are_near_to_nothing(tmp_path: Path) -> None:
    facts = facts_of(tmp_path / "white.png", Image.new("RGB", (40, 40), "white"))
    assert (facts.perceptual_hash, facts.brightness, facts.contrast) == ("", 1.0, 0.0)
