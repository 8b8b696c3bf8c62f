"""A query is suggested in the catalog's own words."""

from __future__ import annotations

import numpy as np
import pytest

from db import words_build
from db.records import WordsRecord
from db.words import Words
from search.spelling import suggestion


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
