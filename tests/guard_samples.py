"""Services with and without keys, and what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from fastapi.testclient import TestClient

from db.home import Home
from db.keys import Key, Scope
from db.store import Store
from settings import Settings, load_settings
from tests.fakes import FakeEncoder
from tests.service_samples import serving


def changed(settings: Settings, **service: Any) -> Settings:
    fresh = msgspec.structs.replace(settings.service, **service)
    return msgspec.structs.replace(settings, service=fresh)


def make_key(store: Store, scope: Scope = "read", name: str = "") -> tuple[dict[str, str], Key]:
    presented, key = store.keys.create(name or scope, scope)
    return {"Authorization": f"Bearer {presented}"}, key


@contextmanager
def with_keys(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings, **service: Any
) -> Iterator[TestClient]:
    """A service that needs keys, without an index; the store has one key at least."""
    make_key(store, name="first")
    with serving(home, changed(settings, require_keys=True, **service), encoder) as client:
        yield client


def problem(answer: Any, kind: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    said: dict[str, Any] = answer.json()
    assert said["type"] == f"urn:pairdex:{kind}"
    assert said["status"] == answer.status_code
    assert said["request_id"] == answer.headers["x-request-id"]
    return said


@contextmanager
def shared(built: Home) -> Iterator[TestClient]:
    """A service with an index, for tests that change nothing."""
    with serving(built, load_settings(environment={}), FakeEncoder()) as client:
        yield client
