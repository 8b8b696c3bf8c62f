"""Quoted words, the vocabulary, and catalogs of odd texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import generations, words_phrases
from db.records import WordsRecord
from db.words import Words
from db.words_build import build
from db.words_text import chunks
from db.words_vocabulary import letters
from errors import IndexStateError
from tests.generation_samples import publish

ITEMS = [
    WordsRecord("Emberling", ("A fire lizard with wings", "불꽃은 뜨겁다"), ("fire", "lizard")),
    WordsRecord("Sq7", ("one lizard, on FIRE", "불꽃 도마뱀이 빨강"), ("red",)),
    WordsRecord("", (), ()),
    WordsRecord("Pokémon", ("lizards running on", "fire"), ("fire-fox", "wing")),
    WordsRecord("火山", ("大きな火山です",), ("사용",)),
]


@pytest.fixture(scope="module")
def words() -> Words:
    return build(np.arange(5, dtype=np.int64), ITEMS)


@pytest.mark.parametrize(
    ("phrase", "rows"),
    [
        ("fire lizard", [0]),
        ("lizard fire", []),  # neither in this order, nor from one tag to the next
        ("on fire", [1]),  # not from one caption to the next
        ("Fire, fox!", [3]),  # signs between words say nothing
        ("lizard", [0, 1]),  # as written, not by its stem
        ("lizards", [3]),
        ("wing", [3]),
        ("WINGS", [0]),
        ("pokemon", [3]),
        ("pokémon", [3]),
        ("불꽃", [0, 1]),  # with a particle or without
        ("불꽃은", [0]),
        ("도마뱀이 빨강", [1]),
        ("용", []),  # a Korean word begins with what is asked for
        ("사", [4]),
        ("火山", [4]),  # Chinese and Japanese words have no spaces before them
        ("火", [4]),
        ("nowhere", []),
        ("fire nowhere", []),
        ("", []),
        ("?!", []),
        ("\x01", []),
    ],
)
def test_a_phrase_is_held_word_for_word(words: Words, phrase: str, rows: list[int]) -> None:
    assert words.holding(phrase).tolist() == rows


@given(
    st.lists(st.lists(st.sampled_from("abcd"), max_size=8), min_size=1, max_size=30),
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=3),
    st.sampled_from([0, 1, 10**6]),
)
def test_phrases_are_found_as_by_reading_every_text(
    texts: list[list[str]], phrase: list[str], cost: int
) -> None:
    """By looking into some items as well as by looking through all of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words_phrases, "COST_OF_A_PLACE", cost)
        items = [WordsRecord("", (" ".join(text),), ()) for text in texts]
        found = build(np.arange(len(items), dtype=np.int64), items).holding(" ".join(phrase))
    sought = f" {' '.join(phrase)} "
    assert found.tolist() == [r for r, text in enumerate(texts) if sought in f" {' '.join(text)} "]


def test_words_typed_as_one_are_found_side_by_side(words: Words) -> None:
    assert words.hits("fire_lizard", 9)[0].tolist() == [0]
    assert words.hits("lizard_fire", 9)[0].tolist() == []
    assert words.hits("fires_lizards", 9)[0].tolist() == [0]  # by their stems
    assert words.hits("大きな火山", 9)[0].tolist() == [4]
    assert words.hits("큰火", 9)[0].tolist() == []


def test_the_vocabulary_counts_the_items_that_hold_each_word(words: Words) -> None:
    held = dict(words.vocabulary)
    assert len(held) == len(words.vocabulary)
    assert list(held) == sorted(held)
    assert (held["fire"], held["lizard"], held["lizards"], held["불꽃은"]) == (3, 2, 1, 1)
    assert words.vocabulary.count("Pokémon") == 1
    assert words.vocabulary.count("wings and") == 0
    assert "LIZARDS" in words.vocabulary
    assert "lizar" not in words.vocabulary


def test_a_word_is_completed_by_what_most_items_hold(words: Words) -> None:
    assert words.vocabulary.beginning("Li", 9) == [("lizard", 2), ("lizards", 1)]
    assert words.vocabulary.beginning("l", 1) == [("lizard", 2)]
    assert words.vocabulary.beginning("불", 9) == [("불꽃", 1), ("불꽃은", 1)]
    assert words.vocabulary.beginning("zz", 9) == []


@pytest.mark.parametrize("items", [[], [WordsRecord("", (), ())] * 3])
def test_a_catalog_without_words_answers_nothing(items: list[WordsRecord]) -> None:
    words = build(np.arange(len(items), dtype=np.int64), items)
    assert words.hits("fire", 5)[0].tolist() == []
    assert words.coverage("fire 불꽃 불", words.ids).tolist() == [0.0] * len(items)
    assert words.matched("fire", words.ids) == [()] * len(items)
    assert words.unknown("fire 불꽃 불") == ("fire", "불꽃", "불")
    assert words.holding("fire").tolist() == words.holding("불꽃 fire").tolist() == []
    assert len(words.vocabulary) == 0


def test_a_text_as_long_as_a_book_is_indexed_whole() -> None:
    book = " ".join(f"word{n % 5000} fire" for n in range(100_000))
    words = build(
        np.arange(2, dtype=np.int64), [WordsRecord("", (book,), ()), WordsRecord("fire", (), ())]
    )
    assert words.hits("word4999", 5)[0].tolist() == [0]
    assert words.hits("fire", 5)[0].tolist() == [0, 1]
    assert words.holding("word4999 fire word0").tolist() == [0]


def test_marks_in_a_text_are_no_marks() -> None:
    """What stands between the parts of an item inside the index cannot come from outside."""
    odd = WordsRecord("a\x02b", ("c\x03d\x01e", "\x00"), ("f\x03", "\n"))
    words = build(np.arange(2, dtype=np.int64), [odd, WordsRecord("z", (), ())])
    assert [row.tolist() for row in (words.holding("a b"), words.holding("c d e"))] == [[0], [0]]
    assert words.hits("z", 5)[0].tolist() == [1]


def test_a_published_index_answers_from_its_files(tmp_path: Path) -> None:
    publish(tmp_path, rows=7, first=20)
    live = generations.open_current(tmp_path)
    assert live.words.hits("n23 squares", 2)[0].tolist() == [23, 20]
    assert live.words.holding("a square").tolist() == list(range(7))


def test_a_damaged_word_file_is_noticed(tmp_path: Path) -> None:
    folder = publish(tmp_path).folder
    for file in sorted(folder.glob("words.*.npy")):
        good = file.read_bytes()
        file.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        with pytest.raises(IndexStateError, match="damaged"):
            generations.open_current(tmp_path)
        file.write_bytes(good)
    (folder / "words.rows.npy").unlink()
    with pytest.raises(IndexStateError, match=r"words\.rows\.npy is missing"):
        generations.open_current(tmp_path)


@given(
    st.lists(st.text("abcde한글ㄱé1", min_size=1, max_size=7), min_size=1, max_size=20),
    st.text("abcde한글", min_size=1, max_size=7),
    st.integers(0, 2),
)
def test_no_word_within_so_many_wrong_letters_is_left_out(
    held: list[str], sought: str, wrong: int
) -> None:
    from rapidfuzz.distance import OSA

    words = build(np.arange(1, dtype=np.int64), [WordsRecord(" ".join(held), (), ())])
    alike = dict(words.vocabulary.alike(sought, wrong))
    for word, count in words.vocabulary:
        near = OSA.distance(letters(word), letters(sought)) <= wrong
        if near and not any(sign.isdigit() for sign in word):
            assert alike[word] == count
    assert not [word for word in alike if "1" in word]


def test_most_words_of_other_letters_are_left_out() -> None:
    rng = np.random.default_rng(0)
    held = {"".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 7)) for _ in range(2000)}
    words = build(np.arange(1, dtype=np.int64), [WordsRecord(" ".join(held), (), ())])
    assert len(list(words.vocabulary.alike("lizards", 2))) < 100


@given(st.lists(st.text(max_size=12), min_size=1, max_size=4))
def test_every_item_is_found_by_its_own_text_whatever_is_in_it(texts: list[str]) -> None:
    items = [WordsRecord(text, (text,), ()) for text in texts]
    words = build(np.arange(len(items), dtype=np.int64), items)
    for row, text in enumerate(texts):
        for typed in {part for part in text.split() if chunks(part)}:
            assert row in words.hits(typed, 9)[0]
            assert words.coverage(typed, words.ids)[row] == pytest.approx(1.0)
            assert words.matched(typed, words.ids[[row]])[0]
            assert row in words.holding(typed)
