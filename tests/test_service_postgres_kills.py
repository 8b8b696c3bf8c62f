"""Two services and two builders on one PostgreSQL, each and the server killed once under load."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.homes import make_home
from benchmarks.photos import cheap
from benchmarks.postgres_kills import VICTIMS, trial
from benchmarks.postgres_kills_processes import PATIENCE
from tests.encoder_samples import tiny_artifact

pytestmark = [pytest.mark.slow, pytest.mark.long]
ITEMS = 40


def test_nothing_is_lost_doubled_or_mixed_whoever_is_killed(tmp_path: Path) -> None:
    model = tiny_artifact(tmp_path / "model")
    home = make_home(tmp_path / "home", model, cheap(tmp_path / "pictures", ITEMS))
    with trial(home, ITEMS) as one:
        outcome = one.run(len(VICTIMS), bound=PATIENCE)
    assert outcome.wrong == []
    assert [span.victim for span in outcome.spans] == list(VICTIMS)
    assert all(len(span.back) == 2 for span in outcome.spans)
    assert outcome.acknowledged > 0
    assert outcome.hits > 0
