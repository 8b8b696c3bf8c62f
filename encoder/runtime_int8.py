"""The image graph in eight bits: made by NNCF from the catalog's own images, and kept in the home.

How each layer is rounded depends on the images that it is shown, so the graph is made once for a
model, and kept: what is embedded later must be rounded in the same way. Its vectors are not those
of float32, so nobody gets it who has not asked for it.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from encoder.encoded import Floats, Loss
from encoder.inputs import Pixels
from encoder.light import ov
from errors import ModelError

CALIBRATED, HELD_OUT = 96, 32  # images that the graph is made from, and that it is tried on
# A mean cosine to float32 under this is no rounding any more: the graph has come apart.
LEAST = 0.97
NEAREST = 10
_TELEMETRY = "openvino_telemetry"


class EightBits:
    """The graph in eight bits of the one at `source`, which is of the model `fingerprint`."""

    def __init__(self, core: Any, source: Path, folder: Path | None, fingerprint: str) -> None:
        self._core, self._source = core, source
        self._file = None if folder is None else folder / f"int8-{fingerprint[:16]}.xml"

    def make(self, images: Callable[[int], Pixels]) -> bool:
        """Whether the graph had to be made; `images` gives so many of the catalog, or fewer."""
        if self._file is None:
            raise ModelError("int8 cannot be used", "there is no folder to keep its graph in")
        if self._file.is_file():
            return False
        pixels = images(CALIBRATED + HELD_OUT)
        if not len(pixels):
            raise ModelError("int8 cannot be used", "no image of the catalog can be read")
        tried = np.arange(len(pixels)) % (1 + CALIBRATED // HELD_OUT) == 0
        graph = self._quantised(pixels[~tried] if len(pixels) > 1 else pixels)
        loss = self._loss(graph, pixels, tried)
        if loss.cosine < LEAST:
            raise ModelError(
                "int8 cannot be used",
                f"vectors differ from float32 (mean cosine {loss.cosine:.4f})",
                'set runtime.precision to "auto"',
            )
        self._keep(graph, loss, self._file)
        return True

    @property
    def loss(self) -> Loss | None:
        """As it was measured when the graph was made; None where that is not known."""
        if self._file is None:
            return None
        try:
            return msgspec.json.decode(self._file.with_suffix(".json").read_bytes(), type=Loss)
        except (OSError, msgspec.DecodeError):  # a graph of before it was kept
            return None

    def read(self) -> Any:
        if self._file is None or not self._file.is_file():
            raise ModelError(
                "int8 cannot be used", "its graph is not made yet", "run `pairdex index build`"
            )
        return self._core.read_model(self._file)

    def _quantised(self, pixels: Pixels) -> Any:
        graph = self._core.read_model(self._source)
        with _library() as nncf:
            return nncf.quantize(
                graph,
                nncf.Dataset([image[None] for image in pixels.astype(np.float32)]),
                # Signed activations where a layer has them: swish does.
                preset=nncf.QuantizationPreset.MIXED,
                ignored_scope=nncf.IgnoredScope(names=_delicate(graph), types=["MatMul"]),
                subset_size=len(pixels),
            )

    def _loss(self, graph: Any, pixels: Pixels, tried: NDArray[np.bool_]) -> Loss:
        """Of the images that are tried, each looking for its nearest among all."""
        exact, rounded = (
            self._vectors(one, pixels) for one in (self._core.read_model(self._source), graph)
        )
        pairs = zip(_nearest(exact, tried), _nearest(rounded, tried), strict=True)
        return Loss(
            cosine=round(float((exact * rounded).sum(axis=1)[tried].mean()), 5),
            recall_at_10=round(float(np.mean([np.isin(*pair).mean() for pair in pairs])), 4),
            images=int(tried.sum()),
        )

    def _vectors(self, graph: Any, pixels: Pixels) -> Floats:
        compiled = self._core.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        found: Floats = np.concatenate(
            [np.array(compiled(image[None].astype(np.float32))["vector"]) for image in pixels]
        )
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        return found

    def _keep(self, graph: Any, loss: Loss, file: Path) -> None:
        """Whole or not at all."""
        file.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=file.parent) as folder:
            made = Path(folder) / file.name
            ov.save_model(graph, made, compress_to_fp16=False)
            made.with_suffix(".json").write_bytes(msgspec.json.encode(loss))
            for kind in (".json", ".bin"):
                made.with_suffix(kind).replace(file.with_suffix(kind))
            made.replace(file)


def _delicate(graph: Any) -> list[str]:
    """Convolutions that stay as they are, as the heads do: they cost little and lose much.

    The first, and those that weigh channels by what was pooled (squeeze and excite). With them in
    eight bits recall@10 of images was 0.921 and not 0.946, for 2 % more speed.
    """
    found = [op for op in graph.get_ordered_ops() if op.get_type_name() == "Convolution"]
    pooled = [op for op in found if list(op.input(0).get_partial_shape())[2:] == [1, 1]]
    return sorted({op.get_friendly_name() for op in (*found[:1], *pooled)})


def _nearest(vectors: Floats, tried: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The ten images nearest to each that is tried, without itself."""
    cosines = vectors[tried] @ vectors.T
    cosines[np.arange(len(cosines)), np.flatnonzero(tried)] = -np.inf
    return np.argsort(-cosines, axis=1, kind="stable")[:, :NEAREST]


@contextmanager
def _library() -> Iterator[Any]:
    """NNCF, which is an extra, kept from printing and from telling its maker of its use."""
    known = sys.modules.get(_TELEMETRY)
    modules: dict[str, Any] = sys.modules
    modules[_TELEMETRY] = None  # an import of it fails, and NNCF goes on without
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            import nncf

            nncf.set_log_level(logging.ERROR)
            yield nncf
    except ImportError as error:
        raise ModelError(
            "int8 cannot be used",
            f"NNCF is not installed ({error})",
            'install the extra "int8", or set runtime.precision to "auto"',
        ) from None
    finally:
        del modules[_TELEMETRY]
        if known is not None:
            modules[_TELEMETRY] = known
