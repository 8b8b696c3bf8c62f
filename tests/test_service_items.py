"""Items and their pictures over HTTP."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from PIL import ExifTags, Image

from db.home import Home
from db.store import Store
from settings import Settings, load_settings
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


@pytest.fixture(scope="module")
def reader(built: Home) -> Iterator[TestClient]:
    """Of a service that nothing changes."""
    with serving(built, load_settings(environment={}), FakeEncoder()) as client:
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


def test_an_id_may_hold_any_character(client: TestClient, store: Store, tmp_path: Path) -> None:
    plain = record(draw(tmp_path, "odd", "blue"), "blue")
    store.apply_import([dataclasses.replace(plain, key=key) for key in ODD], [])
    for key in ODD:
        address = f"/v1/items/{quote(key, safe='')}"
        told = client.get(address).json()
        assert (told["id"], told["image"]) == (key, f"{address}/image")
        assert client.get(told["image"]).content == (tmp_path / "odd.png").read_bytes()


def test_what_is_not_there_is_not_found(reader: TestClient) -> None:
    for address in ("/v1/items/nope", "/v1/items/nope/image", "/v1/items/4/other", "/v1/items/%FF"):
        answer = reader.get(address)
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


def test_pages_hold_every_item_once(reader: TestClient) -> None:
    seen: list[str] = []
    after: str | None = None
    while True:
        query = {"limit": "5"} | ({"after": after} if after else {})
        page = reader.get("/v1/items", params=query).json()
        seen += [item["id"] for item in page["items"]]
        after = page["after"]
        if after is None:
            break
    assert seen == [str(number) for number in range(12)]
    assert page["total"] == 12
    newest = reader.get("/v1/items", params={"newest": True, "limit": 3}).json()
    assert [item["id"] for item in newest["items"]] == ["11", "10", "9"]
    assert reader.get("/v1/items", params={"after": "nope"}).status_code == 404
    assert reader.get("/v1/items", params={"limit": 0}).status_code == 422


def test_items_that_came_in_after_the_index_are_told_apart(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    store.apply_import([record(draw(tmp_path, "late", "red"), "red")], [])
    assert client.get("/v1/items/late").json()["indexed"] is False
    assert client.get("/v1/items/11").json()["indexed"] is True


def test_a_picture_that_was_told_is_not_sent_again(client: TestClient, tmp_path: Path) -> None:
    first = client.get("/v1/items/4/image")
    again = client.get("/v1/items/4/image", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.head("/v1/items/4/image").headers["etag"] == first.headers["etag"]
    draw(tmp_path / "pictures", "4", "red")  # another picture in the same file
    changed = client.get("/v1/items/4/image", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


def test_a_thumbnail_fits_its_square_and_stands_upright(
    client: TestClient, store: Store, home: Home, tmp_path: Path
) -> None:
    wide = Image.new("RGB", (900, 300), "red")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be turned by a quarter
    wide.save(tmp_path / "wide.jpg", exif=exif)
    store.apply_import([record(tmp_path / "wide.jpg", "red")], [])
    for number, size in enumerate((128, 256, 512), start=1):
        query = {"size": size}
        answer = client.get("/v1/items/wide/thumbnail", params=query)
        assert answer.headers["content-type"] == "image/webp"
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert picture.size == (round(size / 3), size)
        assert len(list((home.cache / "thumbnails").rglob("*"))) == number + 1  # and a folder
        again = client.get("/v1/items/wide/thumbnail", params=query)
        assert again.content == answer.content
        told = {"If-None-Match": answer.headers["etag"]}
        held = client.get("/v1/items/wide/thumbnail", params=query, headers=told)
        assert held.status_code == 304


def test_a_small_picture_is_not_blown_up(reader: TestClient) -> None:
    answer = reader.get("/v1/items/4/thumbnail", params={"size": 512})
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.size == (40, 30)


def test_a_damaged_picture_has_no_thumbnail_and_its_path_is_not_told(
    client: TestClient, tmp_path: Path
) -> None:
    (tmp_path / "pictures" / "4.png").write_bytes(b"no picture")
    answer = client.get("/v1/items/4/thumbnail")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:pairdex:image")
    assert str(tmp_path) not in answer.text
    assert client.get("/v1/items/4/thumbnail", params={"size": 100}).status_code == 422
