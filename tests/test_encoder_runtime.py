"""The runtime's streams: many requests at once give what one at a time gives."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from encoder import artifact as artifacts
from encoder.encoded import Encoded
from encoder.inputs import Pixels
from encoder.runtime import AGREEMENT, OpenVinoEncoder
from errors import ModelError
from settings import RuntimeSettings
from tests.encoder_samples import LENGTH, SIDE, TEXTS, tiny_artifact

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent
RUNTIME = RuntimeSettings(threads=1, precision="f32", batch=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_artifact(tmp_path_factory.mktemp("made") / "artifact")


@pytest.fixture
def noise() -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (20, SIDE, SIDE, 3), dtype=np.uint8)


def cosines(one: Encoded, other: Encoded) -> list[float]:
    return [float(value) for value in (one.vectors * other.vectors).sum(axis=1)]


def test_a_stream_gives_each_batch_its_answer_in_order_the_last_one_cut_short(
    folder: Path, noise: Pixels
) -> None:
    encoder = OpenVinoEncoder(folder, RUNTIME)
    alone = encoder.images(noise)
    parts = list(encoder.stream_images(noise[start : start + 3] for start in range(0, 20, 3)))
    assert [len(part) for part in parts] == [3, 3, 3, 3, 3, 3, 2]
    together = Encoded.concatenate(parts)
    assert together.vectors == pytest.approx(alone.vectors, abs=1e-5)
    assert together.halves == pytest.approx(alone.halves, abs=1e-4)
    assert together.tags == pytest.approx(alone.tags, abs=1e-5)


def test_memory_of_a_batch_may_be_used_again_once_its_answer_is_out(
    folder: Path, noise: Pixels
) -> None:
    encoder = OpenVinoEncoder(folder, RUNTIME)
    buffers = [np.empty((2, SIDE, SIDE, 3), np.uint8) for _ in range(20)]
    busy: list[Pixels] = []

    def batches() -> Iterator[Pixels]:
        for start in range(0, 20, 2):
            busy.append(buffers.pop(0))
            busy[-1][:] = noise[start : start + 2]
            yield busy[-1]

    parts = []
    for part in encoder.stream_images(batches()):
        parts.append(part)
        busy[0][:] = 0
        buffers.insert(0, busy.pop(0))
    together = Encoded.concatenate(parts)
    assert together.vectors == pytest.approx(encoder.images(noise).vectors, abs=1e-5)


def test_a_stream_that_is_left_early_or_fails_can_be_used_again(
    folder: Path, noise: Pixels
) -> None:
    encoder = OpenVinoEncoder(folder, RUNTIME)

    def failing() -> Iterator[Pixels]:
        yield noise[:3]
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError, match="the disk is gone"):
        list(encoder.stream_images(failing()))
    left = encoder.stream_images(noise[start : start + 3] for start in range(0, 18, 3))
    next(left)
    left.close()  # type: ignore[attr-defined]  # a generator
    (again,) = encoder.stream_images([noise[:3]])
    assert again.vectors == pytest.approx(encoder.images(noise[:3]).vectors, abs=1e-5)


def test_texts_are_the_same_alone_and_beside_longer_ones(folder: Path) -> None:
    encoder = OpenVinoEncoder(folder, RUNTIME)
    together = encoder.texts(TEXTS)
    alone = Encoded.concatenate(list(encoder.stream_texts([text] for text in TEXTS)))
    assert together.vectors == pytest.approx(alone.vectors, abs=1e-5)
    assert together.halves == pytest.approx(alone.halves, abs=1e-4)
    assert encoder._tokens(["x"]).shape[1] < LENGTH  # short ones are not padded to the longest


def test_auto_is_bfloat16_only_where_its_vectors_are_those_of_float32(
    folder: Path, noise: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    auto = msgspec.structs.replace(RUNTIME, precision="auto", batch=20)
    encoder = OpenVinoEncoder(folder, auto)
    (streamed,) = encoder.stream_images([noise])
    assert min(cosines(streamed, encoder.images(noise))) >= AGREEMENT
    # A check that nothing can pass: the job goes on in float32, and whoever insists is told.
    monkeypatch.setattr("encoder.runtime.AGREEMENT", 2.0)
    assert OpenVinoEncoder(folder, auto).precision == "f32"
    insisting = OpenVinoEncoder(folder, msgspec.structs.replace(auto, precision="bf16"))
    with pytest.raises(ModelError, match="bf16 cannot be used"):
        list(insisting.stream_images([noise]))


def test_the_model_of_a_live_index_serves_until_the_index_of_the_next_is_built(
    folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "artifact"

    def trained(max_tokens: int) -> str:
        built = tmp_path / "built"
        shutil.copytree(folder, built)
        other = msgspec.structs.replace(artifacts.load(built), max_tokens=max_tokens)
        artifacts.seal(built, other)
        artifacts.install(built, target)
        return artifacts.load(target).embedding_fingerprint

    first = trained(8)
    assert OpenVinoEncoder(target, RUNTIME).for_index(first).artifact.max_tokens == 8
    trained(9)
    third = trained(10)  # trained twice before the index is built: it is the first that serves
    newest = OpenVinoEncoder(target, RUNTIME)
    assert newest.fingerprint == third
    assert newest.for_index(first).artifact.max_tokens == 8
    assert newest.for_index(third) is newest
    assert newest.for_index("of a stranger") is newest
    artifacts.retire(target)
    assert newest.for_index(first) is newest
    assert {path.name for path in tmp_path.iterdir()} == {"artifact"}


def test_the_runtime_leaves_the_converter_alone_and_export_still_finds_it() -> None:
    code = (
        "import sys, encoder.runtime\n"
        "assert 'openvino.tools.ovc' not in sys.modules\n"
        "from openvino.tools.ovc import convert_model\n"
        "assert callable(convert_model)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
