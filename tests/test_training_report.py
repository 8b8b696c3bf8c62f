"""The history of a training, its page, its pictures and its event files."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from db.home import Home
from errors import HomeError, QueryError
from tests.training_samples import ENCODER, RECIPE
from training.curves import by_stage, diagram_of, kept, write_pngs
from training.recipe import Epoch, Pair
from training.report import Journal, Outputs, Training, history_file, read
from training.report_page import page

ROOT = Path(__file__).resolve().parent.parent
HEADS = [
    Epoch(
        "heads",
        number,
        {
            "loss": 4 / number, "tags": 1 / number, "accuracy": 0.5 + number / 20,
            "val_mAP": 0.1 * number, "val_R@10": 0.6, "score": score,
        },
    )
    for number, score in ((1, 0.3), (2, 0.9), (3, 0.9))
]  # fmt: skip
FINETUNE = [Epoch("finetune", 1, {"loss": 1.5, "val_mAP": 0.4, "score": 1.0})]
PAIRS = [
    Pair("a", Path("a.png"), (("en", "a red box"), ("ko", "빨간 상자")), ("red", "box"), "train"),
    Pair("b", Path("b.png"), (("en", "a red disc"),), ("red", "disc"), "train"),
    Pair("c", Path("c.png"), (("en", "a <b>bold</b> disc"),), ("disc",), "val"),
]
METRICS = {"val.R@10": 0.6, "val.match.auc": 0.5, "origin": "random weights", "train": 2, "val": 1}


def told(file: Path, epochs: list[Epoch]) -> Journal:
    journal = Journal(file, PAIRS, ENCODER, RECIPE)
    for epoch in epochs:
        journal(epoch)
    return journal


def finished(tmp_path: Path) -> Training:
    journal = told(tmp_path / "history.json", [*HEADS, *FINETUNE])
    return journal.finish("0123456789abcdef", 400, {"red": 0.25, "<i>": 0.5}, METRICS)


def test_each_epoch_is_on_disk_as_soon_as_it_is_told(tmp_path: Path) -> None:
    file = history_file(Home(tmp_path))
    journal = Journal(file, PAIRS, ENCODER, RECIPE)
    assert not file.exists(), "a training that fails at once must not hide the one before"
    for many, epoch in enumerate([*HEADS, *FINETUNE], start=1):
        journal(epoch)
        found = read(file)
        assert (found.state, found.epochs) == ("running", [*HEADS, *FINETUNE][:many])
    assert [entry.name for entry in file.parent.iterdir()] == ["history.json"]


def test_the_end_adds_the_model_and_what_its_tags_were_learnt_from(tmp_path: Path) -> None:
    training = finished(tmp_path)
    assert training == read(tmp_path / "history.json")
    assert (training.state, training.pieces) == ("finished", 400)
    assert training.counts == {
        "items": 3, "items.train": 2, "items.val": 1, "items.test": 0,
        "captions": 4, "captions.en": 3, "captions.ko": 1, "tags": 3,
    }  # fmt: skip
    red = training.tags[0]
    assert (red.tag, red.train, red.val, red.threshold) == ("red", 2, 0, 0.25)


@pytest.mark.parametrize("text", [None, b"{", b'{"schema": 3}'])
def test_a_history_that_is_not_there_or_broken_is_one_clear_line(
    tmp_path: Path, text: bytes | None
) -> None:
    file = tmp_path / "history.json"
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(HomeError, match=r"history.*pairdex train"):
        read(file)


def test_the_kept_epoch_is_the_first_of_the_best_score() -> None:
    assert kept(HEADS).number == 2
    assert list(by_stage([*HEADS, *FINETUNE])) == ["heads", "finetune"]


def test_every_figure_of_an_epoch_has_its_diagram() -> None:
    named = {name: diagram_of(name) for name in ("loss", "words", "accuracy", "val_MRR", "score")}
    assert named == {
        "loss": "loss", "words": "loss", "accuracy": "accuracy", "val_MRR": "recall", "score": None,
    }  # fmt: skip


class Reader(HTMLParser):
    """Text, and every way in which a page could reach outside itself."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.outside: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("script", "link", "iframe", "img"):
            self.outside.append(tag)
        self.outside += [
            f"{name}={value}"
            for name, value in attrs
            if name in ("src", "href", "xlink:href") and not (value or "").startswith("#")
        ]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_shows_all_and_needs_nothing_beside_it(tmp_path: Path) -> None:
    html = page(finished(tmp_path))
    reader = Reader()
    reader.feed(html)
    assert reader.outside == []
    assert "@import" not in html
    text = " ".join(reader.texts)
    # Three diagrams of the heads; the fine-tuning told no accuracy.
    assert reader.tags.count("svg") == 5
    assert "Epoch 2 of 3 was kept" in text
    for shown in ("random weights", "0123456789ab", "learning_rate", "captions, ko", "<i>", "0.25"):
        assert shown in text
    assert "prefers-color-scheme:dark" in html
    assert "var(--plot-ink,#1f2933)" in html


def test_settings_that_differ_from_the_defaults_stand_out(tmp_path: Path) -> None:
    html = page(finished(tmp_path))
    assert "<b>image_size</b>" in html  # 32 instead of 224
    assert "<td>mined" in html  # as it is shipped


def test_the_page_of_a_training_that_has_not_ended_says_so(tmp_path: Path) -> None:
    running = told(tmp_path / "history.json", HEADS).training
    assert "not finished" in page(running)
    assert "not finished" in page(msgspec.structs.replace(running, epochs=[]))


def test_curves_are_pictures_with_something_on_them(tmp_path: Path) -> None:
    files = write_pngs([*HEADS, *FINETUNE], tmp_path / "curves")
    assert sorted(file.name for file in files) == [
        "finetune-loss.png", "finetune-recall.png",
        "heads-accuracy.png", "heads-loss.png", "heads-recall.png",
    ]  # fmt: skip
    for file in files:
        with Image.open(file) as picture:
            assert picture.size == (840, 540)
            colours = picture.convert("RGB").getcolors(1 << 20)
        assert colours is not None
        assert (47, 111, 159) in {colour for _, colour in colours}, "no line was drawn"


@pytest.mark.parametrize("what", ["report", "curves", "tensorboard"])
def test_a_place_that_cannot_be_written_is_told_before_the_training(
    tmp_path: Path, what: str
) -> None:
    file = tmp_path / "file"
    file.write_text("in the way", encoding="utf-8")
    place = file / "x.html" if what == "report" else file
    with pytest.raises(HomeError, match="cannot be used"):
        Outputs(**{what: place}).prepare()


def test_a_folder_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="directory"):
        Outputs(report=tmp_path).prepare()


def test_preparing_leaves_no_empty_page_and_keeps_an_old_one(tmp_path: Path) -> None:
    new, old = tmp_path / "deep" / "new.html", tmp_path / "old.html"
    old.write_text("before", encoding="utf-8")
    Outputs(report=new).prepare()
    Outputs(report=old).prepare()
    assert not new.exists()
    assert old.read_text(encoding="utf-8") == "before"


# -- event files ----------------------------------------------------------------------------


def records(file: Path) -> list[bytes]:
    """TFRecord: length, its checksum, data, its checksum."""
    data, found = file.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        found.append(data[12 : 12 + length])
        data = data[16 + length :]
    return found


def scalars(folder: Path) -> dict[str, dict[str, dict[int, float]]]:
    """Stage → figure → epoch → value, of all event files below."""
    import tensorflow as tf

    found: dict[str, dict[str, dict[int, float]]] = {}
    for file in sorted(folder.rglob("events.out.tfevents.*")):
        for record in records(file):
            event = tf.compat.v1.Event.FromString(record)
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                figures = found.setdefault(file.parent.name, {}).setdefault(value.tag, {})
                figures[event.step] = float(tf.make_ndarray(value.tensor))
    return found


@pytest.mark.slow
def test_event_files_hold_every_figure_of_every_epoch(tmp_path: Path) -> None:
    from training.curves_events import EventFiles

    events = EventFiles(tmp_path)
    for epoch in [*HEADS, *FINETUNE]:
        events(epoch)
        # Read back while the run goes on, as TensorBoard does.
        written = scalars(tmp_path)[epoch.stage]
        assert {name: of[epoch.number] for name, of in written.items()} == pytest.approx(
            epoch.figures
        )
    assert sorted(scalars(tmp_path)["heads"]["loss"]) == [1, 2, 3]


def test_event_files_need_tensorflow_and_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.curves_events import EventFiles

    monkeypatch.setattr("keras.backend.backend", lambda: "torch")
    with pytest.raises(QueryError, match="Keras runs on torch"):
        EventFiles(tmp_path)


# -- real trainings -----------------------------------------------------------------------


class KilledError(Exception):
    """What a kill looks like from inside."""


@pytest.mark.slow
@pytest.mark.long
def test_a_training_taken_up_again_tells_of_all_its_epochs(tmp_path: Path) -> None:
    from tests.training_samples import coloured_shapes
    from training.fit import fit

    pairs = coloured_shapes(tmp_path, 48)
    recipe = msgspec.structs.replace(RECIPE, epochs=3)
    told: list[Epoch] = []

    def killed(epoch: Epoch) -> None:
        told.append(epoch)
        if epoch.number == 2:
            raise KilledError

    with pytest.raises(KilledError):
        fit(pairs, ENCODER, recipe, folder=tmp_path / "work", on_epoch=killed)
    again: list[Epoch] = []
    fitted = fit(pairs, ENCODER, recipe, folder=tmp_path / "work", on_epoch=again.append)
    assert again[:2] == told
    assert again == fitted.history


@pytest.mark.slow
def test_the_losses_of_an_epoch_are_means_over_all_its_batches(tmp_path: Path) -> None:
    from tests.training_samples import coloured_shapes
    from training.fit import fit

    losses: list[float] = []

    def watch(stage: str, done: int, total: int, note: str = "") -> None:
        if stage == "heads" and "loss" in note:
            losses.append(float(note.split("loss ")[1].split()[0]))

    recipe = msgspec.structs.replace(RECIPE, epochs=1, batch=8)
    fitted = fit(coloured_shapes(tmp_path, 48), ENCODER, recipe, progress=watch)
    assert len(losses) > 2
    assert fitted.history[0].figures["loss"] == pytest.approx(sum(losses) / len(losses), abs=1e-3)


# -- the command ----------------------------------------------------------------------------


@pytest.mark.slow
def test_train_writes_what_it_was_asked_for_and_names_it(tmp_path: Path) -> None:
    from tests.training_samples import coloured_shapes

    rows = ["image,caption,tags,split"]
    rows += [
        f'{pair.image},"{pair.captions[0][1]}",{"|".join(pair.tags)},{pair.split}'
        for pair in coloured_shapes(tmp_path, 48)
    ]
    (tmp_path / "catalog.csv").write_text("\n".join(rows), encoding="utf-8")
    home, out = tmp_path / "home", tmp_path / "out"
    settings = [
        f"encoder.{key}={value}"
        for key, value in (("backbone", "tiny"), ("weights", "random"), ("image_size", 32))
    ]
    settings += ["encoder.pieces=400", "encoder.words=stem", "training.epochs=2"]

    def pairdex(*arguments: str) -> Any:
        flags = [word for setting in settings for word in ("--set", setting)]
        done = subprocess.run(
            [sys.executable, str(ROOT / "cli.py"), "--home", str(home), *flags, *arguments],
            capture_output=True, text=True, env=os.environ,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return msgspec.json.decode(done.stdout)

    pairdex("catalog", "import", str(tmp_path / "catalog.csv"), "--json")
    places = ("--report", str(out / "page.html"), "--curves", str(out / "curves"))
    told = pairdex("train", *places, "--tensorboard", str(out / "events"), "--json")

    training = read(Path(told["history"]))
    assert training.state == "finished"
    assert training.fingerprint == told["fingerprint"]
    assert [(epoch.stage, epoch.number) for epoch in training.epochs] == [
        ("heads", 1),
        ("heads", 2),
    ]
    assert training.metrics == told["metrics"]
    assert Path(told["report"]).read_text(encoding="utf-8") == page(training)
    assert [Path(file).name for file in told["curves"]] == [
        "heads-loss.png", "heads-accuracy.png", "heads-recall.png",
    ]  # fmt: skip
    written = scalars(Path(told["tensorboard"]))["heads"]
    assert written["loss"][2] == pytest.approx(training.epochs[1].figures["loss"])
    # The words of the model travel with it.
    assert '"kind":"stem"' in (home / "artifact" / "tokenizer.json").read_text(encoding="utf-8")
