"""Eight bits, which nobody gets who has not asked for them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from encoder import runtime_int8
from encoder.encoded import Encoded
from encoder.inputs import Pixels
from encoder.runtime import OpenVinoEncoder
from errors import ModelError
from settings import RuntimeSettings
from tests.encoder_samples import SIDE, tiny_artifact

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent
INT8 = RuntimeSettings(threads=1, precision="int8", batch=4)
F32 = msgspec.structs.replace(INT8, precision="f32")
needs_nncf = pytest.mark.skipif(
    importlib.util.find_spec("nncf") is None, reason='the extra "int8" is not installed'
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_artifact(tmp_path_factory.mktemp("made") / "artifact")


def noise(count: int) -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)


def no_images(_: int) -> Pixels:
    raise AssertionError("nobody asks for images")


def streamed(encoder: OpenVinoEncoder, pixels: Pixels) -> Encoded:
    return Encoded.concatenate(list(encoder.stream_images([pixels])))


@needs_nncf
def test_the_graph_is_made_from_the_catalog_s_images_once_and_kept(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    encoder = OpenVinoEncoder(folder, INT8, tmp_path)
    assert encoder.calibrate(noise)
    assert capfd.readouterr() == ("", "")
    again = OpenVinoEncoder(folder, INT8, tmp_path)
    assert not again.calibrate(no_images)
    assert again.loss is not None
    assert again.loss == encoder.loss
    assert again.loss.images == 32
    assert 0.9 < again.loss.cosine < 1
    assert 0.5 < again.loss.recall_at_10 <= 1
    assert again.precision == "int8"
    rounded, exact = streamed(again, noise(4)), again.images(noise(4))
    cosines = (rounded.vectors * exact.vectors).sum(axis=1)
    assert (cosines > 0.9).all()
    assert not np.allclose(rounded.vectors, exact.vectors, atol=1e-4)
    assert streamed(encoder, noise(4)).vectors == pytest.approx(rounded.vectors, abs=1e-6)


@needs_nncf
def test_the_library_does_not_report_to_its_maker() -> None:
    program = (
        "import sys\n"
        "from encoder.runtime_int8 import _library\n"
        "with _library() as nncf: pass\n"
        "from nncf.telemetry import telemetry\n"
        "print(type(telemetry).__name__, 'openvino_telemetry' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "MagicMock False\n"


@needs_nncf
def test_a_graph_that_has_come_apart_is_refused_and_not_kept(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime_int8, "LEAST", 1.01)
    with pytest.raises(ModelError, match="vectors differ from float32"):
        OpenVinoEncoder(folder, INT8, tmp_path).calibrate(noise)
    assert not list(tmp_path.glob("int8-*"))


def test_without_the_library_one_line_says_what_to_install(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(ModelError, match="NNCF is not installed") as caught:
        OpenVinoEncoder(folder, INT8, tmp_path).calibrate(noise)
    assert 'extra "int8"' in str(caught.value.remedy)


def test_before_the_graph_is_made_nothing_is_streamed_in_another_precision(
    folder: Path, tmp_path: Path
) -> None:
    encoder = OpenVinoEncoder(folder, INT8, tmp_path)
    with pytest.raises(ModelError, match="not made yet"):
        streamed(encoder, noise(4))
    with pytest.raises(ModelError, match="no image of the catalog"):
        encoder.calibrate(lambda _: noise(0))


def test_in_other_precisions_nothing_is_calibrated(folder: Path, tmp_path: Path) -> None:
    for precision in ("auto", "f32"):
        settings = msgspec.structs.replace(INT8, precision=precision)
        encoder = OpenVinoEncoder(folder, settings, tmp_path)
        assert not encoder.calibrate(no_images)
        assert encoder.precision != "int8"
        assert encoder.loss is None
