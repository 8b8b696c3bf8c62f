"""Cursors: each goes on with its own search, in its own generation, and with nothing else."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from db import generations
from db.home import Home
from db.publishing import drop
from db.store import Store
from errors import QueryError
from indexer.job import build_index
from search import Request, Searcher
from search.paging import Cursor
from settings import Settings
from tests.fakes import FakeEncoder
from tests.paging_samples import fill, opened, shown, walk


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home that no test may change."""
    folder = tmp_path_factory.mktemp("paging")
    fill(Home(folder / "home"), folder / "pictures")
    return Home(folder / "home")


@pytest.fixture
def searcher(made: Home, encoder: FakeEncoder, settings: Settings) -> Iterator[Searcher]:
    with Store.open(made.path) as store:
        yield opened(made, store, encoder, settings)


@pytest.fixture
def catalog(home: Home, tmp_path: Path) -> Iterator[Store]:
    """The same, for a test that changes it."""
    fill(home, tmp_path / "pictures")
    with Store.open(home.path) as store:
        yield store


def test_a_cursor_is_safe_in_an_address(searcher: Searcher) -> None:
    cursor = searcher.search("red", 2).cursor
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert len(cursor) < 120


@pytest.mark.parametrize(
    "other",
    [
        Request("green"),
        Request("red", group=False),
        Request("red", diversity=0.1),
        Request("red", min_score=0.1),
        Request("red", without=("blue",)),
    ],
)
def test_a_cursor_of_another_search_is_refused(searcher: Searcher, other: Request) -> None:
    cursor = searcher.search("red", 2).cursor
    with pytest.raises(QueryError, match="of another search"):
        searcher.search(dataclasses.replace(other, cursor=cursor))


def test_other_settings_make_another_search(
    searcher: Searcher, made: Home, encoder: FakeEncoder, settings: Settings
) -> None:
    cursor = searcher.search("red", 2).cursor
    with Store.open(made.path) as store:
        live = generations.open_current(made.generations)
        other = Searcher(store, live, encoder, settings.search)
        with pytest.raises(QueryError, match="of another search"):
            other.search(Request("red", cursor=cursor))


def test_a_garbled_cursor_is_refused_at_every_place(searcher: Searcher) -> None:
    cursor = searcher.search("red", 2).cursor
    for place in range(len(cursor) - 1):  # of the last sign not all bits count
        wrong = cursor[:place] + ("B" if cursor[place] != "B" else "C") + cursor[place + 1 :]
        with pytest.raises(QueryError, match="cannot be read"):
            searcher.search(Request("red", cursor=wrong))


@pytest.mark.parametrize("wrong", ["x", "????", "é", "AAAA", "a" * 500, "=", " "])
def test_what_is_no_cursor_is_refused(searcher: Searcher, wrong: str) -> None:
    with pytest.raises(QueryError, match="cannot be read"):
        searcher.search(Request("red", cursor=wrong))


def test_a_cursor_cannot_lead_out_of_the_home(searcher: Searcher) -> None:
    mine = Cursor.read(searcher.search("red", 2).cursor)
    away = str(msgspec.structs.replace(mine, generation="../000001"))
    with pytest.raises(QueryError, match="cannot be read"):
        searcher.search(Request("red", cursor=away))


def test_a_cursor_of_a_later_version_says_so(searcher: Searcher) -> None:
    mine = Cursor.read(searcher.search("red", 2).cursor)
    with pytest.raises(QueryError, match="another version"):
        Cursor.read(str(msgspec.structs.replace(mine, version=99)))
    assert base64.urlsafe_b64decode(str(mine) + "==")


def test_an_offset_and_a_cursor_do_not_go_together(searcher: Searcher) -> None:
    cursor = searcher.search("red", 2).cursor
    with pytest.raises(QueryError, match="do not go together"):
        searcher.search(Request("red", cursor=cursor, offset=2))


def test_a_cursor_opens_its_own_generation_where_that_is_kept(
    home: Home, catalog: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    searcher = opened(home, catalog, encoder, settings)
    expected = shown(walk(searcher, Request("red")))
    first = searcher.search("red", 7)
    catalog.apply_import([dataclasses.replace(next(catalog.items()), name="Other")], [])
    build_index(home, catalog, encoder, settings)
    later = opened(home, catalog, encoder, settings)
    assert later.search("red").generation != first.generation
    rest = walk(later, Request("red", cursor=first.cursor))
    assert {page.generation for page in rest} == {first.generation}
    assert shown([first, *rest]) == expected
    drop(home.generations, first.generation)
    with pytest.raises(QueryError, match="no longer kept"):
        opened(home, catalog, encoder, settings).search(Request("red", cursor=first.cursor))
    assert searcher.search(Request("red", cursor=first.cursor)).results  # it still holds its own


def test_a_page_tells_that_the_catalog_has_changed(
    home: Home, catalog: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    searcher = opened(home, catalog, encoder, settings)
    first = searcher.search("red", 5)
    request = Request("red", cursor=first.cursor)
    assert searcher.search(request).notes == ()
    gone = first.results[0].id
    catalog.apply_import([item for item in catalog.items() if item.key != gone], [], prune=True)
    catalog.finish_run(catalog.start_run("import"), {})
    assert "has changed" in searcher.search(request).notes[0]
