"""`pairdex tag` as a process, on a model that was really trained: tags, labels, captions."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from encoder import artifact as artifacts
from encoder.tagging import PRECISIONS
from tests.training_samples import COLOURS, coloured_shapes

ROOT = Path(__file__).resolve().parent.parent
CONFIG = """
[encoder]
backbone = "tiny"
weights = "random"
image_size = 32
pieces = 400
max_tokens = 12

[training]
epochs = 6
batch = 16
extra_images = 32
views = 1
min_tag_items = 3
learning_rate = 0.005
"""
WORDS = """
exclusive = [["red", "green", "blue"], ["disc", "box", "bar"]]

[parents]
box = "shape"

[names.ko]
red = "빨강"
shape = "모양"
"""
pytestmark = pytest.mark.slow


def pairdex(home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "cli.py", "--home", home, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "120"},
        cwd=ROOT,
    )


def tagged(home: Path, *arguments: str | Path, sets: tuple[str, ...] = ()) -> dict[str, Any]:
    flags = [part for one in sets for part in ("--set", one)]
    done = pairdex(home, *flags, "tag", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["images"][0]
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Coloured shapes, learnt and indexed; the third item is not in the catalog."""
    folder = tmp_path_factory.mktemp("shapes")
    pairs = coloured_shapes(folder, 99)
    with (folder / "catalog.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "image", "caption", "tags", "paint", "split"])
        for pair in pairs[:2] + pairs[3:]:
            text, tags = pair.captions[0][1], "|".join(pair.tags)
            writer.writerow([pair.id, pair.image.name, text, tags, pair.tags[0], pair.split])
    home = folder / "home"
    home.mkdir()
    (home / "config.toml").write_text(CONFIG, encoding="utf-8")
    for step in (("catalog", "import", folder / "catalog.csv"), ("train",), ("index", "build")):
        done = pairdex(home, *step)
        assert done.returncode == 0, done.stderr
    return home


def new(home: Path) -> Path:
    """A blue disc."""
    return home.parent / "2.png"


def test_training_says_how_tags_are_given_and_calibrating_says_it_anew(home: Path) -> None:
    learnt = artifacts.load(home / "artifact")
    assert learnt.tagging is not None
    assert len(learnt.tagging.indexed.cuts) == len(PRECISIONS)
    assert list(learnt.tagging.indexed.cuts) == sorted(learnt.tagging.indexed.cuts)
    done = pairdex(home, "calibrate")
    assert done.returncode == 0, done.stderr
    again = artifacts.load(home / "artifact")
    assert again.tagging is not None
    assert again.embedding_fingerprint == learnt.embedding_fingerprint


def test_a_precision_is_asked_at_the_command_line(home: Path) -> None:
    few = {one["key"] for one in tagged(home, new(home), "--precision", "0.99")["tags"]}
    many = {one["key"] for one in tagged(home, new(home), "--precision", "0.5")["tags"]}
    assert few <= many
    assert many
    done = pairdex(home, "tag", new(home), "--precision", "0.2")
    assert done.returncode == 2
    assert "0.5" in done.stderr


def test_a_caption_moves_tags_and_label(home: Path) -> None:
    said = ("--caption", "a red box on paper", "--precision", "0.5", "--label", "paint")
    told = tagged(home, new(home), *said)
    plain = tagged(home, new(home), *said[2:])
    score = {
        name: sum(one["score"] for one in found["label"] if one["value"] == "red")
        for name, found in (("told", told), ("plain", plain))
    }
    assert score["told"] > score["plain"]
    assert {one["value"] for one in plain["label"]} == set(COLOURS)
    assert sum(one["score"] for one in plain["label"]) == pytest.approx(1.0, abs=1e-4)
    done = pairdex(home, "tag", new(home), home.parent / "3.png", "--caption", "red")
    assert done.returncode == 2
    assert "about one image" in done.stderr


def test_a_vocabulary_names_and_parts_tags(home: Path) -> None:
    file = home / "words.toml"
    file.write_text(WORDS, encoding="utf-8")
    said = ("--caption", "a red box on paper", "--precision", "0.5", "--language", "ko")
    found = tagged(home, new(home), *said, sets=("tagger.vocabulary=words.toml",))
    keys = [one["key"] for one in found["tags"]]
    assert len({"red", "green", "blue"} & set(keys)) <= 1
    assert ("shape" in keys) == ("box" in keys)
    names = {one["key"]: one["tag"] for one in found["tags"]}
    assert {key: names[key] for key in ("red", "shape") if key in names} == {
        key: name for key, name in (("red", "빨강"), ("shape", "모양")) if key in names
    }
    file.write_text('hidden = [\n  "bluu",\n]\n', encoding="utf-8")
    done = pairdex(home, "--set", "tagger.vocabulary=words.toml", "tag", new(home))
    assert done.returncode == 3
    assert "words.toml, line 2: no tag is called 'bluu' (did you mean 'blue'?)" in done.stderr
    done = pairdex(home, "tag", new(home), "--language", "ko")
    assert done.returncode == 3
    assert "there is no vocabulary" in done.stderr


def test_captions_alone(home: Path) -> None:
    found = tagged(home, new(home), "--caption-only")
    assert found["captions"]
    assert found["tags"] == found["nearest"] == found["label"] == []
    shown = pairdex(home, "tag", new(home), "--caption-only").stdout
    assert found["captions"][0]["caption"] in shown
    assert "tags" not in shown
    done = pairdex(home, "tag", new(home), "--caption-only", "--label", "paint")
    assert done.returncode == 2


def test_a_model_that_knows_no_precision_says_so(home: Path) -> None:
    made = artifacts.load(home / "artifact")
    try:
        artifacts.seal(home / "artifact", msgspec.structs.replace(made, tagging=None))
        assert pairdex(home, "tag", new(home)).returncode == 0
        done = pairdex(home, "tag", new(home), "--precision", "0.9")
        assert done.returncode == 6
        assert "run `pairdex calibrate`" in done.stderr
    finally:
        artifacts.seal(home / "artifact", made)
