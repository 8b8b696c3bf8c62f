"""Keys, their scopes and their rates at the door."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from db.home import Home
from db.store import Store
from errors import SettingsError
from service import keyring
from service.access import allowed, needs_keys
from service.app import create_app
from service.rates import FAILURES
from settings import Settings
from tests.fakes import FakeEncoder
from tests.guard_samples import changed, make_key, problem, shared, with_keys

QUERY = {"text": "a red square"}
WRITE = allowed("write")


@pytest.fixture(scope="module")
def client(built: Home) -> Iterator[TestClient]:
    with shared(built) as client:
        yield client


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
