"""Words that a search does not take in their sense are told, with how it is written."""

from __future__ import annotations

import pytest

from search.hints import hint
from search.query import parse


@pytest.mark.parametrize(
    ("line", "word", "unwanted"),
    [
        ("fish not blue", "not", "blue"),
        ("a bird without any wings", "without", "wings"),
        ("a cat not in a city", "not", "city"),
        ("Not a blue fish", "Not", "blue"),
        ("날개 없는 새", "없는", "날개"),
        ("빨강 말고 파랑", "말고", "빨강"),
    ],
)
def test_a_negation_in_words_is_told(line: str, word: str, unwanted: str) -> None:
    said = hint(parse(line))
    assert (
        said
        == f"'{word}' is read as any other word; -{unwanted} leaves out what shows '{unwanted}'"
    )


@pytest.mark.parametrize(
    "line",
    ["fish -blue", "a knot", "nothing blue", '"not blue"', "fish not", "없는 새", "", "-not -blue"],
)
def test_nothing_is_said_where_nothing_is_negated(line: str) -> None:
    assert hint(parse(line)) == ""
