"""A tiny network, exported and sealed as `train` would, without being trained."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from encoder import artifact as artifacts
from encoder.inputs import Tokenizer
from encoder.scoring import Scoring
from tests.made_once import copied, made_once

TEXTS = ["a fire-type lizard", "불꽃 도마뱀", "", "x " * 60, "blue bird"]
SIDE, LENGTH = 48, 16


def tiny_artifact(folder: Path) -> Path:
    """Made once for all tests: Keras and the export take longer than most of them."""
    return copied(made_once("tiny", _made), folder)


def _made(folder: Path) -> None:
    import training  # noqa: F401  # loads Keras without its greeting
    from encoder.network import NetworkShape, build_network
    from training.export import export_graphs

    tokenizer = Tokenizer.fit(TEXTS, 300, LENGTH)
    shape = NetworkShape("tiny", SIDE, vocabulary=tokenizer.size, tags=4, max_tokens=LENGTH)
    network = build_network(shape)
    dice = np.random.default_rng(0)
    for part in network.heads:
        for weight in part.weights:
            value = np.asarray(weight)
            noise = dice.normal(0, 0.1, value.shape).astype(np.float32)
            weight.assign(np.abs(value + noise) if "variance" in weight.path else value + noise)
    export_graphs(network, folder)
    (folder / "tokenizer.json").write_text(tokenizer.to_json(), encoding="utf-8")
    artifacts.seal(
        folder,
        artifacts.Artifact(
            shape=asdict(shape), image_size=SIDE, max_tokens=LENGTH, vocabulary=shape.vocabulary,
            shared=shape.shared, width=shape.head, tags=list("abcd"), thresholds=[0.5] * 4,
            scoring=Scoring(), recipe={}, metrics={},
        ),
    )  # fmt: skip
