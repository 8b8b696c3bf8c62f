"""Bad feeds: each is refused with one line, and the last good copy stays."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.feeds import sync_links
from db.home import Home
from db.links import Link
from db.store import Store
from errors import CatalogError
from tests.feed_samples import NOW, csv, limits, linked
from tests.feed_server import GOOD, HTML, FeedServer, packed, serving

ROOT = Path(__file__).resolve().parent.parent

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
    store: Store, feed_server: FeedServer, kind: str
) -> None:
    linked(store, feed_server.put("/good"))
    body, headers, reason = BAD_PAGES[kind]
    refused(store, feed_server.put(f"/{kind}", body, **headers), reason)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ODD_PATHS)
def test_a_server_that_misbehaves_is_left_in_time_and_costs_nothing(
    store: Store, feed_server: FeedServer, path: str
) -> None:
    linked(store, feed_server.put("/good"))
    refused(store, feed_server.address(path), ODD_PATHS[path])


def test_nobody_there_and_no_such_host(store: Store, feed_server: FeedServer) -> None:
    linked(store, feed_server.put("/good"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        refused(store, f"http://127.0.0.1:{free.getsockname()[1]}/a.csv", "connection refused")
    refused(store, "http://feeds.invalid/a.csv", "host is not known|resolution")
    refused(store, "http://[::1/a.csv", "not a valid host|[Ii]nvalid")


def test_a_certificate_that_nobody_vouches_for_is_refused(
    store: Store, feed_server: FeedServer, tmp_path: Path
) -> None:
    linked(store, feed_server.put("/good"))
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
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    refused(store, str(pipe), "is not a regular file")


# -- a home that cannot be written ------------------------------------------------------------

# Root may write anywhere unless it gives that up.
UNPRIVILEGED = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("catalog", "sync"),
        ("catalog", "unlink", "feed"),
        ("catalog", "link", "prices", "{feed}", "--on", "shelf", "--key", "product"),
        ("--set", "training.product=shelf", "train", "--products"),
        ("catalog", "demo", "--kind", "goods", "--items", "1", "--out", "{home}/shop"),
    ],
)
def test_a_home_that_cannot_be_written_is_one_line_and_keeps_its_rows(
    store: Store, home: Home, tmp_path: Path, command: tuple[str, ...]
) -> None:
    root = os.geteuid() == 0
    if root and shutil.which("setpriv") is None:
        pytest.skip("root can write anywhere")
    feed = tmp_path / "feed.csv"
    feed.write_text(GOOD, encoding="utf-8")
    linked(store, str(feed))
    store.close()
    feed.write_text(csv("milk,,,,1"), encoding="utf-8")
    named = [part.format(feed=feed, home=home.path) for part in command]
    for file in home.path.iterdir():
        file.chmod(0o444)
    home.path.chmod(0o555)
    try:
        done = subprocess.run(
            [*(UNPRIVILEGED if root else []), sys.executable, str(ROOT / "cli.py"),
             "--home", str(home.path), *named],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        home.path.chmod(0o755)
        for file in home.path.iterdir():
            file.chmod(0o644)
    assert done.returncode == 8
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "cannot be" in done.stderr
    with Store.open(home.path) as again:
        assert [row.key for row in again.links.rows("feed")] == ["cola", "tea"]
