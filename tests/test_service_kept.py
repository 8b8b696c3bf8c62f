"""Judgements, saved searches and answers of a review over HTTP: as the command line has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from cli import app
from db.home import Home
from db.store import Store
from indexer.job import build_index
from search import Request
from search.feedback import record, remembered
from search.stored import keep
from settings import Settings
from tests.fakes import FakeEncoder
from tests.service_builders import writable


@pytest.fixture
def client(
    home: Home, store: Store, settings: Settings, encoder: FakeEncoder
) -> Iterator[TestClient]:
    build_index(home, store, encoder, settings)
    with writable(home, settings, encoder) as client:
        yield client


def test_judgements_are_those_of_the_command_line_and_feedback(
    client: TestClient, home: Home, store: Store
) -> None:
    asked = {"text": "red square", "where": "edge > 1"}
    results = client.post("/v1/search", json=asked).json()
    said = {"request": asked, "good": ["0"], "bad": ["1"], "generation": results["generation"]}
    answer = client.post("/v1/judgements", json=said)
    assert (answer.status_code, answer.json()) == (201, {"kept": 2})
    words = ["--home", str(home.path), "judgements", "list", "--json"]
    listed = json.loads(CliRunner().invoke(app, words).stdout)
    over_http = client.get("/v1/judgements").json()
    assert over_http == listed
    verdicts = {one["item"]: one["verdict"] for one in listed["judgements"]}
    assert verdicts == {"0": "good", "1": "bad"}
    good = next(one for one in listed["judgements"] if one["item"] == "0")
    assert (good["source"], good["generation"]) == ("api", results["generation"])
    scores = {hit["id"]: hit["score"] for hit in results["results"]}
    assert good["score"] == pytest.approx(scores["0"])
    again = remembered(store, Request("Red  Square"))
    assert (again.good, again.bad) == (("0",), ("1",))
    assert (
        client.get("/v1/judgements", params={"query": "RED square", "limit": 1}).json()[
            "judgements"
        ]
        == listed["judgements"][:1]
    )
    assert client.get("/v1/judgements", params={"query": "blue"}).json()["judgements"] == []
    number = listed["judgements"][0]["id"]
    assert client.delete("/v1/judgements", params={"id": number}).json() == {"removed": 1}
    assert client.delete("/v1/judgements", params={"query": "red square"}).json()["removed"] == 1
    assert client.delete("/v1/judgements", params={"all": "true"}).json() == {"removed": 0}


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"request": {"text": "red"}}, 422),
        ({"request": {"text": "red"}, "good": ["none"]}, 400),
        ({"request": {"text": "red"}, "good": ["1"], "bad": ["1"]}, 400),
        ({"request": {"where": "edge > 1"}, "good": ["1"]}, 400),
        ({"request": {"where": "edge >", "text": "x"}, "good": ["1"]}, 400),
        ({"request": {"text": "red"}, "good": "1"}, 422),
        ({"good": ["1"]}, 422),
    ],
)
def test_judgements_that_cannot_be_are_refused(
    client: TestClient, store: Store, said: dict[str, object], status: int
) -> None:
    assert client.post("/v1/judgements", json=said).status_code == status
    assert client.delete("/v1/judgements").status_code == 422
    assert store.judgements.all() == []


def test_saved_searches_can_be_asked_again(client: TestClient, home: Home) -> None:
    search = {"text": "red square", "top": 3, "tags": ["red"]}
    for replaced in (False, True):
        said = client.put("/v1/saved/mine%2Fone", json=search).json()
        assert said == {"name": "mine/one", "replaced": replaced}
    kept = client.get("/v1/saved/mine%2Fone").json()["request"]
    assert client.post("/v1/search", json=kept).json()["results"]
    words = ["--home", str(home.path), "search", "--saved", "mine/one", "--json"]
    assert [one["name"] for one in client.get("/v1/saved").json()["searches"]] == ["mine/one"]
    with Store.open(home.path) as store:
        assert store.saved.get("mine/one") is not None, words
    assert client.delete("/v1/saved/mine%2Fone").status_code == 204
    assert client.delete("/v1/saved/mine%2Fone").status_code == 404
    assert client.get("/v1/saved/mine%2Fone").status_code == 404
    assert client.put("/v1/saved/%0A", json=search).status_code == 400
    assert client.put("/v1/saved/x", json={}).status_code == 400


def test_pictures_that_were_searched_for_here_are_told_to_nobody(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    picture = tmp_path / "pictures" / "0.png"
    asked = Request("red", images=(picture,), good=("0",))
    keep(store, "with a picture", asked)
    record(store, asked)
    for address in ("/v1/saved", "/v1/saved/with%20a%20picture", "/v1/judgements"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert str(tmp_path) not in answer.text


def test_questions_are_answered_and_taken_back(client: TestClient, store: Store) -> None:
    questions = client.get("/v1/review", params={"limit": 4}).json()["questions"]
    assert questions
    for one in questions:
        assert one["kind"] in ("tag", "match")
        assert client.get(one["image"]).status_code == 200
        assert one["answer"] == ""
    first = questions[0]["id"]
    given = {"answers": [{"question": first, "answer": "yes"}]}
    [answered] = client.post("/v1/review", json=given).json()["answered"]
    assert (answered["id"], answered["answer"]) == (first, "yes")
    assert [one.id for one in store.questions.answered()] == [first]
    assert store.questions.answered()[0].source == "api"
    left = client.get("/v1/review", params={"limit": 50}).json()["questions"]
    assert first not in [one["id"] for one in left]
    assert client.delete(f"/v1/review/{first}").status_code == 204
    assert client.delete(f"/v1/review/{first}").status_code == 404
    assert store.questions.answered() == []
    only = client.get("/v1/review", params={"kind": "match", "limit": 50}).json()["questions"]
    assert {one["kind"] for one in only} == {"match"}
    only = client.get("/v1/review", params={"kind": "tag", "limit": 50}).json()["questions"]
    assert {one["kind"] for one in only} == {"tag"}


def test_answers_that_cannot_be_are_refused_before_the_first_is_kept(
    client: TestClient, store: Store
) -> None:
    [one] = client.get("/v1/review", params={"limit": 1}).json()["questions"]
    right = {"question": one["id"], "answer": "no"}
    for wrong in (
        {"question": "none", "answer": "no"},
        {"question": one["id"], "answer": "perhaps"},
    ):
        answer = client.post("/v1/review", json={"answers": [right, wrong]})
        assert answer.status_code in (400, 422)
    assert client.post("/v1/review", json={"answers": []}).status_code == 422
    assert store.questions.answered() == []
    assert client.get("/v1/review", params={"kind": "other"}).status_code == 422


def test_a_number_that_no_database_holds_is_refused(client: TestClient) -> None:
    for number in (0, -1, 2**63, 10**30):
        assert client.delete("/v1/judgements", params={"id": number}).status_code == 422
