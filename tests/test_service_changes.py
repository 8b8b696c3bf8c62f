"""Items added, changed and removed over HTTP, with the encoder that sees colours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from db.home import Home
from db.store import Store
from indexer.job import build_index
from settings import Settings
from tests.fakes import FakeEncoder
from tests.service_builders import patches, sent, settled, square, uploads, writable

CAPTION = [{"text": "a red square"}]


@pytest.fixture
def client(
    home: Home, store: Store, settings: Settings, encoder: FakeEncoder
) -> Iterator[TestClient]:
    build_index(home, store, encoder, settings)
    with writable(home, settings, encoder) as client:
        yield client


def found(client: TestClient, **asked: object) -> list[str]:
    answer = client.post("/v1/search", json=asked)
    assert answer.status_code == 200, answer.text
    return [hit["id"] for hit in answer.json()["results"]]


def test_an_added_item_is_found_once_its_ticket_says_so(client: TestClient, home: Home) -> None:
    answer = sent(
        client, square("red", 30), id="shoes/red", name="Shoe", tags=["new"],
        captions=[{"text": "a quixotic shoe"}, {"text": "신발", "language": "ko"}],
        attributes={"edge": 9},
    )  # fmt: skip
    said = answer.json()
    assert (said["id"], said["state"], said["notes"]) == ("shoes/red", "queued", [])
    ticket = settled(client, answer)
    assert (ticket["state"], ticket["generation"], ticket["action"]) == (
        "published",
        "000002",
        "put",
    )
    assert found(client, text="quixotic")[0] == "shoes/red"
    item = client.get(f"/v1/items/{quote('shoes/red', safe='')}").json()
    assert (item["name"], item["tags"], item["attributes"]) == ("Shoe", ["new"], {"edge": 9.0})
    assert item["indexed"]
    assert client.get(item["image"]).content == square("red", 30)
    assert found(client, text="shoe", where="edge > 8") == ["shoes/red"]


def test_a_change_keeps_what_it_does_not_name(client: TestClient) -> None:
    before = client.get("/v1/items/3").json()
    settled(client, sent(client, None, "PATCH", "/3", name="Renamed", attributes={"shelf": None}))
    after = client.get("/v1/items/3").json()
    assert (after["name"], after["captions"]) == ("Renamed", before["captions"])
    assert after["attributes"] == {"edge": 2.5, "seen": ["x", "y"]}
    settled(client, sent(client, square("blue"), "PATCH", "/3"))
    assert client.get("/v1/items/3/image").content == square("blue")
    settled(client, sent(client, None, id="3", captions=["only this"]))
    bare = client.get("/v1/items/3").json()
    assert (bare["name"], bare["tags"], bare["attributes"]) == ("", [], {})
    assert client.get("/v1/items/3/image").content == square("blue")


def test_a_removed_item_is_gone_from_searches_and_its_upload_from_the_disk(
    client: TestClient, home: Home
) -> None:
    settled(client, sent(client, patches("a"), id="new", captions=CAPTION))
    assert "new" in found(client, text="red square", top=50)
    assert len(uploads(home)) == 1
    assert settled(client, client.delete("/v1/items/new"))["action"] == "remove"
    assert "new" not in found(client, text="red square", top=50)
    assert client.get("/v1/items/new").status_code == 404
    assert uploads(home) == []
    assert client.delete("/v1/items/new").status_code == 404


def test_changes_that_come_together_make_few_generations(client: TestClient) -> None:
    answers = [
        sent(client, patches(str(n)), id=f"n{n}", captions=[{"text": f"number {n}"}])
        for n in range(20)
    ]
    tickets = [settled(client, answer) for answer in answers]
    assert {ticket["state"] for ticket in tickets} == {"published"}
    assert len({ticket["generation"] for ticket in tickets}) < 10
    numbers = [int(ticket["generation"]) for ticket in tickets]
    assert numbers == sorted(numbers)
    assert client.get("/v1/items/n19").json()["indexed"]


@pytest.mark.parametrize(
    ("said", "data", "status", "kind", "words"),
    [
        ({"captions": CAPTION}, b"no picture", 422, "image", "not an image"),
        ({"captions": CAPTION}, b"", 422, "image", ""),
        ({"captions": []}, square("red"), 422, "catalog", "empty-caption"),
        ({}, square("red"), 422, "catalog", "empty-caption"),
        ({"captions": [{"text": "x", "language": "fr"}]}, square("red"), 422, "catalog", "en, ko"),
        ({"captions": CAPTION, "split": "x"}, square("red"), 422, "catalog", "neither train"),
        (
            {"captions": CAPTION, "attributes": {"edge": "x"}},
            square("red"),
            422,
            "catalog",
            "number",
        ),
        (
            {"captions": CAPTION, "attributes": {"tags": "x"}},
            square("red"),
            422,
            "catalog",
            "field",
        ),
        ({"captions": CAPTION, "id": "x" * 600}, square("red"), 422, "catalog", "bad-id"),
        ({"captions": CAPTION, "id": "none"}, None, 422, "catalog", "a new one needs an image"),
        ({"captions": CAPTION}, None, 422, "catalog", "neither id nor image"),
        ({"captions": "x"}, square("red"), 422, "invalid-request", "captions"),
        ({"caption": "x"}, square("red"), 422, "invalid-request", "caption"),
        ({"id": 7}, square("red"), 422, "invalid-request", "id"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_reason(
    client: TestClient, home: Home, said: dict[str, Any], data: bytes | None, status: int,
    kind: str, words: str,
) -> None:  # fmt: skip
    if "id" not in said and data:
        said = {"id": "bad"} | said
    answer = sent(client, data, **said)
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert problem["type"] == f"urn:pairdex:{kind}"
    assert words in problem["detail"]
    assert str(home.path) not in answer.text
    assert client.get("/v1/items/bad").status_code == 404
    assert [file for file in uploads(home) if file.name.startswith(".held")] == []


def test_forms_of_a_wrong_shape_are_refused(client: TestClient) -> None:
    image = ("a.png", square("red"), "image/png")
    for form in (
        {"data": {"item": "{}", "image": "x"}},
        {"files": {"item": (None, "{"), "image": image}},
        {"data": {"item": "{}"}, "files": [("image", image), ("image", image)]},
        {"data": {"item": "{}"}, "files": {"picture": image}},
    ):
        answer = client.post("/v1/items", **form)
        assert answer.status_code in (415, 422), answer.text
    answer = sent(client, None, "PATCH", "/none", name="x")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:pairdex:not-found")
    for name in ("99", "x", "-1", "1" * 30, "%00"):
        assert client.get(f"/v1/tickets/{name}").status_code == 404


def test_a_change_that_fails_later_says_so_by_its_ticket(client: TestClient, store: Store) -> None:
    service = client.app.state.service  # type: ignore[attr-defined]  # FastAPI's own
    with service.home.locked("catalog import"):  # somebody else is at work: nothing is made yet
        answer = sent(client, None, "PATCH", "/3", name="x")
        store.apply_changes([], ["3"])
    ticket = settled(client, answer)
    assert ticket["state"] == "failed"
    assert "there is no item 3" in ticket["problem"]["detail"]


def test_an_item_whose_image_is_lost_before_it_is_embedded_fails_with_the_reason(
    client: TestClient, home: Home
) -> None:
    service = client.app.state.service  # type: ignore[attr-defined]  # FastAPI's own
    with service.home.locked("catalog import"):
        answer = sent(client, patches("lost"), id="lost", captions=CAPTION)
        [file] = uploads(home)
        file.unlink()
    ticket = settled(client, answer)
    assert ticket["state"] == "failed"
    assert "no longer there" in ticket["problem"]["detail"]
    assert str(home.path) not in str(ticket)


def test_the_last_item_can_go_and_another_can_come(client: TestClient) -> None:
    tickets = [settled(client, client.delete(f"/v1/items/{n}")) for n in range(12)]
    assert {ticket["state"] for ticket in tickets} == {"published"}
    assert found(client, text="red square") == []
    settled(client, sent(client, square("red"), id="first", captions=CAPTION))
    assert found(client, text="red square") == ["first"]


def test_a_home_without_an_index_gets_one_with_its_first_item(
    tmp_path: Path, settings: Settings, encoder: FakeEncoder
) -> None:
    home = Home(tmp_path / "empty")
    Store.open(home.path, create=True).close()
    with writable(home, settings, encoder) as client:
        assert client.get("/readyz").status_code == 503
        settled(client, sent(client, square("red"), id="first", captions=CAPTION))
        assert client.get("/readyz").status_code == 200
        assert found(client, text="red square") == ["first"]
