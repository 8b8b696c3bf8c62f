"""A catalog of many squares for pages of searches, and walks through them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec

from db import generations
from db.home import Home
from db.store import Store
from indexer.job import build_index
from search import Request, Searcher, SearchResult
from settings import Settings, load_settings
from tests.fakes import COLOURS, FakeEncoder, draw, record

COUNT = 90  # with a shortlist of 4 that is four stages


def fill(home: Home, pictures: Path) -> None:
    """Squares in three colours, indexed; each tenth is a copy of the one before it."""
    pictures.mkdir()
    names = list(COLOURS)
    items = []
    for number in range(COUNT):
        like = number - 1 if number % 10 == 9 else number
        colour = names[like % 3]
        file = draw(pictures, f"{number:03d}", colour, shade=like // 2)
        items.append(record(file, colour))
    with Store.open(home.path, create=True) as store:
        store.apply_import(items, [])
        store.finish_run(store.start_run("import"), {})
        build_index(home, store, FakeEncoder(), load_settings(environment={}))


def opened(home: Home, store: Store, encoder: FakeEncoder, settings: Settings) -> Searcher:
    few = msgspec.structs.replace(settings.search, shortlist=4)
    return Searcher(store, generations.open_current(home.generations), encoder, few)


def walk(searcher: Searcher, request: Request, top: int = 7) -> list[SearchResult]:
    """All pages, one after the other."""
    pages = [searcher.search(request, top)]
    while pages[-1].cursor:
        assert len(pages) < COUNT
        request = dataclasses.replace(request, cursor=pages[-1].cursor)
        pages.append(searcher.search(request, top))
    return pages


def shown(pages: list[SearchResult]) -> list[str]:
    return [
        key
        for page in pages
        for hit in page.results
        for key in (hit.id, *(m.id for m in hit.group))
    ]
