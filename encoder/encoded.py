"""What an encoder is to the rest: three arrays per batch of images or texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from encoder.head import Head
from encoder.inputs import Pixels
from encoder.known import KnownWords
from encoder.scoring import Scoring
from encoder.tagging import Tagging

Floats = NDArray[np.float32]


class Loss(msgspec.Struct, frozen=True):
    """How far vectors in a low precision are from those of float32."""

    cosine: float  # of an image's vector to its own in float32, on average
    recall_at_10: float  # share of an image's ten nearest by float32 that still are
    images: int  # that it was measured with


@dataclass(frozen=True)
class Encoded:
    vectors: Floats  # [n, shared] unit length, in the space that images and texts share
    halves: Floats  # [n, width] this side's part of the match head
    tags: Floats  # [n, tags] probability of each tag

    def __len__(self) -> int:
        return len(self.vectors)

    def __getitem__(self, rows: slice | list[int]) -> Encoded:
        return Encoded(self.vectors[rows], self.halves[rows], self.tags[rows])

    @classmethod
    def concatenate(cls, parts: Sequence[Encoded]) -> Encoded:
        return cls(
            np.concatenate([part.vectors for part in parts]),
            np.concatenate([part.halves for part in parts]),
            np.concatenate([part.tags for part in parts]),
        )


class Encoder(Protocol):
    """The model as search, tagger and index job know it; `runtime` has the real one."""

    @property
    def fingerprint(self) -> str:
        """Of what makes vectors and halves: what the cache and every index go by."""

    @property
    def model(self) -> str:
        """Of the whole artifact, thresholds and scoring too: what people call the model by."""

    @property
    def image_size(self) -> int: ...

    @property
    def shared(self) -> int:
        """The length of a vector."""

    @property
    def tags(self) -> Sequence[str]: ...

    @property
    def thresholds(self) -> Floats:
        """The probability from which each tag is given, where there is no `tagging`."""

    @property
    def head(self) -> Head: ...

    @property
    def scoring(self) -> Scoring: ...

    @property
    def tagging(self) -> Tagging | None:
        """How tags are combined and given; None for a model that was never told."""

    @property
    def known(self) -> KnownWords:
        """The words that training met."""

    def images(self, batch: Pixels) -> Encoded:
        """Pixels `[n, s, s, 3]` as `inputs.pixels` makes them."""

    def texts(self, batch: Sequence[str]) -> Encoded: ...

    def tags_of(self, vectors: NDArray[np.floating]) -> Floats:
        """The tags of images whose vectors are known: as `images` gives them, without the image."""

    @property
    def precision(self) -> str:
        """What `stream_images` computes in: f32, or what was found to be as good here."""

    def calibrate(self, images: Callable[[int], Pixels]) -> bool:
        """Make what `precision` needs of the catalog's own images, where it needs and lacks that.

        `images` gives so many of them, or fewer. Whether it was made: what was streamed before
        then is of no use beside what comes now.
        """

    @property
    def loss(self) -> Loss | None:
        """What `precision` costs, as `calibrate` measured it; None where nothing is lost."""

    def stream_images(self, batches: Iterable[Pixels]) -> Iterator[Encoded]:
        """As `images`, for batches of at most `runtime.batch`, several at work at once.

        A batch is read until its answer comes out; only then may its memory be used again.
        """

    def stream_texts(self, batches: Iterable[Sequence[str]]) -> Iterator[Encoded]:
        """As `texts`, several batches at work at once."""

    def rest(self) -> None:
        """Give back the memory that streams need; the next one takes it anew."""
