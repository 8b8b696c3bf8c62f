"""The demo catalog: what its creatures look like, are called, and say of themselves."""

from __future__ import annotations

import collections
import csv
import dataclasses
import datetime as dt
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog.demo import (
    contact_sheet,
    creature,
    describe,
    draw,
    draw_demo,
    sprite,
    tags_of,
)
from catalog.demo.creature import BODIES, ELEMENTS, HABITATS
from catalog.demo.names import STEMS
from catalog.demo.words_ko import particle

SEED = 7
POPULATION = [creature(SEED, number) for number in range(1025)]


def rows_of(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_demo(tmp_path_factory.mktemp("demo"), items=48, seed=SEED, workers=1)


def test_equal_arguments_give_equal_bytes_and_workers_do_not_matter(
    catalog: Path, tmp_path: Path
) -> None:
    again = draw_demo(tmp_path, items=48, seed=SEED, workers=2)
    assert contents(again.parent) == contents(catalog.parent)


def test_drawing_over_a_finished_catalog_changes_nothing(tmp_path: Path) -> None:
    draw_demo(tmp_path, items=3, seed=1, workers=1)
    before = contents(tmp_path)
    draw_demo(tmp_path, items=3, seed=1, workers=1)
    assert contents(tmp_path) == before


def test_another_seed_draws_other_creatures() -> None:
    assert draw(creature(1, 0)).tobytes() != draw(creature(2, 0)).tobytes()
    assert describe(creature(1, 0)) != describe(creature(2, 0))


def test_every_row_names_an_image_that_opens_at_256_pixels(catalog: Path) -> None:
    rows = rows_of(catalog)
    assert len(rows) == 48
    for row in rows:
        with Image.open(catalog.parent / row["image"]) as image:
            image.load()
            assert image.size == (256, 256)


def test_rows_tell_the_facts_of_their_creature(catalog: Path) -> None:
    for number, row in enumerate(rows_of(catalog)):
        one = creature(SEED, number)
        assert row["id"] == one.id
        assert row["name"] == one.name.latin
        assert row["tags"].split("|") == list(tags_of(one))
        assert (row["type"], row["second_type"]) == (one.element, one.second)
        assert (row["body"], row["colour"], row["habitat"]) == (
            one.body,
            one.colour,
            one.habitat,
        )
        assert float(row["height"]) == one.height
        assert dt.date.fromisoformat(row["discovered"]) == one.discovered
        assert (row["caption"], row["caption_2"], row["caption_ko"]) == describe(one)


def test_png_files_are_the_cut_out_creatures_and_have_transparency(catalog: Path) -> None:
    rows = rows_of(catalog)
    suffixes = collections.Counter(Path(row["image"]).suffix for row in rows)
    assert suffixes == {".jpg": 40, ".png": 4, ".webp": 4}
    for row in rows:
        assert row["image"].endswith(".png") == (row["habitat"] == "")
        if row["image"].endswith(".png"):
            with Image.open(catalog.parent / row["image"]) as image:
                assert image.mode == "RGBA"
                assert image.getchannel("A").getextrema() == (0, 255)


def test_no_temporary_file_is_left_behind(catalog: Path) -> None:
    assert not [name for name in contents(catalog.parent) if Path(name).name.startswith(".")]


def test_an_empty_catalog_has_only_its_heading(tmp_path: Path) -> None:
    assert rows_of(draw_demo(tmp_path, items=0)) == []


def test_a_negative_number_of_items_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="negative"):
        draw_demo(tmp_path, items=-1)


def test_progress_counts_every_creature(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []

    def note_down(stage: str, done: int, total: int, note: str = "") -> None:
        assert not note
        seen.append((stage, done, total))

    draw_demo(tmp_path, items=5, workers=1, progress=note_down)
    assert seen[0] == ("draw", 0, 5)
    assert seen[-1] == ("draw", 5, 5)


def test_every_body_element_and_habitat_occurs_often_enough_to_learn() -> None:
    for field, values in (("body", BODIES), ("element", ELEMENTS), ("habitat", HABITATS)):
        counts = collections.Counter(getattr(one, field) for one in POPULATION)
        assert min(counts[value] for value in values) >= 20


def test_a_fire_type_lizard_has_several_right_answers() -> None:
    fiery = [one for one in POPULATION if {"fire", "lizard"} <= set(tags_of(one))]
    assert len(fiery) >= 8


def test_tags_form_a_small_vocabulary_without_repeats() -> None:
    vocabulary = {tag for one in POPULATION for tag in tags_of(one)}
    assert 50 <= len(vocabulary) <= 70
    for one in POPULATION:
        tags = tags_of(one)
        assert len(tags) == len(set(tags))
        assert 4 <= len(tags) <= 10


def test_names_are_unique_whatever_their_length() -> None:
    everyone = itertools.chain(range(5_000), range(8_000, 9_000), range(600_000, 601_000))
    names = [creature(SEED, number).name for number in everyone]
    assert len({name.latin for name in names}) == len(names)
    assert all(re.fullmatch("[A-Z][a-z]{3,}", name.latin) for name in names)
    assert all(re.fullmatch("[가-힣]{3,}", name.hangul) for name in names)


def test_no_stem_of_a_name_is_another_stem_with_a_syllable_more() -> None:
    stems = {stem.latin for group in STEMS.values() for stem in group}
    for one, other in itertools.permutations(stems, 2):
        rest = other.removeprefix(one)
        assert rest == other or not re.fullmatch("[a-z][aeiou]", rest)


def test_any_two_bodies_have_different_silhouettes() -> None:
    pattern = creature(SEED, 5)
    masks = {}
    for body in BODIES:
        bare = dataclasses.replace(
            pattern, body=body, wings="", horns="", second="", pose="standing", size="large"
        )
        masks[body] = np.asarray(sprite(bare, 64).getchannel("A")) > 128
    for one, other in itertools.combinations(BODIES, 2):
        both = (masks[one] & masks[other]).sum() / (masks[one] | masks[other]).sum()
        assert both < 0.85, (one, other)


def test_the_element_shows_even_when_everything_else_is_equal() -> None:
    pattern = dataclasses.replace(creature(SEED, 1), second="")
    pictures = [
        np.asarray(draw(dataclasses.replace(pattern, element=element), 64), dtype=float)
        for element in ELEMENTS
    ]
    for one, other in itertools.combinations(pictures, 2):
        changed = np.abs(one - other).max(axis=2) > 60
        assert changed.mean() > 0.02


def test_a_size_can_be_asked_for() -> None:
    assert draw(creature(SEED, 2), 224).size == (224, 224)
    assert draw(creature(SEED, 2), 224).mode == "RGB"


def test_the_first_caption_names_element_and_body() -> None:
    for one in POPULATION:
        caption = describe(one).caption.lower()
        assert one.element in caption
        assert one.second in caption
        assert one.body in caption


def test_english_captions_have_many_shapes() -> None:
    def skeleton(text: str) -> str:
        return re.sub(r"[\w'-]+", "w", text)

    for field in (0, 1):
        texts = [describe(one)[field] for one in POPULATION]
        assert len(set(texts)) > 0.99 * len(texts)
        assert len({skeleton(text) for text in texts}) >= 60
        assert len({" ".join(text.split()[:2]) for text in texts}) >= 100


def test_english_captions_are_clean_sentences() -> None:
    for one in POPULATION:
        captions = describe(one)
        for text in captions[:2]:
            assert text[0].isupper()
            assert text.endswith(".")
            assert "  " not in text
            assert " ." not in text
            assert " ," not in text
            assert not re.search(r"\b[Aa] [aeio](?!ne )", text), text
            assert not re.search(r"\b[Aa]n [^aeiou]", text), text


def test_korean_captions_are_korean_and_their_particles_fit() -> None:
    captions = [describe(one).caption_ko for one in POPULATION]
    assert len(set(captions)) > 0.97 * len(captions)
    for text in captions:
        assert re.fullmatch(r"[가-힣 ,.]+", text), text
        for one, closed, open_ in (
            ("속성", "이고", "고"),
            ("뿔", "이", "가"),
            ("날개", "이", "가"),
        ):
            wrong = particle(one, open_, closed)
            assert f"{wrong} " not in text, text


@pytest.mark.parametrize(
    ("word", "closed", "open_", "whole"),
    [
        ("용", "은", "는", "용은"),
        ("새", "은", "는", "새는"),
        ("뱀", "이", "가", "뱀이"),
        ("게", "을", "를", "게를"),
        ("뿔", "과", "와", "뿔과"),
        ("물", "으로", "로", "물로"),
        ("숲", "으로", "로", "숲으로"),
    ],
)
def test_a_particle_follows_the_last_sound(word: str, closed: str, open_: str, whole: str) -> None:
    assert particle(word, closed, open_) == whole


def test_a_particle_after_latin_letters_is_refused() -> None:
    with pytest.raises(ValueError, match="Hangul"):
        particle("Ember", "은", "는")


def test_a_contact_sheet_holds_all_pictures_in_rows() -> None:
    few = [(draw(one, 64), one.name.latin) for one in POPULATION[:5]]
    sheet = contact_sheet(few, columns=3, cell=64)
    assert sheet.width == 10 + 3 * 74
    assert sheet.height == 10 + 2 * (64 + 10 + 34)
