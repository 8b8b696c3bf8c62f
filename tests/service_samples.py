"""A service over the twelve squares of `conftest.store`, with the encoder that sees colours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi.testclient import TestClient

from db.home import Home
from db.store import Store
from indexer.job import build_index
from service.app import create_app
from settings import Settings
from tests.fakes import FakeEncoder

LOOPBACK = "http://127.0.0.1"


@contextmanager
def serving(home: Home, settings: Settings, encoder: FakeEncoder) -> Iterator[TestClient]:
    """A client of a service that has looked for an index."""
    app = create_app(home.path, settings, lambda _home, _settings, _fingerprint: encoder)
    with TestClient(app, base_url=LOOPBACK, raise_server_exceptions=False) as client:
        assert app.state.service.live.settled.wait(20)
        yield client


def build(home: Home, store: Store, encoder: FakeEncoder, settings: Settings) -> None:
    build_index(home, store, encoder, settings)
