"""What the log and the metrics say, and what they do not."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from db.home import Home
from db.store import Store
from service.observing import Lines
from settings import Settings
from tests.fakes import FakeEncoder
from tests.guard_samples import make_key, problem, shared, with_keys

QUERY = {"text": "a red square"}


@pytest.fixture(scope="module")
def client(built: Home) -> Iterator[TestClient]:
    with shared(built) as client:
        yield client


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.INFO, "pairdex")
    return lambda: [json.loads(Lines().format(record)) for record in caplog.records]


def test_a_request_is_one_line_without_what_was_asked(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings, lines: Any
) -> None:
    with with_keys(home, store, encoder, settings) as client:
        headers, key = make_key(store)
        asked = client.post("/v1/search?secret=word", json={"text": "secret"}, headers=headers)
        client.get("/v1/items/secret", headers=headers)
        client.post("/v1/session", json={"key": headers["Authorization"].split()[1]})
    said = [line for line in lines() if line["event"] == "request"]
    assert len(said) == 3
    first = said[0]
    assert first["id"] == asked.headers["x-request-id"]
    assert (first["method"], first["route"]) == ("POST", "/v1/search")
    assert (first["status"], first["key"]) == (503, key.public)
    assert first["ms"] > 0
    assert (said[1]["route"], said[1]["problem"]) == ("/v1/items/{item}", "not-found")
    text = json.dumps(lines())
    assert "secret" not in text
    assert headers["Authorization"].rpartition("_")[2] not in text


def test_a_bug_is_told_to_the_log_and_not_to_the_caller(
    client: TestClient, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.routes_items.find", lambda *_: 1 / 0)
    said = problem(client.get("/v1/items/1"), "internal")
    assert "division" not in json.dumps(said)
    [bug] = [line for line in lines() if line["level"] == "error"]
    assert "ZeroDivisionError" in bug["trace"]


def test_metrics_count_requests_errors_and_the_generation(client: TestClient) -> None:
    def read() -> dict[str, str]:
        text = client.get("/metrics").text
        return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))

    before = read()
    client.post("/v1/search", json=QUERY)
    client.get("/v1/items/nobody")
    client.get("/nothing/1")
    client.get("/nothing/2")
    got = read()

    def grown(name: str) -> float:
        return float(got[name]) - float(before.get(name, 0))

    count = 'pairdex_request_seconds_count{method="%s",route="%s",status="%s"}'
    assert grown(count % ("POST", "/v1/search", 200)) == 1
    assert grown(count % ("GET", "/v1/items/{item}", 404)) == 1
    assert grown(count % ("GET", "other", 404)) == 2  # unknown addresses add no series
    assert grown('pairdex_errors_total{type="not-found"}') == 3
    assert got["pairdex_generation_items"] == "12.0"
    assert float(got["pairdex_generation_age_seconds"]) >= 0
    assert got["pairdex_search_queue"] == "0.0"
    assert got["pairdex_requests_in_flight"] == "1.0"
    assert grown('pairdex_batch_size_count{kind="search"}') == 1
    for stage in (
        "search-queue",
        "encode",
        "vectors",
        "shortlist",
        "rerank",
        "search",
        "search-total",
    ):
        assert grown(f'pairdex_stage_seconds_count{{stage="{stage}"}}') == 1, stage
