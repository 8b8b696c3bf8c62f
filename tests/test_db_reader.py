"""What every search reads, by each database's own driver and by SQLAlchemy: the same rows."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.databases import open_reader
from db.home import Home
from db.reader import SCHEMA, Reader
from db.sqlite_reading import SqliteReader
from db.store import Store
from db.tables import Item
from errors import HomeError
from tests.fakes import draw, record
from tests.postgres_samples import both

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def reader(home: Home, store: Store) -> Iterator[Reader]:
    reader = open_reader(home.path)
    yield reader
    reader.close()


@both
def test_both_drivers_read_the_same(store: Store, reader: Reader, tmp_path: Path) -> None:
    odd = dataclasses.replace(
        record(draw(tmp_path, "odd", "red"), "red"),
        key='o\'dd "키" :k0 %s',
        attributes={"a:b": "it's", "n": 0.0, "seen": ["z", "a", "z"]},
        kinds={"a:b": "text", "n": "number", "seen": "list"},
        captions=(),
        tags=(),
    )
    store.apply_import([odd], [])
    ids = store.item_ids()
    assert reader.item_ids() == ids
    assert len(ids) == 13
    asked = [*reversed(ids), 999]
    assert reader.details(asked) == store.details(asked)
    assert list(reader.details(asked)) == asked[:-1]
    keys = ["3", odd.key, "no such"]
    assert reader.ids_of(keys) == store.ids_of(keys) == {"3": 4, odd.key: 13}
    assert reader.ids_of([]) == {}
    assert reader.details([]) == {}
    assert reader.details([13])[13] == dataclasses.replace(odd, id=13)


@both
def test_what_is_read_is_what_the_models_of_the_tables_say(store: Store, reader: Reader) -> None:
    with Session(store._engine) as session:
        for row in session.scalars(select(Item)):
            item = reader.details([row.id])[row.id]
            assert (item.key, item.name, item.image, item.split) == (
                *(row.key, row.name, row.image, row.split),
            )
            assert [(c.text, c.language, c.id) for c in item.captions] == [
                (c.text, c.language, c.id) for c in row.captions
            ]
            assert item.tags == tuple(tag.name for tag in row.tags)
            assert {name: str(value) for name, value in item.attributes.items()} == {
                "edge": "2.5", "shelf": "left", "seen": "['x', 'y']"
            }  # fmt: skip
            facts = dataclasses.asdict(item.facts)
            assert facts == {name: getattr(row, name) for name in facts}


@both
def test_changes_and_removals_are_seen_by_a_reader_that_is_open(
    store: Store, reader: Reader, tmp_path: Path
) -> None:
    before = reader.revision(), reader.removals()
    store.apply_import([record(draw(tmp_path, "new", "blue"), "blue")], [])
    changed = reader.revision(), reader.removals()
    store.apply_import([record(draw(tmp_path, "new", "blue"), "blue")], [], prune=True)
    removed = reader.revision(), reader.removals()
    assert before[0] < changed[0] < removed[0]
    assert before[1] == changed[1] < removed[1]
    assert removed == (store.revision(), store.removals())
    assert reader.item_ids() == [13]


@both
def test_more_ids_than_a_statement_takes_are_read(reader: Reader) -> None:
    ids = list(range(1, 3000))
    assert list(reader.details(ids)) == list(range(1, 13))
    assert len(reader.ids_of([str(number) for number in range(3000)])) == 12


@both
def test_threads_share_a_reader(reader: Reader) -> None:
    alone = reader.details([1, 5])
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: reader.details([1, 5]), range(200))) == [alone] * 200


def test_a_closed_reader_leaves_no_side_files(home: Home, store: Store) -> None:
    store.close()
    reader = SqliteReader.open(home.path)
    assert reader.item_ids()
    assert reader.whole().count_items() == 12
    reader.close()
    assert [file.name for file in home.path.glob("pairdex.db*")] == ["pairdex.db"]


@both
def test_it_cannot_write(reader: Reader) -> None:
    with (
        pytest.raises(HomeError, match=r"cannot be written|is read-only"),
        reader._reading() as rows,
    ):
        rows("DELETE FROM items", {})


def test_an_older_catalog_is_brought_to_todays_form_first(home: Home, store: Store) -> None:
    store.close()
    with sqlite3.connect(home.database) as old:
        old.execute("DELETE FROM schema_version")
        old.execute("INSERT INTO schema_version VALUES (?, '2026-01-01')", (SCHEMA - 1,))
        old.execute("ALTER TABLE items DROP COLUMN terms")
    old.close()
    reader = SqliteReader.open(home.path)
    assert reader.item_ids()
    with sqlite3.connect(home.database) as now:
        assert now.execute("SELECT count(*) FROM items WHERE terms = ''").fetchone() == (0,)
        assert now.execute("SELECT max(version) FROM schema_version").fetchone() == (SCHEMA,)
    now.close()


def test_a_catalog_of_a_newer_program_is_refused(home: Home, store: Store) -> None:
    store.close()
    with sqlite3.connect(home.database) as newer:
        newer.execute("INSERT INTO schema_version VALUES (?, '2036-01-01')", (SCHEMA + 1,))
    newer.close()
    with pytest.raises(HomeError, match="newer Pairdex"):
        SqliteReader.open(home.path)


def test_what_is_no_catalog_is_named(home: Home, tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="no catalog at"):
        SqliteReader.open(home.path)
    home.create()
    home.database.write_bytes(b"no database, but long enough to have a header " * 40)
    with pytest.raises(HomeError, match="is damaged: file is not a database"):
        SqliteReader.open(home.path)


def test_a_search_that_filters_nothing_never_loads_sqlalchemy() -> None:
    code = "import sys, search, tagger; sys.exit('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_home_on_a_disk_that_cannot_be_written_is_read(home: Home, store: Store) -> None:
    store.close()
    unshare, mount = shutil.which("unshare"), shutil.which("mount")
    place = home.path
    bind = f"{mount} --bind -o ro {place} {place} && {mount} -o remount,ro,bind {place}"
    code = (
        "import sys; from pathlib import Path; from db.sqlite_reading import SqliteReader;"
        "reader = SqliteReader.open(Path(sys.argv[1])); print(len(reader.item_ids()));"
        "print(reader.whole().count_items())"
    )
    if unshare is None or subprocess.run([unshare, "-m", "sh", "-c", bind], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    done = subprocess.run(
        [unshare, "-m", "sh", "-c", f"{bind} && exec {sys.executable} -c '{code}' {place}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout == "12\n12\n"
