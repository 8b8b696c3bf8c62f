"""Several builders on one catalog in PostgreSQL: they share what is to be embedded."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from db import generations
from db.cache import digests
from db.cache_shared import SharedCache
from db.caches import open_cache
from db.garbage import collect
from db.home import Home
from db.store import Store
from errors import LockedError
from indexer.job import build_index
from settings import load_settings
from tests.fakes import FakeEncoder, draw, record
from tests.postgres_samples import ask, home_of, name_of

ROOT = Path(__file__).resolve().parent.parent
ITEMS = 150


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with home_of("postgres", tmp_path) as home:
        pictures = tmp_path / "pictures"
        pictures.mkdir()
        items = [record(draw(pictures, str(n), "red", shade=n), "red") for n in range(ITEMS)]
        with Store.open(home.path, create=True) as store:
            store.apply_import(items, [])
        yield home


@contextmanager
def builder(home: Home, wait: int) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.shared_builder", str(home.path), str(wait)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
            process.wait(120)
        finally:
            process.kill()


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def left(home: Home) -> int:
    """Images whose rows are not stored yet, claimed or not."""
    [[count]] = ask(name_of(home), "SELECT count(*) FROM embedding_work WHERE kind = 'image'")
    return int(count)


def built_alone(home: Home) -> generations.Manifest:
    """What one builder makes of it, from nothing."""
    shutil.rmtree(home.generations)
    with Store.open(home.path) as store, open_cache(home, "fake") as cache:
        for kind in ("image", "text"):
            cache.forget(kind)
        build_index(home, store, FakeEncoder(), load_settings(home.path))
    return generations.open_current(home.generations).manifest


def test_two_builders_embed_each_image_once_and_one_of_them_publishes(home: Home) -> None:
    with builder(home, 40) as one:
        assert line(one) == "held"
        with builder(home, 1) as two:
            assert line(two) == "held"  # each has some now
            with pytest.raises(LockedError, match="index build"), home.locked("catalog import"):
                pass
            for process in (one, two):
                go_on(process)
            said = [json.loads(line(process)) for process in (one, two)]
    assert [one.returncode, two.returncode] == [0, 0]
    assert sum(each["images"] for each in said) == ITEMS
    assert min(each["images"] for each in said) > 0
    assert {each["generation"] for each in said} == {"000001"}
    assert generations.names(home.generations) == ["000001"]
    shared = generations.open_current(home.generations).manifest
    assert shared.items == ITEMS
    assert built_alone(home).signature == shared.signature


def test_what_a_killed_builder_had_is_taken_by_the_other_at_once(home: Home) -> None:
    with builder(home, 40) as one:
        assert line(one) == "held"
        with builder(home, 0) as two:
            while left(home) > 3 * 32:  # what the first may have claimed and not stored
                assert two.poll() is None
            one.kill()
            said = json.loads(line(two))
    assert two.returncode == 0
    live = generations.open_current(home.generations)
    assert (live.manifest.items, said["generation"]) == (ITEMS, "000001")
    assert left(home) == 0
    # The first had stored its first claims: only what it was at is embedded once more.
    assert ITEMS - 40 <= said["images"] < ITEMS
    shared = [np.asarray(side.vectors).copy() for side in (live.images, live.captions)]
    built_alone(home)
    alone = generations.open_current(home.generations)
    for mine, side in zip(shared, (alone.images, alone.captions), strict=True):
        assert np.array_equal(mine, side.vectors)


def test_an_image_that_one_builder_cannot_read_is_missing_for_the_other_too(home: Home) -> None:
    with Store.open(home.path) as store:
        first = next(store.items())
    data = Path(first.image).read_bytes()
    Path(first.image).write_bytes(data[: len(data) // 2])
    with builder(home, 40) as one:
        assert line(one) == "held"
        with ThreadPoolExecutor(1) as pool, builder(home, 0) as two:
            there = pool.submit(line, two)
            go_on(one)
            said = [json.loads(line(one)), json.loads(there.result(120))]
    assert [each["failed"] for each in said] == [1, 1]
    assert said[0]["generation"] == said[1]["generation"]
    assert generations.open_current(home.generations).manifest.items == ITEMS - 1
    Path(first.image).write_bytes(data)
    with Store.open(home.path) as store:
        summary = build_index(home, store, FakeEncoder(), load_settings(home.path))
    assert (summary.items, summary.failed) == (ITEMS, 0)


def test_builders_with_different_models_do_not_meet_and_keep_each_others_rows(home: Home) -> None:
    def build_other() -> FakeEncoder:
        encoder = FakeEncoder("other")
        with Store.open(home.path) as store:
            build_index(home, store, encoder, load_settings(home.path))
        return encoder

    def rows(model: str) -> int:
        with open_cache(home, model) as cache:
            return len(cache.known("image"))

    with builder(home, 40) as one:
        assert line(one) == "held"
        with pytest.raises(LockedError, match=r"another model.*by index build.*the same model"):
            build_other()
        go_on(one)
        assert json.loads(line(one))["images"] == ITEMS
    assert build_other().seen_images == ITEMS
    assert generations.open_current(home.generations).manifest.fingerprint == "other"
    assert (rows("fake"), rows("other")) == (ITEMS, ITEMS)
    home.artifact.mkdir()
    (home.artifact / "artifact.json").write_text("{}", encoding="utf-8")
    assert collect(home, "fake", 3).embeddings == 0  # another model is live
    assert collect(home, "other", 3).embeddings > ITEMS  # and captions
    assert (rows("fake"), rows("other")) == (0, ITEMS)


def test_a_claim_that_the_server_has_ended_loses_no_row(home: Home) -> None:
    contents = digests(b"".join(bytes([n]) * 32 for n in range(1, 41)))
    rows = np.arange(40, dtype=np.float16)[:, None]
    with open_cache(home, "fake") as cache, open_cache(home, "fake") as other:
        assert isinstance(cache, SharedCache)
        mine = next(cache.claims("image", contents, 30))
        theirs = next(other.claims("image", contents, 30))
        assert sorted([*mine.tolist(), *theirs.tolist()]) == list(range(40))
        gone = "pid <> pg_backend_pid() AND datname = current_database()"
        ask(name_of(home), f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {gone}")
        for one, places in ((cache, mine), (other, theirs)):
            some = [contents[place].ljust(32, b"\0") for place in places]
            one.put("image", some[:5], rows[places[:5]])
            one.put("image", some[5:], rows[places[5:]])
        left: list[int] = []
        assert cache.settled("image", left.append)
        assert left == [0]
        found = np.concatenate(list(cache.get("image", contents)))
        assert np.array_equal(found, rows)
