"""What is PostgreSQL's own: equal answers, claims, locks, rights, and what its errors say."""

from __future__ import annotations

import dataclasses
import hashlib
import random
import re
import string
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from db.databases import database_of, open_reader
from db.filters import BUILTIN, Condition, Contains, Equal, Every, Exists, Field, Not
from db.folding import fold
from db.home import Home
from db.judgements import Judgement
from db.migrations import STEPS, migrate
from db.postgres import engine
from db.postgres_folding import statement
from db.postgres_lock import locked
from db.queue import Claim, Queue
from db.repeating import AgainError, repeated
from db.store import ANALYZED, Store
from errors import HomeError, LockedError, PairdexError, SettingsError
from search.where import parse
from search.where_fields import bind
from settings import DbSettings, load_settings
from tests.conftest import squares
from tests.filter_catalog import items
from tests.filter_samples import Draw
from tests.postgres_samples import (
    address,
    ask,
    database,
    guarded,
    home_of,
    may_fill_disks,
    name_of,
    settle,
    small_disk,
)

ROOT = Path(__file__).resolve().parent.parent
DEFAULTS = load_settings(environment={}).db


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with home_of("postgres", tmp_path) as home:
        yield home


def at(url: str, **changes: float) -> DbSettings:
    return DbSettings(**({"url": url, "pool": 3, "timeout": 60.0} | changes))  # type: ignore[arg-type]


def judgement(item: str = "3", query: str = "red") -> Judgement:
    return Judgement(item, query, True, {"text": query}, hashlib.sha256(query.encode()).hexdigest())


def test_filters_find_what_they_find_in_sqlite(home: Home, tmp_path: Path) -> None:
    rows = items(160, seed=1)
    draw = Draw(7)
    here = Home(tmp_path / "sqlite")
    with Store.open(home.path, create=True) as there, Store.open(here.path, create=True) as mine:
        there.apply_import(rows, [])
        mine.apply_import(rows, [])
        kinds = mine.field_kinds()
        assert there.field_kinds() == kinds
        assert there.fields() == mine.fields()
        assert list(there.items()) == list(mine.items())
        found = 0
        for _ in range(300):
            text = draw.filter().text
            parts: list[Condition] = [part.condition for part in bind(text, parse(text), kinds)]
            ids = mine.matching(Every(tuple(parts))).tolist()
            assert there.matching(Every(tuple(parts))).tolist() == ids, text
            found += len(ids)
        assert found > 1000
        for field in BUILTIN.values():
            if field.kind != "number":
                assert there.field_values(field, 20) == mine.field_values(field, 20)


@pytest.mark.parametrize("version", [0, 170_000], ids=["the server's own", "17"])
def test_every_character_is_folded_as_python_folds_it(postgres: str, version: int) -> None:
    """17 has no `casefold`: what stands in for it runs on 18 too."""
    url = postgres.replace("+psycopg", "")
    letters = [
        chr(point)
        for point in range(1, sys.maxunicode + 1)
        if unicodedata.category(chr(point)) not in ("Cn", "Co", "Cs")
    ]
    letters += ["ΑΣ ΑΣΑ", "Straße", "ﾌﾟ", "ﷺ", "I\u0307", "한글", "가"]
    with psycopg.connect(url, autocommit=True) as connection:
        own = connection.info.server_version
        if own < version:
            pytest.skip(f"the server is {own}")
        connection.execute(statement(version or own).encode())
        query = "SELECT given, pairdex_fold(given) FROM unnest(%s::text[]) AS given"
        rows = connection.execute(query, (letters,)).fetchall()
    assert len(rows) == len(letters)
    assert [row for row in rows if row[1] != fold(row[0])] == []


def test_a_text_longer_than_an_index_takes_is_kept_and_found(home: Home, tmp_path: Path) -> None:
    long = "".join(random.Random(1).choices("abcdefghij불꽃", k=20_000))
    with squares(home, tmp_path / "pictures") as store:
        first = next(store.items())
        attributes = first.attributes | {"shelf": long}
        store.apply_changes([dataclasses.replace(first, attributes=attributes)])
        assert next(store.items()).attributes["shelf"] == long
        shelf = next(f for f in store.fields() if f.name == "shelf")
        assert shelf.values == 2
        assert store.matching(Equal(Field("shelf", "text"), (long.upper(),))).tolist() == [1]


def test_each_change_is_claimed_once_and_those_of_an_item_keep_their_order(home: Home) -> None:
    with Queue(home) as queue:
        for number in range(120):
            queue.add("put", f"item {number % 9}", str(number))
        newest = queue.newest()
    done: list[tuple[str, int]] = []
    begin = threading.Barrier(4)

    def work() -> None:
        with Queue(home) as mine:
            begin.wait(60)
            while True:
                with mine.claim(7, newest) as claim:
                    if not claim.entries and not mine.waiting(1):
                        return
                    done.extend((entry.key, int(entry.body)) for entry in claim.entries)
                    claim.applied({})

    with ThreadPoolExecutor(4) as pool:
        for worker in [pool.submit(work) for _ in range(4)]:
            worker.result()
    assert sorted(number for _, number in done) == list(range(120))
    for key in {key for key, _ in done}:
        mine = [number for name, number in done if name == key]
        assert mine == sorted(mine)


def test_who_has_an_items_first_change_has_the_later_ones_until_its_end(home: Home) -> None:
    with Queue(home) as queue, Queue(home) as other:
        for key in ("a", "b", "a", "c"):
            queue.add("put", key)
        with queue.claim(2, 4) as claim, other.claim(10, 4) as theirs:
            assert [entry.key for entry in claim.entries] == ["a", "b"]
            assert [entry.key for entry in theirs.entries] == ["c"]
            claim.applied({})
        assert other.counts() == {"embedding": 2, "queued": 2}
        with other.claim(10, 4) as theirs:
            assert [entry.id for entry in theirs.entries] == [3, 4]


def test_a_claim_ends_with_its_process(home: Home) -> None:
    with Queue(home) as queue:
        queue.add("put", "a")
        code = (
            "import os, sys; from pathlib import Path; from db.home import Home;"
            "from db.queue import Queue;"
            "claim = Queue(Home(Path(sys.argv[1]))).claim(9, 9); print(claim.__enter__().entries);"
            "sys.stdout.flush(); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code, str(home.path)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            assert "key='a'" in process.stdout.readline()
            with queue.claim(9, 9) as claim:
                assert claim.entries == []
            process.kill()
        found: list[Claim] = []
        while not found:  # until the server has seen that it is gone
            with queue.claim(9, 9) as claim:
                found += [claim] if claim.entries else []
        assert found[0].entries[0].key == "a"


def test_the_lock_holds_between_machines_and_names_its_holder(home: Home) -> None:
    """Another machine sees nothing of this one's files, but the same database."""
    settings = database_of(home.path)
    with home.locked("index build"):
        with pytest.raises(LockedError, match="held by index build"), locked(settings, "x", "lock"):
            pass
        with locked(settings, "serve", "queue.lock"):
            pass  # another lock
    with locked(settings, "x", "lock"):
        with pytest.raises(LockedError, match="held by x"), home.locked("train"):
            pass
        with home.locked("tag", "tagging.lock"):
            pass  # what it writes is on this machine


def test_a_transaction_whose_connection_is_lost_is_made_again(home: Home, tmp_path: Path) -> None:
    name = name_of(home)
    with squares(home, tmp_path / "pictures") as store:
        url = address(name).replace("+psycopg", "")
        with psycopg.connect(url) as other, ThreadPoolExecutor(1) as pool:
            other.execute("LOCK TABLE judgements")
            added = pool.submit(store.judgements.add, [judgement()])
            waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            while not (found := ask(name, waiting)):
                pass
            ask(name, f"SELECT pg_terminate_backend({found[0][0]})")
            other.commit()
            added.result(60)
        assert [one.query for one in store.judgements.all()] == ["red"]


def test_all_connections_of_a_pool_may_be_lost(home: Home, tmp_path: Path) -> None:
    name = name_of(home)
    with squares(home, tmp_path / "pictures") as store:
        reader = open_reader(home.path)
        before = reader.details([1, 2])
        for _ in range(2):
            gone = "pid <> pg_backend_pid() AND datname = current_database()"
            ask(name, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {gone}")
            assert reader.details([1, 2]) == before
            assert store.details([1, 2]) == before
            assert store.count_items() == 12
        reader.close()


def test_a_whole_transaction_is_not_made_again_when_it_may_have_been_made(home: Home) -> None:
    """The connection is lost between the last statement and the word that it is made."""
    name = name_of(home)
    with Store.open(home.path, create=True) as store:
        tries = []

        def work() -> None:
            tries.append(1)
            with store._engine.begin() as connection:
                pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
                ask(name, f"SELECT pg_terminate_backend({pid})")

        with pytest.raises(HomeError, match="whether the change was made is not known") as caught:
            repeated(work)()
    assert not isinstance(caught.value, AgainError)
    assert tries == [1]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql+psycopg://me:hush@127.0.0.1:1/x", "me@127.0.0.1:1/x cannot be reached"),
        ("postgresql+psycopg://me:hush@no.such.host.invalid/x", "cannot be reached"),
    ],
)
def test_a_server_that_is_not_there_is_named_without_the_password(
    url: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.repeating.PAUSES", ())
    home = settle(Home(tmp_path / "home"), url)
    for opened in (Store.open, open_reader, Queue):
        with pytest.raises(HomeError, match=re.escape(said)) as caught:
            opened(home if opened is Queue else home.path)  # type: ignore[arg-type]
        assert "hush" not in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://u:hush@h:port/x", "postgresql+psycopg://h/x?nonsense=hush"]
)
def test_an_address_that_is_none_is_refused_without_the_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(PairdexError, match=r"db\.url") as caught:
        Store.open(settle(Home(tmp_path / "home"), url).path)
    assert "hush" not in str(caught.value)


def test_a_setting_that_names_another_kind_of_database_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"db\.url"):
        load_settings(environment={"PAIRDEX_DB__URL": "mysql://u:hush@h/x"})


def test_what_a_server_refuses_is_said_in_one_line(tmp_path: Path) -> None:
    with database() as name, guarded() as (user, password):
        for url, said in (
            (address("no_such_database"), "does not exist"),
            (address(name, "no_such_role"), "no_such_role"),
            (address(name, user, "wrong"), "refuses the password"),
            (address(name) + "&sslmode=require&host=127.0.0.1", "cannot be reached"),
            (address(name), "no catalog in"),
        ):
            with pytest.raises(HomeError, match=said) as caught:
                Store.open(settle(Home(tmp_path / "home"), url).path)
            assert "wrong" not in str(caught.value)
        Store.open(settle(Home(tmp_path / "home"), address(name)).path, create=True).close()
        bare = settle(Home(tmp_path / "bare"), address(name, user, password))
        with pytest.raises(HomeError, match="permission denied for table"):
            Store.open(bare.path)


def test_a_null_in_a_text_is_kept_as_a_sign_for_one(home: Home, tmp_path: Path) -> None:
    with squares(home, tmp_path / "pictures") as store:
        store.judgements.add([judgement(query="a\0b")])
        [kept] = store.judgements.all()
        assert (kept.query, kept.request) == ("a\ufffdb", {"text": "a\0b"})


def test_a_lock_that_the_server_has_let_go_of_is_known_to_be_gone(home: Home) -> None:
    with home.locked("serve", "queue.lock") as held:
        assert held()
        other = "pid <> pg_backend_pid() AND datname = current_database()"
        ask(name_of(home), f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {other}")
        assert not held()


def test_jobs_that_share_a_lock_keep_the_others_out(home: Home) -> None:
    settings = database_of(home.path)
    with home.locked("index build", shared=True), home.locked("index build", shared=True):
        with locked(settings, "index build", "lock", shared=True):
            pass
        with pytest.raises(LockedError, match="held by index build"), locked(settings, "x", "lock"):
            pass
        with pytest.raises(LockedError, match="held by index build"), home.locked("train"):
            pass
    with home.locked("train"):
        pass


@may_fill_disks
def test_a_full_disk_of_the_server_is_said_and_what_was_there_is_read(
    home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    name = name_of(home)
    with squares(home, tmp_path / "pictures") as store, small_disk(name, 200):
        ask(name, f"ALTER TABLE judgements SET TABLESPACE {name}")
        try:
            letters = random.Random(1)
            full = pytest.raises(HomeError, match=r"no space left on its disk.*on the server")
            with full as caught:
                for _ in range(1000):
                    long = "".join(letters.choices(string.ascii_letters, k=20_000))
                    store.judgements.add([judgement(query=long), judgement("4", long[1:])])
            assert caplog.records == []  # the driver has nothing to add
            assert name in str(caught.value)
            assert store.count_items() == 12
            assert store.judgements.all()
        finally:
            ask(name, "ALTER TABLE judgements SET TABLESPACE pg_default")
        store.judgements.add([judgement(query="room again")])


def test_what_takes_too_long_is_ended_with_the_settings_name(home: Home) -> None:
    Store.open(home.path, create=True).close()
    slow = engine(at(database_of(home.path).url, timeout=0.2))
    too_long = pytest.raises(HomeError, match=r"took too long.*raise db\.timeout")
    with too_long, slow.connect() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(60)")
    slow.dispose()


def test_a_newer_schema_is_refused_and_an_older_one_is_brought_up(home: Home) -> None:
    Store.open(home.path, create=True).close()
    name = name_of(home)
    taken: list[int] = []
    mine = engine(database_of(home.path))
    assert migrate(mine, name, [*STEPS, lambda _: taken.append(1)]) == 1
    assert migrate(mine, name, [*STEPS, lambda _: taken.append(2)]) == 0
    mine.dispose()
    assert taken == [1]
    with pytest.raises(HomeError, match="newer Pairdex"):
        Store.open(home.path)
    with pytest.raises(HomeError, match="newer Pairdex"):
        open_reader(home.path)


def test_two_that_open_an_empty_database_at_once_make_its_tables_once(home: Home) -> None:
    def opened(_: int) -> int:
        with Store.open(home.path, create=True) as store, Queue(home):
            return store.count_items()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(opened, range(4))) == [0] * 4
    assert ask(name_of(home), "SELECT count(*) FROM schema_version") == [(1,)]


def test_the_roles_of_the_docs_can_do_what_they_are_for_and_no_more(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "postgres.md").read_text(encoding="utf-8")
    roles, grants, *_ = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    with database() as name:
        owner, writer, reader = (f"{name}_{role}" for role in ("owner", "writer", "reader"))
        for statement in roles.split(";")[:3]:
            ask(name, re.sub(r"pairdex_(?=[orw])", f"{name}_", statement))
        ask(name, f"ALTER DATABASE {name} OWNER TO {owner}")
        for statement in filter(str.strip, grants.split(";")):
            statement = re.sub(r"DATABASE pairdex\b", f"DATABASE {name}", statement)
            ask(name, re.sub(r"pairdex_(?=[orw])", f"{name}_", statement))
        try:
            homes = {
                role: settle(Home(tmp_path / role), address(name, role, "secret"))
                for role in (owner, writer, reader)
            }
            with pytest.raises(HomeError, match="permission denied"):
                Store.open(homes[writer].path, create=True)
            with squares(homes[owner], tmp_path / "pictures"):
                pass
            with Store.open(homes[writer].path) as store, Queue(homes[writer]) as queue:
                rows = [dataclasses.replace(item, name="new") for item in store.items()]
                assert store.apply_import(rows, []).changed == 12
                store.judgements.add([judgement()])
                queue.add("put", "a")
                with homes[writer].locked("x"), queue.claim(1, 1) as claim:
                    claim.applied({})
                with pytest.raises(HomeError, match="must be owner"):
                    migrate(store._engine, name, [*STEPS, _alter])
            with Store.open(homes[reader].path) as store:
                assert store.count_matching(Exists(BUILTIN["tag"])) == 12
                light = open_reader(homes[reader].path)
                assert [item.name for item in light.details([1]).values()] == ["new"]
                light.close()
                with pytest.raises(HomeError, match=r"permission denied.*docs/postgres\.md"):
                    store.judgements.add([judgement()])
        finally:
            for role in (owner, writer, reader):
                ask(name, f"REASSIGN OWNED BY {role} TO CURRENT_USER")
                ask(name, f"DROP OWNED BY {role}; DROP ROLE {role}")


def _alter(connection: object) -> None:
    connection.exec_driver_sql("ALTER TABLE items ADD COLUMN other TEXT")  # type: ignore[attr-defined]


def test_sqlite_users_never_load_psycopg() -> None:
    code = (
        "import sys, cli, search, tagger, indexer.job, service.app, db.garbage, catalog.queued;"
        "print([name for name in sys.modules if name.startswith('psycopg')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_search_in_postgres_loads_no_sqlalchemy(home: Home, tmp_path: Path) -> None:
    squares(home, tmp_path / "pictures").close()
    code = (
        "import sys; from pathlib import Path; from db.databases import open_reader;"
        "reader = open_reader(Path(sys.argv[1])); print(len(reader.details([1, 2])));"
        "print([name for name in sys.modules if name.startswith('sqlalchemy')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(home.path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.split() == ["2", "[]"], done.stderr


def test_a_large_import_tells_the_server_what_the_tables_hold(home: Home) -> None:
    """Else a filter of two conditions takes ten times as long until the server looks by itself."""
    known = "SELECT DISTINCT tablename FROM pg_stats WHERE schemaname = 'public'"
    with Store.open(home.path, create=True) as store:
        name = name_of(home)
        for table in ("items", "captions", "tags", "item_tags", "attributes"):
            ask(name, f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        rows = items(ANALYZED + 100, seed=3)
        store.apply_import(rows[:100], [])
        assert ask(name, known) == []
        store.apply_import(rows, [], prune=True)
        assert {"items", "captions", "attributes"} <= {table for (table,) in ask(name, known)}


def test_conditions_of_all_kinds_count_what_they_find(home: Home, tmp_path: Path) -> None:
    with squares(home, tmp_path / "pictures") as store:
        for condition in (
            Equal(BUILTIN["tag"], ("RED", "blue")),
            Not(Equal(BUILTIN["id"], ("3",))),
            Contains(BUILTIN["caption"], "네모"),
        ):
            assert store.count_matching(condition) == len(store.matching(condition)) > 0
