"""A service with a catalog worth looking at, and a real Chromium that looks at its page."""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect

from benchmarks import browser as browsers
from db.home import Home
from db.store import Store
from indexer.job import build_index
from service.app import create_app
from service.worker import Worker
from settings import Settings
from tests.fakes import COLOURS, FakeEncoder, draw, record
from tests.service_builders import Gated, HereBuilder

ITEMS = 40
PATIENCE = 60_000  # milliseconds; nothing waits so long but on a machine that is busy otherwise
SHELVES = ("left", "right", "top")


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser; without one the test is skipped."""
    executable = browsers.path()
    if executable is None:
        pytest.skip(browsers.MISSING)
    expect.set_options(timeout=PATIENCE)
    with browsers.browsing(executable) as browser:
        yield browser


@contextmanager
def looking(browser: Browser, base: str, **wishes: object) -> Iterator[Page]:
    """A page of a fresh profile; nothing may go wrong in it, nor be refused by its policy."""
    asked: dict[str, object] = {"locale": "en-GB", "base_url": base, "reduced_motion": "reduce"}
    context = browser.new_context(**asked | wishes)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if "Policy" in said.text else None)
    yield page
    context.close()
    assert not wrong


def grave(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds serious, and where."""
    found = Axe().run(page).response["violations"]
    return [
        (one["id"], [node["html"] for node in one["nodes"]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def settled(page: Page) -> None:
    """What is shown is the answer to what was asked last."""
    expect(page.locator(".results")).not_to_have_attribute("aria-busy", "true")


def catalog(home: Home, pictures: Path) -> Store:
    """Forty squares: colour by turns, on three shelves, ever larger, seen ever later."""
    pictures.mkdir(exist_ok=True)
    names = list(COLOURS)
    items = []
    for number in range(ITEMS):
        colour = names[number % 3]
        one = record(draw(pictures, f"{number:02}", colour, shade=number), colour)
        attributes = {
            "edge": number / 2,
            "shelf": SHELVES[number % 4 % 3],
            "seen": f"2024-{1 + number % 12:02}-01",
        }
        kinds = {"edge": "number", "shelf": "text", "seen": "date"}
        items.append(dataclasses.replace(one, attributes=attributes, kinds=kinds))  # type: ignore[arg-type]
    store = Store.open(home.path, create=True)
    store.apply_import(items, [])
    return store


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """The address of the service on this machine."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on", ws="none"))
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        assert app.state.service.live.settled.wait(20)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        app.state.service.closing.set()  # streams end by it
        server.should_exit = True
        thread.join(20)
        listener.close()


@dataclasses.dataclass(frozen=True)
class Site:
    base: str
    home: Home
    store: Store
    builder: HereBuilder
    worker: Worker

    @property
    def gate(self) -> Gated:
        """Its builder, where that is one that can be stopped."""
        assert isinstance(self.builder, Gated)
        return self.builder


@contextmanager
def closed(folder: Path, settings: Settings) -> Iterator[tuple[str, str]]:
    """A service that needs keys: its address, and a key to it."""
    home, encoder = Home(folder / "home"), FakeEncoder()
    with catalog(home, folder / "pictures") as store:
        build_index(home, store, encoder, settings)
        key, _ = store.keys.create("page", "write")
        app = create_app(home.path, settings, lambda _home, _settings, _print: encoder)
        with running(app) as base:
            yield base, key


@contextmanager
def site(
    folder: Path,
    settings: Settings,
    builders: Callable[[Home, Settings, FakeEncoder], HereBuilder] = HereBuilder,
) -> Iterator[Site]:
    """A service over the forty squares, indexed."""
    home, encoder = Home(folder / "home"), FakeEncoder()
    builder = builders(home, settings, encoder)
    with catalog(home, folder / "pictures") as store:
        build_index(home, store, encoder, settings)
        app = create_app(home.path, settings, lambda _home, _settings, _print: encoder, builder)
        with running(app) as base:
            yield Site(base, home, store, builder, app.state.service.worker)
