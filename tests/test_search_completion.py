"""What is being typed is completed from what the catalog holds."""

from __future__ import annotations

import pytest

from db import generations
from db.home import Home
from db.store import Store
from search.completion import CatalogWords


@pytest.fixture(scope="module")
def words(built: Home) -> CatalogWords:
    vocabulary = generations.open_current(built.generations).words.vocabulary
    return CatalogWords(Store.open(built.path), vocabulary)


def told(words: CatalogWords, text: str, most: int = 10) -> list[tuple[str, str]]:
    found = words.query(text, most)
    assert all(one.end == len(text) for one in found)
    return [(text[: one.start] + one.text, one.kind) for one in found]


def test_the_last_word_becomes_a_tag_or_a_word_each_once(words: CatalogWords) -> None:
    assert told(words, "a big squ") == [("a big square", "tag")]
    assert ("a sq7", "word") in told(words, "a sq", 20)
    assert told(words, "a -gre") == [("a -green", "tag")]
    assert told(words, "빨") == [("빨강", "word")]
    assert told(words, "nothing that is there") == []


def test_tags_come_first_and_say_how_many_have_them(words: CatalogWords) -> None:
    first = words.query("s", 1)[0]
    assert (first.text, first.kind, first.items) == ("square", "tag", 12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ed", "edge"),
        ("edge > 2 and sh", "edge > 2 and shelf"),
        ("shelf = l", "shelf = left"),
        ("tag in (red, gr", "tag in (red, green"),
        ("split=tr", "split=train"),
        ("edge > 2 o", "edge > 2 or"),
    ],
)
def test_a_filter_becomes_fields_values_and_operators(
    words: CatalogWords, text: str, expected: str
) -> None:
    found = words.where(text, 10)
    assert expected in [text[: one.start] + one.text for one in found]


def test_no_more_than_are_asked_for(words: CatalogWords) -> None:
    assert len(words.where("", 3)) == 3
    assert len(words.query("s", 2)) == 2
