"""The real command, as a process: killed without warning, and two of it at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import kills
from benchmarks.homes import make_home
from benchmarks.photos import cheap
from db import generations
from db.cache import EmbeddingCache
from db.home import Home
from tests.encoder_samples import tiny_artifact

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent
ITEMS = 120


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_artifact(tmp_path_factory.mktemp("model") / "artifact")


@pytest.fixture
def home(model: Path, tmp_path: Path) -> Home:
    return make_home(tmp_path / "home", model, cheap(tmp_path / "pictures", ITEMS))


def test_a_build_killed_at_any_moment_is_continued_to_what_it_would_have_been(home: Home) -> None:
    outcome = kills.run(home, 5, flags=("--set", "runtime.batch=1"))
    assert (outcome.kills, outcome.items, outcome.captions) == (5, ITEMS, 2 * ITEMS)
    assert outcome.builds >= 1
    assert (outcome.lost, outcome.double, outcome.unanswered) == (0, 0, 0)
    assert outcome.farthest <= kills.TOLERANCE
    assert not list(home.generations.glob(".building-*"))


def test_what_was_stored_before_the_kill_is_not_embedded_again(home: Home) -> None:
    kills.finish(home, "--set", "index.recall=0.5")
    fingerprint = generations.open_current(home.generations).manifest.fingerprint
    for file in home.cache.glob("embeddings.db*"):
        file.unlink()
    process = kills.build(home)
    with EmbeddingCache(home.cache, fingerprint) as cache:
        while process.poll() is None and not len(cache.known("image")):
            pass
        process.kill()
        process.communicate()
        stored = len(cache.known("image"))
    assert stored > 0
    done = subprocess.run(
        [sys.executable, ROOT / "cli.py", "--home", home.path, "index", "build", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    body = json.loads(done.stdout)
    assert (body["items"], body["unchanged"], body["indexed"]) == (ITEMS, stored, ITEMS - stored)


def test_a_second_build_says_who_holds_the_lock_and_leaves(home: Home) -> None:
    with home.locked("index build"):
        process = kills.build(home)
        _, errors = process.communicate()
    assert process.returncode == 8
    assert b"is locked: held by index build (process" in errors
    assert errors.count(b"\n") == 1
