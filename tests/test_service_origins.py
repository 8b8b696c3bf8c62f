"""Under which names it answers, which websites may ask, and what every answer carries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from db.home import Home
from db.store import Store
from service.headers import DATA
from service.origins import is_loopback
from settings import Settings
from tests.fakes import FakeEncoder
from tests.guard_samples import changed, problem, shared
from tests.service_samples import serving

QUERY = {"text": "a red square"}


@pytest.fixture(scope="module")
def client(built: Home) -> Iterator[TestClient]:
    with shared(built) as client:
        yield client


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8765", "127.9.9.9", "[::1]:80"])
def test_names_of_loopback_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1",
             "user@127.0.0.1", "[bad", "2130706433", ""],
)  # fmt: skip
def test_a_website_whose_name_was_made_to_point_here_is_refused(
    client: TestClient, host: str
) -> None:
    answer = client.post("/v1/search", json=QUERY, headers={"Host": host})
    assert answer.status_code == 403
    problem(answer, "forbidden")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_requests_that_another_website_sends_are_refused(
    client: TestClient, headers: dict[str, str]
) -> None:
    problem(client.post("/v1/search", json=QUERY, headers=headers), "forbidden")
    problem(client.get("/v1/items/1", headers=headers), "forbidden")


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://127.0.0.1"}, {"Sec-Fetch-Site": "same-origin"},
     {"Sec-Fetch-Site": "none"}],
)  # fmt: skip
def test_the_page_and_programs_are_answered(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/v1/search", json=QUERY, headers=headers).status_code == 200


def test_a_link_to_the_page_may_be_followed_from_anywhere(client: TestClient) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    link |= {"Sec-Fetch-Dest": "document"}
    assert client.get("/", headers=link).status_code != 403
    assert client.get("/v1/items/1", headers=link).status_code == 403


def test_origins_that_are_configured_may_call_from_a_browser(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    shop = "https://shop.example"
    asked = {"Origin": shop, "Access-Control-Request-Method": "POST"}
    with serving(home, changed(settings, cors=[shop]), encoder) as client:
        allowed = client.options("/v1/search", headers=asked)
        assert allowed.headers["access-control-allow-origin"] == shop
        assert "access-control-allow-credentials" not in allowed.headers
        item = client.get("/v1/items/1", headers={"Origin": shop})
        assert item.headers["access-control-allow-origin"] == shop
        other = {"Origin": "https://other.example"}
        problem(client.get("/v1/items/1", headers=other), "forbidden")
    with serving(home, settings, encoder) as client:
        plain = client.options("/v1/search", headers=asked | {"Origin": "http://127.0.0.1"})
        assert "access-control-allow-origin" not in plain.headers


def test_what_counts_as_loopback() -> None:
    assert all(map(is_loopback, ["localhost", "LOCALHOST", "127.0.0.1", "::1", "[::1]"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "192.168.0.1", "localhost.x", "", "127.1"]))


def test_every_answer_carries_the_strict_headers(client: TestClient) -> None:
    answers = [
        client.get("/healthz"),
        client.get("/v1/items/1/image"),
        client.get("/nothing"),
        client.post("/v1/search", json={"text": ""}),
        client.post("/v1/search", content=b"{}", headers={"Content-Type": "text/plain"}),
        client.get("/healthz", headers={"Host": "evil.example"}),
    ]
    for answer in answers:
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == DATA
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert headers["cache-control"]
        assert len(headers["x-request-id"]) == 32
        assert "server" not in headers


def test_the_id_of_a_proxy_is_kept_and_nonsense_is_not(client: TestClient) -> None:
    for given, kept in (("proxy-4711-abc", True), ("short", False), ("x" * 65, False)):
        said = client.get("/healthz", headers={"X-Request-ID": given}).headers["x-request-id"]
        assert (said == given) is kept
