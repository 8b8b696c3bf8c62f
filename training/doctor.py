"""Whether this installation can do its work: versions, processor, weights, exact inference."""

from __future__ import annotations

import dataclasses
import os
import platform
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import numpy as np
import openvino as ov
from keras import ops

from db.home import Home
from encoder import artifact as artifacts
from encoder.inputs import Tokenizer
from encoder.network import (
    Network,
    NetworkShape,
    build_network,
    serving_graphs,
    set_network_weights,
)
from encoder.runtime import OpenVinoEncoder
from encoder.scoring import Scoring
from encoder.weights import BASE_FOLDER, read_arrays
from errors import ModelError
from progress import Progress, silent
from settings import Settings
from training.export import export_graphs

PACKAGES = (
    "tensorflow-cpu", "tensorflow", "keras", "openvino", "faiss-cpu", "numpy", "pandas",
    "pillow", "sqlalchemy", "tokenizers", "typer", "rich",
)  # fmt: skip
# Half-precision weights move an output by about this much at most.
TOLERANCE = 5e-3


@dataclass(frozen=True)
class Finding:
    name: str
    state: Literal["ok", "note", "bad"]
    detail: str


def examine(home: Path, settings: Settings, progress: Progress = silent) -> list[Finding]:
    findings = [_python(), _packages(), _processor(), _weights(settings)]
    progress("self-test", 0, 1)
    findings.append(_self_test(Home(home), settings))
    progress("self-test", 1, 1)
    return findings


def _python() -> Finding:
    return Finding("python", "ok", f"{platform.python_version()} on {platform.platform()}")


def _packages() -> Finding:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return Finding("packages", "ok", ", ".join(found))


def _processor() -> Finding:
    core = ov.Core()
    able = sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
    name = str(core.get_property("CPU", "FULL_DEVICE_NAME")).strip()
    state: Literal["ok", "note"] = "ok" if "FP32" in able else "note"
    return Finding("processor", state, f"{name}: {', '.join(able)}")


def _weights(settings: Settings) -> Finding:
    cached = sorted(file.name for file in _keras_cache().glob("*notop*"))
    shipped = sorted(file.name for file in BASE_FOLDER.glob("*.npz"))
    detail = (
        f"encoder.weights = {settings.encoder.weights!r}; in the Keras cache: "
        f"{', '.join(cached) or 'none'}; shipped: {', '.join(shipped) or 'none'}"
    )
    return Finding("weights", "ok" if cached or shipped else "note", detail)


def _keras_cache() -> Path:
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models"


def _self_test(home: Home, settings: Settings) -> Finding:
    """Noise through Keras and through the runtime; of this home's model, or of a tiny one."""
    try:
        with tempfile.TemporaryDirectory() as scratch:
            if home.artifact.is_dir():
                artifact = artifacts.load(home.artifact)
                network = build_network(NetworkShape(**artifact.shape))
                set_network_weights(network, read_arrays(home.artifact / "weights.npz"))
                folder, name = home.artifact, "the model of this home"
            else:
                network, folder = _tiny(Path(scratch)), Path(scratch)
                name = "a tiny random model (this home has none)"
            gap = _difference(network, OpenVinoEncoder(folder, settings.runtime))
    except ModelError as error:
        return Finding("self-test", "bad", str(error))
    state: Literal["ok", "bad"] = "ok" if gap <= TOLERANCE else "bad"
    return Finding("self-test", state, f"{name}: runtime and Keras differ by at most {gap:.1e}")


def _difference(network: Network, encoder: OpenVinoEncoder) -> float:
    image, text = serving_graphs(network)
    side = network.shape.image_size
    noise = np.random.default_rng(0).integers(0, 256, (4, side, side, 3), dtype=np.uint8)
    words = ["a fire-type lizard", "불꽃 도마뱀", "something else entirely"]
    pairs = (
        (image(noise.astype(np.float32)), encoder.images(noise)),
        (text(encoder.tokenizer.encode(words)), encoder.texts(words)),
    )
    return max(
        float(np.abs(ops.convert_to_numpy(reference[name]) - array).max())
        for reference, encoded in pairs
        for name, array in (("vector", encoded.vectors), ("tags", encoded.tags))
    )


def _tiny(folder: Path) -> Network:
    tokenizer = Tokenizer.fit(["a fire-type lizard"], 300, 16)
    shape = NetworkShape("tiny", 64, vocabulary=tokenizer.size, tags=3, max_tokens=16)
    network = build_network(shape)
    export_graphs(network, folder)
    (folder / "tokenizer.json").write_text(tokenizer.to_json(), encoding="utf-8")
    bare = artifacts.Artifact(
        shape=dataclasses.asdict(shape), image_size=64, max_tokens=16, vocabulary=tokenizer.size,
        shared=shape.shared, width=shape.head, tags=["a", "b", "c"], thresholds=[0.5] * 3,
        scoring=Scoring(), recipe={}, metrics={},
    )  # fmt: skip
    artifacts.seal(folder, bare)
    return network
