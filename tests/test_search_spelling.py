"""A query is suggested in the catalog's own words."""

from __future__ import annotations

import numpy as np
import pytest

from db import words_build
from db.records import WordsRecord
from db.words import Words
from search.spelling import correction, suggestion


@pytest.fixture(scope="module")
def words() -> Words:
    captions = [
        "a fiery lizard",
        "a lizard of water",
        "the wizard",
        "빨간 도마뱀은 난다",
        "blizzard",
        "",
    ]
    items = [WordsRecord(f"Embermuki {n}", (text,), ("fire",)) for n, text in enumerate(captions)]
    return words_build.build(np.arange(1, len(items) + 1, dtype=np.int64), items)


@pytest.mark.parametrize(
    ("line", "doubted", "meant"),
    [
        ("a lizrad", ["lizrad"], "a lizard"),  # letters in the wrong order
        ("fire lizzard", ["lizzard"], "fire lizard"),  # as near to wizard, which fewer items hold
        ("embermoki", ["embermoki"], "embermuki"),
        ("2:Lizrad -wngs", ["lizrad", "wngs"], "2:lizard -wngs"),
        ("도마밤은", ["도마밤은"], "도마뱀은"),  # one letter of a syllable
        ("zorblax", ["zorblax"], ""),
        ("fir", ["fir"], ""),  # near a short word lies everything
        ("lizard", [], ""),
        ("", [], ""),
    ],
)
def test_the_nearest_spelling_that_the_catalog_has(
    words: Words, line: str, doubted: list[str], meant: str
) -> None:
    assert suggestion(line, doubted, words) == meant


@pytest.mark.parametrize(
    ("line", "doubted", "meant"),
    [
        ("a lizrad", ["lizrad"], "a lizard"),
        ("fire lizzard", ["lizzard"], "fire lizard"),  # the one of three that the model knows
        ("2:Lizrad -wngs", ["lizrad", "wngs"], "2:lizard -wngs"),
        ("embermoki", ["embermoki"], "embermuki"),  # a name, unknown to the model
        ("빨강", ["빨강"], "빨간"),
        ("izard", ["izard"], ""),  # another first letter: lizard and wizard are as near
        ("lisrad", ["lisrad"], ""),  # two letters of six
        ("watr", ["watr"], ""),  # near a short word lies everything
        ("zorblax", ["zorblax"], ""),
        ("zorblax lizrad", ["zorblax", "lizrad"], "zorblax lizard"),
        ("zorblax of lizrad xkqv", ["zorblax", "of", "lizrad", "xkqv"], ""),  # about something else
        ("lizard", [], ""),
    ],
)
def test_only_what_leaves_no_doubt_is_righted(
    words: Words, line: str, doubted: list[str], meant: str
) -> None:
    learnt = {"lizard", "fire", "빨간"}
    assert correction(line, doubted, words, learnt.__contains__) == meant


def test_a_short_word_is_righted_to_nothing_that_the_model_has_not_learnt(words: Words) -> None:
    assert correction("watrr", ["watrr"], words, lambda _: True) == "water"
    assert correction("watrr", ["watrr"], words, lambda _: False) == ""
