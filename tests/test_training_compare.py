"""The comparison of backbones: what it learns from, what it says, what it keeps."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import training.compare_model
from commands.compare import compare as command
from commands.context import Session
from db.store import Store
from encoder.network_backbone import build_backbone, trunk_of
from encoder.weights import load_backbone
from errors import ModelError, QueryError
from tests.compare_samples import SIZE, squares
from training.compare import compare
from training.compare_model import build_classifier
from training.compare_report import Comparison, Plan, Runs

pytestmark = pytest.mark.slow  # tiny real trainings, half a minute in all

TINY = Plan("tiny", image_size=SIZE, epochs=3, batch=16)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with squares(tmp_path_factory.mktemp("squares")) as store:
        yield store


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("comparison")


@pytest.fixture(scope="module")
def comparison(catalog: Store, out: Path) -> Comparison:
    return compare(catalog, out, [TINY], "colour")


class Notes:
    """Remembers which stages were reported and what was said."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        del done, total
        self.said.append((stage, note))

    @property
    def stages(self) -> set[str]:
        return {stage for stage, _ in self.said}


# -- learning -------------------------------------------------------------------------------


def test_a_backbone_learns_and_beats_the_most_frequent_class(comparison: Comparison) -> None:
    found, guess = comparison.backbones[0].figures, comparison.baselines[0].figures
    assert found.accuracy.low > guess.accuracy.high
    assert found.f1 is not None
    assert found.f1 > 0.8
    assert found.roc_auc is not None
    assert found.roc_auc > 0.9
    curve = comparison.backbones[0].curve
    assert curve[-1].loss < curve[0].loss


def test_labels_that_say_nothing_are_guessed_at_chance(catalog: Store, tmp_path: Path) -> None:
    found = compare(catalog, tmp_path, [TINY], "lot").backbones[0].figures
    assert found.accuracy.low < 0.45
    assert found.roc_auc is not None
    assert 0.25 < found.roc_auc < 0.75


def test_pretrained_weights_stay_frozen_and_only_the_head_learns(
    catalog: Store, tmp_path: Path
) -> None:
    weights = tmp_path / "tiny.weights.h5"
    trunk_of(build_backbone("tiny", SIZE)).save_weights(weights)
    row = compare(
        catalog, tmp_path, [msgspec.structs.replace(TINY, weights=str(weights))], "colour"
    ).backbones[0]
    assert row.pretrained
    assert row.weights == "pretrained weights of tiny.weights.h5"
    assert row.trained == "head"
    assert row.trained_parameters < row.parameters
    assert len(row.curve) == TINY.epochs


def test_fine_tuning_follows_the_head(catalog: Store, tmp_path: Path) -> None:
    weights = tmp_path / "tiny.weights.h5"
    trunk_of(build_backbone("tiny", SIZE)).save_weights(weights)
    plan = msgspec.structs.replace(TINY, weights=str(weights), finetune=True, epochs=1)
    row = compare(catalog, tmp_path, [plan], "colour").backbones[0]
    assert row.trained == "head, then all"
    assert [epoch.trained for epoch in row.curve] == ["head", "all"]


def test_a_frozen_trunk_keeps_its_weights() -> None:
    classifier = build_classifier(TINY, 3)
    classifier.freeze()
    before = [np.array(weight) for weight in classifier.trunk.get_weights()]
    classifier.whole.compile("adam", "sparse_categorical_crossentropy")
    classifier.whole.train_on_batch(np.ones((4, SIZE, SIZE, 3), np.uint8), np.zeros(4, np.int64))
    for old, new in zip(before, classifier.trunk.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


# -- what is said ---------------------------------------------------------------------------


def test_from_scratch_is_said(comparison: Comparison, out: Path) -> None:
    row = comparison.backbones[0]
    assert (row.weights, row.pretrained, row.trained) == ("random weights", False, "all")
    assert "No backbone had pretrained weights." in comparison.notes
    assert "random weights" in (out / "comparison.html").read_text(encoding="utf-8")


def test_the_document_has_the_promised_shape(comparison: Comparison, out: Path) -> None:
    document = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert document == msgspec.to_builtins(comparison)
    assert document["schema"] == "pairdex.compare.v1"
    assert document["classes"] == ["blue", "green", "red"]
    assert (document["split"], document["counts"]) == ("test", {"train": 96, "val": 24, "test": 24})
    row = document["backbones"][0]
    assert set(row["figures"]) == {"accuracy", "precision", "recall", "f1", "roc_auc"}
    assert set(row["figures"]["accuracy"]) == {"value", "low", "high"}
    assert np.sum(row["confusion"]) == 24
    assert row["parameters"] > 0
    assert row["images_per_second"] > 0
    assert row["train_seconds"] > 0


def test_the_page_needs_nothing_beside_it(comparison: Comparison, out: Path) -> None:
    page = (out / "comparison.html").read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)="(?!data:|#)|url\((?!#)|<script|@import""", page)
    assert "judged on the 24 items of <b>test</b>" in page
    for name in ("tiny", "most frequent class", "chance", *comparison.classes):
        assert name in page


def test_the_epoch_is_chosen_on_val_alone(comparison: Comparison) -> None:
    row = comparison.backbones[0]
    losses = [epoch.val_loss for epoch in row.curve if epoch.val_loss is not None]
    assert row.kept_epoch == 1 + int(np.argmin(losses))


def test_without_a_test_split_val_is_judged_and_nothing_is_chosen_on_it(
    catalog: Store, tmp_path: Path
) -> None:
    items = [replace(item, split="val" if item.split == "test" else item.split)
             for item in catalog.items()]  # fmt: skip
    with Store.open(tmp_path / "home", create=True) as store:
        store.apply_import(items, [])
        found = compare(store, tmp_path, [msgspec.structs.replace(TINY, epochs=2)], "colour")
    assert (found.split, found.backbones[0].kept_epoch) == ("val", 2)
    assert any("no test split" in note for note in found.notes)


# -- resuming -------------------------------------------------------------------------------


def test_what_is_finished_is_not_trained_again(
    catalog: Store, comparison: Comparison, out: Path
) -> None:
    notes = Notes()
    assert compare(catalog, out, [TINY], "colour", notes) == comparison
    assert ("backbones", "tiny was finished before") in notes.said
    assert notes.stages == {"backbones"}


def test_other_settings_material_or_weights_are_another_run(tmp_path: Path) -> None:
    weights = tmp_path / "w.h5"
    weights.write_bytes(b"1")
    plan = msgspec.structs.replace(TINY, weights=str(weights))
    files = {Runs(tmp_path, "a").file(plan), Runs(tmp_path, "b").file(plan)}
    files.add(Runs(tmp_path, "a").file(msgspec.structs.replace(plan, seed=1)))
    weights.write_bytes(b"22")
    files.add(Runs(tmp_path, "a").file(plan))
    assert len(files) == 4


def test_a_damaged_run_counts_as_none(comparison: Comparison, tmp_path: Path) -> None:
    runs = Runs(tmp_path, "a")
    runs.save(TINY, comparison.backbones[0])
    assert runs.load(TINY) == comparison.backbones[0]
    runs.file(TINY).write_bytes(runs.file(TINY).read_bytes()[:100])
    assert runs.load(TINY) is None


def test_weights_that_cannot_be_had_are_told_and_looked_for_again(
    catalog: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(backbone: object, name: str, source: str) -> str:
        if source == "auto":
            raise ModelError(f"no ImageNet weights for {name}", "no network")
        return load_backbone(backbone, name, source)

    plan = msgspec.structs.replace(TINY, epochs=1)
    with monkeypatch.context() as patch:
        patch.setattr(training.compare_model, "load_backbone", offline)
        first = compare(catalog, tmp_path, [plan], "colour")
        again = compare(catalog, tmp_path, [plan], "colour")
    assert again == first
    assert first.backbones[0].weights == "random weights"
    assert (
        "No weights could be had for tiny (no ImageNet weights for tiny: no network)."
        in first.notes
    )
    monkeypatch.setattr(training.compare_model, "load_backbone", lambda *_: "ImageNet weights")
    online = compare(catalog, tmp_path, [plan], "colour").backbones[0]
    assert (online.weights, online.pretrained) == ("ImageNet weights", True)


def test_wanted_weights_that_fail_are_an_error_before_anything_is_trained(
    catalog: Store, tmp_path: Path
) -> None:
    plan = msgspec.structs.replace(TINY, weights=str(tmp_path / "none.h5"))
    notes = Notes()
    with pytest.raises(ModelError, match=r"no weights at .*none\.h5"):
        compare(catalog, tmp_path, [TINY, plan], "colour", notes)
    assert not notes.said
    with pytest.raises(QueryError, match=r"no backbone resnet: known are .*resnet50"):
        compare(catalog, tmp_path, [Plan("resnet")], "colour")


# -- the command ----------------------------------------------------------------------------


def run(store: Store, home: Path, *words: str) -> str:
    app = typer.Typer()

    @app.callback()
    def options(context: typer.Context) -> None:
        context.obj = Session(home, (), quiet=True)

    app.command()(command)
    done = CliRunner().invoke(app, ["compare", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_speaks_json_and_tables(catalog: Store, tmp_path: Path) -> None:
    with Store.open(tmp_path, create=True) as store:
        store.apply_import(list(catalog.items()), [])
    words = ("--backbones", "tiny", "--label", "colour", "--epochs", "tiny=1", "--image-size", "32")
    document = json.loads(run(catalog, tmp_path, *words, "--json"))
    assert document["schema"] == "pairdex.compare.v1"
    assert document["backbones"][0]["plan"]["epochs"] == 1
    shown = run(catalog, tmp_path, *words)
    assert "random" in shown
    assert "No backbone had pretrained weights." in shown
    assert "comparison.html" in shown.replace("\n", "")
    assert (tmp_path / "comparison" / "comparison.json").is_file()


@pytest.mark.parametrize(
    "words",
    [("--epochs", "ten"), ("--epochs", "vgg16=3"), ("--weights", "w.h5"), ("--image-size", "8")],
)
def test_flags_that_cannot_be_are_refused(
    catalog: Store, tmp_path: Path, words: tuple[str, str]
) -> None:
    with Store.open(tmp_path, create=True) as store:
        store.apply_import(list(catalog.items()), [])
    with pytest.raises(QueryError):
        run(catalog, tmp_path, "--backbones", "tiny", "--label", "colour", *words)
