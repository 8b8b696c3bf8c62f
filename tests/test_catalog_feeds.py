"""Linked tables: what comes in, what is refused with which line, and that nothing good is lost."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.feeds import link_table, sync_links
from catalog.feeds.days import day_of
from db.links import Link
from db.store import Store
from errors import CatalogError, QueryError
from settings import LinksSettings, load_settings
from tests.feed_server import GOOD, HTML, FeedServer, packed, serving

ROOT = Path(__file__).resolve().parent.parent
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[FeedServer]:
    with serving() as server:
        yield server


def limits(**changes: object) -> LinksSettings:
    values = {"timeout": 0.5, "deadline": 2.0, "max_mb": 1, "timezone": "UTC"} | changes
    flags = [f"links.{name}={value}" for name, value in values.items()]
    return load_settings(environment={}, flags=flags).links


def linked(store: Store, source: str, kind: str = "promotions", **more: object) -> None:
    on = "" if kind == "stores" else "shelf"
    key = {"promotions": "product", "table": "product"}.get(kind, "")
    link = Link("feed", source, kind, on, **({"key": key} | more))  # type: ignore[arg-type]
    link_table(store, link, limits(), NOW)


def csv(*rows: str) -> str:
    return "product,brand,starts,ends,price\n" + "".join(row + "\n" for row in rows)


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
    store: Store, server: FeedServer, body: bytes, headers: dict[str, str]
) -> None:
    linked(store, server.put("/forms", body, **headers))
    rows = store.links.rows("feed")
    assert [row.key for row in rows] == ["cola", "tea"]
    assert "\ufeffproduct" not in rows[0].data


def test_a_promotion_is_found_by_its_product_or_by_its_brand_alone(
    store: Store, server: FeedServer
) -> None:
    linked(store, server.put("/p", csv("Cola,,2026-11-01,,1", ",Sunny,,2026-11-30,2")))
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
    store: Store, server: FeedServer, row: str, code: str
) -> None:
    linked(store, server.put("/rows", csv("tea,,,,1", "milk,,,,2", row)))
    assert [one.key for one in store.links.rows("feed")] == ["tea", "milk"]
    assert [(p.row, p.code) for p in store.links.problems("feed")] == [(3, code)]
    state = store.links.get("feed")
    assert state is not None
    assert (state.rows, state.left_out) == (2, 1)


@pytest.mark.parametrize("place", ["91,10", "10,181", "nan,5", ",", "37.5 N,127", "0,0", "inf,1"])
def test_a_store_without_a_place_on_earth_is_left_out(
    store: Store, server: FeedServer, place: str
) -> None:
    body = f"id,name,lat,lon\n1,North,37.5,127.0\n2,South,{place}\n1,Twin,37.5,127.0\n"
    with pytest.raises(CatalogError, match="2 of 3 rows are bad; row 2: bad-coordinates"):
        linked(store, server.put("/stores", body), "stores")
    linked(store, server.put("/stores", body.replace("1,Twin", "3,Twin")), "stores")
    assert [p.code for p in store.links.problems("feed")] == ["bad-coordinates"]


# -- bad feeds --------------------------------------------------------------------------------

BAD_PAGES: dict[str, tuple[bytes, dict[str, object], str]] = {
    "500": (b"oops", {"status": 500}, "answers 500 Internal Server Error"),
    "403": (b"no", {"status": 403}, "answers 403 Forbidden"),
    "html": (HTML.encode(), {}, "it is a web page"),
    "html-type": (csv("milk,,,,1").encode(), {"Content_Type": "text/html"}, "it is a web page"),
    "xml": (b'<?xml version="1.0"?><a/>', {}, "it is a web page"),
    "picture": (b"\x89PNG\r\n\x1a\n", {"Content_Type": "image/png"}, "it is a PNG picture"),
    "type": (b"product\n", {"Content_Type": "video/mp4"}, "of the type video/mp4"),
    "sheet": (b"PK\x03\x04....", {}, "a ZIP archive or a spreadsheet"),
    "empty": (b"", {}, "is empty"),
    "blank": (b" \n\n", {}, "is empty"),
    "header-only": (b"product,price\n", {}, "has no rows"),
    "cut-gzip": (packed()[:-12], {"Content_Encoding": "gzip"}, "gzip ends early"),
    "bad-gzip": (b"\x1f\x8bnonsense", {}, "damaged gzip"),
    "bomb": (gzip.compress(b"a" * (2 << 20)), {}, "unpacked it has more than"),
    "brotli": (b"x", {"Content_Encoding": "br"}, "packed as br"),
    "encoding": (b"product,price\ncol\xff\xff,1\n", {}, "not utf-8 at byte 17"),
    "charset": (
        b"product\nmilk\n",
        {"Content_Type": "text/csv; charset=klingon"},
        "no such encoding",
    ),
    "nul": (b"product\nco\0la\n", {}, "NUL byte at byte 10"),
    "column": (b"item,price\ncola,1\n", {}, "no column `product`"),
    "quote": (b'product,price\n"cola,1\n', {}, "unclosed quote"),
    "json": (b"[{", {"Content_Type": "application/json"}, "not valid JSON"),
    "all-bad": (csv("a,,x,,1", "b,,y,,1").encode(), {}, "2 of 2 rows are bad; row 1: bad-date"),
    "large": (b"product\n" + b"a\n" * (1 << 20), {}, "1,048,576 are the most"),
    "to-file": (b"", {"status": 302, "Location": "file:///etc/passwd"}, "is no web address"),
    "nowhere": (b"", {"status": 204}, "answers 204"),
}
ODD_PATHS = {
    "/missing": "answers 404 Not Found",
    "/loop": "redirects more than 5 times",
    "/hang": "no answer within 0.5 seconds",
    "/drip": "not done after 2 seconds",
    "/drip-header": "not done after 2 seconds",
    "/cut": "ends after 133 of 9,999 bytes",
    "/chunks": "it ends early",
    "/nonsense": "BadStatusLine|SSH",
}


def refused(store: Store, source: str, reason: str) -> None:
    """A link to it is refused, and a sync of one that was good keeps its rows and says why."""
    with pytest.raises(CatalogError, match=reason) as raised:
        linked(store, source)
    assert "\n" not in str(raised.value)
    before = store.links.rows("feed")
    state = store.links.get("feed")
    assert state is not None
    # As if the address of the good copy had turned bad.
    store.links.replace(
        Link("feed", source, "promotions", "shelf", "product"), state.copy, before, [], NOW
    )
    later = NOW + dt.timedelta(hours=1)
    (done,) = sync_links(store, limits(), now=later)
    assert done.outcome == "failed"
    assert store.links.rows("feed") == before
    assert (done.state.fetched, done.state.failing) == (NOW, later)
    assert "\n" not in done.state.error
    (again,) = sync_links(store, limits(), now=later + dt.timedelta(hours=1))
    assert again.state.failing == later, "the first failure is what counts"


@pytest.mark.parametrize("kind", BAD_PAGES)
def test_a_bad_feed_is_one_line_and_loses_nothing(
    store: Store, server: FeedServer, kind: str
) -> None:
    linked(store, server.put("/good"))
    body, headers, reason = BAD_PAGES[kind]
    refused(store, server.put(f"/{kind}", body, **headers), reason)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ODD_PATHS)
def test_a_server_that_misbehaves_is_left_in_time_and_costs_nothing(
    store: Store, server: FeedServer, path: str
) -> None:
    linked(store, server.put("/good"))
    refused(store, server.address(path), ODD_PATHS[path])


def test_nobody_there_and_no_such_host(store: Store, server: FeedServer) -> None:
    linked(store, server.put("/good"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        refused(store, f"http://127.0.0.1:{free.getsockname()[1]}/a.csv", "connection refused")
    refused(store, "http://feeds.invalid/a.csv", "host is not known|resolution")
    refused(store, "http://[::1/a.csv", "not a valid host|[Ii]nvalid")


def test_a_certificate_that_nobody_vouches_for_is_refused(
    store: Store, server: FeedServer, tmp_path: Path
) -> None:
    linked(store, server.put("/good"))
    certificate = tmp_path / "own.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
         "/CN=127.0.0.1", "-keyout", certificate, "-out", tmp_path / "c.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    certificate.write_bytes(certificate.read_bytes() + (tmp_path / "c.pem").read_bytes())
    with serving(certificate) as secure:
        refused(store, secure.put("/a.csv"), "TLS: .*certificate")


def test_a_local_file_that_is_gone_or_a_folder(store: Store, tmp_path: Path) -> None:
    good = tmp_path / "feed.csv"
    good.write_text(GOOD, encoding="utf-8")
    linked(store, str(good))
    refused(store, str(tmp_path / "no.csv"), "does not exist")
    refused(store, str(tmp_path), "is a folder")


# -- visits -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", [{"ETag": '"1"'}, {"Last_Modified": "Fri, 20 Nov 2026 08:00:00 GMT"}]
)
def test_what_has_not_changed_is_not_sent_again(
    store: Store, server: FeedServer, header: dict[str, str]
) -> None:
    linked(store, server.put("/same", **header))
    later = NOW + dt.timedelta(hours=6)
    (done,) = sync_links(store, limits(), now=later)
    assert done.outcome == "unchanged"
    assert (done.state.fetched, done.state.checked) == (NOW, later)
    names = {"ETag": "If-None-Match", "Last_Modified": "If-Modified-Since"}
    ((name, value),) = header.items()
    assert server.asked[-1][1][names[name]] == value
    server.put("/same", csv("milk,,,,1"), **{name: value + "2"})
    (done,) = sync_links(store, limits(), now=later)
    assert done.outcome == "changed"
    assert [row.key for row in store.links.rows("feed")] == ["milk"]


def test_a_server_without_validators_is_told_apart_by_content(
    store: Store, server: FeedServer
) -> None:
    linked(store, server.put("/plain"))
    assert [one.outcome for one in sync_links(store, limits(), now=NOW)] == ["unchanged"]


def test_a_feed_that_recovers_fails_no_longer(store: Store, server: FeedServer) -> None:
    linked(store, server.put("/wavering", ETag='"1"'))
    server.put("/wavering", "", status=503)
    (done,) = sync_links(store, limits(), now=NOW)
    assert done.state.failing == NOW
    server.put("/wavering", ETag='"1"')
    (done,) = sync_links(store, limits(), now=NOW)
    assert (done.outcome, done.state.failing, done.state.error) == ("unchanged", None, "")


def test_only_what_is_due_is_visited_and_one_failure_stops_no_other(
    store: Store, server: FeedServer
) -> None:
    good, bad = server.put("/a"), server.put("/b")
    for name, source, every in (("a", bad, 3600), ("b", good, 3600), ("c", good, 0)):
        link = Link(name, source, "promotions", "shelf", "product", every=every)
        link_table(store, link, limits(), NOW)
    server.put("/b", "", status=500)
    soon, later = NOW + dt.timedelta(minutes=59), NOW + dt.timedelta(minutes=60)
    assert sync_links(store, limits(), due=True, now=soon) == []
    done = sync_links(store, limits(), due=True, now=later)
    assert [(one.state.link.name, one.outcome) for one in done] == [
        ("a", "failed"), ("b", "unchanged"),
    ]  # fmt: skip
    assert len(sync_links(store, limits(), now=later)) == 3
    with pytest.raises(QueryError, match="no link has the name x"):
        sync_links(store, limits(), ["x"])


def test_a_column_that_the_catalog_lacks_is_told(store: Store, server: FeedServer) -> None:
    with pytest.raises(QueryError, match="--on sort: the catalog has no such column; it has edge"):
        link_table(store, Link("f", server.put("/a"), "table", "sort"), limits())


def test_links_outlive_an_import_and_go_with_their_rows(store: Store, server: FeedServer) -> None:
    linked(store, server.put("/good"))
    store.apply_import([], [], prune=True)
    assert len(store.links.rows("feed")) == 2
    assert store.links.remove("feed")
    assert not store.links.remove("feed")
    assert store.links.rows("feed") == []


# -- the commands -----------------------------------------------------------------------------


def pairdex(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "--home", str(home), *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_the_commands_link_list_sync_and_unlink(store: Store, server: FeedServer) -> None:
    home = store._engine.url.database
    assert home is not None
    folder = Path(home).parent
    address = server.put("/shop").replace("http://", "http://me:secret@")
    done = pairdex(
        folder, "catalog", "link", "promotions", address, "--on", "shelf", "--key", "product",
        "--every", "6h",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "promotions: 2 rows\n"), done.stderr
    server.put("/shop", HTML)
    done = pairdex(folder, "catalog", "sync")
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert "it is a web page" in done.stderr
    assert "stays in use" in done.stderr
    listed = pairdex(folder, "catalog", "links")
    assert "fails since" in listed.stdout
    assert "secret" not in listed.stdout
    (one,) = json.loads(pairdex(folder, "catalog", "links", "--json").stdout)["links"]
    assert (one["every"], one["rows"]) == (21600, 2)
    assert pairdex(folder, "catalog", "sync", "--due").returncode == 0
    assert pairdex(folder, "catalog", "unlink", "promotions").returncode == 0
    assert pairdex(folder, "catalog", "unlink", "promotions").returncode == 2
