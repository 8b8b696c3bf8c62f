"""The trained model at work: exported graphs in OpenVINO. Never loads TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoder import artifact as artifacts
from encoder.encoded import Encoded, Floats, Loss
from encoder.head import Head, sigmoid
from encoder.heads import Heads, TagHead
from encoder.inputs import PADDING, Pixels, Tokenizer, Tokens
from encoder.known import FILE as WORDS
from encoder.known import KnownWords
from encoder.light import ov
from encoder.runtime_int8 import EightBits
from encoder.runtime_stream import Stream, compile_stream, read_outputs
from encoder.scoring import Scoring
from encoder.tagging import Tagging
from errors import ModelError
from settings import RuntimeSettings

# Below this cosine to float32 a faster precision changes the answers and is refused.
AGREEMENT = 0.999
LARGEST = 32  # rows that are run at once when all of them are there already


class OpenVinoEncoder:
    """An artifact, ready to encode. A branch is compiled when it is first used.

    `images` and `texts` may be called by any number of threads; one request runs on all cores, so
    they take turns. Streams belong to one thread.
    """

    def __init__(self, folder: Path, settings: RuntimeSettings, cache: Path | None = None) -> None:
        self.artifact = artifacts.load(folder)
        self._folder, self._settings, self._cache = folder, settings, cache
        refit = self.artifact.refit  # read at once: it may be undone while we serve
        self.corrected = None if refit is None else Heads.read(folder / refit.file)
        self._core = ov.Core()
        self._turn = Lock()
        if cache is not None:
            # Compiled graphs are kept, keyed by OpenVINO on graph and machine.
            self._core.set_property({"CACHE_DIR": str(cache)})

    def for_index(self, fingerprint: str) -> OpenVinoEncoder:
        """The model that an index was built with: this one, or the one before it.

        A new model does not serve before its own index is built. Where neither fits, this one.
        """
        older = artifacts.previous(self._folder)
        if fingerprint != self.fingerprint and older.is_dir():
            with suppress(ModelError):
                found = OpenVinoEncoder(older, self._settings, self._cache)
                if found.fingerprint == fingerprint:
                    return found
        return self

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
    def trained_head(self) -> Head:
        """The match head without what a refit has changed of it."""
        head = Head.load(self._folder / "head.npz")
        if head.width != self.artifact.width:
            raise ModelError(
                f"{self._folder} contradicts itself", "head and graphs differ in width"
            )
        return head

    @cached_property
    def head(self) -> Head:
        trained = self.trained_head
        return trained if self.corrected is None else self.corrected.match(trained)

    @cached_property
    def tag_head(self) -> TagHead:
        """As it was trained."""
        return TagHead.read(self._folder / "weights.npz")

    def tags_of(self, vectors: NDArray[np.floating]) -> Floats:
        logits = self.tag_head.logits(vectors)
        if self.corrected is not None:
            logits = logits + self.corrected.logits(vectors)
        return sigmoid(logits)

    @property
    def scoring(self) -> Scoring:
        return self.artifact.scoring

    @property
    def tagging(self) -> Tagging | None:
        return self.artifact.tagging

    @cached_property
    def known(self) -> KnownWords:
        return KnownWords.read(self._folder / WORDS)

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
        with self._turn:
            return self._heeded(self._run(self._image_graph, batch))

    def texts(self, batch: Sequence[str]) -> Encoded:
        with self._turn:  # a compiled graph has one request, and it is not to be disturbed
            return self._run(self._text_graph, self._tokens(batch))

    def stream_images(self, batches: Iterable[Pixels]) -> Iterator[Encoded]:
        stream = self._image_stream(batches)
        return stream if self.corrected is None else (self._heeded(some) for some in stream)

    def stream_texts(self, batches: Iterable[Sequence[str]]) -> Iterator[Encoded]:
        return self._text_stream(self._tokens(batch) for batch in batches)

    def calibrate(self, images: Callable[[int], Pixels]) -> bool:
        return self._settings.precision == "int8" and self._eight_bits.make(images)

    @property
    def loss(self) -> Loss | None:
        return self._eight_bits.loss if self._settings.precision == "int8" else None

    def rest(self) -> None:
        for stream in ("_image_stream", "_text_stream"):
            self.__dict__.pop(stream, None)

    def _heeded(self, images: Encoded) -> Encoded:
        """With what corrections have changed; the graph is as it was trained."""
        if self.corrected is None:
            return images
        tags = self.corrected.tags(images.vectors, images.tags)
        return Encoded(images.vectors, images.halves, tags)

    def _run(self, graph: Any, batch: NDArray[Any]) -> Encoded:
        parts = [
            read_outputs(graph(batch[start : start + LARGEST]))
            for start in range(0, max(1, len(batch)), LARGEST)
        ]
        return parts[0] if len(parts) == 1 else Encoded.concatenate(parts)

    def _tokens(self, texts: Sequence[str]) -> Tokens:
        """Cut to the longest of the batch, where the graph takes any length."""
        tokens = self.tokenizer.encode(texts)
        if self._any_length and len(tokens):
            tokens = tokens[:, : int((tokens != PADDING).sum(axis=1).max())]
        return np.ascontiguousarray(tokens)

    @cached_property
    def _any_length(self) -> bool:
        """Graphs of older artifacts take `max_tokens` tokens, no more and no fewer."""
        return bool(self._read("text").input().partial_shape[1].is_dynamic)

    @cached_property
    def _image_graph(self) -> Any:
        return self._compile("image")

    @cached_property
    def _text_graph(self) -> Any:
        return self._compile("text")

    @cached_property
    def precision(self) -> str:
        """What images are streamed in; single ones are always answered in float32."""
        wanted = self._settings.precision
        if wanted in ("f32", "int8"):
            return wanted
        doubt = self._doubt("bf16")
        if not doubt:
            return "bf16"
        if wanted == "auto":
            return "f32"
        raise ModelError("bf16 cannot be used", doubt, 'set runtime.precision to "auto" or "f32"')

    @cached_property
    def _image_stream(self) -> Stream:
        if self.precision == "int8":
            options = self._options("THROUGHPUT", "f32")
            with _translated("image"):
                return compile_stream(
                    self._core, self._eight_bits.read(), self._settings.batch, options
                )
        return self._stream("image", self.precision, self._settings.batch)

    @cached_property
    def _eight_bits(self) -> EightBits:
        return EightBits(self._core, self._folder / "image.xml", self._cache, self.fingerprint)

    @cached_property
    def _text_stream(self) -> Stream:
        # A hundredth of an image's work: nothing to win by rounding it.
        return self._stream("text", "f32", None)

    def _doubt(self, precision: str) -> str:
        """Why image vectors in `precision` would not be those of float32 here; or nothing."""
        if precision.upper() not in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            return "this processor has no instructions for it"
        views = _views(self.image_size)
        exact = Encoded.concatenate(list(self._stream("image", "f32", len(views))([views])))
        rounded = Encoded.concatenate(list(self._stream("image", precision, len(views))([views])))
        worst = float((exact.vectors * rounded.vectors).sum(axis=1).min())
        return "" if worst >= AGREEMENT else f"vectors differ from float32 (cosine {worst:.4f})"

    def _stream(self, branch: str, precision: str, size: int | None) -> Stream:
        options = self._options("THROUGHPUT", precision)
        with _translated(branch):
            return compile_stream(self._core, self._read(branch), size, options)

    def _compile(self, branch: str) -> Any:
        options = self._options("LATENCY", "f32")
        with _translated(branch):
            return self._core.compile_model(self._folder / f"{branch}.xml", "CPU", options)

    def _read(self, branch: str) -> ov.Model:
        with _translated(branch):
            return self._core.read_model(self._folder / f"{branch}.xml")

    def _options(self, hint: str, precision: str) -> dict[str, Any]:
        return {
            "PERFORMANCE_HINT": hint,
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": self._settings.threads,
        }


def _views(side: int) -> Pixels:
    """Noise and smooth shades: between the two lies what cameras see."""
    dice = np.random.default_rng(0)
    noise = dice.integers(0, 256, (4, side, side, 3), dtype=np.uint8)
    across, down = np.meshgrid(np.linspace(0, 9, side), np.linspace(0, 9, side))
    waves = dice.normal(size=(4, 3, 3))
    shades = np.sin(across[..., None, None] * waves[..., 0] + down[..., None, None] * waves[..., 1])
    smooth = (127.5 + 127 * shades * np.cos(waves[..., 2])).transpose(2, 0, 1, 3)
    return np.concatenate([noise, smooth.astype(np.uint8)])


@contextmanager
def _translated(branch: str) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise ModelError(
            f"the {branch} graph cannot be compiled", str(error).splitlines()[0], "train again"
        ) from None
