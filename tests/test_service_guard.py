"""The rules at the door: names, websites, keys, scopes, rates, headers, bodies, log and metrics."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient
from starlette.types import Message

from db.home import Home
from db.keys import Key, Scope
from db.store import Store
from errors import SettingsError
from service import bodies, keyring
from service.access import allowed, needs_keys
from service.app import create_app
from service.bodies import Bodies
from service.headers import DATA
from service.observing import Lines
from service.origins import is_loopback
from service.rates import FAILURES
from settings import Settings, load_settings
from tests.fakes import FakeEncoder
from tests.service_samples import serving

QUERY = {"text": "a red square"}
WRITE = allowed("write")


def changed(settings: Settings, **service: Any) -> Settings:
    fresh = msgspec.structs.replace(settings.service, **service)
    return msgspec.structs.replace(settings, service=fresh)


@pytest.fixture(scope="module")
def client(built: Home) -> Iterator[TestClient]:
    """Of a service with an index, shared by the tests that change nothing."""
    with serving(built, load_settings(environment={}), FakeEncoder()) as client:
        yield client


def make_key(store: Store, scope: Scope = "read", name: str = "") -> tuple[dict[str, str], Key]:
    presented, key = store.keys.create(name or scope, scope)
    return {"Authorization": f"Bearer {presented}"}, key


@contextmanager
def with_keys(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings, **service: Any
) -> Iterator[TestClient]:
    """A service that needs keys, without an index; the store has one key at least."""
    make_key(store, name="first")
    with serving(home, changed(settings, require_keys=True, **service), encoder) as client:
        yield client


def problem(answer: Any, kind: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    said: dict[str, Any] = answer.json()
    assert said["type"] == f"urn:pairdex:{kind}"
    assert said["status"] == answer.status_code
    assert said["request_id"] == answer.headers["x-request-id"]
    return said


# -- names and websites ---------------------------------------------------------------------


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


# -- keys and scopes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "service",
    [{"host": "0.0.0.0"}, {"host": "::"}, {"require_keys": True}, {"hosts": ["shop.example"]},
     {"proxies": ["127.0.0.1"]}],
)  # fmt: skip
def test_whoever_can_be_reached_from_elsewhere_does_not_start_without_keys(
    home: Home, store: Store, settings: Settings, service: dict[str, Any]
) -> None:
    elsewhere = changed(settings, **service)
    assert needs_keys(elsewhere.service)
    with pytest.raises(SettingsError, match="needs keys, and there is none"):
        create_app(home.path, elsewhere)
    _, key = make_key(store)
    create_app(home.path, elsewhere).state.service.store.close()
    store.keys.revoke(key.public)
    with pytest.raises(SettingsError, match="needs keys"):
        create_app(home.path, elsewhere)


def test_without_a_key_only_the_page_and_the_health_checks_answer(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    with with_keys(home, store, encoder, settings) as client:
        for path in ("/healthz", "/openapi.json", "/v1/session"):
            assert client.get(path).status_code == 200, path
        problem(client.get("/readyz"), "index")
        for path in ("/v1/items/1", "/v1/items/1/image", "/metrics", "/nothing", "/v1/session/x"):
            refused = client.get(path)
            problem(refused, "unauthorised")
            assert refused.headers["www-authenticate"].startswith("Bearer")
        problem(client.post("/v1/search", json=QUERY), "unauthorised")


def test_a_key_opens_what_its_scope_holds_and_no_more(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    with with_keys(home, store, encoder, settings) as client:
        read, key = make_key(store)
        assert client.get("/v1/items/1", headers=read).status_code == 200
        assert client.get("/metrics", headers=read).status_code == 200
        said = client.get("/v1/session", headers=make_key(store, "tag")[0]).json()
        assert said == {"needs_key": True, "scopes": ["read", "tag"]}
        app: Any = client.app
        app.add_api_route("/v1/change", lambda: None, methods=["POST"], dependencies=[WRITE])
        refused = problem(client.post("/v1/change", headers=read), "forbidden")
        assert "write" in refused["detail"]
        write = make_key(store, "write")[0]
        assert client.post("/v1/change", headers=write).status_code == 200
        assert app.state.service.keys._used[key.public]
    assert [one.used is not None for one in store.keys.all()] == [False, True, True, True]


@pytest.mark.parametrize(
    "presented",
    ["", "nonsense", "pdx_00000000_" + "a" * 43, "pdx_00000000_" + "ä" * 43, "x" * 8000],
)
def test_what_is_no_key_is_refused_on_loopback_too(client: TestClient, presented: str) -> None:
    headers = {"Authorization": f"Bearer {presented}".encode()}
    problem(client.get("/v1/items/1", headers=headers), "unauthorised")  # type: ignore[arg-type]


def test_a_revoked_key_is_refused_when_the_keys_are_read_again(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(keyring, "FRESH", 0.0)
    with with_keys(home, store, encoder, settings) as client:
        headers, key = make_key(store)
        assert client.get("/v1/items/1", headers=headers).status_code == 200
        store.keys.revoke(key.public)
        problem(client.get("/v1/items/1", headers=headers), "unauthorised")


def test_the_page_signs_in_once_and_its_cookie_stands_for_the_key(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    with with_keys(home, store, encoder, settings) as client:
        presented, _ = store.keys.create("page", "tag")
        assert client.get("/v1/session").json() == {"needs_key": True, "scopes": []}
        problem(client.post("/v1/session", json={"key": "wrong"}), "unauthorised")
        signed = client.post("/v1/session", json={"key": presented})
        assert signed.json()["scopes"] == ["read", "tag"]
        cookie = signed.headers["set-cookie"].lower()
        assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/"))
        assert presented.lower() not in cookie
        assert client.get("/v1/items/1").status_code == 200  # the client keeps cookies
        assert client.delete("/v1/session").status_code == 204
        problem(client.get("/v1/items/1"), "unauthorised")


def test_an_ended_session_cannot_be_taken_up_again(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    with with_keys(home, store, encoder, settings) as client:
        client.post("/v1/session", json={"key": store.keys.create("page", "read")[0]})
        token = client.cookies["pairdex_session"]
        client.delete("/v1/session")
        client.cookies.set("pairdex_session", token)
        problem(client.get("/v1/items/1"), "unauthorised")


# -- rates ----------------------------------------------------------------------------------


def test_each_key_has_its_own_share_of_requests(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    with with_keys(home, store, encoder, settings, rate="3/hour") as client:
        one, other = make_key(store)[0], make_key(store, name="other")[0]
        answers = [client.get("/v1/items/1", headers=one) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[0].headers["ratelimit-policy"] == '"requests";q=3;w=3600'
        assert '"requests";r=2;t=' in answers[0].headers["ratelimit"]
        problem(answers[3], "too-many-requests")
        assert 0 < int(answers[3].headers["retry-after"]) <= 3600
        assert client.get("/v1/items/1", headers=other).status_code == 200
        assert client.get("/healthz").status_code == 200


def test_guessing_keys_is_slowed_down(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    with with_keys(home, store, encoder, settings) as client:
        wrong = {"Authorization": "Bearer pdx_00000000_" + "a" * 43}
        tries = int(FAILURES.partition("/")[0])
        codes = [client.get("/v1/items/1", headers=wrong).status_code for _ in range(tries + 1)]
        assert codes == [401] * tries + [429]


def test_a_rate_that_cannot_be_read_is_a_wrong_setting(
    home: Home, store: Store, settings: Settings
) -> None:
    with pytest.raises(SettingsError, match=r"service\.rate: 'often'"):
        create_app(home.path, changed(settings, rate="often"))


# -- headers --------------------------------------------------------------------------------


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


# -- bodies ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "content", "status", "kind"),
    [
        ({"Content-Type": "text/plain"}, b'{"text":"red"}', 415, "unsupported-type"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=b", 415, "unsupported-type"),
        ({}, b"{}", 415, "unsupported-type"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"{}", 415,
         "unsupported-type"),
        ({"Content-Type": "multipart/form-data"}, b"--", 422, "invalid-request"),
        ({"Content-Type": "application/json"}, b"[" * (bodies.MAX_FIELD + 1), 413, "too-large"),
        ({f"X-{n}": "y" for n in range(200)}, b"", 431, "too-many-headers"),
    ],
)  # fmt: skip
def test_bodies_that_are_not_taken_are_refused_before_they_are_read(
    client: TestClient, headers: dict[str, str], content: bytes, status: int, kind: str
) -> None:
    answer = client.post("/v1/search", content=content, headers=headers)
    assert answer.status_code == status
    problem(answer, kind)


class Talk:
    """One request against `Bodies`: chunks as they arrive, and what is sent back."""

    def __init__(self, settings: Settings, *headers: tuple[str, str], **service: Any) -> None:
        self.sent: list[Message] = []
        self.read = 0
        fields = [(name.lower().encode(), value.encode()) for name, value in headers]
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "headers": fields,
        }
        self.scope |= {"query_string": b"", "state": {}, "app": self}
        self.door = Bodies(self.application, changed(settings, **service).service)

    @property
    def state(self) -> Any:  # of the application, which has no service here
        return self

    async def application(self, _scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            message = await receive()
            self.read += len(message.get("body", b""))
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    def run(self, *chunks: bytes, stops: bool = False) -> tuple[int, dict[str, Any]]:
        """`stops`: after the chunks nothing comes any more, and the body is not complete."""

        async def talk() -> None:
            left = list(chunks)

            async def receive() -> Message:
                if not left:
                    await asyncio.Event().wait()
                body = left.pop(0)
                return {"type": "http.request", "body": body, "more_body": bool(left) or stops}

            async def send(message: Message) -> None:
                self.sent.append(message)

            await self.door(self.scope, receive, send)

        asyncio.run(talk())
        text = b"".join(message.get("body", b"") for message in self.sent)
        said = json.loads(text) if text.startswith(b"{") else {}
        return self.sent[0]["status"], said

    @property
    def closes(self) -> bool:
        return (b"connection", b"close") in self.sent[0]["headers"]


CHUNKED = ("Transfer-Encoding", "chunked")
AS_JSON = ("Content-Type", "application/json")
AS_PARTS = ("Content-Type", "multipart/form-data; boundary=cut")


def test_bytes_are_counted_as_they_arrive_whatever_the_length_says(settings: Settings) -> None:
    whole = b"x" * bodies.MAX_FIELD
    fits = Talk(settings, AS_JSON, CHUNKED)
    assert fits.run(whole)[0] == 200
    assert fits.read == len(whole)
    assert not fits.closes
    for talk in (
        Talk(settings, AS_JSON, CHUNKED),
        Talk(settings, AS_JSON, ("Content-Length", "10")),
    ):
        status, said = talk.run(whole, b"y", b"z")
        assert (status, said["type"]) == (413, "urn:pairdex:too-large")
        assert talk.read <= len(whole)
        assert talk.closes


def test_a_length_that_is_too_large_is_refused_before_a_byte_is_read(settings: Settings) -> None:
    talk = Talk(settings, AS_PARTS, ("Content-Length", str(9 << 20)), max_upload_mb=8)
    assert talk.run(b"x")[0] == 413
    assert talk.read == 0


def test_parts_are_counted_across_the_cuts_of_the_stream(settings: Settings) -> None:
    def body(parts: int) -> bytes:
        return b"--cut\r\n\r\nx\r\n" * parts + b"--cut--\r\n"

    for size in (1, 3, 7, 4096):
        fine, many = body(bodies.MAX_PARTS), body(bodies.MAX_PARTS + 1)
        for whole, status in ((fine, 200), (many, 413)):
            chunks = [whole[at : at + size] for at in range(0, len(whole), size)]
            assert Talk(settings, AS_PARTS, CHUNKED).run(*chunks)[0] == status, size


def test_a_body_that_never_ends_is_cut_off(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_LINGER_SECONDS", 0.05)
    talk = Talk(settings, AS_JSON, CHUNKED, body_timeout=0.1)
    status, said = talk.run(b"{", stops=True)
    assert (status, said["type"]) == (408, "urn:pairdex:too-slow")
    assert talk.closes


def test_two_ways_of_telling_a_length_are_refused(settings: Settings) -> None:
    assert Talk(settings, AS_JSON, CHUNKED, ("Content-Length", "2")).run(b"{}")[0] == 422


def test_only_so_many_uploads_are_taken_at_a_time(settings: Settings) -> None:
    talk = Talk(settings, AS_PARTS, CHUNKED, uploads=1)
    talk.door._uploads = 1
    status, said = talk.run(b"--cut--")
    assert (status, said["type"]) == (503, "urn:pairdex:busy")
    assert any(name == b"retry-after" for name, _ in talk.sent[0]["headers"])
    talk.door._uploads = 0
    talk.sent.clear()
    assert talk.run(b"--cut--")[0] == 200
    assert talk.door._uploads == 0


# -- log and metrics ------------------------------------------------------------------------


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
