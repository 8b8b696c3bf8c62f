"""What linked tables say of an item: promotions that run on a day, and the nearest store for each.

A store runs a promotion if it names its id under `promotions`, or its brand under `brands`; a
store of a table that has neither column runs them all.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from db.folding import fold
from db.links import Linked
from db.store import Store
from errors import QueryError

EARTH = 6_371_008.8  # mean radius in metres
_IDS = ("id", "promotion", "promotion_id", "code")
_TEXTS = ("text", "promotion", "title", "description")
_PRICES = ("price", "promotion_price", "sale_price")
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(km|m|mi)?", re.IGNORECASE)
_METRES = {"km": 1000.0, "m": 1.0, "mi": 1609.344}


@dataclass(frozen=True)
class Place:
    latitude: float
    longitude: float


@dataclass(frozen=True)
class NearStore:
    table: str
    name: str
    address: str
    latitude: float
    longitude: float
    metres: float  # along the surface of the earth
    data: Mapping[str, str]


@dataclass(frozen=True)
class Promotion:
    table: str
    brand: str
    starts: str | None  # first and last day
    ends: str | None
    price: str
    text: str
    data: Mapping[str, str]
    store: NearStore | None = None  # the nearest that runs it, where a place was given


def place_of(text: str) -> Place:
    """`37.5665,126.9780` → a place on earth."""
    parts = text.split(",")
    try:
        latitude, longitude = (float(part) for part in parts)
    except ValueError:
        raise QueryError(f"{text!r} is not of the form LAT,LON", field="near") from None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise QueryError(f"{text!r} is no place on earth", field="near")
    return Place(latitude, longitude)


def metres_of(text: str) -> float:
    """`2km`, `800m`, `1.5mi` → metres."""
    found = _LENGTH.fullmatch(text.strip())
    if not found:
        raise QueryError(f"{text!r} is no distance such as 2km or 800m", field="within")
    return float(found[1]) * _METRES[(found[2] or "m").lower()]


def day_of(text: str) -> dt.date:
    """`2026-11-20` → that day."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise QueryError(f"{text!r} is no day such as 2026-11-20", field="on") from None


def asked(
    near: str | None, within: str | None, on: str | None
) -> tuple[Place | None, float | None, dt.date | None]:
    """The place, the metres around it and the day, as far as they are given."""
    place = None if near is None else place_of(near)
    metres = None if within is None else metres_of(within)
    if place is None and metres is not None:
        raise QueryError("there is no place", "", "say where: near LAT,LON", field="within")
    return place, metres, None if on is None else day_of(on)


def promotions(store: Store, item: Mapping[str, str], day: dt.date) -> list[Promotion]:
    """Those that run on that day for an item of these columns (`id` and `name` among them)."""
    found: list[Promotion] = []
    today = day.isoformat()
    for state in store.links.all():
        link = state.link
        if link.kind != "promotions":
            continue
        rows = store.links.matching(link.name, item.get(link.on, ""), item.get("brand", ""))
        found += [
            Promotion(
                link.name,
                row.data.get("brand", "") or row.brand,
                row.starts,
                row.ends,
                _first(row.data, _PRICES),
                _first(row.data, _TEXTS),
                row.data,
            )
            for row in rows
            if (row.starts or today) <= today <= (row.ends or today)
        ]
    return found


def tables(store: Store, item: Mapping[str, str]) -> dict[str, Mapping[str, str]]:
    """The row of each other linked table for an item."""
    found: dict[str, Mapping[str, str]] = {}
    for state in store.links.all():
        link = state.link
        rows = (
            store.links.matching(link.name, item.get(link.on, "")) if link.kind == "table" else []
        )
        if rows:
            found[link.name] = rows[0].data
    return found


class Stores:
    """The stores of all linked tables, read once."""

    def __init__(self, store: Store) -> None:
        self._rows: list[tuple[str, Linked]] = []
        for state in store.links.all():
            if state.link.kind == "stores":
                self._rows += [(state.link.name, row) for row in store.links.rows(state.link.name)]
        places = [(row.latitude or 0.0, row.longitude or 0.0) for _, row in self._rows]
        self._places = np.asarray(places, np.float64).reshape(-1, 2)

    def nearest(self, promotion: Promotion, near: Place, within: float | None) -> NearStore | None:
        """The nearest store that runs a promotion, at most `within` metres away."""
        running = [n for n, (_, row) in enumerate(self._rows) if runs(row.data, promotion)]
        if not running:
            return None
        metres = distances(near, self._places[running])
        best = int(np.argmin(metres))
        if within is not None and metres[best] > within:
            return None
        table, row = self._rows[running[best]]
        return NearStore(
            table,
            _first(row.data, ("name", "store", "title", "id")),
            _first(row.data, ("address", "addr")),
            float(self._places[running[best], 0]),
            float(self._places[running[best], 1]),
            float(metres[best]),
            row.data,
        )


def runs(store: Mapping[str, str], promotion: Promotion) -> bool:
    columns = {name.lower(): value for name, value in store.items()}
    told = False
    for names, wanted in (
        (("promotions", "promotion", "promos"), [_first(promotion.data, (n,)) for n in _IDS]),
        (("brands", "brand"), [promotion.brand]),
    ):
        listed = next((columns[name] for name in names if name in columns), None)
        if listed is None:
            continue
        told = True
        entries = {fold(entry.strip()) for entry in re.split(r"[|;,]", listed)} - {""}
        if entries & {fold(value) for value in wanted if value}:
            return True
    return not told


def distances(near: Place, places: np.ndarray) -> np.ndarray:
    """Great-circle distances in metres from one place to many, `[n, 2]` degrees."""
    here = np.radians([near.latitude, near.longitude])
    there = np.radians(places)
    half = (
        np.sin((there[:, 0] - here[0]) / 2) ** 2
        + np.cos(here[0]) * np.cos(there[:, 0]) * np.sin((there[:, 1] - here[1]) / 2) ** 2
    )
    found: np.ndarray = 2 * EARTH * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return found


def _first(data: Mapping[str, str], names: Sequence[str] | Iterable[str]) -> str:
    lower = {name.lower(): value for name, value in data.items()}
    return next((lower[name] for name in names if lower.get(name)), "")
