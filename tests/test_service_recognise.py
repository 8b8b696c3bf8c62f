"""Products recognised over HTTP are those of `tag --record`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from db.home import Home
from tagger.offers import Place
from tagger.record import Recogniser
from tests.fakes import FakeEncoder
from tests.service_samples import serving
from tests.shop_samples import DAY, drawn_shop, photos, recognising, tiny

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn_shop()


@pytest.fixture(scope="module")
def home(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(recognising(tmp_path_factory.mktemp("home") / "home"))


@pytest.fixture(scope="module")
def client(home: Home) -> Iterator[TestClient]:
    with serving(home, tiny(), FakeEncoder()) as client:
        yield client


def test_records_are_those_of_the_library(client: TestClient, home: Home, shop: Path) -> None:
    files = [file for file, _ in photos(shop)][:25]  # more than may wait for a thread
    parts: list[Any] = [("image", (file.name, file.read_bytes())) for file in files]
    parts.append(("image", ("notes.txt", b"no picture")))
    options = {"near": "37.5665,126.9780", "within": "50km", "on": DAY.isoformat()}
    answer = client.post("/v1/recognise", files=parts, data={"options": json.dumps(options)})
    assert answer.status_code == 200, answer.text
    said = answer.json()
    recogniser = Recogniser.open(home.path, tiny())
    expected = recogniser.recognise_all(files, Place(37.5665, 126.978), 50_000, DAY)
    assert said["schema"] == "pairdex.record.v1"
    *images, unread = said["images"]
    assert "notes.txt" in unread["error"]
    for image, one in zip(images, expected, strict=True):
        assert image["path"] == Path(one.path).name
        assert (image["known"], image["product"]) == (one.known, one.product)
        assert image["probability"] == pytest.approx(one.probability, abs=1e-5)
        assert [offer["text"] for offer in image["promotions"]] == [p.text for p in one.promotions]
        stores = [offer["store"] and offer["store"]["name"] for offer in image["promotions"]]
        assert stores == [offer.store and offer.store.name for offer in one.promotions]
    alone = client.post("/v1/recognise", files=parts[-1:])
    assert (alone.status_code, alone.json()["type"]) == (422, "urn:pairdex:image")


def test_it_is_opened_once_and_anew_when_it_has_changed(
    client: TestClient, home: Home, shop: Path
) -> None:
    file = photos(shop)[0][0]
    service = client.app.state.service  # type: ignore[attr-defined]

    def opened() -> object:
        parts = {"image": (file.name, file.read_bytes())}
        assert client.post("/v1/recognise", files=parts).status_code == 200
        return service.recogniser._held[1]

    first = opened()
    assert opened() is first
    text = (home.recogniser / "product.json").read_text(encoding="utf-8")
    (home.recogniser / "product.json").unlink()
    (home.recogniser / "product.json").write_text(text, encoding="utf-8")
    assert opened() is not first
