"""Writes the demo shop to disk: catalog, promotions, stores, and photographs to try it on.

catalog.csv      several pictures per product, with splits
promotions.csv   running, past and to come, of products and of whole brands
stores.csv       where they run
unseen/photos.csv  photographs that the catalog lacks: of its goods, and of others (no product)
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from catalog.demo.goods.assortment import Good, assortment
from catalog.demo.goods.package import package, studio
from catalog.demo.goods.photo import photo
from progress import Progress, silent

TRAIN, VAL = 9, 3  # photographs of each good, beside its studio picture
SEEN, STRANGERS, EACH = 4, 30, 4  # photographs per good, and goods that the shop does not sell
STORES = 60
CENTRE = (37.5665, 126.9780)
_COLUMNS = (
    "id", "image", "name", "caption", "tags", "product", "brand", "category", "package",
    "flavour", "list_price", "split",
)  # fmt: skip
_OFFERS = ("two for one", "a third off", "the second at half price", "with a free cup", "this week")
_STREETS = "Maple Cedar Harbour Station Mill Garden Hill River Temple Market".split()


def draw_goods(
    folder: Path,
    items: int = 40,
    seed: int = 7,
    day: dt.date | None = None,
    progress: Progress = silent,
) -> Path:
    """Draws a shop of `items` products and returns the path of its catalog.csv.

    Promotions run around `day`, by default today. Equal arguments give equal files.
    """
    goods = assortment(items, seed)
    strangers = _strangers(goods, seed)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "unseen").mkdir(exist_ok=True)
    rows: list[Sequence[str]] = []
    photos: list[Sequence[str]] = []
    total = len(goods) + len(strangers)
    for number, good in enumerate([*goods, *strangers]):
        progress("draw", number, total)
        sold = number < len(goods)
        drawn = package(good)
        dice = np.random.default_rng([seed, good.design])
        if sold:
            for view in range(1 + TRAIN + VAL):
                picture = studio(good) if view == 0 else photo(drawn, dice)
                name = _save(picture, folder, f"images/{good.id}-{view:02}.jpg")
                rows.append(_row(good, view, name))
        for view in range(SEEN if sold else EACH):
            name = f"{good.id if sold else f'x{number:04}'}-{view}.jpg"
            _save(photo(drawn, dice), folder / "unseen", name)
            photos.append((name, good.name if sold else ""))
    progress("draw", total, total)
    day = day or dt.datetime.now().astimezone().date()
    dice = np.random.default_rng([seed, 99])
    _table(folder / "promotions.csv", _promotions(goods, day, dice))
    _table(folder / "stores.csv", _stores(goods, dice))
    _table(folder / "unseen" / "photos.csv", [("image", "product"), *photos])
    table = folder / "catalog.csv"
    _table(table, [_COLUMNS, *rows])
    return table


def _strangers(goods: Sequence[Good], seed: int) -> list[Good]:
    """Half of the shop's own brands in other flavours, half of brands that it does not know."""
    names = {good.name for good in goods}
    same = [g for g in assortment(len(goods) + STRANGERS, seed) if g.name not in names]
    other = assortment(STRANGERS, seed + 1)
    known = {good.brand.name for good in goods}
    other = [good for good in other if good.brand.name not in known and good.name not in names]
    half = STRANGERS // 2
    return [*same[:half], *other[: STRANGERS - half]]


def _row(good: Good, view: int, image: str) -> Sequence[str]:
    where = "on white" if view == 0 else "photographed in a store"
    caption = f"{good.name}, a {good.shape} with {good.motif}, {where}"
    tags = "|".join((good.shape, good.kind, good.flavour, good.brand.name.lower()))
    split = "val" if view > TRAIN else "train"
    return (
        f"{good.id}-{view:02}", image, good.name, caption, tags, good.name, good.brand.name,
        good.kind, good.shape, good.flavour, str(good.price), split,
    )  # fmt: skip


def _promotions(
    goods: Sequence[Good], day: dt.date, dice: np.random.Generator
) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [("id", "product", "brand", "starts", "ends", "price", "text")]

    def add(product: str, brand: str, price: str) -> None:
        when = int(dice.integers(4))  # two in four run on that day
        start = {0: -40, 1: 6}.get(when, -5) + int(dice.integers(4))
        end = start + (20 if when < 2 else 9) + int(dice.integers(10))
        days = [(day + dt.timedelta(days=shift)).isoformat() for shift in (start, end)]
        text = str(dice.choice(_OFFERS))
        rows.append((f"p{len(rows):03}", product, brand, *days, price, text))

    for good in goods:
        for _ in range(int(dice.integers(0, 3))):
            add(good.name, good.brand.name, str(good.price * int(dice.integers(5, 9)) // 10))
    for brand in sorted({good.brand.name for good in goods})[::3]:
        add("", brand, "")
    return rows


def _stores(goods: Sequence[Good], dice: np.random.Generator) -> list[Sequence[str]]:
    brands = sorted({good.brand.name for good in goods})
    rows: list[Sequence[str]] = [("id", "name", "address", "latitude", "longitude", "brands")]
    for number in range(STORES):
        street = str(dice.choice(_STREETS))
        place = [f"{middle + dice.normal(0, 0.02):.6f}" for middle in CENTRE]
        sold = sorted(dice.choice(brands, max(1, len(brands) // 3), replace=False))
        address = f"{int(dice.integers(1, 200))} {street} Street"
        rows.append((f"s{number:03}", f"Corner {number + 1}", address, *place, "|".join(sold)))
    return rows


def _save(picture: Image.Image, folder: Path, name: str) -> str:
    memory = io.BytesIO()
    picture.save(memory, "JPEG", quality=88)
    (folder / name).write_bytes(memory.getvalue())
    return name


def _table(path: Path, rows: Iterable[Sequence[str]]) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with partial.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    partial.replace(path)
