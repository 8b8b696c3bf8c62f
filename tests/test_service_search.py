"""Searches over HTTP say what the library says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from db.generations import open_current
from db.home import Home
from db.store import Store
from search import Request, Searcher
from settings import Settings
from tests.fakes import FakeEncoder
from tests.service_samples import build, serving

BODIES: list[dict[str, Any]] = [
    {"text": "red"},
    {"text": "파랑", "top": 3, "explain": True},
    {"like": ["4"], "top": 3},
    {"text": "green", "good": ["1"], "bad": ["2"]},
    {"text": "blue", "where": "edge > 2", "tags": ["blue"]},
    {"text": "red", "offset": 3, "top": 2, "group": False},
    {"text": "nothing like it", "min_score": 0.9},
]


@pytest.fixture
def client(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> Iterator[TestClient]:
    build(home, store, encoder, settings)
    with serving(home, settings, encoder) as client:
        yield client


@pytest.fixture
def searcher(home: Home, store: Store, encoder: FakeEncoder, settings: Settings) -> Searcher:
    return Searcher(store, open_current(home.generations), encoder, settings.search)


@pytest.mark.parametrize("body", BODIES)
def test_ids_and_scores_are_those_of_the_library(
    client: TestClient, searcher: Searcher, body: dict[str, Any]
) -> None:
    lists = {name: tuple(value) for name, value in body.items() if isinstance(value, list)}
    expected = searcher.search(Request(**body | lists))
    said = client.post("/v1/search", json=body).json()
    hits = said["results"]
    assert [hit["id"] for hit in hits] == [hit.id for hit in expected.results]
    assert [hit["score"] for hit in hits] == pytest.approx([hit.score for hit in expected.results])
    assert [hit["id"] for hit in said["nearest"]] == [hit.id for hit in expected.nearest]
    assert said["no_match"] == expected.no_match
    assert said["schema"] == "pairdex.search.v1"


def test_pictures_are_addresses_that_work_and_no_paths(client: TestClient, home: Home) -> None:
    answer = client.post("/v1/search", json={"text": "red", "top": 1})
    [hit] = answer.json()["results"]
    assert hit["image"] == f"/v1/items/{hit['id']}/image"
    assert client.get(hit["image"]).status_code == 200
    assert str(home.path.parent) not in answer.text


def test_a_cursor_leads_to_the_next_page(client: TestClient) -> None:
    body = {"text": "red", "top": 3, "group": False}
    first = client.post("/v1/search", json=body).json()
    second = client.post("/v1/search", json=body | {"cursor": first["cursor"]}).json()
    ids = [hit["id"] for page in (first, second) for hit in page["results"]]
    assert len(set(ids)) == len(ids) == 6


@pytest.mark.parametrize(
    ("body", "status", "kind", "word"),
    [
        ('{"text": ""}', 400, "query", "empty"),
        ('{"text": "red", "where": "edge >"}', 400, "query", "value"),
        ('{"text": "red", "cursor": "no"}', 400, "query", "cursor"),
        ('{"txt": "red"}', 422, "invalid-request", "txt"),
        ('{"text": 3}', 422, "invalid-request", "text"),
        ('{"text": "red", "top": 0}', 422, "invalid-request", "top"),
        ('{"text": "red", "top": 100000}', 422, "invalid-request", "top"),
        ("[]", 422, "invalid-request", "body"),
        ('{"text": "red', 422, "invalid-request", "JSON"),
        ("", 422, "invalid-request", "JSON"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_in_one_line(
    client: TestClient, body: str, status: int, kind: str, word: str
) -> None:
    answer = client.post("/v1/search", content=body)
    said = answer.json()
    assert (answer.status_code, said["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["type"] == f"urn:pairdex:{kind}"
    assert word in said["detail"]
    assert "\n" not in said["detail"]


def test_a_query_error_points_at_its_place(client: TestClient) -> None:
    said = client.post("/v1/search", json={"text": 'red "open'}).json()
    assert said["code"] == 2
    assert said["pointer"] == {"start": 4, "end": 5}
    plain = client.post("/v1/search", json={"text": "red", "where": "edgy > 2"}).json()
    assert plain["pointer"] == {"start": 0, "end": 4}


def test_without_an_index_it_says_so_and_lives(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    with serving(home, settings, encoder) as client:
        assert client.get("/healthz").json() == {"status": "alive"}
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["type"]) == (503, "urn:pairdex:index")
        assert int(ready.headers["retry-after"]) > 0
        said = client.post("/v1/search", json={"text": "red"}).json()
        assert (said["code"], "pairdex index build" in said["detail"]) == (7, True)
        # Items are the catalog's: they need no index.
        assert client.get("/v1/items/4").json()["indexed"] is False
        build(home, store, encoder, settings)
        live = client.app.state.service.live  # type: ignore[attr-defined]
        live.look()
        assert client.get("/readyz").status_code == 200
        assert client.post("/v1/search", json={"text": "red"}).json()["results"]
