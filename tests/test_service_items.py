"""Items and their pictures over HTTP."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from db.home import Home
from db.store import Store
from settings import Settings
from tests.fakes import FakeEncoder, draw, record
from tests.service_samples import build, serving

ODD = [
    "shoes/red.png",
    "a/image",
    "..%2f",
    "%41",
    "빨강 신발?",
    "a#b",
    "tab\there",
    "x" * 500,
    "image",
]


@pytest.fixture
def client(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> Iterator[TestClient]:
    build(home, store, encoder, settings)
    with serving(home, settings, encoder) as client:
        yield client


def test_an_item_is_told_whole(client: TestClient, store: Store) -> None:
    said = client.get("/v1/items/4").json()
    [kept] = store.details([store.ids_of(["4"])["4"]]).values()
    assert said == {
        "id": "4",
        "name": "Sq4",
        "captions": [
            {"text": "a green square", "language": "en"},
            {"text": "초록 네모", "language": "ko"},
        ],
        "tags": list(kept.tags),
        "attributes": {"edge": 2.5, "shelf": "left", "seen": ["x", "y"]},
        "split": "train",
        "width": 40,
        "height": 30,
        "bytes": kept.facts.bytes,
        "format": "PNG",
        "image": "/v1/items/4/image",
        "thumbnail": "/v1/items/4/thumbnail",
        "indexed": True,
    }


@pytest.mark.parametrize("key", ODD)
def test_an_id_may_hold_any_character(
    client: TestClient, store: Store, tmp_path: Path, key: str
) -> None:
    plain = record(draw(tmp_path, "odd", "blue"), "blue")
    store.apply_import([dataclasses.replace(plain, key=key)], [])
    address = f"/v1/items/{quote(key, safe='')}"
    assert client.get(address).json()["id"] == key
    picture = client.get(f"{address}/image")
    assert picture.content == (tmp_path / "odd.png").read_bytes()


def test_what_is_not_there_is_not_found(client: TestClient) -> None:
    for address in ("/v1/items/nope", "/v1/items/nope/image", "/v1/items/4/other", "/v1/items/%FF"):
        answer = client.get(address)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:pairdex:not-found")


def test_a_picture_is_the_file_with_its_type_and_hash(client: TestClient, tmp_path: Path) -> None:
    file = tmp_path / "pictures" / "4.png"
    whole = client.get("/v1/items/4/image")
    assert whole.content == file.read_bytes()
    assert whole.headers["content-type"] == "image/png"
    part = client.get("/v1/items/4/image", headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"PNG")


def test_a_picture_that_is_gone_or_no_file_is_not_found(client: TestClient, tmp_path: Path) -> None:
    file = tmp_path / "pictures" / "4.png"
    file.unlink()
    gone = client.get("/v1/items/4/image")
    assert (gone.status_code, str(tmp_path) in gone.text) == (404, False)
    file.mkdir()
    assert client.get("/v1/items/4/image").status_code == 404
