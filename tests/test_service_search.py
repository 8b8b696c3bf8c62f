"""Searches over HTTP say what the library says."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from db.generations import open_current
from db.home import Home
from db.store import Store
from search import Request, Searcher
from settings import Settings, load_settings
from tests.fakes import FakeEncoder, draw, record
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


@pytest.fixture(scope="module")
def reader(built: Home) -> Iterator[TestClient]:
    """Of a service that nothing changes."""
    with serving(built, load_settings(environment={}), FakeEncoder()) as client:
        yield client


@pytest.fixture
def searcher(built: Home, encoder: FakeEncoder, settings: Settings) -> Iterator[Searcher]:
    with Store.open(built.path) as store:
        yield Searcher(store, open_current(built.generations), encoder, settings.search)


@pytest.mark.parametrize("body", BODIES)
def test_ids_and_scores_are_those_of_the_library(
    reader: TestClient, searcher: Searcher, body: dict[str, Any]
) -> None:
    lists = {name: tuple(value) for name, value in body.items() if isinstance(value, list)}
    expected = searcher.search(Request(**body | lists))
    said = reader.post("/v1/search", json=body).json()
    hits = said["results"]
    assert [hit["id"] for hit in hits] == [hit.id for hit in expected.results]
    assert [hit["score"] for hit in hits] == pytest.approx([hit.score for hit in expected.results])
    assert [hit["id"] for hit in said["nearest"]] == [hit.id for hit in expected.nearest]
    assert said["no_match"] == expected.no_match
    assert said["schema"] == "pairdex.search.v1"


def test_pictures_are_addresses_that_work_and_no_paths(reader: TestClient, built: Home) -> None:
    answer = reader.post("/v1/search", json={"text": "red", "top": 1})
    [hit] = answer.json()["results"]
    assert hit["image"] == f"/v1/items/{hit['id']}/image"
    assert reader.get(hit["image"]).status_code == 200
    assert str(built.path.parent) not in answer.text


def test_a_cursor_leads_to_the_next_page(reader: TestClient) -> None:
    body = {"text": "red", "top": 3, "group": False}
    first = reader.post("/v1/search", json=body).json()
    second = reader.post("/v1/search", json=body | {"cursor": first["cursor"]}).json()
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
    reader: TestClient, body: str, status: int, kind: str, word: str
) -> None:
    answer = reader.post("/v1/search", content=body, headers={"Content-Type": "application/json"})
    said = answer.json()
    assert (answer.status_code, said["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["type"] == f"urn:pairdex:{kind}"
    assert word in said["detail"]
    assert "\n" not in said["detail"]


def test_a_query_error_points_at_its_place(reader: TestClient) -> None:
    said = reader.post("/v1/search", json={"text": 'red "open'}).json()
    assert said["code"] == 2
    assert said["pointer"] == {"start": 4, "end": 5}
    plain = reader.post("/v1/search", json={"text": "red", "where": "edgy > 2"}).json()
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


def test_an_address_asks_the_same_as_a_body(reader: TestClient) -> None:
    body: dict[str, Any] = {
        "text": "red",
        "tags": ["square", "red"],
        "top": 2,
        "group": False,
        "min_score": 0.1,
    }
    posted = reader.post("/v1/search", json=body).json()
    got = reader.get("/v1/search", params=body).json()
    assert posted | {"took_ms": 0} == got | {"took_ms": 0}
    assert len(got["results"]) == 2
    for wrong in ({"txt": "red"}, {"text": "red", "top": "many"}, {"text": ["red", "green"]}):
        answer = reader.get("/v1/search", params=wrong)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:pairdex:invalid-request")


def test_similar_items_are_those_that_are_like_it(reader: TestClient) -> None:
    searched = reader.post("/v1/search", json={"like": ["4"], "top": 3}).json()
    similar = reader.get("/v1/items/4/similar", params={"top": 3}).json()
    assert similar["results"] == searched["results"]
    assert "4" not in [hit["id"] for hit in similar["results"]]
    assert reader.get("/v1/items/nope/similar").status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_was_told_is_not_sent_again_until_something_changes(
    client: TestClient,
    store: Store,
    home: Home,
    encoder: FakeEncoder,
    settings: Settings,
    method: str,
) -> None:
    def asked(told: str = "", text: str = "red") -> Response:
        headers = {"If-None-Match": told} if told else {}
        if method == "GET":
            return client.get("/v1/search", params={"text": text}, headers=headers)
        return client.post("/v1/search", json={"text": text}, headers=headers)

    first = asked()
    tag = first.headers["etag"]
    assert first.headers["cache-control"].startswith("private")
    again = asked(tag)
    assert (again.status_code, again.content) == (304, b"")
    assert asked(tag, "green").status_code == 200
    [item] = store.details([store.ids_of(["3"])["3"]]).values()
    store.apply_import([dataclasses.replace(item, name="Another")], [])
    changed = asked(tag)  # what the catalog says of a hit is another
    assert changed.status_code == 200
    assert asked(changed.headers["etag"]).status_code == 304
    build(home, store, encoder, settings)
    client.app.state.service.live.look()  # type: ignore[attr-defined]
    assert asked(changed.headers["etag"]).status_code == 200  # another generation


def test_fields_and_completions_follow_the_catalog(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    said = client.get("/v1/fields").json()
    assert said["schema"] == "pairdex.catalog-fields.v1"
    known = [field for field in store.fields() if field.name != "image.path"]
    assert said["fields"] == json.loads(msgspec.json.encode(known))
    offered = client.get("/v1/complete", params={"text": "a gre"}).json()["completions"]
    assert offered[0] == {"text": "green", "kind": "tag", "start": 2, "end": 5, "items": 4}
    fields = client.get("/v1/complete", params={"text": "she", "for": "where"}).json()
    assert [one["text"] for one in fields["completions"]] == ["shelf"]
    plain = record(draw(tmp_path, "new", "green"), "green")
    store.apply_import([dataclasses.replace(plain, tags=("greenish",))], [])
    offered = client.get("/v1/complete", params={"text": "a gre"}).json()["completions"]
    assert [one["text"] for one in offered[:2]] == ["green", "greenish"]


def test_the_index_says_what_serves(client: TestClient, store: Store) -> None:
    said = client.get("/v1/index").json()
    assert said["generation"] == said["generations"][-1]["name"] == "000001"
    assert said["items"] == said["generations"][-1]["items"] == said["catalog"]["items"] == 12
    assert said["trouble"] is None


@pytest.mark.parametrize(
    "where",
    ["image.path ~ /", "Item.Image.Path = x", "tag = red and not image.path exists"],
)
def test_nobody_can_guess_where_files_lie_on_the_server(
    reader: TestClient, searcher: Searcher, where: str
) -> None:
    for answer in (
        reader.post("/v1/search", json={"text": "red", "where": where}),
        reader.get("/v1/search", params={"text": "red", "where": where}),
        reader.get("/v1/items/4/similar", params={"where": where}),
    ):
        said = answer.json()
        assert (answer.status_code, said["type"]) == (400, "urn:pairdex:query")
        assert "image.path cannot be asked for here" in said["detail"]
        assert where[said["pointer"]["start"] : said["pointer"]["end"]].lower() in where.lower()
    # Who has the files may ask.
    assert searcher.search(Request(text="red", where="image.path ~ /")).results


def test_what_cannot_be_asked_for_is_not_offered(reader: TestClient) -> None:
    names = [field["name"] for field in reader.get("/v1/fields").json()["fields"]]
    assert "image.width" in names
    assert "image.path" not in names
    offered = reader.get("/v1/complete", params={"text": "image.", "for": "where"}).json()
    assert "image.width" in str(offered)
    assert "image.path" not in str(offered)
    near = reader.post("/v1/search", json={"text": "red", "where": "image.paht ~ x"}).json()
    assert "image.path" not in near["detail"]
