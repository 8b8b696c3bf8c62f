"""Linked tables: what is taken, and which rows are left out with which reason."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.feeds.days import day_of
from db.store import Store
from errors import CatalogError
from tests.feed_samples import csv, linked
from tests.feed_server import GOOD, FeedServer, packed

# -- what is taken ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (GOOD.encode(), {}),
        (b"\xef\xbb\xbf" + GOOD.encode(), {"Content_Type": "text/plain; charset=utf-8"}),
        (GOOD.encode("utf-16"), {}),
        (GOOD.replace(",", ";").encode(), {"Content_Type": "application/octet-stream"}),
        (packed(), {"Content_Encoding": "gzip"}),
        (packed(), {"Content_Type": "application/gzip"}),
        (GOOD.replace("winter tea", "thé").encode("latin-1"),
         {"Content_Type": "text/csv; charset=iso-8859-1"}),
        (json.dumps([{"product": "cola"}, {"product": "tea"}]).encode(),
         {"Content_Type": "application/json"}),
        (b'{"product": "cola"}\n{"product": "tea"}\n', {"Content_Type": "text/plain"}),
    ],
)  # fmt: skip
def test_a_table_is_taken_in_whatever_form_it_comes(
    store: Store, feed_server: FeedServer, body: bytes, headers: dict[str, str]
) -> None:
    linked(store, feed_server.put("/forms", body, **headers))
    rows = store.links.rows("feed")
    assert [row.key for row in rows] == ["cola", "tea"]
    assert "\ufeffproduct" not in rows[0].data


def test_a_promotion_is_found_by_its_product_or_by_its_brand_alone(
    store: Store, feed_server: FeedServer
) -> None:
    linked(store, feed_server.put("/p", csv("Cola,,2026-11-01,,1", ",Sunny,,2026-11-30,2")))
    assert [row.data["price"] for row in store.links.matching("feed", "COLA")] == ["1"]
    assert [row.data["price"] for row in store.links.matching("feed", "", "sunny")] == ["2"]
    assert store.links.matching("feed", "") == []
    assert store.links.matching("feed", "tea", "moss") == []


def test_days_are_read_in_plain_forms_and_in_the_zone_of_the_settings() -> None:
    seoul = dt.timezone(dt.timedelta(hours=9))
    for text in ("2026-11-20", "2026.11.20", "2026.11.20.", "2026/11/20", "20261120"):
        assert day_of(text, dt.UTC) == "2026-11-20"
    assert day_of("2026-11-20T20:00:00Z", dt.UTC) == "2026-11-20"
    assert day_of("2026-11-20T20:00:00Z", seoul) == "2026-11-21"
    for text in ("20/11/2026", "2026-02-30", "tomorrow", "2026111", "11-20", ""):
        assert day_of(text, dt.UTC) is None


@given(st.text(max_size=30))
def test_no_text_at_all_makes_the_reader_of_days_fail(text: str) -> None:
    found = day_of(text, dt.UTC)
    assert found is None or dt.date.fromisoformat(found)


# -- bad rows ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("cola,,30/11/2026,,1", "bad-date"),
        ("cola,,2026-11-30,2026-11-01,1", "ends-before-start"),
        (",,2026-11-01,2026-11-30,1", "no-key"),
        ("cola,,,,free", "bad-price"),
        ("tea,,,,1", "duplicate"),
        ("cola,,,,1,2,3", "unreadable-row"),
    ],
)
def test_a_bad_row_is_left_out_with_its_reason_and_the_others_are_kept(
    store: Store, feed_server: FeedServer, row: str, code: str
) -> None:
    linked(store, feed_server.put("/rows", csv("tea,,,,1", "milk,,,,2", row)))
    assert [one.key for one in store.links.rows("feed")] == ["tea", "milk"]
    assert [(p.row, p.code) for p in store.links.problems("feed")] == [(3, code)]
    state = store.links.get("feed")
    assert state is not None
    assert (state.rows, state.left_out) == (2, 1)


@pytest.mark.parametrize("place", ["91,10", "10,181", "nan,5", ",", "37.5 N,127", "0,0", "inf,1"])
def test_a_store_without_a_place_on_earth_is_left_out(
    store: Store, feed_server: FeedServer, place: str
) -> None:
    body = f"id,name,lat,lon\n1,North,37.5,127.0\n2,South,{place}\n1,Twin,37.5,127.0\n"
    with pytest.raises(CatalogError, match="2 of 3 rows are bad; row 2: bad-coordinates"):
        linked(store, feed_server.put("/stores", body), "stores")
    linked(store, feed_server.put("/stores", body.replace("1,Twin", "3,Twin")), "stores")
    assert [p.code for p in store.links.problems("feed")] == ["bad-coordinates"]
