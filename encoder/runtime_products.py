"""The product recogniser at work: features by OpenVINO, the rest in NumPy."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from encoder import products
from encoder.inputs import Pixels
from encoder.light import ov
from encoder.products import Floats, ProductFile, ProductHead, Recognised
from errors import ModelError
from settings import RuntimeSettings

_MOST = 32  # views that are run at once


class ProductModel:
    """Safe to be used by many threads, which take turns."""

    def __init__(self, folder: Path, settings: RuntimeSettings, cache: Path | None = None) -> None:
        self.file: ProductFile = products.load(folder)
        self._folder, self._settings, self._cache = folder, settings, cache
        self._turn = Lock()

    def recognise(self, batch: Pixels) -> list[Recognised]:
        """Of `asked_side` → a verdict per picture, of the mean over its views."""
        views = np.concatenate([products.query_views(one) for one in batch])
        features = self.features(views)
        both = features.reshape(len(batch), -1, features.shape[1])
        logits = self.head.logits(features).reshape(*both.shape[:2], -1).mean(axis=1)
        cosines = self.head.cosines(features).reshape(*both.shape[:2], -1).mean(axis=1)
        return products.judge(self.file, logits, cosines)

    def features(self, views: Pixels) -> Floats:
        with self._turn:  # a compiled graph has one request
            parts = [
                np.asarray(next(iter(self._graph(views[start : start + _MOST]).values())))
                for start in range(0, len(views), _MOST)
            ]
        return np.concatenate(parts).astype(np.float32)

    @cached_property
    def head(self) -> ProductHead:
        return ProductHead.load(self._folder / "head.npz")

    @cached_property
    def _graph(self) -> Any:
        core = ov.Core()
        if self._cache is not None:
            core.set_property({"CACHE_DIR": str(self._cache)})
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": self._settings.threads,
        }
        try:
            return core.compile_model(self._folder / "features.xml", "CPU", options)
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            raise ModelError("the product graph cannot be compiled", reason) from None
