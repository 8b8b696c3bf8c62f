"""What is left of the match head once both branches have stored their halves: NumPy, no network.

    logit = relu(half_image + half_text + cos · cos_weight) · out_weight + out_bias

What a logit means as a probability is in scoring.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from errors import ModelError

Floats = NDArray[np.float32]
_NAMES = ("cos_weight", "out_weight", "out_bias")


@dataclass(frozen=True)
class Head:
    cos_weight: Floats  # [width]
    out_weight: Floats  # [width]
    out_bias: Floats  # scalar

    @classmethod
    def load(cls, file: Path) -> Head:
        try:
            with np.load(file, allow_pickle=False) as arrays:
                cos_weight, out_weight, out_bias = (arrays[n].astype(np.float32) for n in _NAMES)
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"{file} cannot be read", str(error), "train again") from None
        return cls(cos_weight, out_weight, out_bias)

    @property
    def width(self) -> int:
        return len(self.cos_weight)

    def logits(
        self, image_halves: NDArray[np.floating], text_halves: NDArray[np.floating], cos: Floats
    ) -> Floats:
        """Match logits of pairs; one half may be a single row that is held against many."""
        hidden = np.add(image_halves, text_halves, dtype=np.float32)
        hidden += cos[:, None] * self.cos_weight
        np.maximum(hidden, 0.0, out=hidden)
        logits: Floats = hidden @ self.out_weight + self.out_bias
        return logits


def sigmoid(logits: Floats) -> Floats:
    """Without overflow, whatever the logits."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)), np.float32)
