"""What tells products apart: a softmax over backbone features, and an honest "none of them".

    product.json     products, calibration, metrics, SHA-256 of every file
    features.xml .bin  pixels → features (exported graph)
    head.npz         weight, bias of the softmax; centre of each product; mean of all

Plain NumPy: how it was trained (`training/products.py`) is not known here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from encoder.artifact import sha256
from encoder.head import sigmoid
from encoder.inputs import Pixels
from errors import ModelError

Floats = NDArray[np.float32]
JSON = "product.json"
FILES = ("features.xml", "features.bin", "head.npz")
SCHEMA = 1
SHARPNESS = 20.0  # logits per cosine, where there is no softmax; the temperature does the rest
SHARP = 0.8  # the share of each side that the view shows which is neither shrunk nor blown up
VIEWS = (1.0, SHARP, 0.6)  # of a query, by that share
_TRAIN = "run `pairdex train --products`"


class ProductFile(msgspec.Struct, frozen=True, kw_only=True):
    """product.json as it is."""

    schema: int = SCHEMA
    column: str  # of the catalog, which holds the products
    products: list[str]
    image_size: int
    temperature: float  # of the softmax, so that its probabilities come true
    weights: list[float]  # of the evidence that it is one of the products at all, offset last
    threshold: float  # the probability from which a product is said to be recognised
    metrics: dict[str, Any]
    files: dict[str, str] = {}

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256("\n".join(self.files[name] for name in FILES).encode()).hexdigest()


@dataclass(frozen=True)
class Recognised:
    """All products, the likeliest first; probabilities add up to that of being one of them."""

    order: NDArray[np.intp]
    probabilities: Floats  # in that order
    known: bool  # whether the first is sure enough


@dataclass(frozen=True)
class ProductHead:
    """The arrays of head.npz. Without a weight the nearest centre is what counts."""

    weight: Floats  # [features, products], or nothing
    bias: Floats
    centres: Floats  # [products, features], unit length, the mean taken off
    mean: Floats

    def logits(self, features: Floats) -> Floats:
        if not self.weight.size:
            return self.cosines(features) * SHARPNESS
        return features @ self.weight + self.bias

    def cosines(self, features: Floats) -> Floats:
        away = features - self.mean
        away /= np.linalg.norm(away, axis=-1, keepdims=True) + 1e-9
        return np.asarray(away @ self.centres.T, np.float32)

    @classmethod
    def load(cls, file: Path) -> ProductHead:
        with np.load(file, allow_pickle=False) as arrays:
            named = {name: arrays[name].astype(np.float32) for name in arrays.files}
        return cls(**named)


def asked_side(size: int) -> int:
    """How large pictures are read, so that their middle is as sharp as they are themselves."""
    return round(size / SHARP)


def query_views(pixels: Pixels) -> Pixels:
    """Of `asked_side` → `[views, size, size, 3]`: the whole, then nearer to its middle."""
    side = pixels.shape[0]
    size, whole = round(side * SHARP), Image.fromarray(pixels)
    views = []
    for share in VIEWS:
        edge = round(side * (1 - share) / 2)
        box = (edge, edge, side - edge, side - edge)
        views.append(np.asarray(whole.resize((size, size), Image.Resampling.BICUBIC, box)))
    return np.stack(views)


def evidence(logits: Floats, cosines: Floats, temperature: float) -> NDArray[np.float64]:
    """`[n, products]` each → what tells a known product from an unknown one, `[n, 5]`."""
    scaled = logits.astype(np.float64) / temperature
    top = np.sort(scaled, axis=1)[:, ::-1]
    first = scaled.argmax(axis=1)
    second = top[:, 1] if scaled.shape[1] > 1 else top[:, 0] - 10.0
    energy = top[:, 0] + np.log(np.exp(scaled - top[:, :1]).sum(axis=1))
    ranked = np.sort(cosines, axis=1)[:, ::-1]
    other = ranked[:, 1] if cosines.shape[1] > 1 else ranked[:, 0] - 1.0
    return np.stack(
        [
            np.minimum(top[:, 0] - second, 12.0),
            energy,
            cosines[np.arange(len(first)), first],
            ranked[:, 0] - other,
            (first == cosines.argmax(axis=1)).astype(np.float64),
        ],
        axis=1,
    )


def softmax(logits: Floats, temperature: float) -> NDArray[np.float64]:
    scaled = logits.astype(np.float64) / temperature
    odds = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


def judge(file: ProductFile, logits: Floats, cosines: Floats) -> list[Recognised]:
    """`[n, products]` each → a verdict per row."""
    said = evidence(logits, cosines, file.temperature)
    one = sigmoid(np.asarray(said @ np.asarray(file.weights[:-1]) + file.weights[-1], np.float32))
    chances = softmax(logits, file.temperature) * one[:, None]
    verdicts = []
    for row in chances:
        order = np.argsort(-row, kind="stable")
        ranked = row[order].astype(np.float32)
        verdicts.append(Recognised(order, ranked, bool(ranked[0] >= file.threshold)))
    return verdicts


def seal(folder: Path, file: ProductFile) -> ProductFile:
    """Write product.json over the finished files of a folder."""
    files = {name: sha256(folder / name) for name in FILES}
    file = msgspec.structs.replace(file, files=files)
    (folder / JSON).write_bytes(msgspec.json.format(msgspec.json.encode(file), indent=2))
    return file


def load(folder: Path) -> ProductFile:
    """product.json of a folder, every checksum compared."""
    place = folder / JSON
    if not place.is_file():
        raise ModelError(
            "this home recognises no products",
            f"there is no {place.name} in {folder}",
            "set training.product to the column that names them, then run `pairdex train`",
        )
    try:
        file = msgspec.json.decode(place.read_bytes(), type=ProductFile)
        sound = file.schema == SCHEMA and all(
            file.files.get(name) == sha256(folder / name) for name in FILES
        )
    except (msgspec.DecodeError, OSError) as error:
        raise ModelError(f"{folder} cannot be read", str(error), _TRAIN) from None
    if not sound:
        raise ModelError(f"{folder} is damaged", "a checksum or its format differs", _TRAIN)
    return file
