"""A small drawn shop, and a recogniser of its goods that is really trained."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

from catalog.demo.goods import draw_goods
from catalog.feeds import link_table
from db.home import Home
from db.links import Link
from db.store import Store
from settings import Settings, load_settings
from tests.catalog_samples import load
from tests.made_once import copied, made_once

DAY = dt.date(2026, 11, 20)
GOODS, SEED = 6, 3


def drawn_shop() -> Path:
    """Its files, which nobody may change."""
    return made_once("shop", lambda folder: draw_goods(folder, items=GOODS, seed=SEED, day=DAY))


def tiny(**training: object) -> Settings:
    values = {"product": "product", "views": 2, **training}
    return load_settings(
        environment={},
        flags=[
            "encoder.backbone=tiny", "encoder.weights=random", "encoder.image_size=64",
            "links.timezone=UTC", *(f"training.{name}={value}" for name, value in values.items()),
        ],
    )  # fmt: skip


def recognising(folder: Path) -> Path:
    """A home with the shop's catalog, its recogniser and its links; a copy of one's own."""
    return copied(made_once("recognising", _recognising), folder)


def _recognising(folder: Path) -> None:
    from training.products_job import learn_products

    shop = drawn_shop()
    load(shop / "catalog.csv", folder)
    settings = tiny()
    with Store.open(folder) as store:
        learn_products(Home(folder), store, settings, settings.training)
        for name, on in (("promotions", "product"), ("stores", "")):
            link = Link(name, str(shop / f"{name}.csv"), name, on)  # type: ignore[arg-type]
            link_table(store, link, settings.links)


def photos(shop: Path) -> list[tuple[Path, str]]:
    """Photographs that training has not seen, with their products."""
    with (shop / "unseen" / "photos.csv").open(encoding="utf-8") as file:
        return [(shop / "unseen" / r["image"], r["product"]) for r in csv.DictReader(file)]
