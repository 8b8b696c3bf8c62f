"""OpenAPI says what the service does: every route, with examples that are true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from jsonschema_rs import Draft202012Validator

from db.home import Home
from service.app import ROUTERS, create_app
from settings import load_settings
from tests.fakes import FakeEncoder, draw
from tests.service_samples import serving


@pytest.fixture(scope="module")
def client(built: Home) -> Iterator[TestClient]:
    with serving(built, load_settings(environment={}), FakeEncoder()) as client:
        yield client


@pytest.fixture(scope="module")
def said(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def operations(said: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in said["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def errors(said: dict[str, Any], schema: dict[str, Any], value: object) -> list[str]:
    whole = {**schema, "components": said["components"]}
    return [str(error) for error in Draft202012Validator(whole).iter_errors(value)]


def test_every_route_is_there_with_a_line_of_its_own(said: dict[str, Any]) -> None:
    routes = [one for router in ROUTERS for one in router.routes if isinstance(one, APIRoute)]
    served = {
        (route.path, method.lower())
        for route in routes
        if route.include_in_schema
        for method in route.methods or ()
    }
    told = {(path, method) for path, method, _ in operations(said)}
    assert told == served
    for path, method, operation in operations(said):
        assert operation["summary"], (path, method)


def test_examples_are_true_to_their_schemas(said: dict[str, Any]) -> None:
    shown = 0
    for path, method, operation in operations(said):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in (media for body in bodies for media in body.get("content", {}).values()):
            if "example" in content:
                shown += 1
                assert errors(said, content["schema"], content["example"]) == [], (path, method)
    assert shown >= 10


def test_answers_are_true_to_their_schemas(
    said: dict[str, Any], client: TestClient, tmp_path: Path
) -> None:
    picture = draw(tmp_path, "new", "red").read_bytes()
    asked = {
        ("/v1/search", "post"): client.post("/v1/search", json={"text": "red", "explain": True}),
        ("/v1/search", "get"): client.get("/v1/search", params={"text": "nothing like it"}),
        ("/v1/items/{item}/similar", "get"): client.get("/v1/items/4/similar"),
        ("/v1/items/{item}", "get"): client.get("/v1/items/4"),
        ("/v1/items", "get"): client.get("/v1/items"),
        ("/v1/fields", "get"): client.get("/v1/fields"),
        ("/v1/complete", "get"): client.get("/v1/complete", params={"text": "s"}),
        ("/v1/tag", "post"): client.post("/v1/tag", files={"image": ("a.png", picture)}),
        ("/v1/index", "get"): client.get("/v1/index"),
        ("/v1/judgements", "get"): client.get("/v1/judgements"),
        ("/v1/saved", "get"): client.get("/v1/saved"),
        ("/v1/review", "get"): client.get("/v1/review"),
        ("/healthz", "get"): client.get("/healthz"),
        ("/readyz", "get"): client.get("/readyz"),
    }
    for (path, method), answer in asked.items():
        assert answer.status_code == 200, (path, answer.text)
        schema = said["paths"][path][method]["responses"]["200"]["content"]["application/json"]
        assert errors(said, schema["schema"], answer.json()) == [], path


def test_refusals_are_told_and_true_to_their_schema(
    said: dict[str, Any], client: TestClient
) -> None:
    asked = [
        ("/v1/search", "post", client.post("/v1/search", json={"text": 'a "b'})),
        ("/v1/search", "post", client.post("/v1/search", json={"txt": "a"})),
        ("/v1/search", "get", client.get("/v1/search", params={"top": "x"})),
        ("/v1/items/{item}", "get", client.get("/v1/items/nope")),
        ("/v1/items", "get", client.get("/v1/items", params={"limit": -1})),
        ("/v1/tag", "post", client.post("/v1/tag", json={})),
        ("/v1/items", "post", client.post("/v1/items", json={"captions": "x"})),
        ("/v1/items/{item}", "patch", client.patch("/v1/items/none", json={})),
        ("/v1/items/{item}", "delete", client.delete("/v1/items/none")),
        ("/v1/tickets/{ticket}", "get", client.get("/v1/tickets/none")),
        ("/v1/judgements", "post", client.post("/v1/judgements", json={"request": {}})),
        ("/v1/saved/{name}", "get", client.get("/v1/saved/none")),
        ("/v1/review", "post", client.post("/v1/review", json={"answers": []})),
        ("/v1/review/{question}", "delete", client.delete("/v1/review/none")),
    ]
    for path, method, answer in asked:
        told = said["paths"][path][method]["responses"][str(answer.status_code)]
        schema = told["content"]["application/problem+json"]["schema"]
        assert errors(said, schema, answer.json()) == [], path
        assert answer.json()["status"] == answer.status_code


def test_no_reference_leads_nowhere(said: dict[str, Any]) -> None:
    text = json.dumps(said)
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(said["components"]["schemas"])
    assert "HTTPValidationError" not in text


def test_nothing_is_loaded_to_tell_it(built: Home) -> None:
    """Whoever makes clients needs no index and no model."""
    app = create_app(built.path, load_settings(environment={}))
    assert app.openapi()["paths"]
    app.state.service.store.close()
