"""`pairdex train --products`: the recogniser alone, on the backbone of the trained model."""

from __future__ import annotations

from typing import Any

import keras
import msgspec

from db.home import Home
from db.store import Store
from encoder import artifact as artifacts
from encoder.network import NetworkShape
from encoder.network_backbone import build_backbone
from encoder.products import ProductFile
from encoder.weights import load_backbone
from errors import SettingsError
from progress import Progress, silent
from settings import Settings
from training.products import train_products
from training.recipe import Recipe


def learn_products(
    home: Home, store: Store, settings: Settings, recipe: Recipe, progress: Progress = silent
) -> ProductFile:
    """With `recipe.finetune` the backbone is fine-tuned for products; the model keeps its own."""
    if not recipe.product:
        raise SettingsError(
            "training.product is not set",
            "it names the column that holds the product of each item",
            "for example `pairdex --set training.product=product train --products`",
        )
    with home.locked("train"):
        keras.utils.set_random_seed(recipe.seed)
        backbone, name = _backbone(home, settings)
        run = store.start_run("products")
        file = train_products(home, store, backbone, name, recipe, progress)
        store.finish_run(run, summary(file))
    return file


def summary(file: ProductFile) -> dict[str, Any]:
    return {
        "fingerprint": file.fingerprint,
        "column": file.column,
        "temperature": file.temperature,
        "threshold": file.threshold,
        "metrics": dict(msgspec.to_builtins(file.metrics)),
    }


def _backbone(home: Home, settings: Settings) -> tuple[keras.Model, str]:
    """That of the home's model; a home without a model has one by its settings."""
    if home.artifact.exists():
        shape = NetworkShape(**artifacts.load(home.artifact).shape)
        source = str(home.artifact / "weights.npz")
    else:
        encoder = settings.encoder
        shape = NetworkShape(
            encoder.backbone, encoder.image_size, vocabulary=1, tags=1,
            middle=encoder.middle, palette=encoder.palette,
        )  # fmt: skip
        source = encoder.weights
    backbone = build_backbone(
        shape.backbone, shape.image_size, middle=shape.middle, palette=shape.palette
    )
    load_backbone(backbone, shape.backbone, source)
    return backbone, shape.backbone
