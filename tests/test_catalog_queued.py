"""The queue of changes: accepted, made in order, made again after a kill, and what is left over."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.adding import Change, NoSuchItemError, Said
from catalog.queued import accept_change, accept_removal, drain
from db.garbage import collect
from db.home import Home
from db.queue import Claim, Queue
from db.store import Store
from db.uploads import Uploads
from errors import CatalogError, HomeError, ImageError
from tests.catalog_samples import catalog_settings, picture
from tests.postgres_samples import both

SETTINGS = catalog_settings()


@pytest.fixture
def queue(store: Store, home: Home) -> Iterator[Queue]:
    with Queue(home) as queue:
        yield queue


def png(name: str) -> bytes:
    stream = io.BytesIO()
    picture(name).save(stream, "PNG")
    return stream.getvalue()


def put(home: Home, store: Store, queue: Queue, change: Change, data: bytes | None = None) -> int:
    return accept_change(home, store, queue, change, data, SETTINGS).ticket


def files(home: Home) -> list[Path]:
    return list(Uploads(home).files())


@both
def test_what_is_accepted_is_made_in_its_order(home: Home, store: Store, queue: Queue) -> None:
    first = put(home, store, queue, Change("new", (Said("a"),), ("red",)), png("a"))
    second = put(home, store, queue, Change("new", name="Name", whole=False))
    third = put(home, store, queue, Change("other", (Said("b"),)), png("b"))
    fourth = accept_removal(store, queue, "other", SETTINGS).ticket
    assert (first, second, third, fourth) == (1, 2, 3, 4)
    assert store.count_items() == 12
    done = drain(home, store, queue, SETTINGS)
    assert (done.made, done.failed) == (4, 0)
    item = store.by_key(["new", "other"])["new"]
    assert (item.name, item.tags, item.captions[0].text) == ("Name", ("red",), "a")
    assert Path(item.image).read_bytes() == png("a")
    assert store.count_items() == 13
    assert [file.stem for file in files(home)] == [item.facts.content_hash]
    assert queue.counts() == {"embedding": 4}
    assert queue.published("000001", {"new": {"detail": "gone"}}) == 2
    tickets = [queue.ticket(number) for number in (1, 2, 3, 4, 5)]
    assert [t and (t.state, t.generation) for t in tickets] == [
        ("failed", ""), ("failed", ""), ("published", "000001"), ("published", "000001"), None,
    ]  # fmt: skip


def test_errors_are_told_before_a_change_is_accepted(
    home: Home, store: Store, queue: Queue
) -> None:
    with pytest.raises(ImageError, match="not-an-image"):
        put(home, store, queue, Change("x", (Said("a"),)), b"no picture")
    with pytest.raises(CatalogError, match="empty-caption"):
        put(home, store, queue, Change("x"), png("x"))
    with pytest.raises(CatalogError, match="a new one needs an image"):
        put(home, store, queue, Change("x", (Said("a"),)))
    with pytest.raises(NoSuchItemError):
        put(home, store, queue, Change("x", name="x", whole=False))
    with pytest.raises(NoSuchItemError):
        accept_removal(store, queue, "x", SETTINGS)
    accept_removal(store, queue, "3", SETTINGS)
    with pytest.raises(NoSuchItemError):  # it is about to go
        put(home, store, queue, Change("3", name="x", whole=False))
    assert queue.counts() == {"queued": 1}


def test_a_change_without_an_id_is_known_by_its_image(
    home: Home, store: Store, queue: Queue
) -> None:
    first = accept_change(home, store, queue, Change("", (Said("a"),)), png("a"), SETTINGS)
    again = accept_change(home, store, queue, Change("", (Said("b"),)), png("a"), SETTINGS)
    assert first.id == again.id
    drain(home, store, queue, SETTINGS)
    assert store.by_key([first.id])[first.id].captions[0].text == "b"


@both
def test_changes_that_were_made_and_not_told_are_made_again_to_the_same(
    home: Home, store: Store, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home, store, queue, Change("new", (Said("a"),)), png("a"))
    put(home, store, queue, Change("new", (Said("b"),), whole=False))
    accept_removal(store, queue, "3", SETTINGS)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Claim, "applied", killed)
        with pytest.raises(KeyboardInterrupt):
            drain(home, store, queue, SETTINGS)
    assert store.count_items() == 12  # one more, one less
    item = store.by_key(["new"])["new"]
    assert drain(home, store, queue, SETTINGS).made == 3
    assert store.by_key(["new"])["new"] == item
    assert store.count_items() == 12


def test_a_change_that_cannot_be_made_any_more_says_so_by_its_ticket(
    home: Home, store: Store, queue: Queue
) -> None:
    number = put(home, store, queue, Change("3", name="Three", whole=False))
    store.apply_changes([], ["3"])
    assert drain(home, store, queue, SETTINGS).failed == 1
    ticket = queue.ticket(number)
    assert ticket is not None
    assert ticket.state == "failed"
    assert ticket.problem is not None
    assert "there is no item 3" in ticket.problem["detail"]


@both
def test_uploads_go_with_the_last_item_that_has_them(
    home: Home, store: Store, queue: Queue
) -> None:
    for key in ("one", "two"):
        put(home, store, queue, Change(key, (Said("a"),)), png("same"))
    drain(home, store, queue, SETTINGS)
    accept_removal(store, queue, "one", SETTINGS)
    assert drain(home, store, queue, SETTINGS).collected == 0
    assert len(files(home)) == 1
    accept_removal(store, queue, "two", SETTINGS)
    put(home, store, queue, Change("three", (Said("a"),)), png("same"))
    drain(home, store, queue, SETTINGS)
    assert len(files(home)) == 1
    put(home, store, queue, Change("three", (Said("a"),)), png("another"))
    assert drain(home, store, queue, SETTINGS).collected == 1
    assert [file.read_bytes() for file in files(home)] == [png("another")]


def test_gc_takes_what_nobody_names_and_leaves_what_waits(
    home: Home, store: Store, queue: Queue
) -> None:
    put(home, store, queue, Change("new", (Said("a"),)), png("a"))
    uploads = Uploads(home)
    uploads.hold(b"of a receiver that was killed")
    lost = uploads.keep(uploads.hold(b"lost"), "0" * 64, "png")
    found = collect(home, None, keep=3, dry_run=True)
    assert (found.uploads, len(files(home))) == (2, 3)
    assert collect(home, None, keep=3).uploads == 2
    assert not lost.exists()
    drain(home, store, queue, SETTINGS)
    assert collect(home, None, keep=3).uploads == 0
    assert Path(store.by_key(["new"])["new"].image).read_bytes() == png("a")


def test_a_damaged_upload_is_mended_by_the_same_image(
    home: Home, store: Store, queue: Queue
) -> None:
    put(home, store, queue, Change("new", (Said("a"),)), png("a"))
    [file] = files(home)
    file.write_bytes(b"cut")
    put(home, store, queue, Change("new", (Said("a"),)), png("a"))
    assert [file.read_bytes() for file in files(home)] == [png("a")]


def test_a_home_that_another_job_writes_to_is_left_alone(
    home: Home, store: Store, queue: Queue
) -> None:
    put(home, store, queue, Change("new", (Said("a"),)), png("a"))
    with home.locked("index build"), pytest.raises(HomeError, match="held by index build"):
        drain(home, store, queue, SETTINGS)
    assert queue.counts() == {"queued": 1}


def test_what_comes_while_changes_are_made_waits_for_the_next_time(
    home: Home, store: Store, queue: Queue
) -> None:
    put(home, store, queue, Change("new", (Said("a"),)), png("a"))

    def more(stage: str, done: int, total: int, note: str = "") -> None:
        if sum(queue.counts().values()) < 20:  # it would go on without an end
            put(home, store, queue, Change("3", name="x", whole=False))

    assert drain(home, store, queue, SETTINGS, more).made == 1
    assert queue.counts() == {"embedding": 1, "queued": 1}
