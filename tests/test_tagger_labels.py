"""`--label`: one value of a column, with probabilities."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from db import generations
from db.home import Home
from db.records import AttributeKind, AttributeValue
from db.store import Store
from errors import IndexStateError, QueryError
from indexer.job import build_index
from settings import Settings
from tagger import Asked, Tagger
from tagger.labels import labels_of
from tagger.labels_fit import fit_softmax
from tests.fakes import COLOURS, KOREAN, FakeEncoder, draw, record

SENTENCES = {colour: f"Everything here is {colour}, and nothing else." for colour in COLOURS}


@pytest.fixture
def painted(home: Home, tmp_path: Path, encoder: FakeEncoder, settings: Settings) -> Home:
    """Squares whose column `paint` is their colour and whose `motto` is a sentence."""
    folder = tmp_path / "squares"
    folder.mkdir()
    names = list(COLOURS)
    items = []
    for number in range(120):
        colour = names[number % 3]
        split = ("train", "val", "test", "train")[number % 4]
        item = record(draw(folder, str(number), colour, shade=number % 60), colour, split)  # type: ignore[arg-type]
        columns: dict[str, AttributeValue] = {
            "paint": colour,
            "motto": SENTENCES[colour],
            "shelf": "left",
            "edge": 2.5,
        }
        kinds: dict[str, AttributeKind] = {
            "paint": "text",
            "motto": "text",
            "shelf": "text",
            "edge": "number",
        }
        items.append(dataclasses.replace(item, attributes=columns, kinds=kinds))
    with Store.open(home.path, create=True) as store:
        store.apply_import(items, [])
        build_index(home, store, encoder, settings)
    return home


def tagger(home: Home, encoder: FakeEncoder, settings: Settings, asked: Asked) -> Tagger:
    live = generations.open_current(home.generations)
    store = Store.open(home.path)
    return Tagger(store, live, encoder, settings.tagger, 8, asked, None, home.cache / "labels")


def test_the_value_is_chosen_with_probabilities_that_add_up(
    painted: Home, encoder: FakeEncoder, settings: Settings, tmp_path: Path
) -> None:
    image = draw(tmp_path, "new", "blue", shade=4)
    [answer] = tagger(painted, encoder, settings, Asked(label="paint")).tag([image])
    assert answer.label[0].value == "blue"
    assert sum(one.score for one in answer.label) == pytest.approx(1.0, abs=1e-5)
    assert answer.label[0].score > 0.5


def test_a_class_may_be_a_sentence(
    painted: Home, encoder: FakeEncoder, settings: Settings, tmp_path: Path
) -> None:
    image = draw(tmp_path, "new", "green", shade=4)
    [answer] = tagger(painted, encoder, settings, Asked(label="motto")).tag([image])
    assert answer.label[0].value == SENTENCES["green"]


def test_a_caption_has_its_say(
    painted: Home, encoder: FakeEncoder, settings: Settings, tmp_path: Path
) -> None:
    image = draw(tmp_path, "new", "green", shade=4)
    plain, told = (
        tagger(painted, encoder, settings, Asked(caption, "paint")).tag([image])[0].label
        for caption in ("", "a red square")
    )
    red = [next(one.score for one in label if one.value == "red") for label in (plain, told)]
    assert red[1] > 10 * red[0]
    assert KOREAN  # texts name colours in either language


def test_heads_are_kept_until_the_catalog_changes(painted: Home, encoder: FakeEncoder) -> None:
    cache = painted.cache / "labels"
    live = generations.open_current(painted.generations)
    with Store.open(painted.path) as store:
        first = labels_of(store, live, "paint", cache)
        [file] = cache.iterdir()
        again = labels_of(store, live, "paint", cache)
        assert np.array_equal(first.image.weights, again.image.weights)
        assert again.image.values == ("blue", "green", "red")
        file.write_bytes(b"nonsense")
        assert np.allclose(labels_of(store, live, "paint", cache).image.bias, first.image.bias)
        labels_of(store, live, "motto", cache)
        assert len(list(cache.iterdir())) == 2
        [item] = store.by_key(["0"]).values()
        store.apply_changes([dataclasses.replace(item, name="Another")])
        labels_of(store, live, "paint", cache)
        assert len(list(cache.iterdir())) == 2
        assert file.name not in {one.name for one in cache.iterdir()}  # of an older catalog


@pytest.mark.parametrize(
    ("column", "says"),
    [("colour", "text columns are"), ("edge", "no column 'edge'"), ("shelf", "has 1 values")],
)
def test_a_column_without_classes_is_told(
    painted: Home, encoder: FakeEncoder, settings: Settings, column: str, says: str
) -> None:
    with pytest.raises(QueryError, match=says):
        tagger(painted, encoder, settings, Asked(label=column))


def test_without_an_index_there_is_nothing_to_learn_from(
    encoder: FakeEncoder, settings: Settings
) -> None:
    with pytest.raises(IndexStateError, match="a label is learnt from it"):
        Tagger(None, None, encoder, settings.tagger, 8, Asked(label="paint"))


@pytest.mark.parametrize("classes", [2, 4])
def test_a_softmax_head_agrees_with_scikit_learn(classes: int) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(2)
    rows = rng.normal(3, 2, (90, 6)).astype(np.float32)
    truth = np.asarray([f"class {n % classes}" for n in range(90)])
    rows[:, 0] += np.arange(90) % classes
    scaler = StandardScaler().fit(rows)
    peer = LogisticRegression(C=0.01, max_iter=5000).fit(scaler.transform(rows), truth)
    found = fit_softmax(rows, truth.tolist())
    assert found.values == tuple(peer.classes_)
    assert found.chances(rows) == pytest.approx(
        peer.predict_proba(scaler.transform(rows)), abs=1e-4
    )
