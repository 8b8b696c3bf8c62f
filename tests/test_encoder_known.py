"""Words that a model has met in training are told from those that it has not."""

from __future__ import annotations

from pathlib import Path

import pytest

from encoder.known import KnownWords


@pytest.fixture
def known() -> KnownWords:
    return KnownWords.of(
        [
            ["A burning lizard, called Embermuki.", "불타는 도마뱀", "fire"],
            ["Two lizards burn.", "도마뱀이 탄다", "fire"],
        ]
    )


def test_forms_of_a_learnt_word_are_known(known: KnownWords) -> None:
    assert known.unknown("Lizard LIZARDS burned burning FIRE ｆｉｒｅ 2") == []


def test_what_one_item_alone_says_is_not_learnt(known: KnownWords) -> None:
    assert known.unknown("a lizard called Embermuki") == ["a", "called", "embermuki"]


def test_korean_words_are_known_with_any_particle(known: KnownWords) -> None:
    assert known.unknown("도마뱀을 컴퓨터") == ["컴퓨터"]


def test_each_unknown_word_is_told_once(known: KnownWords) -> None:
    assert known.unknown("zorblax Zorblax fire-zorblax") == ["zorblax"]


def test_words_come_back_from_their_file(known: KnownWords, tmp_path: Path) -> None:
    known.write(tmp_path / "words.txt")
    again = KnownWords.read(tmp_path / "words.txt")
    assert len(again) == len(known) > 0
    assert again.unknown("lizard zorblax") == ["zorblax"]


def test_a_model_without_recorded_words_calls_none_unknown(tmp_path: Path) -> None:
    assert KnownWords.read(tmp_path / "words.txt").unknown("anything at all") == []
