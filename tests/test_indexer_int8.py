"""What a graph in eight bits has embedded is not mixed with what another one has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from db.generations import open_current
from db.home import Home
from db.store import Store
from encoder.encoded import Encoded, Loss
from encoder.inputs import Pixels
from indexer.job import build_index
from settings import Settings
from tests.fakes import FakeEncoder


class Rounded(FakeEncoder):
    """In eight bits it answers coarsely, by a graph that is made anew where `made` is wanted."""

    made = True

    @property
    def loss(self) -> Loss:
        return Loss(cosine=0.99, recall_at_10=0.9, images=5)

    def calibrate(self, images: Callable[[int], Pixels]) -> bool:
        made, self.made = self.made, False
        if made:
            self.shown = images(5)
        return made

    def images(self, batch: Pixels) -> Encoded:
        found = super().images(batch)
        return Encoded(-found.vectors, found.halves, found.tags)


@pytest.fixture
def int8(settings: Settings) -> Settings:
    runtime = msgspec.structs.replace(settings.runtime, precision="int8")
    return msgspec.structs.replace(settings, runtime=runtime)


@pytest.mark.long
def test_images_are_embedded_anew_and_both_precisions_keep_their_rows(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings, int8: Settings
) -> None:
    first = build_index(home, store, encoder, settings)
    plain = open_current(home.generations).images.vectors.copy()
    coarse = Rounded()
    second = build_index(home, store, coarse, int8)
    assert (first.indexed, second.indexed, second.unchanged) == (12, 12, 0)
    assert second.loss == {"cosine": 0.99, "recall_at_10": 0.9, "images": 5}
    assert first.loss == {}
    assert second.generation != first.generation
    assert (open_current(home.generations).images.vectors == -plain).all()
    assert coarse.shown.shape == (5, 32, 32, 3)
    again = build_index(home, store, coarse, int8)
    assert (again.indexed, again.generation) == (0, second.generation)
    back = build_index(home, store, encoder, settings)
    assert (back.indexed, back.unchanged) == (0, 12)
    assert (open_current(home.generations).images.vectors == plain).all()


def test_a_graph_that_is_made_anew_embeds_anew(home: Home, store: Store, int8: Settings) -> None:
    """Another calibration rounds otherwise."""
    build_index(home, store, Rounded(), int8)
    assert build_index(home, store, Rounded(), int8).indexed == 12


def test_images_that_cannot_be_read_are_not_shown_to_it(
    home: Home, store: Store, int8: Settings, tmp_path: Path
) -> None:
    for file in (tmp_path / "pictures").iterdir():
        if not file.name.startswith("0."):
            file.write_bytes(b"no picture")
    encoder = Rounded()
    summary = build_index(home, store, encoder, int8)
    assert len(encoder.shown) == 1
    assert (summary.indexed, summary.failed) == (1, 11)
