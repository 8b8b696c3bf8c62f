"""Pictures that are sent: tagged, searched for, recognised as the command line does it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from db.generations import open_current
from db.home import Home
from db.store import Store
from search import Request, Searcher
from settings import Settings, load_settings
from tagger import Asked, Tagger
from tests.fakes import FakeEncoder, draw
from tests.service_samples import serving


@pytest.fixture(scope="module")
def client(built: Home) -> Iterator[TestClient]:
    with serving(built, load_settings(environment={}), FakeEncoder()) as client:
        yield client


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [draw(tmp_path, f"new-{colour}", colour, shade=20) for colour in ("green", "red")]


def sent(
    client: TestClient, address: str, files: list[Path], field: str = "options", **options: Any
) -> Response:
    parts = [("image", (file.name, file.read_bytes())) for file in files]
    return client.post(address, files=parts, data={field: json.dumps(options)})


def tagger(built: Home, settings: Settings, asked: Asked | None = None) -> Tagger:
    generation = open_current(built.generations)
    return Tagger(Store.open(built.path), generation, FakeEncoder(), settings.tagger, asked=asked)


@pytest.mark.parametrize("options", [{}, {"top": 1}, {"captions": True}])
def test_pictures_are_tagged_as_at_the_command_line(
    client: TestClient, built: Home, files: list[Path], settings: Settings, options: dict[str, Any]
) -> None:
    said = sent(client, "/v1/tag", files, **options).json()
    asked = Asked(captions_only=bool(options.get("captions")))
    expected = tagger(built, settings, asked).tag(files, options.get("top"))
    assert (said["schema"], said["generation"]) == ("pairdex.tag.v1", "000001")
    for one, image in zip(expected, said["images"], strict=True):
        assert image["path"] == Path(one.path).name
        assert image["content"] == one.content
        assert [tag["tag"] for tag in image["tags"]] == [tag.tag for tag in one.tags]
        scores = [tag.score for tag in one.tags]
        assert [tag["score"] for tag in image["tags"]] == pytest.approx(scores)
        assert [near["id"] for near in image["nearest"]] == [near.id for near in one.nearest]
        assert [match["id"] for match in image["captions"]] == [m.id for m in one.captions]


def test_what_cannot_be_read_is_told_for_itself(
    client: TestClient, files: list[Path], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    said = sent(client, "/v1/tag", [bad, files[0]]).json()
    assert [image["status"] for image in said["images"]] == ["failed", "tagged"]
    assert "bad.png" in said["images"][0]["error"]
    assert (said["report"]["tagged"], said["report"]["failed"]) == (1, 1)
    alone = sent(client, "/v1/tag", [bad])
    assert (alone.status_code, alone.json()["type"]) == (422, "urn:pairdex:image")


def test_bytes_of_a_picture_find_what_its_file_finds(
    client: TestClient, built: Home, files: list[Path], settings: Settings
) -> None:
    with Store.open(built.path) as store:
        generation = open_current(built.generations)
        searcher = Searcher(store, generation, FakeEncoder(), settings.search)
        expected = searcher.search(Request("2:square", images=tuple(files), top=5))
        said = sent(client, "/v1/search", files, "request", text="2:square", top=5).json()
        assert [hit["id"] for hit in said["results"]] == [hit.id for hit in expected.results]
        scores = [hit.score for hit in expected.results]
        assert [hit["score"] for hit in said["results"]] == pytest.approx(scores)
        # A cursor of the one is good for the other: both name the picture by its content.
        options = {"text": "2:square", "top": 5, "cursor": expected.cursor}
        page = sent(client, "/v1/search", files, "request", **options).json()
        assert page["results"][0]["rank"] == 6


def test_a_search_with_pictures_has_its_own_etag(client: TestClient, files: list[Path]) -> None:
    first = sent(client, "/v1/search", files[:1], "request")
    parts = {"image": ("other name", files[0].read_bytes())}
    told = {"If-None-Match": first.headers["etag"]}
    assert client.post("/v1/search", files=parts, headers=told).status_code == 304
    other = {"image": ("new", files[1].read_bytes())}
    assert client.post("/v1/search", files=other, headers=told).status_code == 200


@pytest.mark.parametrize(
    ("address", "count", "data", "status", "word"),
    [
        ("/v1/tag", 0, {"options": "{}"}, 422, "no image"),
        ("/v1/tag", 33, {}, 422, "files"),
        ("/v1/tag", 1, {"options": "{"}, 422, "JSON"),
        ("/v1/tag", 1, {"options": '{"topp": 3}'}, 422, "topp"),
        ("/v1/tag", 1, {"options": '{"precision": 2}'}, 422, "precision"),
        ("/v1/tag", 1, {"options": '{"precision": 0.8}'}, 400, "threshold"),
        ("/v1/tag", 1, {"options": '{"language": "ko"}'}, 422, "vocabulary"),
        ("/v1/tag", 1, {"options": '{"label": "nope"}'}, 400, "nope"),
        ("/v1/tag", 2, {"options": '{"caption": "a red square"}'}, 400, "one image"),
        ("/v1/tag", 1, {"other": "1"}, 422, "other"),
        ("/v1/search", 9, {}, 422, "files"),
        ("/v1/search", 0, {"request": "{}"}, 400, "empty"),
        ("/v1/recognise", 1, {}, 404, "recogniser"),
        ("/v1/recognise", 1, {"options": '{"within": "2km"}'}, 400, "place"),
        ("/v1/recognise", 1, {"options": '{"near": "x"}'}, 400, "LAT,LON"),
        ("/v1/recognise", 1, {"options": '{"on": "today"}'}, 400, "day"),
    ],
)
def test_wrong_forms_are_problems_in_one_line(
    client: TestClient,
    files: list[Path],
    address: str,
    count: int,
    data: dict[str, str],
    status: int,
    word: str,
) -> None:
    parts: Any = [("image", ("x.png", files[0].read_bytes()))] * count
    fields = [(name, (None, value)) for name, value in data.items()]
    answer = client.post(address, files=[*parts, *fields])
    said = answer.json()
    assert (answer.status_code, word in said["detail"]) == (status, True), said
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_is_no_form_is_not_taken(client: TestClient) -> None:
    answer = client.post("/v1/tag", json={"top": 3})
    assert (answer.status_code, answer.json()["type"]) == (415, "urn:pairdex:unsupported-type")
