"""What is pgvector's own: the graph and its filters, damage in the database, what it lacks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from db import pgvector_build
from db.databases import generations_of
from db.home import Home
from db.pgvector import PostgresGenerations
from db.vectors import exact
from errors import HomeError, IndexStateError, SettingsError
from indexer.verify import verify_generation
from settings import load_settings
from tests.generation_samples import publish
from tests.postgres_samples import address, ask, database, may_fill_disks, small_disk
from tests.waiting import until

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def name() -> Iterator[str]:
    with database() as name:
        yield name


@pytest.fixture
def home(name: str, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Its live generation has a graph over 600 vectors of eight numbers."""
    home = Home(tmp_path_factory.mktemp("pgvector"))
    text = f'[db]\nurl = "{address(name)}"\n[vectors]\nbackend = "pgvector"\n'
    (home.path / "config.toml").write_text(text, encoding="utf-8")
    publish(generations_of(home), rows=600, factory="HNSW16")
    return home


@pytest.fixture
def kept(home: Home) -> PostgresGenerations:
    found = generations_of(home)
    assert isinstance(found, PostgresGenerations)
    return found


@pytest.fixture
def walking(monkeypatch: pytest.MonkeyPatch) -> None:
    """The graph is asked, however cheap comparing would be."""
    monkeypatch.setattr("db.pgvector_index.ROWS_PER_STEP", 0)


@pytest.mark.usefixtures("walking")
@pytest.mark.parametrize("share", [1, 2, 10, 60])
def test_a_walk_finds_what_comparing_finds_under_any_filter(
    kept: PostgresGenerations, share: int
) -> None:
    side = kept.open_current().images
    assert not side.index.exact
    allowed = side.index.select_rows(np.arange(0, 600, share))
    queries = np.random.default_rng(3).normal(size=(20, 8)).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    right, best = exact(np.asarray(side.vectors[:]), queries, 10, allowed.rows)
    found, cosines = side.index.search(queries, 10, allowed)
    assert np.isin(found, side.ids[allowed.rows]).all()
    assert cosines == pytest.approx(best, abs=1e-5)  # in order, and none is missed
    assert found.shape == right.shape


@pytest.mark.usefixtures("walking")
def test_a_walk_that_is_asked_for_all_gives_all(kept: PostgresGenerations) -> None:
    side = kept.open_current().captions
    [found], _ = side.index.search(np.eye(1, 8, dtype=np.float32), 600)
    assert sorted(found.tolist()) == side.ids.tolist()


def test_the_graph_was_measured_and_is_told(kept: PostgresGenerations) -> None:
    manifest = kept.manifest("000001")
    assert manifest.vectors["images"].factory == "HNSW16"
    assert manifest.vectors["images"].recall >= 0.98
    assert manifest.versions["pgvector"] >= "0.8"


@pytest.mark.parametrize("factory", ["IVF4,Flat", "HNSW1", "HNSW32,10"])
def test_what_pgvector_cannot_build_is_told_and_leaves_nothing(
    kept: PostgresGenerations, factory: str
) -> None:
    with pytest.raises(SettingsError, match="no index of pgvector"):
        publish(kept, factory=factory)
    assert kept.names() == ["000001"]


def test_small_catalogs_are_compared_and_large_ones_get_a_graph(
    kept: PostgresGenerations, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = publish(kept, rows=40, factory="auto", keep=9).manifest
    assert made.vectors["images"].factory == "exact"
    monkeypatch.setattr(pgvector_build, "EXACT_UP_TO", 30)
    made = publish(kept, rows=40, factory="auto", keep=9).manifest
    assert made.vectors["images"].factory == "HNSW16,64"
    kept.point("000001")


def test_damage_in_the_database_is_found(
    kept: PostgresGenerations, name: str, tmp_path: Path
) -> None:
    """In rows and in files; and no reader takes a damaged file."""
    made = publish(kept, rows=9, keep=9).name
    ask(name, f"UPDATE vectors_{made}_images SET half = set_byte(half, 0, 77) WHERE place = 4")
    ask(
        name,
        "UPDATE generation_files SET data = set_byte(data, 99, 7) "
        f"WHERE generation = '{made}' AND name = 'words.rows.npy'",
    )
    ask(name, f"DELETE FROM vectors_{made}_captions WHERE place = 8")
    found = verify_generation(kept, made, 64)
    assert {file.name for file in found.files if file.problem} == {
        "images.halves.npy", "words.rows.npy", "captions.vectors.npy", "captions.halves.npy",
    }  # fmt: skip
    elsewhere = PostgresGenerations(kept.settings, Home(tmp_path))
    with pytest.raises(IndexStateError, match=r"words\.rows\.npy .* is damaged"):
        elsewhere.open(made)
    kept.point("000001")
    assert kept.drop(made)


def test_what_somebody_reads_is_dropped_when_they_have_done(kept: PostgresGenerations) -> None:
    made = publish(kept, rows=9, keep=9).name
    kept.point("000001")
    reader = kept.open(made)
    assert not kept.drop(made)
    assert len(reader.images.vectors[:]) == 9
    del reader
    until(lambda: kept.drop(made))  # the server ends a session a moment after it was left
    with pytest.raises(IndexStateError, match="no generation"):
        kept.open(made)


def test_another_machine_fetches_the_files_once(home: Home, tmp_path: Path) -> None:
    settings = load_settings(home.path).db
    kept = PostgresGenerations(settings, Home(tmp_path))
    live = kept.open_current()
    folder = live.folder
    assert folder.is_relative_to(tmp_path)
    assert not list(folder.glob("*.vectors.npy"))
    before = {file.name: file.stat().st_ino for file in folder.iterdir()}
    assert PostgresGenerations(settings, Home(tmp_path)).open_current().folder == folder
    assert {file.name: file.stat().st_ino for file in folder.iterdir()} == before


def test_a_database_without_pgvector_is_told(tmp_path: Path) -> None:
    with database() as bare:
        ask(bare, "CREATE ROLE pairdex_plain LOGIN PASSWORD 'plain'")
        ask(bare, "GRANT CREATE ON SCHEMA public TO pairdex_plain")
        try:
            url = address(bare, "pairdex_plain", "plain")
            text = f'[db]\nurl = "{url}"\n[vectors]\nbackend = "pgvector"\n'
            (tmp_path / "config.toml").write_text(text, encoding="utf-8")
            with pytest.raises(HomeError, match=r"lacks pgvector.*permission denied"):
                publish(generations_of(Home(tmp_path)))
        finally:
            ask(bare, "DROP OWNED BY pairdex_plain")
            ask(bare, "DROP ROLE pairdex_plain")


def test_a_pgvector_that_is_too_old_is_told(
    kept: PostgresGenerations, name: str, home: Home
) -> None:
    [[version]] = ask(name, "SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    tell = "UPDATE pg_extension SET extversion = '{}' WHERE extname = 'vector'"
    ask(name, tell.format("0.7.4"))
    for work in (kept.open_current, generations_of(home).prepare, lambda: publish(kept)):
        with pytest.raises(HomeError, match=r"has pgvector 0\.7\.4: 0\.8 is the oldest"):
            work()
    ask(name, tell.format(version))
    assert publish(generations_of(home)).name == "000002"


def test_pgvector_without_a_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[vectors]\nbackend = "pgvector"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"db\.url is empty"):
        generations_of(Home(tmp_path))


@may_fill_disks
def test_a_disk_that_fills_while_a_generation_is_made_leaves_nothing_of_it(
    kept: PostgresGenerations, name: str, home: Home
) -> None:
    with small_disk(name, 300):
        ask(name, f"ALTER DATABASE {name} SET default_tablespace = {name}")
        full = generations_of(home)  # its connections have heard of that
        with pytest.raises(HomeError, match=r"no space left on its disk.*on the server"):
            publish(full, rows=9000, first=1)
        ask(name, f"ALTER DATABASE {name} RESET default_tablespace")
        assert kept.names() == [kept.current_name()] == ["000001"]
        tables = "SELECT count(*) FROM pg_class WHERE relname ~ '^vectors_' AND relkind = 'r'"
        assert ask(name, tables) == [(2,)]
        assert not any(file.problem for file in verify_generation(kept, "000001", 64).files)
        publish(generations_of(home), rows=9000, first=1)
        assert len(kept.open_current().images.ids) == 9000


def test_a_killed_builder_leaves_nothing_in_the_database(
    home: Home, kept: PostgresGenerations, name: str
) -> None:
    """It is killed when all is written and only the end of its transaction is missing."""
    code = (
        "import sys, time; from pathlib import Path\n"
        "from db.databases import generations_of; from db.home import Home\n"
        "from tests.generation_samples import publish\n"
        "def told(_): print('written', flush=True); time.sleep(600)\n"
        f"publish(generations_of(Home(Path({str(home.path)!r}))), rows=20, verify=told)\n"
    )
    before = kept.names(), kept.current_name()
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE
    ) as builder:
        assert builder.stdout is not None
        assert builder.stdout.readline() == b"written\n"
        builder.kill()
    assert (kept.names(), kept.current_name()) == before
    tables = ask(name, "SELECT relname FROM pg_class WHERE relname LIKE 'vectors%images'")
    assert {table.split("_")[1] for (table,) in tables} == set(before[0])
    assert [path.name[:10] for path in kept.leftovers()] == [".building-"]
    publish(kept, rows=9, keep=9)  # with a name of its own, and the folder is gone
    assert kept.leftovers() == []
    kept.point("000001")
