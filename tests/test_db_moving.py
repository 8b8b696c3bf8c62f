"""A home moved into PostgreSQL and back: every row, id and generation, and the same answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from db.databases import database_of, generations_of
from db.home import Home
from db.judgements import Judgement
from db.moving import Rows, move_rows
from db.moving_embeddings import cache_at, move_embeddings
from db.moving_files import move_files
from db.moving_generations import move_generations
from db.pgvector import PostgresGenerations
from db.published import FolderGenerations
from db.queue import Queue
from db.store import Store
from errors import HomeError, IndexStateError
from evaluation.sameness import queries_of, same_answers
from indexer.job import build_index
from indexer.run import IMAGE, TEXT
from indexer.verify import check
from search import Searcher
from settings import Settings, load_settings
from tests.conftest import squares
from tests.fakes import FakeEncoder
from tests.generation_samples import nothing, publish
from tests.postgres_samples import address, ask, database

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with an index, a removed item, judgements, a saved search and an accepted change."""
    folder = tmp_path_factory.mktemp("moving")
    home = Home(folder / "home")
    with squares(home, folder / "pictures") as store:
        settings = load_settings(environment={})
        build_index(home, store, FakeEncoder(), settings)
        store.apply_changes([], ["11"])
        build_index(home, store, FakeEncoder(), settings)
        store.judgements.add([Judgement(item="3", query="red", good=True, request={}, asked="x")])
        store.saved.put("빨강", {"text": "red", "top": 3})
    with Queue(home) as queue:
        queue.add("remove", "7")
    return home


@pytest.fixture
def name() -> Iterator[str]:
    with database() as name:
        yield name


def into(name: str, home: Home) -> Rows:
    return Rows(home, msgspec.structs.replace(database_of(home.path), url=address(name)))


def test_a_home_moves_into_a_database_and_back_whole(
    full: Home, name: str, tmp_path: Path, settings: Settings
) -> None:
    here, there = Rows(full, database_of(full.path)), into(name, full)
    back = Rows(Home(tmp_path / "back"), here.settings)
    server = PostgresGenerations(there.settings, full)
    folder = FolderGenerations(back.home.generations, back.home.stamps)
    tables = move_rows(here, there)
    assert {one.table: one.rows for one in tables}["items"] == 11
    assert {one.table: one.rows for one in tables}["entries"] == 1
    assert [one.digest for one in move_rows(there, back)] == [one.digest for one in tables]

    def sound(made: object) -> None:
        check(made, made.manifest.items, made.manifest.captions, 64)  # type: ignore[attr-defined, arg-type]

    for source, target in ((generations_of(full), server), (server, folder)):
        moved = move_generations(source, target, 0.98, sound)
        assert [one.name for one in moved] == ["000001", "000002"]
        assert target.current_name() == "000002"
        again = move_generations(source, target, 0.98, sound)
        assert all(one.already for one in again)

    encoder = FakeEncoder()
    with Store.open(full.path) as one, there.store() as two, Store.open(back.home.path) as three:
        searchers = [
            Searcher(store, kept.open_current(), encoder, settings.search)
            for store, kept in ((one, generations_of(full)), (two, server), (three, folder))
        ]
        queries = [*queries_of(one), "red", "a green square", "파랑 네모"]
        for other in searchers[1:]:
            found = same_answers(searchers[0], other, queries)
            assert (found.equal, found.shared) == (found.queries, 1.0)
        assert queries_of(two) == queries_of(one)
        # An id that was ever given is not given again.
        assert two.saved.get("빨강") is not None
        numbers = [store.ids_of(["10"])["10"] for store in (one, two, three)]
        assert len(set(numbers)) == 1


@pytest.mark.parametrize("direction", ["into", "back"])
def test_ids_go_on_where_they_were(full: Home, name: str, tmp_path: Path, direction: str) -> None:
    """Also past an item that is gone: its number may be in an old generation."""
    from tests.fakes import draw, record

    target = into(name, full)
    move_rows(Rows(full, database_of(full.path)), target)
    if direction == "back":
        source, target = target, Rows(Home(tmp_path / "back"), database_of(full.path))
        move_rows(source, target)
    with target.store() as store:
        store.apply_changes([record(draw(tmp_path, "new", "red"), "red")])
        assert store.ids_of(["new"])["new"] == 13  # twelve were given, one of them is gone


def test_other_rows_are_replaced_only_when_told(full: Home, name: str) -> None:
    here, there = Rows(full, database_of(full.path)), into(name, full)
    move_rows(here, there)
    assert all(one.already for one in move_rows(here, there))
    ask(name, "UPDATE items SET name = 'another' WHERE key = '3'")
    with pytest.raises(HomeError, match=r"holds other rows: .*11 items") as caught:
        move_rows(here, there)
    assert "--replace" in caught.value.remedy
    assert not any(one.already for one in move_rows(here, there, replace=True) if one.rows > 1)
    assert ask(name, "SELECT name FROM items WHERE key = '3'") == [("Sq3",)]


def test_a_move_that_is_killed_leaves_nothing_half_done(full: Home, name: str) -> None:
    """In the midst of copying: there are all rows of a part or none, and it can be run again."""
    here, there = Rows(full, database_of(full.path)), into(name, full)

    class Killed(BaseException):
        pass

    def kill(stage: str, done: int, total: int, note: str = "") -> None:
        if stage == "copy captions":
            raise Killed

    with pytest.raises(Killed):
        move_rows(here, there, progress=kill)
    assert ask(name, "SELECT count(*) FROM items") == [(0,)]
    assert not any(one.already for one in move_rows(here, there) if one.table == "items")


def test_another_generation_of_the_same_name_is_not_overwritten(tmp_path: Path) -> None:
    one, other = (FolderGenerations(tmp_path / each / "g") for each in "ab")
    publish(one.root, rows=5)
    publish(one.root, rows=6)
    publish(other.root, rows=7)
    publish(other.root, rows=8)
    with pytest.raises(HomeError, match="another generation 000001"):
        move_generations(one, other, 0.98, nothing)
    moved = move_generations(one, other, 0.98, nothing, replace=True)
    assert [each.already for each in moved] == [False, False]
    assert other.manifest("000001").items == 5


def test_what_arrives_damaged_is_told(full: Home, name: str) -> None:
    server = PostgresGenerations(into(name, full).settings, full)
    move_generations(generations_of(full), server, 0.98, nothing)
    ask(name, "UPDATE vectors_000001_images SET half = set_byte(half, 1, 9) WHERE place = 3")
    with pytest.raises(IndexStateError, match="damaged"):
        move_generations(generations_of(full), server, 0.98, nothing)


def test_embeddings_come_over_once(full: Home, name: str, tmp_path: Path) -> None:
    settings = into(name, full).settings
    with (
        cache_at(full, database_of(full.path), "fake") as one,
        cache_at(full, settings, "fake") as two,
        cache_at(Home(tmp_path), database_of(full.path), "fake") as three,
    ):
        count = len(one.known(IMAGE)) + len(one.known(TEXT))
        assert count > 12
        assert move_embeddings(one, two, (IMAGE, TEXT)) == count
        assert move_embeddings(one, two, (IMAGE, TEXT)) == 0
        assert move_embeddings(two, three, (IMAGE, TEXT)) == count
        contents = np.sort(one.known(TEXT))
        [rows], [others] = (list(cache.get(TEXT, contents)) for cache in (one, three))
        assert np.array_equal(rows, others)


def test_a_new_home_gets_the_model_and_its_own_place(tmp_path: Path) -> None:
    home = Home(tmp_path / "old")
    home.artifact.mkdir(parents=True)
    (home.artifact / "artifact.json").write_text("{}", encoding="utf-8")
    (home.path / "pairdex.db").write_text("rows", encoding="utf-8")
    (home.path / "config.toml").write_text(
        '[db]\nurl = "postgresql://x/y"\n[search]\ntop = 5\n[vectors]\nbackend = "pgvector"\n',
        encoding="utf-8",
    )
    move_files(home, Home(tmp_path / "new"))
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["artifact", "config.toml"]
    assert load_settings(tmp_path / "new", {}).search.top == 5
    assert load_settings(tmp_path / "new", {}).db.url == ""


def test_the_command_moves_rows_and_says_how_to_switch(
    full: Home, name: str, tmp_path: Path
) -> None:
    """A home without an index: its rows are all there is."""
    home = tmp_path / "home"
    shutil.copytree(full.path, home, ignore=shutil.ignore_patterns("generations"))
    command = [sys.executable, str(ROOT / "cli.py"), "--home", str(home), "move", "--to"]
    environment = {**os.environ, "PAIRDEX_HOME": ""}
    done = subprocess.run(
        [*command, address(name), "--json"], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    body = json.loads(done.stdout)
    shown = address(name).replace("postgres:@", "postgres@")  # no password is told
    assert body["settings"] == {"db": {"url": shown}, "vectors": {"backend": "pgvector"}}
    assert {one["table"]: one["rows"] for one in body["tables"]}["judgements"] == 1
    done = subprocess.run([*command, "mysql://there"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: --to mysql://…: only PostgreSQL and folders are known")
