"""Promotions that run on a day, and the nearest store for each."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.links import Copy, Link, Linked
from db.store import Store
from db.zones import zone_name, zone_of
from errors import QueryError, SettingsError
from tagger.offers import (
    EARTH,
    Place,
    Promotion,
    Stores,
    distances,
    metres_of,
    place_of,
    promotions,
    runs,
    tables,
)

NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
DAY = NOW.date()
SEOUL = Place(37.5665, 126.9780)


def link(store: Store, name: str, kind: str, rows: list[Linked], on: str = "product") -> None:
    store.links.replace(Link(name, "/x.csv", kind, on, on), Copy("d"), rows, [], NOW)  # type: ignore[arg-type]


def offer(text: str, starts: str | None, ends: str | None, key: str = "cola") -> Linked:
    return Linked({"text": text, "id": text}, key, "Sunny", starts, ends)


def test_a_promotion_runs_from_its_first_to_its_last_day(store: Store) -> None:
    rows = [
        offer("today alone", "2026-11-20", "2026-11-20"),
        offer("ended", "2026-11-01", "2026-11-19"),
        offer("to come", "2026-11-21", "2026-11-30"),
        offer("for ever", None, None),
        offer("from now on", "2026-11-20", None),
        offer("until now", None, "2026-11-20"),
        offer("of another", None, None, "tea"),
        offer("of the brand", None, None, ""),
    ]
    link(store, "promotions", "promotions", rows)
    found = promotions(store, {"product": "COLA", "brand": "sunny"}, DAY)
    assert [one.text for one in found] == [
        "today alone", "for ever", "from now on", "until now", "of the brand",
    ]  # fmt: skip
    later = promotions(store, {"product": "cola"}, DAY + dt.timedelta(days=1))
    assert [one.text for one in later] == ["to come", "for ever", "from now on"]
    assert promotions(store, {"product": "milk"}, DAY) == []


def test_other_tables_add_the_row_of_their_key(store: Store) -> None:
    link(store, "prices", "table", [Linked({"price": "3"}, "cola")])
    assert tables(store, {"product": "Cola"}) == {"prices": {"price": "3"}}
    assert tables(store, {"product": "tea"}) == {}
    assert tables(store, {}) == {}


def test_the_nearest_store_is_one_that_runs_the_promotion_and_is_near_enough(store: Store) -> None:
    def shop(name: str, north: float, brands: str) -> Linked:
        return Linked(
            {"name": name, "address": "1 Road", "brands": brands},
            latitude=SEOUL.latitude + north, longitude=SEOUL.longitude,
        )  # fmt: skip

    rows = [
        shop("next door", 0.0001, "Moss"),
        shop("far", 0.02, "sunny|Moss"),
        shop("b", 0.03, "Sunny"),
    ]
    link(store, "stores", "stores", rows, "")
    stores = Stores(store)
    promotion = Promotion("promotions", "Sunny", None, None, "", "", {})
    near = stores.nearest(promotion, SEOUL, None)
    assert near is not None
    assert (near.name, near.address) == ("far", "1 Road")
    assert near.metres == pytest.approx(EARTH * math.radians(0.02), rel=1e-6)
    assert stores.nearest(promotion, SEOUL, 2000.0) is None
    assert stores.nearest(promotion, SEOUL, 2300.0) is not None
    nobody = Promotion("promotions", "Dawn", None, None, "", "", {})
    assert stores.nearest(nobody, SEOUL, None) is None


def test_a_store_runs_what_it_names_and_one_that_names_nothing_runs_all() -> None:
    sunny = Promotion("p", "Sunny", None, None, "", "", {"id": "p7"})
    assert runs({"name": "x"}, sunny)
    assert runs({"Brands": "Moss; SUNNY"}, sunny)
    assert runs({"promotions": "p1|P7"}, sunny)
    assert runs({"promotions": "p1", "brands": "Sunny"}, sunny)
    assert not runs({"promotions": "p1"}, sunny)
    assert not runs({"brands": ""}, sunny)
    assert not runs({"brands": "Sunnyside"}, sunny)


degrees = st.tuples(st.floats(-90, 90, allow_nan=False), st.floats(-180, 180, allow_nan=False))


@given(degrees, degrees)
def test_distances_are_those_of_the_angle_between_two_directions(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    def direction(place: tuple[float, float]) -> np.ndarray:
        up, east = map(math.radians, place)
        return np.array(
            [math.cos(up) * math.cos(east), math.cos(up) * math.sin(east), math.sin(up)]
        )

    a, b = direction(one), direction(other)
    angle = math.atan2(float(np.linalg.norm(np.cross(a, b))), float(a @ b))
    (found,) = distances(Place(*one), np.array([other]))
    assert found == pytest.approx(EARTH * angle, abs=0.5)


def test_places_and_distances_are_read_or_refused_in_one_line() -> None:
    assert place_of("37.5665, 126.9780") == SEOUL
    assert [metres_of(text) for text in ("2km", "800m", "800", "1.5 KM", "1mi")] == [
        2000, 800, 800, 1500, 1609.344,
    ]  # fmt: skip
    for wrong in ("", "37", "1,2,3", "north,south", "91,0", "0,181", "nan,0"):
        with pytest.raises(QueryError, match=r"near: .*(LAT,LON|no place)"):
            place_of(wrong)
    for wrong in ("", "far", "-1km", "2 miles", "km"):
        with pytest.raises(QueryError, match=r"within: .* is no distance"):
            metres_of(wrong)


def test_a_zone_is_named_with_its_distance_from_utc() -> None:
    assert zone_name(zone_of("Asia/Seoul"), DAY) == "Asia/Seoul (UTC+09:00)"
    assert zone_name(zone_of("UTC"), DAY) == "UTC (UTC+00:00)"
    assert zone_of("local") is not None
    for wrong in ("Mars/Olympus", "../etc", ""):
        with pytest.raises(SettingsError, match="no time zone"):
            zone_of(wrong)
