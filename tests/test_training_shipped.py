"""The model that ships: small enough, the same after packing, refused when damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from db.home import Home
from encoder.runtime import OpenVinoEncoder
from errors import ModelError
from settings import load_settings
from tests.training_samples import ENCODER, RECIPE, coloured_shapes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tiny model, trained and packed: its artifact, and its shipped form."""
    import msgspec

    from training.fit import fit
    from training.job import write_artifact
    from training.shipped import pack

    folder = tmp_path_factory.mktemp("shipped")
    artifact = folder / "artifact"
    artifact.mkdir()
    recipe = msgspec.structs.replace(RECIPE, epochs=2)
    fitted = fit(coloured_shapes(tmp_path_factory.mktemp("shapes")), ENCODER, recipe)
    write_artifact(artifact, fitted, recipe)
    pack(artifact, folder / "base")
    return artifact, folder / "base"


def test_an_unpacked_model_answers_as_the_one_that_was_packed(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    from training.shipped import unpack

    artifact, base = trained
    sealed = unpack(Home(tmp_path / "home"), base)
    runtime = load_settings(environment={}).runtime
    before, after = (OpenVinoEncoder(f, runtime) for f in (artifact, tmp_path / "home/artifact"))
    pixels = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    answers: list[tuple[Any, Any]] = [
        (before.images(pixels), after.images(pixels)),
        (before.texts(["a red disc", "빨강"]), after.texts(["a red disc", "빨강"])),
    ]
    for one, other in answers:
        np.testing.assert_allclose(one.vectors, other.vectors, atol=5e-3)
        np.testing.assert_allclose(one.tags, other.tags, atol=5e-3)
    assert after.tags == before.tags
    assert after.scoring == before.scoring
    assert sealed.fingerprint == after.artifact.fingerprint


def test_its_backbone_is_where_training_may_start(trained: tuple[Path, Path]) -> None:
    from encoder.network_backbone import build_backbone
    from encoder.weights import load_backbone

    backbone = build_backbone("tiny", 32)
    assert load_backbone(backbone, "tiny", str(trained[1] / "weights.npz"))


@pytest.mark.parametrize("name", ["weights.npz", "tokenizer.json", "artifact.json"])
def test_a_damaged_shipped_model_is_refused(
    trained: tuple[Path, Path], tmp_path: Path, name: str
) -> None:
    import shutil

    from training.shipped import unpack

    copy = tmp_path / "base"
    shutil.copytree(trained[1], copy)
    body = (copy / name).read_bytes()
    (copy / name).write_bytes(body[: len(body) // 2])
    with pytest.raises(ModelError, match=r"damaged|no model ships"):
        unpack(Home(tmp_path / "home"), copy)
    assert not (tmp_path / "home" / "artifact").exists()


def test_equal_weights_stay_the_same_file(trained: tuple[Path, Path]) -> None:
    from training.shipped import pack

    artifact, base = trained
    before = (base / "weights.npz").stat()
    pack(artifact, base)
    assert (base / "weights.npz").stat() == before


def test_a_refitted_model_does_not_ship(trained: tuple[Path, Path], tmp_path: Path) -> None:
    import shutil

    from encoder import artifact as artifacts
    from encoder.artifact import Refit
    from encoder.heads import Heads
    from review.publishing import publish
    from training.shipped import pack

    folder = Path(shutil.copytree(trained[0], tmp_path / "artifact"))
    made = artifacts.load(folder)
    told = Refit(file="", number=0, digest="", turn=0, answers=2, pairs=0, created="")
    heads = Heads.untouched(len(made.tags), made.shared, made.width)
    publish(folder, made, heads, None, told)
    with pytest.raises(ModelError, match="does not ship"):
        pack(folder, tmp_path / "base")


def test_what_ships_keeps_to_a_precision() -> None:
    import msgspec

    from encoder.artifact import JSON, Artifact
    from encoder.weights import BASE_FOLDER

    shipped = msgspec.json.decode((BASE_FOLDER / JSON).read_bytes(), type=Artifact)
    assert shipped.tagging is not None
    assert len(shipped.tagging.priors) == len(shipped.tags)
    for rule in (shipped.tagging.alone, shipped.tagging.indexed, shipped.tagging.told):
        assert list(rule.cuts) == sorted(rule.cuts)
        assert 0 < rule.cut(0.7) < rule.cut(0.95) < 1
