"""Learning to tell a catalog's products apart, and to say when a picture shows none of them.

With several pictures per product, a softmax learns from those of the train split and is judged on
val. With one or few, the nearest picture counts, judged on the same pictures as a phone might have
taken them. What a product looks like that is not in the catalog is learnt from products that are
left out for a while; of a tuned backbone, by tuning another one that never sees a quarter of them.
"""

from __future__ import annotations

import shutil
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from db.home import Home, writing
from db.store import Store
from encoder import products
from encoder.products import ProductFile, ProductHead, asked_side
from errors import CatalogError
from progress import Progress, silent
from training.export import export_graph
from training.photographed import photographed
from training.products_calibrate import Calibrated, Queries, calibrate, left_out
from training.products_head import fit_head, product_head
from training.products_pairs import (
    Goods,
    Material,
    Work,
    divide,
    kinds_of,
    material,
    others,
    product_pairs,
)
from training.products_tuned import tuned
from training.products_views import both_ways, query_features, view_features
from training.recipe import Recipe

_QUERIES = 4  # made-up photographs per picture, where val has none


def train_products(
    home: Home,
    store: Store,
    backbone: keras.Model,
    name: str,
    recipe: Recipe,
    progress: Progress = silent,
) -> ProductFile:
    """Fit, calibrate and install the recogniser of a home; `name` is that of the backbone.

    With `recipe.finetune` it gets a backbone of its own. A killed fine-tuning goes on where its
    last finished epoch ended.
    """
    pairs = product_pairs(store, recipe.product)
    names = sorted({product for _, product in pairs})
    if len(names) < 2:
        raise CatalogError(
            f"training.product = {recipe.product!r} names {len(names)} products",
            "two are the least that can be told apart",
            "name a column of the catalog that holds the product of each item",
        )
    learn, held, several = divide(pairs)
    goods = Goods(names, kinds_of(pairs, names, recipe.product_kind), learn, held)
    work = Work(home, backbone, name, goods, recipe, progress)
    if several:
        file, head, backbone = _softmax(work)
    else:
        file, head = _nearest(work)
    return _install(home, backbone, file, head)


def _softmax(work: Work) -> tuple[ProductFile, ProductHead, keras.Model]:
    size, names = work.backbone.input_shape[1], work.goods.names
    asked = material(work.goods.held, names, asked_side(size), work.progress)
    if not len(asked.labels):
        raise CatalogError(
            "no picture to judge the recogniser by",
            "the val split holds none of the products",
            "give some items the split val",
        )
    learnt = material(work.goods.learn, names, size, work.progress)
    fit = tuned if work.recipe.finetune else _frozen
    found, head, own = fit(work, learnt, asked)
    return _file(work, found, learnt, "softmax"), head, own


def _frozen(
    work: Work, learnt: Material, asked: Material
) -> tuple[Calibrated, ProductHead, keras.Model]:
    backbone, recipe, count = work.backbone, work.recipe, len(work.goods.names)
    dice = np.random.default_rng(recipe.seed)
    views = view_features(backbone, learnt.images, recipe.views, dice, work.progress)

    def without(some: NDArray[np.intp]) -> ProductHead:
        """As if the catalog had never held some of the products."""
        kept, numbers = others(learnt.labels, some)
        left = count - len(some)
        fitted = fit_head(views[:, kept], numbers, left, recipe.seed)
        return product_head(*fitted, views[0][kept].astype(np.float32), numbers, left)

    head = without(np.zeros(0, np.intp))
    queries = Queries(query_features(backbone, asked.images), asked.labels)
    trials = left_out(count, without, queries, recipe.seed)
    return calibrate(head, trials, queries, recipe), head, backbone


def _nearest(work: Work) -> tuple[ProductFile, ProductHead]:
    backbone, recipe, goods = work.backbone, work.recipe, work.goods
    size, count = backbone.input_shape[1], len(goods.names)
    learnt = material(goods.learn, goods.names, size, work.progress)
    source = material(goods.learn, goods.names, asked_side(size), work.progress)
    none = np.zeros(0, np.float32)
    plain = both_ways(backbone, learnt.images)
    head = product_head(none, none, plain, learnt.labels, count)
    dice = np.random.default_rng(recipe.seed)
    photos = np.stack([photographed(p, dice) for _ in range(_QUERIES) for p in source.images])
    queries = Queries(query_features(backbone, photos), np.tile(learnt.labels, _QUERIES))

    def without(some: NDArray[np.intp]) -> ProductHead:
        kept, numbers = others(learnt.labels, some)
        return product_head(none, none, plain[kept], numbers, count - len(some))

    found = calibrate(head, left_out(count, without, queries, recipe.seed), queries, recipe)
    return _file(work, found, learnt, "nearest"), head


def _file(work: Work, found: Calibrated, learnt: Material, kind: str) -> ProductFile:
    metrics: dict[str, Any] = {
        "kind": kind,
        "products": len(work.goods.names),
        "pictures": len(learnt.labels),
    }
    return ProductFile(
        column=work.recipe.product,
        products=work.goods.names,
        image_size=learnt.images.shape[1],
        temperature=found.temperature,
        weights=found.weights,
        threshold=found.threshold,
        metrics=metrics | found.metrics,
    )


def _install(
    home: Home, backbone: keras.Model, file: ProductFile, head: ProductHead
) -> ProductFile:
    built, target = home.path / ".recogniser", home.recogniser
    old = home.path / ".recogniser.old"
    with writing(home.path):
        for folder in (built, old):
            shutil.rmtree(folder, ignore_errors=True)
        built.mkdir()
        export_graph(backbone, built / "features.xml")
        np.savez(
            built / "head.npz",
            weight=head.weight, bias=head.bias, centres=head.centres, mean=head.mean,
        )  # fmt: skip
        sealed = products.seal(built, file)
        if target.exists():
            target.replace(old)
        built.replace(target)
        shutil.rmtree(old, ignore_errors=True)
    return sealed
