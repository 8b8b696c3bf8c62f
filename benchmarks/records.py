"""Is the right product recognised, an unknown one refused, and the right promotion and store found?

    python -m benchmarks.records HOME SHOP [--near LAT,LON] [--name records]

SHOP is a folder of `pairdex catalog demo --kind goods`; HOME has its catalog, its links and a
recogniser. What is right for promotions and stores is worked out here from the files alone.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import math
import time
from pathlib import Path

from benchmarks.results import keep
from settings import load_settings
from tagger.offers import place_of
from tagger.record import Recogniser, Record

Rows = list[dict[str, str]]


def table(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def expected(record: Record, shop: Path, day: dt.date, here: tuple[float, float]) -> set[str]:
    """`promotion → store` of each promotion that runs, by hand."""
    brand = {row["product"]: row["brand"] for row in table(shop / "catalog.csv")}[record.product]
    today, found = day.isoformat(), set()
    for row in table(shop / "promotions.csv"):
        fits = row["product"] == record.product or (not row["product"] and row["brand"] == brand)
        if not (fits and row["starts"] <= today <= row["ends"]):
            continue
        stores = [
            (angle(here, (float(s["latitude"]), float(s["longitude"]))), s["name"])
            for s in table(shop / "stores.csv")
            if row["brand"] in s["brands"].split("|")
        ]
        found.add(f"{row['id']} → {min(stores)[1] if stores else '-'}")
    return found


def angle(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Between two places, by the dot product of their directions: not the way of the library."""
    sides = []
    for latitude, longitude in (one, other):
        up, east = math.radians(latitude), math.radians(longitude)
        sides.append((math.cos(up) * math.cos(east), math.cos(up) * math.sin(east), math.sin(up)))
    return math.acos(max(-1.0, min(1.0, sum(a * b for a, b in zip(*sides, strict=True)))))


def measure(home: Path, shop: Path, near: str) -> dict[str, object]:
    recogniser = Recogniser.open(home, load_settings(home))
    place = place_of(near)
    photos = table(shop / "unseen" / "photos.csv")
    day = recogniser.today()
    start = time.perf_counter()
    records = recogniser.recognise_all(
        [shop / "unseen" / row["image"] for row in photos], place, None, day
    )
    seconds = time.perf_counter() - start
    pairs = list(zip(records, (row["product"] for row in photos), strict=True))
    sold = [(record, product) for record, product in pairs if product]
    others = [record for record, product in pairs if not product]
    right = [record for record, product in sold if record.known and record.product == product]
    joined = sum(
        {f"{p.data['id']} → {p.store.name if p.store else '-'}" for p in record.promotions}
        == expected(record, shop, day, (place.latitude, place.longitude))
        for record in right
    )
    top5 = sum(product in {c.product for c in record.candidates} for record, product in sold)
    return {
        "photographs of goods in the catalog": len(sold),
        "first, sure or not": share(sum(r.product == p for r, p in sold), len(sold)),
        "among the first five": share(top5, len(sold)),
        "recognised": share(len(right), len(sold)),
        "taken for another": share(sum(r.known and r.product != p for r, p in sold), len(sold)),
        "photographs of other goods": len(others),
        "refused": share(sum(not record.known for record in others), len(others)),
        "promotions and nearest store right": share(joined, len(right)),
        "with a promotion": sum(bool(record.promotions) for record in right),
        "photographs per second": round(len(photos) / seconds, 1),
    }


def share(part: int, whole: int) -> float:
    return round(part / max(1, whole), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("home", type=Path)
    parser.add_argument("shop", type=Path)
    parser.add_argument("--near", default="37.5665,126.9780")
    parser.add_argument("--name", default="records", help="of the result files")
    asked = parser.parse_args()
    found = measure(asked.home, asked.shop, asked.near)
    keep(asked.name, [f"{name:<36} {value}" for name, value in found.items()], found)


if __name__ == "__main__":
    main()
