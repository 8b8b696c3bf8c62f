"""Homes that tests share the shape of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings as hypothesis_settings

from db.home import Home
from db.store import Store
from indexer.job import build_index
from settings import Settings, load_settings
from tests import made_once
from tests.fakes import COLOURS, FakeEncoder, draw, record
from tests.feed_server import FeedServer, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# No test is timed: a busy machine is no mistake in the program.
hypothesis_settings.register_profile("pairdex", deadline=None)
hypothesis_settings.load_profile("pairdex")


@pytest.fixture(scope="session", autouse=True)
def _shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where the processes of this run find what one of them has made (made_once.py)."""
    mine = tmp_path_factory.getbasetemp()
    place = mine.parent if os.environ.get("PYTEST_XDIST_WORKER") else mine
    (place / "made").mkdir(exist_ok=True)
    made_once.use(place / "made")


# Few tests, much time each: first, so that no process is still at one when all others have ended.
LONG = """test_training_fit test_training_products test_indexer_ray test_service_kills
test_training_products_tune test_training_report test_training_shipped test_indexer_kills
test_tagger_kills test_catalog_goods test_tagger_command test_cli test_service_schemathesis
test_service_page_access test_search_command
test_tagger_watch test_encoder_int8""".split()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONG)))


@pytest.fixture
def settings() -> Settings:
    """The shipped defaults, whatever the environment of the machine says."""
    return load_settings(environment={})


@pytest.fixture
def encoder() -> FakeEncoder:
    return FakeEncoder()


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """Its rows are in SQLite; tests that are marked `@both` run with PostgreSQL as well."""
    from tests.postgres_samples import home_of

    with home_of(getattr(request, "param", "sqlite"), tmp_path) as home:
        yield home


@pytest.fixture
def postgres() -> Iterator[str]:
    """The address of an empty database in PostgreSQL, as `db.url` says it."""
    from tests.postgres_samples import address, database

    with database() as name:
        yield address(name)


@pytest.fixture
def store(home: Home, tmp_path: Path) -> Iterator[Store]:
    """A catalog of twelve squares in three colours: keys 0 to 11, colour by turns."""
    with squares(home, tmp_path / "pictures") as store:
        yield store


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same with its index, for all tests of a module, which only read it."""
    folder = tmp_path_factory.mktemp("built")
    home = Home(folder / "home")
    with squares(home, folder / "pictures") as store:
        build_index(home, store, FakeEncoder(), load_settings(environment={}))
    return home


@pytest.fixture(scope="module")
def feed_server() -> Iterator[FeedServer]:
    with serving() as server:
        yield server


def squares(home: Home, pictures: Path) -> Store:
    pictures.mkdir()
    names = list(COLOURS)
    items = [
        record(draw(pictures, str(number), names[number % 3], shade=number), names[number % 3])
        for number in range(12)
    ]
    store = Store.open(home.path, create=True)
    store.apply_import(items, [])
    return store


# The tests of the page: a browser for each file of tests, as one is worth keeping.


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from tests.page_samples import browsing

    with browsing() as found:
        yield found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service over forty squares, which its tests leave as it is."""
    from tests.page_samples import site

    with site(tmp_path_factory.mktemp("site"), load_settings(environment={})) as found:
        yield found.base


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """A page of that service, not yet loaded."""
    from tests.page_samples import looking

    with looking(browser, site) as found:
        yield found
