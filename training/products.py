"""Learning to tell a catalog's products apart, and to say when a picture shows none of them.

With several pictures per product, a softmax learns from those of the train split and is judged on
val. With one or few, the nearest picture counts, judged on the same pictures as a phone might have
taken them. What a product looks like that is not in the catalog is learnt from products that are
left out for a while; of a tuned backbone, by tuning another one that never sees a quarter of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from db.home import Home, writing
from db.records import ItemRecord
from db.store import Store
from encoder import products
from encoder.inputs import Pixels
from encoder.products import ProductFile, ProductHead
from errors import CatalogError
from progress import Progress, silent
from training.checkpoints import Checkpoints, run_name
from training.export import export_graph
from training.features import decode, plain_features
from training.photographed import photographed
from training.products_calibrate import FOLDS, Calibrated, Queries, Trial, calibrate, left_out
from training.products_head import fit_head, with_centres
from training.products_tune import source_side, tune
from training.products_views import both_ways, query_features, view_features
from training.recipe import Pair, Recipe

SEVERAL = 4  # pictures of the middling product from which a softmax learns
_QUERIES = 4  # made-up photographs per picture, where val has none


@dataclass(frozen=True)
class Material:
    """Pictures and the number of the product that each shows."""

    images: Pixels
    labels: NDArray[np.intp]


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
    if several:
        file, head, backbone = _softmax(home, backbone, name, learn, held, names, recipe, progress)
    else:
        material = _material(learn, names, backbone.input_shape[1], progress)
        file, head = _nearest(backbone, material, names, recipe)
    return _install(home, backbone, file, head)


def product_pairs(store: Store, column: str) -> list[tuple[ItemRecord, str]]:
    """Every item that has a product, with its name."""
    found = []
    for item in store.items():
        value = {"id": item.key, "name": item.name, **item.attributes}.get(column, "")
        if isinstance(value, float):
            value = str(int(value)) if value.is_integer() else repr(value)
        if isinstance(value, str) and value:
            found.append((item, value))
    return found


def divide(
    pairs: Sequence[tuple[ItemRecord, str]],
) -> tuple[list[tuple[ItemRecord, str]], list[tuple[ItemRecord, str]], bool]:
    """What is learnt from, what is held out, and whether a softmax can learn from it.

    Test is left out, but not the only picture of a product: then there is nothing to test with.
    """
    counts: dict[str, int] = {}
    for item, product in pairs:
        counts[product] = counts.get(product, 0) + (item.split == "train")
    several = float(np.median(list(counts.values()))) >= SEVERAL
    splits = ("train",) if several else ("train", "val")
    seen = {product for item, product in pairs if item.split in splits}
    learn = [(i, p) for i, p in pairs if i.split in splits or p not in seen]
    held = [(i, p) for i, p in pairs if several and i.split == "val" and p in seen]
    return learn, held, several


def _material(
    pairs: Sequence[tuple[ItemRecord, str]], names: Sequence[str], size: int, progress: Progress
) -> Material:
    number = {name: place for place, name in enumerate(names)}
    decoded = decode([Pair(i.key, Path(i.image), ()) for i, _ in pairs], size, progress)
    return Material(decoded, np.array([number[product] for _, product in pairs], np.intp))


def _softmax(
    home: Home,
    backbone: keras.Model,
    name: str,
    learn: Sequence[tuple[ItemRecord, str]],
    held: Sequence[tuple[ItemRecord, str]],
    names: list[str],
    recipe: Recipe,
    progress: Progress,
) -> tuple[ProductFile, ProductHead, keras.Model]:
    size = backbone.input_shape[1]
    material = _material(learn, names, size, progress)
    asked = _material(held, names, size, progress)
    if not len(asked.labels):
        raise CatalogError(
            "no picture to judge the recogniser by",
            "the val split holds none of the products",
            "give some items the split val",
        )
    if recipe.finetune:
        source = _material(learn, names, source_side(size), progress)

        def tuned(some: NDArray[np.intp]) -> tuple[keras.Model, ProductHead, Checkpoints]:
            """Backbone and head that have never seen some of the products."""
            kept, numbers = _others(material.labels, some)
            pairs = [pair for pair, there in zip(learn, kept, strict=True) if there]
            checkpoints = _checkpoints(home, backbone, name, pairs, recipe)
            made = tune(backbone, name, source.images[kept], numbers, recipe, checkpoints, progress)
            plain = plain_features(made.backbone, material.images[kept]).astype(np.float32)
            head = with_centres(made.weight, made.bias, plain, numbers, len(names) - len(some))
            return made.backbone, head, checkpoints

        own, head, done = tuned(np.zeros(0, np.intp))
        order = np.random.default_rng(recipe.seed).permutation(len(names))
        some = np.sort(order[: max(1, len(names) // FOLDS)])
        other, kept_from, done_too = tuned(some)
        trials = [_trial(other, kept_from, some, material, asked)]
        queries = Queries(query_features(own, asked.images), asked.labels)
        found = calibrate(head, trials, queries, recipe)
        done.clear()
        done_too.clear()
        return _file(found, names, material, recipe, "softmax"), head, own

    dice = np.random.default_rng(recipe.seed)
    views = view_features(backbone, material.images, recipe.views, dice, progress)

    def without(some: NDArray[np.intp]) -> ProductHead:
        """As if the catalog had never held some of the products."""
        kept, numbers = _others(material.labels, some)
        left = len(names) - len(some)
        fitted = fit_head(views[:, kept], numbers, left, recipe.seed)
        return with_centres(*fitted, views[0][kept].astype(np.float32), numbers, left)

    head = without(np.zeros(0, np.intp))
    queries = Queries(query_features(backbone, asked.images), asked.labels)
    found = calibrate(head, left_out(len(names), without, queries, recipe.seed), queries, recipe)
    return _file(found, names, material, recipe, "softmax"), head, backbone


def _others(
    labels: NDArray[np.intp], some: NDArray[np.intp]
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Which pictures show none of `some` products, and their numbers without these."""
    kept = ~np.isin(labels, some)
    left = np.setdiff1d(np.arange(int(labels.max()) + 1), some)
    return kept, np.searchsorted(left, labels[kept])


def _trial(
    backbone: keras.Model,
    head: ProductHead,
    some: NDArray[np.intp],
    material: Material,
    asked: Material,
) -> Trial:
    """Of a backbone that never saw some of the products, nor any picture that it is asked about."""
    strange = np.isin(material.labels, some)
    images = np.concatenate([asked.images, material.images[strange]])
    labels = np.concatenate([asked.labels, material.labels[strange]])
    known, numbers = _others(labels, some)
    told = np.full(len(labels), -1, np.intp)
    told[known] = numbers
    return Trial(head, Queries(query_features(backbone, images), told))


def _checkpoints(
    home: Home,
    backbone: keras.Model,
    name: str,
    learn: Sequence[tuple[ItemRecord, str]],
    recipe: Recipe,
) -> Checkpoints:
    """Of a fine-tuning of this backbone on these pictures; another one begins anew."""
    pairs = [Pair(item.key, Path(item.image), (), (product,)) for item, product in learn]
    sums = [float(np.abs(weight).sum()) for weight in backbone.get_weights()]
    run = run_name("products", pairs, recipe, name, backbone.input_shape, sums)
    return Checkpoints(home.cache / "training", run)


def _nearest(
    backbone: keras.Model, material: Material, names: list[str], recipe: Recipe
) -> tuple[ProductFile, ProductHead]:
    none = np.zeros(0, np.float32)
    plain = both_ways(backbone, material.images)
    head = with_centres(none, none, plain, material.labels, len(names))
    dice = np.random.default_rng(recipe.seed)
    photos = np.stack([photographed(p, dice) for _ in range(_QUERIES) for p in material.images])
    queries = Queries(query_features(backbone, photos), np.tile(material.labels, _QUERIES))

    def without(some: NDArray[np.intp]) -> ProductHead:
        kept, numbers = _others(material.labels, some)
        return with_centres(none, none, plain[kept], numbers, len(names) - len(some))

    found = calibrate(head, left_out(len(names), without, queries, recipe.seed), queries, recipe)
    return _file(found, names, material, recipe, "nearest"), head


def _file(
    found: Calibrated, names: list[str], material: Material, recipe: Recipe, kind: str
) -> ProductFile:
    metrics: dict[str, Any] = {
        "kind": kind,
        "products": len(names),
        "pictures": len(material.labels),
    }
    return ProductFile(
        column=recipe.product,
        products=names,
        image_size=material.images.shape[1],
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
