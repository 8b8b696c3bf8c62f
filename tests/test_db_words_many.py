"""Words that very many items hold: they rank, but finding does not wait for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

from db import sqlite

ITEMS = 600


@pytest.fixture
def words() -> Iterator[Connection]:
    """All items are birds, every tenth is blue, every fifty-first a heron; one is a rare roc."""
    with create_engine("sqlite://").connect() as connection:
        sqlite.create_words(connection)
        rows = []
        for item in range(1, ITEMS + 1):
            held = ["bird"] * (item % 3 > 0)
            held += ["blue"] * (item % 10 == 0) + ["heron"] * (item % 51 == 0)
            held += ["roc"] * (item == 77)
            rows.append((item, f"n{item}", " ".join(held), ""))
        sqlite.write_words(connection, rows)
        yield connection


def found(words: Connection, query: str, limit: int, ranked: int) -> list[int]:
    return [item for item, _ in sqlite.find_words(words, query, limit, ranked)]


def test_items_with_a_rarer_word_are_found_and_common_words_rank_them(words: Connection) -> None:
    everything = found(words, "bird blue heron", 5, ranked=10**9)
    assert found(words, "bird blue heron", 5, ranked=100) == everything


def test_a_common_word_alone_finds_what_holds_it(words: Connection) -> None:
    assert len(found(words, "bird", 50, ranked=10)) == 50
    assert len(found(words, "bird nothinglikeit", 50, ranked=10)) == 50


def test_common_words_fill_up_where_the_rare_ones_find_too_few(words: Connection) -> None:
    items = found(words, "roc bird", 50, ranked=10)
    assert items[0] == 77
    assert len(items) == 50


def test_items_with_none_of_the_rarer_words_are_left_out(words: Connection) -> None:
    assert all(item % 10 == 0 for item in found(words, "blue bird", 40, ranked=100))
    assert any(item % 10 for item in found(words, "blue bird", 100, ranked=10**9))
