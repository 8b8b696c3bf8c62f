"""`words` in a filter: items by the words that they hold, on both databases the same."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterator

import pytest
from sqlalchemy import text as sql

from db.filters import WORDS, Contains, Equal, Exists, Not
from db.home import Home
from db.migrations import STEPS, migrate
from db.records import CaptionRecord, ImageFacts, ItemRecord
from db.store import Store
from errors import QueryError
from search.where import parse
from search.where_fields import bind
from tests.filter_catalog import items
from tests.postgres_samples import ask, both, name_of

SAID = {
    "shoe": ("Red leather shoes, size 42", "빨간 가죽 구두를 신다"),
    "boot": ("a red boot — café-brown soles", ""),
    "hat": ("Ｂlue HATS of straße wool", "파란 모자"),
    "plain": ("a dragon's", "s"),
}
ASKED = {
    "red": "shoe boot", "reds": "shoe boot", "red shoe": "shoe", "shoe RED": "shoe", "re": "",
    "cafe": "boot", "café brown": "boot", "sole-red": "boot", "42": "shoe", "4": "",
    "blue hat": "hat", "STRASSE": "hat", "구두": "shoe", "구두를": "shoe", "빨간 구두": "shoe",
    "모자": "hat", "파란 구두": "", "kept": "shoe boot hat plain", "size wool": "",
    "dragon's": "plain", "s": "plain",
}  # fmt: skip


def item(key: str, captions: tuple[str, ...], name: str = "") -> ItemRecord:
    facts = ImageFacts(key, "0" * 16, 1, 1, 64, 48, "PNG", 0.5, 0.1)
    said = tuple(CaptionRecord(text, "en") for text in captions if text)
    return ItemRecord(key, f"/p/{key}.png", said, ("kept",), "train", facts, name)


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    with Store.open(home.path, create=True) as opened:
        opened.apply_import([item(key, said) for key, said in SAID.items()], [])
        yield opened


def found(store: Store, where: str) -> set[str]:
    [part] = bind(where, parse(where), store.field_kinds())
    ids = store.matching(part.condition).tolist()
    return {record.key for record in store.details(ids).values()}


@both
def test_items_are_found_by_all_words_of_a_text_in_any_form(store: Store) -> None:
    for text, keys in ASKED.items():
        assert found(store, f'words = "{text}"') == set(keys.split()), text
    assert found(store, "words in (shoe, hat)") == {"shoe", "hat"}
    assert found(store, "words ~ boots") == {"boot"}
    assert found(store, "words != red") == {"hat", "plain"}
    assert found(store, "words exists") == set(SAID)
    assert store.matching(Equal(WORDS, ("!?",))).tolist() == []


@both
def test_what_holds_no_word_and_what_has_no_order_is_pointed_at(store: Store) -> None:
    for where, what in (
        ("words = '!?'", "holds no word"),
        ("words ~ '…'", "holds no word"),
        ("words < a", "has no order"),
    ):
        with pytest.raises(QueryError, match=re.escape(what)):
            bind(where, parse(where), store.field_kinds())


@both
def test_a_changed_item_is_found_by_its_new_words_alone(store: Store) -> None:
    store.apply_changes([item("shoe", ("green sandals",), name="Lucky"), item("new", ("red",))], [])
    assert found(store, "words = red") == {"boot", "new"}
    assert found(store, "words = 'sandal lucky'") == {"shoe"}
    store.apply_changes([], ["boot"])
    assert found(store, "words = red") == {"new"}


@both
def test_a_text_of_megabytes_and_an_endless_word_are_kept(store: Store) -> None:
    many = " ".join(f"word{number}" for number in range(200_000))
    store.apply_changes([item("long", ("x" * 300_000, "구" * 5000, many))], [])
    assert found(store, f"words = '{'x' * 400}'") == {"long"}
    assert found(store, "words = word7") == {"long"}


@both
def test_the_words_of_a_catalog_are_found_as_comparing_each_item_finds_them(home: Home) -> None:
    rows, dice = items(160, seed=4), random.Random(5)
    said = [
        "red fox",
        "FOXES",
        "blue",
        "여우",
        "붉은",
        "고래 blue",
        "cat",
        "파랑 fox",
        "50",
        "o neil",
    ]
    with Store.open(home.path, create=True) as store:
        store.apply_import(rows, [])
        for _ in range(40):
            text = " ".join(dice.sample(said, dice.randint(1, 2)))
            expected = {row.key for row in rows if _holds(row, text)}
            assert found(store, f"words = '{text}'") == expected, text


def _holds(row: ItemRecord, text: str) -> bool:
    """By hand, for the few words above: the plural is the one form that differs."""
    own = " ".join((row.name, *(caption.text for caption in row.captions), *row.tags))
    own = unicodedata.normalize("NFKC", own).casefold().replace("_", " ")
    words = set(re.findall(r"[^\W_]+", own))
    return all(word.replace("foxes", "fox") in words for word in text.casefold().split())


@both
def test_an_older_database_gets_the_words_of_its_items(home: Home, store: Store) -> None:
    engine = store._engine
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sql("DROP INDEX IF EXISTS ix_items_words"))
        connection.execute(sql("ALTER TABLE items DROP COLUMN terms"))
        connection.execute(sql("UPDATE schema_version SET version = 7"))
    assert migrate(engine, "the catalog") == len(STEPS) - 7
    assert found(store, "words = '빨간 구두'") == {"shoe"}
    assert store.matching(Not(Exists(WORDS))).tolist() == []


@pytest.mark.parametrize("home", ["postgres"], indirect=True)
def test_postgresql_finds_them_by_the_index_of_its_full_text_search(home: Home) -> None:
    with Store.open(home.path, create=True) as store:
        store.apply_import(items(3000, seed=6), [])  # so many that the index is made at once
        ids = store.matching(Contains(WORDS, "붉은 여우")).tolist()
    vector = "array_to_tsvector(string_to_array(btrim(terms), ' '))"
    query = f"EXPLAIN SELECT id FROM items WHERE {vector} @@ CAST('''rare''' AS tsquery)"
    assert "ix_items_words" in str(ask(name_of(home), query))
    assert 500 < len(ids) < 3000
