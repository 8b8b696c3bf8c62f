"""A real exported network: the runtime against Keras, the split head, and damage of every kind."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from encoder import artifact as artifacts
from encoder.inputs import Tokenizer
from encoder.runtime import OpenVinoEncoder
from encoder.scoring import Scoring
from errors import ModelError
from settings import RuntimeSettings

pytestmark = pytest.mark.slow
RUNTIME = RuntimeSettings(threads=1, precision="f32", batch=3)
TEXTS = ["a fire-type lizard", "불꽃 도마뱀", "", "x " * 60, "blue bird"]


@pytest.fixture(scope="module")
def network() -> Any:
    import training  # noqa: F401  # loads Keras without its greeting
    from encoder.network import NetworkShape, build_network

    tokenizer = Tokenizer.fit(TEXTS, 300, 16)
    shape = NetworkShape("tiny", 48, vocabulary=tokenizer.size, tags=4, max_tokens=16)
    network = build_network(shape)
    # Statistics as if it had been trained, so that BatchNorm is not the identity.
    rng = np.random.default_rng(0)
    for part in network.heads:
        for weight in part.weights:
            value = np.asarray(weight)
            noise = rng.normal(0, 0.1, value.shape).astype(np.float32)
            weight.assign(np.abs(value + noise) if "variance" in weight.path else value + noise)
    return network


@pytest.fixture(scope="module")
def folder(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from training.export import export_graphs

    folder = tmp_path_factory.mktemp("artifact")
    tokenizer = Tokenizer.fit(TEXTS, 300, 16)
    export_graphs(network, folder)
    (folder / "tokenizer.json").write_text(tokenizer.to_json(), encoding="utf-8")
    shape = network.shape
    artifacts.seal(
        folder,
        artifacts.Artifact(
            shape=asdict(shape), image_size=48, max_tokens=16, vocabulary=shape.vocabulary,
            shared=shape.shared, width=shape.head, tags=list("abcd"), thresholds=[0.5] * 4,
            scoring=Scoring(), recipe={}, metrics={},
        ),
    )  # fmt: skip
    return folder


@pytest.fixture
def noise() -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(1).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)


def test_the_runtime_answers_as_keras_does(network: Any, folder: Path, noise: Any) -> None:
    from encoder.network import serving_graphs

    encoder = OpenVinoEncoder(folder, RUNTIME)
    image, text = serving_graphs(network)
    for reference, encoded in (
        (image(noise.astype(np.float32)), encoder.images(noise)),
        (text(encoder.tokenizer.encode(TEXTS)), encoder.texts(TEXTS)),
    ):
        for name in ("vector", "half", "tags"):
            wanted = np.asarray(reference[name])
            found = getattr(encoded, {"vector": "vectors", "half": "halves", "tags": "tags"}[name])
            assert found == pytest.approx(wanted, abs=5e-3), name
        assert np.linalg.norm(encoded.vectors, axis=1) == pytest.approx(1.0, abs=1e-3)


def test_one_alone_and_many_together_are_encoded_alike(folder: Path, noise: Any) -> None:
    encoder = OpenVinoEncoder(folder, RUNTIME)
    together, alone = encoder.images(noise), encoder.images(noise[4:])
    assert together.vectors[4] == pytest.approx(alone.vectors[0], abs=1e-5)
    words = encoder.texts(TEXTS).vectors[1]
    assert words == pytest.approx(encoder.texts(TEXTS[1:2]).vectors[0], abs=1e-5)


def test_stored_halves_give_the_score_of_the_whole_head(
    network: Any, folder: Path, noise: Any
) -> None:
    """The head of Keras over features against NumPy over float16 halves, below 1e-3."""
    encoder = OpenVinoEncoder(folder, RUNTIME)
    img, points = network.image_branch(network.backbone(noise.astype(np.float32)))
    tokens = encoder.tokenizer.encode(TEXTS)
    txt, words = network.text_branch(tokens)
    cosines = np.sum(np.asarray(points) * np.asarray(words), axis=1)
    head = network.match_head
    seen, read = (points, words) if network.shape.head_input == "point" else (img, txt)
    logits = np.asarray(head(head.image_half(seen) + head.text_half(read), cosines))
    images, texts = encoder.images(noise), encoder.texts(TEXTS)
    stored = encoder.head.logits(
        images.halves.astype(np.float16),
        texts.halves.astype(np.float16),
        np.sum(images.vectors * texts.vectors, axis=1),
    )
    scores, wanted = (1 / (1 + np.exp(-values)) for values in (stored, logits))
    assert np.abs(scores - wanted).max() < 1e-3


@pytest.mark.parametrize("name", artifacts.FILES)
def test_a_damaged_file_is_refused_by_name(folder: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "artifact"
    shutil.copytree(folder, copy)
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 4
    (copy / name).write_bytes(data)
    with pytest.raises(ModelError, match=f"{name} is damaged"):
        artifacts.load(copy)
    (copy / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        artifacts.load(copy)


def test_a_changed_description_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "artifact")
    file = tmp_path / "artifact" / artifacts.JSON
    good = file.read_text(encoding="utf-8")
    for bad, says in (
        (good.replace('"a"', '"z"'), "fingerprint"),
        (good.replace('"schema": 1', '"schema": 99'), "format 99"),
        (good[: len(good) // 2], "cannot be read"),
    ):
        file.write_text(bad, encoding="utf-8")
        with pytest.raises(ModelError, match=says):
            artifacts.load(file.parent)


def test_the_metrics_do_not_change_the_fingerprint_and_the_scoring_does(
    folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path / "artifact")
    artifact = artifacts.load(folder)
    told = msgspec.structs.replace(artifact, metrics={"val.R@10": 0.5})
    assert artifacts.seal(tmp_path / "artifact", told).fingerprint == artifact.fingerprint
    other = msgspec.structs.replace(artifact, scoring=Scoring(no_match=0.7))
    assert artifacts.seal(tmp_path / "artifact", other).fingerprint != artifact.fingerprint


def test_scoring_and_thresholds_leave_the_embedding_fingerprint_and_graphs_do_not(
    folder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "artifact"
    shutil.copytree(folder, copy)
    artifact = artifacts.load(folder)
    assert OpenVinoEncoder(folder, RUNTIME).fingerprint == artifact.embedding_fingerprint
    scored = msgspec.structs.replace(artifact, scoring=Scoring(no_match=0.7), thresholds=[0.1] * 4)
    sealed = artifacts.seal(copy, scored)
    assert sealed.embedding_fingerprint == artifact.embedding_fingerprint
    for name in artifacts.EMBEDDING_FILES:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        with (copy / name).open("ab") as stream:
            stream.write(b" ")
        assert artifacts.seal(copy, artifact).embedding_fingerprint != sealed.embedding_fingerprint
    shutil.copytree(folder, copy, dirs_exist_ok=True)
    longer = artifacts.seal(copy, msgspec.structs.replace(artifact, max_tokens=17))
    assert longer.embedding_fingerprint != sealed.embedding_fingerprint


def test_a_tokenizer_larger_than_its_network_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "artifact"
    shutil.copytree(folder, copy)
    larger = Tokenizer.fit(["one two three four five six seven " * 3], 340, 16)
    (copy / "tokenizer.json").write_text(larger.to_json(), encoding="utf-8")
    artifacts.seal(copy, msgspec.structs.replace(artifacts.load(folder), vocabulary=10))
    with pytest.raises(ModelError, match="contradicts itself"):
        OpenVinoEncoder(copy, RUNTIME).texts(["one"])
