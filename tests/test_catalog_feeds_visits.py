"""Visits to linked tables: what has changed, what is due, and the commands."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.feeds import link_table, sync_links
from db.links import Link
from db.store import Store
from errors import QueryError
from tests.feed_samples import NOW, csv, limits, linked
from tests.feed_server import HTML, FeedServer

ROOT = Path(__file__).resolve().parent.parent

# -- visits -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", [{"ETag": '"1"'}, {"Last_Modified": "Fri, 20 Nov 2026 08:00:00 GMT"}]
)
def test_what_has_not_changed_is_not_sent_again(
    store: Store, feed_server: FeedServer, header: dict[str, str]
) -> None:
    linked(store, feed_server.put("/same", **header))
    later = NOW + dt.timedelta(hours=6)
    (done,) = sync_links(store, limits(), now=later)
    assert done.outcome == "unchanged"
    assert (done.state.fetched, done.state.checked) == (NOW, later)
    names = {"ETag": "If-None-Match", "Last_Modified": "If-Modified-Since"}
    ((name, value),) = header.items()
    assert feed_server.asked[-1][1][names[name]] == value
    feed_server.put("/same", csv("milk,,,,1"), **{name: value + "2"})
    (done,) = sync_links(store, limits(), now=later)
    assert done.outcome == "changed"
    assert [row.key for row in store.links.rows("feed")] == ["milk"]


def test_a_server_without_validators_is_told_apart_by_content(
    store: Store, feed_server: FeedServer
) -> None:
    linked(store, feed_server.put("/plain"))
    assert [one.outcome for one in sync_links(store, limits(), now=NOW)] == ["unchanged"]


def test_a_feed_that_recovers_fails_no_longer(store: Store, feed_server: FeedServer) -> None:
    linked(store, feed_server.put("/wavering", ETag='"1"'))
    feed_server.put("/wavering", "", status=503)
    (done,) = sync_links(store, limits(), now=NOW)
    assert done.state.failing == NOW
    feed_server.put("/wavering", ETag='"1"')
    (done,) = sync_links(store, limits(), now=NOW)
    assert (done.outcome, done.state.failing, done.state.error) == ("unchanged", None, "")


def test_only_what_is_due_is_visited_and_one_failure_stops_no_other(
    store: Store, feed_server: FeedServer
) -> None:
    good, bad = feed_server.put("/a"), feed_server.put("/b")
    for name, source, every in (("a", bad, 3600), ("b", good, 3600), ("c", good, 0)):
        link = Link(name, source, "promotions", "shelf", "product", every=every)
        link_table(store, link, limits(), NOW)
    feed_server.put("/b", "", status=500)
    soon, later = NOW + dt.timedelta(minutes=59), NOW + dt.timedelta(minutes=60)
    assert sync_links(store, limits(), due=True, now=soon) == []
    done = sync_links(store, limits(), due=True, now=later)
    assert [(one.state.link.name, one.outcome) for one in done] == [
        ("a", "failed"), ("b", "unchanged"),
    ]  # fmt: skip
    assert len(sync_links(store, limits(), now=later)) == 3
    with pytest.raises(QueryError, match="no link has the name x"):
        sync_links(store, limits(), ["x"])


def test_a_column_that_the_catalog_lacks_is_told(store: Store, feed_server: FeedServer) -> None:
    with pytest.raises(QueryError, match="--on sort: the catalog has no such column; it has edge"):
        link_table(store, Link("f", feed_server.put("/a"), "table", "sort"), limits())


def test_links_outlive_an_import_and_go_with_their_rows(
    store: Store, feed_server: FeedServer
) -> None:
    linked(store, feed_server.put("/good"))
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
def test_the_commands_link_list_sync_and_unlink(store: Store, feed_server: FeedServer) -> None:
    home = store._engine.url.database
    assert home is not None
    folder = Path(home).parent
    address = feed_server.put("/shop").replace("http://", "http://me:secret@")
    done = pairdex(
        folder, "catalog", "link", "promotions", address, "--on", "shelf", "--key", "product",
        "--every", "6h",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "promotions: 2 rows\n"), done.stderr
    feed_server.put("/shop", HTML)
    done = pairdex(folder, "--quiet", "catalog", "sync")  # as cron calls it
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
