"""The trained model at work: exported graphs in OpenVINO. Never loads TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from encoder import artifact as artifacts
from encoder.encoded import Encoded, Floats
from encoder.head import Head
from encoder.inputs import Pixels, Tokenizer
from encoder.scoring import Scoring
from errors import ModelError
from settings import RuntimeSettings

# Below this cosine to float32 a faster precision changes the answers and is refused.
AGREEMENT = 0.999


class OpenVinoEncoder:
    """An artifact, ready to encode. A branch is compiled when it is first used."""

    def __init__(self, folder: Path, settings: RuntimeSettings, cache: Path | None = None) -> None:
        self.artifact = artifacts.load(folder)
        self._folder, self._settings = folder, settings
        self._core = ov.Core()
        if cache is not None:
            # Compiled graphs are kept, keyed by OpenVINO on graph and machine.
            self._core.set_property({"CACHE_DIR": str(cache)})

    @property
    def fingerprint(self) -> str:
        return self.artifact.embedding_fingerprint

    @property
    def model(self) -> str:
        return self.artifact.fingerprint

    @property
    def image_size(self) -> int:
        return self.artifact.image_size

    @property
    def shared(self) -> int:
        return self.artifact.shared

    @property
    def tags(self) -> Sequence[str]:
        return self.artifact.tags

    @cached_property
    def thresholds(self) -> Floats:
        return np.asarray(self.artifact.thresholds, np.float32)

    @cached_property
    def head(self) -> Head:
        head = Head.load(self._folder / "head.npz")
        if head.width != self.artifact.width:
            raise ModelError(
                f"{self._folder} contradicts itself", "head and graphs differ in width"
            )
        return head

    @property
    def scoring(self) -> Scoring:
        return self.artifact.scoring

    @cached_property
    def tokenizer(self) -> Tokenizer:
        text = (self._folder / "tokenizer.json").read_text(encoding="utf-8")
        tokenizer = Tokenizer.from_json(text, self.artifact.max_tokens)
        if tokenizer.size > self.artifact.vocabulary:
            raise ModelError(
                f"{self._folder} contradicts itself",
                f"tokenizer of {tokenizer.size}, network of {self.artifact.vocabulary} pieces",
                "train again",
            )
        return tokenizer

    def images(self, batch: Pixels) -> Encoded:
        return self._run(self._image_graph, batch)

    def texts(self, batch: Sequence[str]) -> Encoded:
        return self._run(self._text_graph, self.tokenizer.encode(batch))

    def _run(self, graph: Any, batch: NDArray[Any]) -> Encoded:
        size = self._settings.batch
        parts = [
            _encoded(graph(batch[start : start + size]))
            for start in range(0, max(1, len(batch)), size)
        ]
        return parts[0] if len(parts) == 1 else Encoded.concatenate(parts)

    @cached_property
    def _image_graph(self) -> Any:
        fast = self._settings.precision
        if fast != "f32" and self._agrees(fast):
            return self._compile("image", fast)
        return self._compile("image", "f32")

    @cached_property
    def _text_graph(self) -> Any:
        # One query takes a few milliseconds in float32: nothing to win by rounding it.
        return self._compile("text", "f32")

    def _agrees(self, precision: str) -> bool:
        """Whether this processor's `precision` gives the same image vectors as float32."""
        if precision.upper() not in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            return False
        side = self.image_size
        noise = np.random.default_rng(0).integers(0, 256, (4, side, side, 3), dtype=np.uint8)
        exact = _encoded(self._compile("image", "f32")(noise)).vectors
        rounded = _encoded(self._compile("image", precision)(noise)).vectors
        return bool((exact * rounded).sum(axis=1).min() >= AGREEMENT)

    def _compile(self, branch: str, precision: str) -> Any:
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": self._settings.threads,
        }
        try:
            return self._core.compile_model(self._folder / f"{branch}.xml", "CPU", options)
        except RuntimeError as error:
            raise ModelError(
                f"the {branch} graph cannot be compiled", str(error).splitlines()[0], "train again"
            ) from None


def _encoded(outputs: Any) -> Encoded:
    """The three named outputs of a graph, copied out of the runtime's own memory."""
    arrays = {port.get_any_name(): np.array(value) for port, value in outputs.items()}
    return Encoded(arrays["vector"], arrays["half"], arrays["tags"])
