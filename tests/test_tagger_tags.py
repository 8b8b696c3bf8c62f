"""Tags from head, neighbours, captions and a given text: combined, calibrated, cut."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from db import generations
from db.home import Home
from db.records import ItemRecord
from db.store import Store
from encoder.artifact import Artifact
from encoder.inputs import read_pixels
from encoder.tagging import PRECISIONS, Rule, Tagging, closeness, logits
from indexer.job import build_index
from review.calibration import FEWEST, Array, cuts, fit_tagging
from settings import Settings
from tagger import Asked, Tagger
from tagger.evidence import Evidence, Found
from tagger.vocabulary import Vocabulary
from tests.fakes import COLOURS, FakeEncoder, draw, record

RULE = Rule(0.7, 0.5, 0.2, 0.9, 0.3, -0.5, (0.2, 0.0, -0.2), tuple(p / 2 for p in PRECISIONS))
TAGGING = Tagging((-1.0, -2.0, 0.5), RULE, RULE, RULE, RULE)
LIKELY = st.lists(st.floats(0.0, 1.0, width=32), min_size=3, max_size=3)


def row(values: list[float]) -> np.ndarray:
    return np.asarray([values], np.float32)


@given(LIKELY, LIKELY, st.integers(0, 2), st.floats(0.0, 1.0))
def test_more_evidence_never_lowers_a_tag(
    image: list[float], text: list[float], tag: int, more: float
) -> None:
    lift = row([0.5, -0.5, 0.0])
    before = TAGGING.chances(RULE, row(image), lift, lift, row(text))
    raised = np.where(np.arange(3) == tag, np.maximum(more, row(image)), row(image))
    after = TAGGING.chances(RULE, raised.astype(np.float32), lift, lift, row(text))
    assert after[0, tag] >= before[0, tag] - 1e-6
    assert np.isfinite(after).all()
    lifted = TAGGING.chances(RULE, row(image), lift + 1, lift + 1, row(text))
    assert (lifted >= before - 1e-6).all()


def test_neighbours_lift_what_they_bear_more_often_than_items_do() -> None:
    near = [np.asarray([0]), np.asarray([0, 2]), np.asarray([0])]
    lift = TAGGING.lift(near, closeness([0.9, 0.8, 0.3]))
    assert lift[0] > 0 > lift[1]
    nothing = TAGGING.lift([], np.empty(0, np.float32))
    assert nothing == pytest.approx([0, 0, 0], abs=1e-5)
    far = TAGGING.lift(near[::-1], closeness([0.9, 0.8, 0.3]))
    assert far[0] == pytest.approx(lift[0])  # all bear it


def test_cuts_rise_with_the_precision_and_reach_it_where_it_was_seen() -> None:
    rng = np.random.default_rng(1)
    chances = rng.beta(0.3, 1.5, (400, 20))
    truth = rng.random(chances.shape) < chances
    found = cuts(chances, truth)
    assert list(found) == sorted(found)
    fresh = rng.beta(0.3, 1.5, (400, 20))
    true = rng.random(fresh.shape) < fresh
    for wanted, least in list(zip(PRECISIONS, found, strict=True))[:9]:  # past 0.9 few are given
        given_ = fresh >= least
        assert true[given_].mean() == pytest.approx(wanted, abs=0.04)


def test_cuts_from_a_hundred_images_keep_to_the_precision_on_average() -> None:
    """The lowest place that was precise enough there is a lucky one: 0.887 came of 0.9 by it."""
    rng = np.random.default_rng(0)

    def drawn(images: int) -> tuple[Array, NDArray[np.bool_]]:
        chances = 1 / (1 + np.exp(-rng.normal(-3.2, 1.9, (images, 49))))
        return chances, rng.random(chances.shape) < chances

    came = dict[float, list[float]]({0.8: [], 0.9: []})
    for _ in range(60):
        found, (fresh, true) = cuts(*drawn(101)), drawn(1000)
        for wanted, precisions in came.items():
            precisions.append(true[fresh >= found[PRECISIONS.index(wanted)]].mean())
    for wanted, precisions in came.items():
        assert np.mean(precisions) == pytest.approx(wanted, abs=0.008)


def test_a_precision_that_was_never_seen_is_taken_at_its_word() -> None:
    found = cuts(np.full((10, 3), 0.4), np.zeros((10, 3), bool))
    assert found == PRECISIONS


class Doubtful(FakeEncoder):
    """Its head guesses; its vectors and texts know."""

    def images(self, batch):  # type: ignore[no-untyped-def]
        seen = super().images(batch)
        noise = np.random.default_rng(int(batch.sum()) % 9973).random(seen.tags.shape)
        return dataclasses.replace(seen, tags=noise.astype(np.float32))


def squares(folder: Path, count: int = 3 * FEWEST, tags: bool = True) -> list[ItemRecord]:
    """Half to learn from, half held out."""
    folder.mkdir()
    names = list(COLOURS)
    items = []
    for number in range(count):
        colour = names[number % 3]
        split = "val" if number % 2 else "train"
        item = record(draw(folder, str(number), colour, shade=number % 40), colour, split)  # type: ignore[arg-type]
        items.append(item if tags else dataclasses.replace(item, tags=(names[number // 3 % 3],)))
    return items


def fitted(
    home: Home, items: list[ItemRecord], encoder: FakeEncoder, settings: Settings
) -> Tagging | None:
    with Store.open(home.path, create=True) as store:
        store.apply_import(items, [])
        build_index(home, store, encoder, settings)
        live = generations.open_current(home.generations)
        return fit_tagging(live, list(store.items("train")), list(store.items("val")), encoder)


def test_neighbours_that_know_more_than_the_head_are_listened_to(
    home: Home, tmp_path: Path, settings: Settings
) -> None:
    found = fitted(home, squares(tmp_path / "squares"), Doubtful(), settings)
    assert found is not None
    assert found.indexed.nearest + found.indexed.captions > 3 * found.indexed.image
    assert found.alone.nearest == found.alone.captions == found.alone.text == 0.0
    assert found.told.text > 0.3
    assert list(found.indexed.cuts) == sorted(found.indexed.cuts)


def test_neighbours_that_know_nothing_leave_the_head_alone(
    home: Home, tmp_path: Path, settings: Settings
) -> None:
    """Tags have nothing to do with what is seen."""
    found = fitted(home, squares(tmp_path / "squares", 150, tags=False), FakeEncoder(), settings)
    assert found is not None
    assert found.indexed.nearest < 0.2
    assert found.indexed.captions < 0.2


def test_of_too_few_held_out_images_nothing_is_said(
    home: Home, tmp_path: Path, settings: Settings
) -> None:
    few = squares(tmp_path / "squares", 2 * FEWEST - 2)
    assert fitted(home, few, FakeEncoder(), settings) is None


@pytest.fixture
def weighing(home: Home, store: Store, encoder: FakeEncoder, settings: Settings) -> FakeEncoder:
    build_index(home, store, encoder, settings)
    encoder.tagging = msgspec.structs.replace(TAGGING, priors=(-0.7, -0.7, -0.7))
    return encoder


def tagger(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings, asked: Asked | None = None,
    **changes: object,
) -> Tagger:  # fmt: skip
    live = generations.open_current(home.generations)
    changed = msgspec.structs.replace(settings.tagger, **changes)
    return Tagger(store, live, encoder, changed, 8, asked, Vocabulary(), home.cache / "labels")


def test_a_higher_precision_gives_fewer_of_the_same_tags(
    home: Home, store: Store, weighing: FakeEncoder, settings: Settings, tmp_path: Path
) -> None:
    image = draw(tmp_path, "new", "green", shade=5)
    few, many = (
        {one.key for one in room.tag([image])[0].tags}
        for room in (tagger(home, store, weighing, settings, precision=p) for p in (0.99, 0.5))
    )
    assert few <= many
    assert "green" in few
    rule = weighing.tagging.indexed if weighing.tagging else RULE
    assert rule.cut(0.5) < rule.cut(0.87) < rule.cut(0.99)


def test_a_caption_is_evidence_beside_the_image(
    home: Home, store: Store, weighing: FakeEncoder, settings: Settings, tmp_path: Path
) -> None:
    image = draw(tmp_path, "new", "green", shade=5)
    asked = Asked(caption="a green square that is red in places")
    [plain] = tagger(home, store, weighing, settings, precision=0.5).tag([image])
    [told] = tagger(home, store, weighing, settings, asked, precision=0.5).tag([image])
    assert "red" in {one.key for one in told.tags} - {one.key for one in plain.tags}


def test_no_image_is_evidence_for_itself(home: Home, store: Store, weighing: FakeEncoder) -> None:
    """An item that is tagged again meets its own picture and caption in the index."""
    item = next(iter(store.items()))
    about = Evidence(store, generations.open_current(home.generations), weighing)
    images = weighing.images(read_pixels(Path(item.image), weighing.image_size)[None])
    found = about.around(images, 12, 12, 200)
    assert item.id in [number for number, _ in found[0].nearest]
    found = [
        Found(
            [(number, cosine) for number, cosine in one.nearest if number == item.id],
            [match for match in one.captions if match.item == item.id],
        )
        for one in found
    ]
    tagging = weighing.tagging
    assert tagging is not None
    for own in about.lifts(found, tagging, [item.facts.content_hash]):
        assert own[0] == pytest.approx([0, 0, 0], abs=1e-5)
    for other in about.lifts(found, tagging, ["another"]):
        assert other[0].max() > 0.5


def test_captions_alone_are_captions_alone(
    home: Home, store: Store, weighing: FakeEncoder, settings: Settings, tmp_path: Path
) -> None:
    image = draw(tmp_path, "new", "green")
    [answer] = tagger(home, store, weighing, settings, Asked(captions_only=True)).tag([image])
    assert len(answer.captions) == settings.tagger.top_captions
    assert [m.score for m in answer.captions] == sorted(m.score for m in answer.captions)[::-1]
    assert [*answer.tags, *answer.nearest, *answer.label] == []


def test_without_an_index_the_heads_are_weighed(
    weighing: FakeEncoder, settings: Settings, tmp_path: Path
) -> None:
    [answer] = Tagger(None, None, weighing, settings.tagger).tag([draw(tmp_path, "x", "blue")])
    assert [one.key for one in answer.tags][:1] == ["blue"]
    assert answer.tags[0].score != pytest.approx(0.999, abs=1e-3)


def test_an_artifact_of_before_has_no_rules_and_one_of_now_keeps_them() -> None:
    bare = {
        "shape": {}, "image_size": 32, "max_tokens": 8, "vocabulary": 300, "shared": 4, "width": 4,
        "tags": ["a", "b", "c"], "thresholds": [0.5, 0.5, 0.5], "scoring": {}, "recipe": {},
        "metrics": {},
    }  # fmt: skip
    old = msgspec.convert(bare, Artifact)
    assert old.tagging is None
    new = msgspec.structs.replace(old, tagging=TAGGING)
    assert msgspec.json.decode(msgspec.json.encode(new), type=Artifact).tagging == TAGGING


def test_logits_and_chances_are_each_others_inverse_within_bounds() -> None:
    assert logits(np.asarray([0.0, 0.5, 1.0])) == pytest.approx([-13.8, 0, 13.8], abs=0.1)
