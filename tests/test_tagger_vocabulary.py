"""A vocabulary file: what it does to tags, and how its mistakes are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from errors import SettingsError
from tagger.vocabulary import Vocabulary
from tagger.vocabulary_file import read_vocabulary

TAGS = ("small", "large", "lizard", "snake", "reptile", "plain")
WHOLE = """
hidden = ["plain"]
exclusive = [["small", "large"], ["animal", "plant"]]

[parents]
lizard = "reptile"
snake = ["reptile"]
reptile = ["animal"]
small = "plant"

[names.ko]
lizard = "도마뱀"
animal = "동물"
"""


def read(folder: Path, text: str, language: str = "ko") -> Vocabulary:
    file = folder / "words.toml"
    file.write_text(text, encoding="utf-8")
    return read_vocabulary(file, language, TAGS)


def given(words: Vocabulary, top: int = 10, **chances: float) -> dict[str, float]:
    scores = np.asarray([chances.get(tag, 0.0) for tag in TAGS], np.float32)
    found = words.given(TAGS, scores, np.full(len(TAGS), 0.5, np.float32), top)
    return {one.tag: round(one.score, 3) for one in found}


def test_without_a_file_nothing_changes() -> None:
    assert given(Vocabulary(), small=0.6, large=0.7, plain=0.4) == {"large": 0.7, "small": 0.6}


def test_a_parent_is_given_with_its_child_and_at_least_as_probable(tmp_path: Path) -> None:
    words = read(tmp_path, WHOLE, "en")
    assert given(words, lizard=0.8, reptile=0.3) == {"lizard": 0.8, "reptile": 0.8, "animal": 0.8}
    assert given(words, reptile=0.9, lizard=0.6) == {"reptile": 0.9, "animal": 0.9, "lizard": 0.6}
    assert given(words, lizard=0.4, snake=0.4) == {}  # no child is given, so no parent is


def test_of_an_exclusive_group_the_most_probable_is_given(tmp_path: Path) -> None:
    words = read(tmp_path, WHOLE)
    assert given(words, large=0.7, small=0.6) == {"large": 0.7}
    # animal and plant are given by their children alone.
    assert set(given(words, snake=0.9, small=0.6)) == {"snake", "reptile", "동물", "small"}


def test_an_alias_counts_for_its_tag_and_is_never_given(tmp_path: Path) -> None:
    words = read(tmp_path, '[aliases]\nsnake = "lizard"\n[parents]\nlizard = "reptile"', "en")
    assert given(words, snake=0.9) == {"lizard": 0.9, "reptile": 0.9}
    assert given(words, snake=0.6, lizard=0.7) == {"lizard": 0.7, "reptile": 0.7}
    assert given(words, snake=0.4, lizard=0.4) == {}
    # Each reaches its own least probability.
    least = np.asarray([0.9 if tag == "lizard" else 0.5 for tag in TAGS], np.float32)
    chances = np.asarray([0.6 if tag in ("snake", "lizard") else 0.0 for tag in TAGS], np.float32)
    assert [one.key for one in words.given(TAGS, chances, least, 9)] == ["lizard", "reptile"]


def test_hidden_tags_are_not_shown_and_take_no_place(tmp_path: Path) -> None:
    words = read(tmp_path, WHOLE)
    assert list(given(words, top=1, plain=0.9, large=0.8)) == ["large"]


def test_names_are_those_of_the_language_and_the_key_is_the_catalogs(tmp_path: Path) -> None:
    words = read(tmp_path, WHOLE)
    found = words.given(TAGS, np.eye(6, dtype=np.float32)[2], np.full(6, 0.5, np.float32), 9)
    assert [(one.tag, one.key) for one in found] == [
        ("도마뱀", "lizard"),
        ("reptile", "reptile"),
        ("동물", "animal"),
    ]
    assert "lizard" in given(read(tmp_path, WHOLE, "en"), lizard=0.9)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('hidden = ["plain"]\nhiden = []', 2, "'hiden' is unknown"),
        ('# plian\nhidden = [\n  "small",\n  "plian",\n]', 4, "did you mean 'plain'?"),
        ('exclusive = [\n  ["small", "huge"],\n]', 2, "no tag is called 'huge'"),
        ('exclusive = [\n  ["small", "large"],\n  ["snake"],\n]', 3, "needs 2 tags"),
        ("hidden = [1]", 1, "in quotes"),
        ('exclusive = "small"', 1, "no list"),
        ('[parents]\nsnake = "reptile"\nlizard = 3', 3, "in quotes"),
        ('[parents]\nsnake = "reptile"\nreptile = "animal"\nanimal = "snake"', 2, "above itself"),
        ('[parents]\nwyrm = "snake"', 2, "no tag is called 'wyrm'"),
        ('[names.en]\nsnake = "S"\n[names.ko]\nsnake = ""', 4, "no text"),
        ('[names]\nko = "뱀"', 2, "no section"),
        ('[names.ko]\n"snake" = "뱀"\n"serpent" = "뱀"', 3, "'serpent'"),
        ('[aliases]\nsnake = ["lizard"]', 2, "one tag"),
        ('[aliases]\nserpent = "snake"', 2, "no tag is called 'serpent'"),
        ('[aliases]\nsnake = "lizzard"', 2, "did you mean 'lizard'?"),
        ('[aliases]\nsnake = "lizard"\nlizard = "plain"', 2, "'lizard' is never given"),
        ('hidden = ["snake"]\n[aliases]\nsnake = "lizard"', 1, "name 'lizard' there"),
        ("hidden = [\n\n", 2, "not valid TOML"),
        ("parents = {}\n[parents]\n", 2, "not valid TOML"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(SettingsError) as told:
        read(tmp_path, text)
    assert f"words.toml, line {line}: " in str(told.value)
    assert says in str(told.value)


def test_a_file_that_is_no_text_or_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "words.toml"
    file.write_bytes(b"hidden = []\n# \xff\n")
    with pytest.raises(SettingsError, match="line 2: it is not UTF-8"):
        read_vocabulary(file, "ko", TAGS)
    with pytest.raises(SettingsError, match="cannot be read: no such file"):
        read_vocabulary(tmp_path / "none.toml", "ko", TAGS)
    with pytest.raises(SettingsError, match="is a directory"):
        read_vocabulary(tmp_path, "ko", TAGS)
