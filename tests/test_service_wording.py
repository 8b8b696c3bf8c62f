"""What is wrong is called by the name of the request's field, never by an option."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from commands.wording import worded
from db.home import Home
from errors import QueryError
from settings import load_settings
from tests.fakes import FakeEncoder
from tests.hostile_uploads import fine
from tests.service_samples import serving


@pytest.fixture(scope="module")
def reader(built: Home) -> Iterator[TestClient]:
    with serving(built, load_settings(environment={}), FakeEncoder()) as client:
        yield client


SEARCHES: list[tuple[dict[str, Any], str]] = [
    ({"where": "edge <"}, "where"),
    ({"where": "nosuch = 1"}, "where"),
    ({"where": "edge = 'open"}, "where"),
    ({"where": "a" * 9_999}, "where"),
    ({"where": "image.path ~ x"}, "where"),
    ({"tags": ["\0"]}, "tags"),
    ({"split": "holdout"}, "split"),
]
OPTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("tag", {"label": "nosuch"}, "label"),
    ("recognise", {"near": "here"}, "near"),
    ("recognise", {"near": "91,0"}, "near"),
    ("recognise", {"near": "1,1", "within": "far"}, "within"),
    ("recognise", {"within": "2km"}, "within"),
    ("recognise", {"on": "soon"}, "on"),
]


def said_of(answer: Any, field: str) -> None:
    found = answer.json()
    assert (answer.status_code, found["type"]) == (400, "urn:pairdex:query"), answer.text
    assert found["field"] == field
    assert found["detail"].startswith(f"{field}: {found['what']}")
    assert "--" not in answer.text


@pytest.mark.parametrize(("body", "field"), SEARCHES, ids=range(len(SEARCHES)))
def test_a_search_is_told_the_field(reader: TestClient, body: dict[str, Any], field: str) -> None:
    said_of(reader.post("/v1/search", json={"text": "red"} | body), field)


@pytest.mark.parametrize(("route", "options", "field"), OPTIONS, ids=range(len(OPTIONS)))
def test_options_of_pictures_are_told_the_field(
    reader: TestClient, route: str, options: dict[str, Any], field: str
) -> None:
    sent = {"options": json.dumps(options)}
    files = {"image": ("x.png", fine(), "image/png")}
    said_of(reader.post(f"/v1/{route}", data=sent, files=files), field)


def test_a_command_is_told_as_an_address(reader: TestClient) -> None:
    found = reader.post("/v1/search", json={"text": "red", "where": "nosuch = 1"}).json()
    assert "`pairdex" not in found["remedy"]
    assert "GET /v1/fields" in found["remedy"]


def test_an_address_or_a_method_that_is_none_is_told_what_to_do(reader: TestClient) -> None:
    assert reader.get("/v1/nothing").json()["remedy"] == "/openapi.json names them all"
    refused = reader.put("/v1/search", json={})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")


def test_a_query_line_has_no_name(reader: TestClient) -> None:
    found = reader.post("/v1/search", json={"text": '"open'}).json()
    assert "field" not in found
    assert found["detail"].startswith("the query cannot be read")


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("where", "--where: it is wrong: so it is (mend it)"),
        ("tags", "--tag: it is wrong: so it is (mend it)"),
        ("min_score", "--min-score: it is wrong: so it is (mend it)"),
        ("", "it is wrong: so it is (mend it)"),
    ],
)
def test_the_terminal_is_told_the_option(field: str, line: str) -> None:
    assert worded(QueryError("it is wrong", "so it is", "mend it", field=field)) == line
