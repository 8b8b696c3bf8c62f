"""The lines of a file of queries, as requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands.search_queries import read_lines
from errors import QueryError
from search import Request

BASE = Request(top=3)


def only(line: str) -> Request | QueryError:
    [found] = read_lines([line.encode()], BASE)
    return found.request


def test_a_line_may_be_words_or_an_object_of_options() -> None:
    assert only("blue bird") == Request("blue bird", top=3)
    fields = {"query": "bird", "not": "wings", "tag": ["a", "b"], "min-score": 0.5, "top": 9}
    assert only(json.dumps(fields)) == Request(
        "bird", without=("wings",), tags=("a", "b"), min_score=0.5, top=9
    )


@pytest.mark.parametrize("given", ["photo.jpg", ["photo.jpg"]])
def test_a_line_may_name_pictures(given: object) -> None:
    assert only(json.dumps({"image": given})) == Request(images=(Path("photo.jpg"),), top=3)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"top": "many"}', "expected `int | null`, got `str` - at `$.top`"),
        ('{"image": 3}', "expected `array`, got `int` - at `$.images`"),
        ('{"quer": 1}', "`quer` is not known"),
        ('{"query": ', "input data was truncated"),
    ],
)
def test_what_is_wrong_with_a_line_is_named(line: str, why: str) -> None:
    found = only(line)
    assert isinstance(found, QueryError)
    assert found.what == "line 1 cannot be read"
    assert found.why == why
