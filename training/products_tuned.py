"""A recogniser on a backbone of its own, tuned to tell these products apart.

What an unknown product looks like to it is learnt from another backbone, tuned in the same way
without a quarter of the products.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from encoder.products import ProductHead
from training.checkpoints import Checkpoints, run_name
from training.features import plain_features
from training.products_calibrate import FOLDS, Calibrated, Queries, Trial, calibrate
from training.products_head import product_head
from training.products_pairs import Material, Pairs, Work, material, others
from training.products_tune import Tuner
from training.products_views import query_features
from training.recipe import Pair


def tuned(
    work: Work, learnt: Material, asked: Material
) -> tuple[Calibrated, ProductHead, keras.Model]:
    """The calibration, the head and the backbone of the recogniser."""
    goods, recipe, count = work.goods, work.recipe, len(work.goods.names)
    source = material(goods.learn, goods.names, asked.images.shape[1], work.progress)
    tuner = Tuner(work.backbone, work.name, source.images, recipe, work.progress)

    def without(some: NDArray[np.intp]) -> tuple[keras.Model, ProductHead, Checkpoints]:
        """Backbone and head that have never seen some of the products."""
        kept, numbers = others(learnt.labels, some)
        pairs = [pair for pair, there in zip(goods.learn, kept, strict=True) if there]
        checkpoints = _checkpoints(work, pairs)
        kinds = np.unique(np.delete(goods.kinds, some), return_inverse=True)[1]
        made = tuner.tune(np.flatnonzero(kept), numbers, kinds, checkpoints)
        plain = plain_features(made.backbone, learnt.images[kept]).astype(np.float32)
        head = product_head(made.weight, made.bias, plain, numbers, count - len(some))
        return made.backbone, head, checkpoints

    own, head, done = without(np.zeros(0, np.intp))
    order = np.random.default_rng(recipe.seed).permutation(count)
    some = np.sort(order[: max(1, count // FOLDS)])
    other, kept_from, done_too = without(some)
    trials = [_trial(other, kept_from, some, source, asked)]
    found = calibrate(
        head, trials, Queries(query_features(own, asked.images), asked.labels), recipe
    )
    done.clear()
    done_too.clear()
    return found, head, own


def _trial(
    backbone: keras.Model,
    head: ProductHead,
    some: NDArray[np.intp],
    source: Material,
    asked: Material,
) -> Trial:
    """Of a backbone that never saw some of the products, nor any picture that it is asked about."""
    strange = np.isin(source.labels, some)
    images = np.concatenate([asked.images, source.images[strange]])
    labels = np.concatenate([asked.labels, source.labels[strange]])
    known, numbers = others(labels, some)
    told = np.full(len(labels), -1, np.intp)
    told[known] = numbers
    return Trial(head, Queries(query_features(backbone, images), told))


def _checkpoints(work: Work, learn: Pairs) -> Checkpoints:
    """Of a fine-tuning of this backbone on these pictures; another one begins anew."""
    pairs = [Pair(item.key, Path(item.image), (), (product,)) for item, product in learn]
    sums = [float(np.abs(weight).sum()) for weight in work.backbone.get_weights()]
    shape = work.backbone.input_shape
    kinds = work.goods.kinds.tolist()
    run = run_name("products", pairs, work.recipe, work.name, shape, sums, kinds)
    return Checkpoints(work.home.cache / "training", run)
