from __future__ import annotations

from pathlib import Path

import pytest

from db import generations
from db.home import Home
from db.store import Store
from indexer.job import build_index
from settings import Settings
from tagger import Tagger
from tests.fakes import FakeEncoder, draw


@pytest.fixture
def tagger(home: Home, store: Store, encoder: FakeEncoder, settings: Settings) -> Tagger:
    build_index(home, store, encoder, settings)
    return Tagger(store, generations.open_current(home.generations), encoder, settings.tagger)


def test_a_new_image_gets_tags_captions_and_neighbours(tagger: Tagger, tmp_path: Path) -> None:
    [answer] = tagger.tag([draw(tmp_path, "new", "green", shade=3)])
    assert answer.error is None
    assert [given.tag for given in answer.tags] == ["green"]
    assert "green" in answer.captions[0].caption or "초록" in answer.captions[0].caption
    assert len({match.id for match in answer.captions}) == 3  # one caption per item
    assert {int(near.id) % 3 for near in answer.nearest[:4]} == {1}
    assert answer.nearest[0].score == pytest.approx(1.0, abs=0.01)


def test_a_bad_file_among_good_ones_is_answered_in_its_place(
    tagger: Tagger, tmp_path: Path
) -> None:
    good, bad = draw(tmp_path, "good", "red"), tmp_path / "bad.png"
    bad.write_bytes(b"GIF89a nonsense")
    answers = tagger.tag([good, bad, tmp_path, tmp_path / "none.png", good])
    assert [bool(answer.error) for answer in answers] == [False, True, True, True, False]
    assert answers[0].tags == answers[4].tags
    assert "is a folder" in str(answers[2].error)


def test_one_image_alone_and_among_many_is_answered_alike(tagger: Tagger, tmp_path: Path) -> None:
    files = [draw(tmp_path, str(n), colour) for n, colour in enumerate(["red", "green", "blue"])]
    assert tagger.tag(files) == [tagger.tag([file])[0] for file in files]


def test_top_limits_the_tags(tagger: Tagger, tmp_path: Path) -> None:
    [answer] = tagger.tag([draw(tmp_path, "x", "red")], top=1)
    assert len(answer.tags) == 1
