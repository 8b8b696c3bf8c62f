"""Parts of texts by pg_trgm's indexes: they find what reading all values finds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from db.filters import BUILTIN, Condition, Contains, Every, Field
from db.home import Home
from db.store import ANALYZED, Store
from search.where import parse
from search.where_fields import bind
from tests.filter_catalog import items
from tests.filter_samples import Draw
from tests.postgres_samples import ask, home_of, name_of, server_with_trigrams, settle

_numbers = count()
PARTS = "SELECT count(*) FROM pg_class WHERE relname ~ '^ix_.*_parts$'"


@pytest.fixture
def server() -> str:
    found = server_with_trigrams()
    if found is None:
        pytest.skip("no PostgreSQL with pg_trgm is installed here")
    return found


@contextmanager
def database(server: str, locale: str) -> Iterator[str]:
    """Its address; plans that read all values are taken only where there is no other."""
    name, parts = f"parts_{next(_numbers)}", urlsplit(server)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0 "
            f"LC_COLLATE '{locale}' LC_CTYPE '{locale}'".encode()
        )
        try:
            query = f"{parts.query}&options=-cenable_seqscan%3Doff"
            yield urlunsplit(("postgresql+psycopg", parts.netloc, f"/{name}", query, ""))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def told(url: str, *statements: str) -> list[tuple[object, ...]]:
    """What the last one says."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for statement in statements:
            found = connection.execute(statement.encode())
        return found.fetchall() if found.description else []


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_parts_are_found_by_an_index_as_sqlite_finds_them(
    server: str, tmp_path: Path, locale: str
) -> None:
    """The locale C knows no letters but those of ASCII, so its trigrams hold no others."""
    here, rows, draw = Home(tmp_path / "sqlite"), items(160, seed=2), Draw(11)
    with database(server, locale) as url, Store.open(here.path, create=True) as mine:
        home = settle(Home(tmp_path / "home"), url)
        with Store.open(home.path, create=True) as there:
            there.apply_import(rows, [])
            mine.apply_import(rows, [])
            assert told(url, PARTS) == [(0,)]
        with Store.open(home.path) as there:
            assert told(url, PARTS) == [(3,)]
            there.apply_import(items(170, seed=3)[150:], [])  # some come later
            mine.apply_import(items(170, seed=3)[150:], [])
            conditions: list[Condition] = [
                Contains(field, text)
                for field in (BUILTIN["caption"], BUILTIN["name"], Field("title", "text"))
                for text in (
                    "fox",
                    "붉은 여우",
                    "여우",
                    "고래",
                    "a",
                    "100%",
                    "_b",
                    "FOX",
                    "é",
                    "\\",
                )
            ]
            kinds = mine.field_kinds()
            for _ in range(300):
                text = draw.filter().text
                parts = bind(text, parse(text), kinds)
                conditions.append(Every(tuple(part.condition for part in parts)))
            found = 0
            for condition in conditions:
                ids = mine.matching(condition).tolist()
                assert there.matching(condition).tolist() == ids, condition
                found += len(ids)
            assert found > 1000
        plan = "EXPLAIN SELECT id FROM {} WHERE {} LIKE '%' || 'fox' || '%' ESCAPE '/'"
        for table, compared in (
            ("captions", "pairdex_fold(text)"),
            ("items", "pairdex_fold(name)"),
            ("attributes", "folded"),
        ):
            said = str(told(url, plan.format(table, compared)))
            assert f"ix_{table}_" in said, said
            assert "_parts" in said


def test_a_database_of_before_gets_them_when_its_owner_opens_it(
    server: str, tmp_path: Path
) -> None:
    with database(server, "C.UTF-8") as url:
        home = settle(Home(tmp_path / "home"), url)
        with Store.open(home.path, create=True) as store:
            store.apply_import(items(ANALYZED, seed=1), [])
        assert told(url, PARTS) == [(3,)]
        told(url, "DROP EXTENSION pg_trgm CASCADE")
        assert told(url, PARTS) == [(0,)]
        Store.open(home.path).close()
        assert told(url, PARTS) == [(3,)]


def test_an_owner_who_may_not_create_the_extension_does_without(
    server: str, tmp_path: Path
) -> None:
    with database(server, "C.UTF-8") as url:
        told(url, "CREATE ROLE parts_owner LOGIN", "CREATE SCHEMA AUTHORIZATION parts_owner")
        parts = urlsplit(url)
        mine = urlunsplit(parts._replace(netloc=f"parts_owner@{parts.netloc.rpartition('@')[2]}"))
        home = settle(Home(tmp_path / "home"), mine)
        try:
            with Store.open(home.path, create=True) as store:
                store.apply_import(items(10, seed=1), [])
            with Store.open(home.path) as store:
                assert store.count_items() == 10
                store.matching(Contains(BUILTIN["caption"], "fox"))
            assert told(url, PARTS) == [(0,)]
        finally:
            told(url, "DROP OWNED BY parts_owner CASCADE", "DROP ROLE parts_owner")


def test_a_database_of_before_folds_as_quickly_as_a_new_one(tmp_path: Path) -> None:
    strict = "SELECT proisstrict FROM pg_proc WHERE proname = 'pairdex_fold'"
    with home_of("postgres", tmp_path) as home:
        Store.open(home.path, create=True).close()
        name = name_of(home)
        ask(name, "ALTER FUNCTION pairdex_fold(text) STRICT")
        assert ask(name, strict) == [(True,)]
        Store.open(home.path).close()
        assert ask(name, strict) == [(False,)]
