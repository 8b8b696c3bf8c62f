"""The real command over many images, killed without warning and given again."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import tagging
from benchmarks.homes import make_home
from benchmarks.photos import cheap
from db.home import Home
from tests.encoder_samples import tiny_artifact

pytestmark = pytest.mark.slow
IMAGES = 200


@pytest.fixture
def home(tmp_path: Path) -> Home:
    model = tiny_artifact(tmp_path / "model")
    return make_home(tmp_path / "home", model, cheap(tmp_path / "catalog", 4))


def test_nothing_is_lost_or_written_twice_however_often_a_run_is_killed(
    home: Home, tmp_path: Path
) -> None:
    cheap(tmp_path / "inbox", IMAGES, start=1000)
    outcome = tagging.killed(home, tmp_path / "inbox", 3, flags=("--set", "runtime.batch=1"))
    assert outcome.images == IMAGES
    assert outcome.kills >= 2  # a quick machine may end a run before its kill
    assert (outcome.lost, outcome.double, outcome.left) == (0, 0, 0)


def test_what_a_killed_run_wrote_is_put_back_with_the_rest(home: Home, tmp_path: Path) -> None:
    from tagger.undo import runs, undo
    from tests.tagger_samples import state

    cheap(tmp_path / "inbox", IMAGES, start=1000)
    before = state(tmp_path / "inbox")
    tagging.killed(home, tmp_path / "inbox", 1, flags=("--set", "runtime.batch=1"))
    for _ in [run for run in runs(home) if run.changes]:
        assert undo(home, "last").left == []
    assert state(tmp_path / "inbox") == before
