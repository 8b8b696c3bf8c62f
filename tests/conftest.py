"""Homes that tests share the shape of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from db.home import Home
from db.store import Store
from settings import Settings, load_settings
from tests.fakes import COLOURS, FakeEncoder, draw, record

# No test is timed: a busy machine is no mistake in the program.
hypothesis_settings.register_profile("pairdex", deadline=None)
hypothesis_settings.load_profile("pairdex")


@pytest.fixture
def settings() -> Settings:
    """The shipped defaults, whatever the environment of the machine says."""
    return load_settings(environment={})


@pytest.fixture
def encoder() -> FakeEncoder:
    return FakeEncoder()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def store(home: Home, tmp_path: Path) -> Iterator[Store]:
    """A catalog of twelve squares in three colours: keys 0 to 11, colour by turns."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    names = list(COLOURS)
    items = [
        record(draw(pictures, str(number), names[number % 3], shade=number), names[number % 3])
        for number in range(12)
    ]
    with Store.open(home.path, create=True) as store:
        store.apply_import(items, [])
        yield store
