"""One generation serves all; a newer one takes its place while they ask."""

from __future__ import annotations

import dataclasses
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from db.home import Home
from db.store import Store
from search import Request, Seen
from service.searching import Search
from service.state import Service
from settings import Settings
from tests.fakes import COLOURS, FakeEncoder, draw, record
from tests.service_samples import build, serving


@pytest.fixture
def client(
    home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> Iterator[TestClient]:
    build(home, store, encoder, settings)
    with serving(home, settings, encoder) as client:
        yield client


def service_of(client: TestClient) -> Service:
    found: Service = client.app.state.service  # type: ignore[attr-defined]
    return found


def test_no_search_fails_while_generations_are_published(
    client: TestClient,
    home: Home,
    store: Store,
    encoder: FakeEncoder,
    settings: Settings,
    tmp_path: Path,
) -> None:
    done, live = threading.Event(), service_of(client).live
    published = 6  # more than are kept: the first ones are deleted while they serve

    def ask(number: int) -> list[tuple[int, str]]:
        said = []
        while not done.is_set():
            body = {"text": list(COLOURS)[number % 3], "top": 50, "group": False}
            answer = client.post("/v1/search", json=body)
            said.append((answer.status_code, answer.json().get("generation", answer.text)))
        return said

    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask, number) for number in range(6)]
        try:
            for number in range(published):
                store.apply_import([record(draw(tmp_path, f"n{number}", "red"), "red")], [])
                build(home, store, encoder, settings)
                name = f"{number + 2:06d}"
                while live.loaded().name != name:
                    assert live.trouble is None
        finally:
            done.set()
        answers = [answer for one in asked for answer in one.result()]
    assert {status for status, _ in answers} == {200}
    names = {name for _, name in answers}
    assert names <= {f"{number:06d}" for number in range(1, published + 2)}
    assert len(names) >= 3
    found = client.post("/v1/search", json={"text": "red", "top": 50}).json()
    assert found["generation"] == f"{published + 1:06d}"
    gc.collect()
    held = Path("/proc/self/maps").read_text(encoding="utf-8")
    assert f"{home.generations}/{published + 1:06d}" in held
    assert f"{home.generations}/000001" not in held


@pytest.mark.long
def test_files_of_a_generation_are_closed_as_soon_as_its_last_search_has_ended(
    client: TestClient, home: Home, store: Store, encoder: FakeEncoder, settings: Settings,
    tmp_path: Path,
) -> None:  # fmt: skip
    """Without waiting for Python to look for rings, which it may do late or never."""
    service, publishes = service_of(client), 10
    service.live.close()  # it looks when it is told to

    def asked(**more: object) -> dict[str, Any]:
        body = {"text": "red", "top": 2, "where": "tag = red", **more}
        found: dict[str, Any] = client.post("/v1/search", json=body).json()
        assert found["results"], found
        return found

    def publish(number: int) -> None:
        store.apply_import([record(draw(tmp_path, f"n{number}", "red"), "red")], [])
        build(home, store, encoder, settings)
        service.live.look()

    publish(-1)
    cursor = asked()["cursor"]
    publish(-2)
    asked(cursor=cursor)  # answered by a searcher of the older one, which is then kept
    gc.collect()
    gc.disable()
    try:
        counts = []
        for number in range(publishes):
            publish(number)
            asked()
            counts.append(len(list(Path("/proc/self/fd").iterdir())))
    finally:
        gc.enable()
    held = {Path(line.split()[-1]).parent.name for line in _mapped(home)}
    assert held == {service.live.loaded().name}
    assert max(counts) - min(counts) <= 4, counts


def _mapped(home: Home) -> list[str]:
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if f"{home.generations}/" in line]


def test_what_cannot_be_opened_serves_nobody_and_disturbs_nobody(
    client: TestClient, home: Home, store: Store, encoder: FakeEncoder, settings: Settings,
    tmp_path: Path,
) -> None:  # fmt: skip
    live = service_of(client).live
    live.close()  # it looks when it is told to
    store.apply_import([record(draw(tmp_path, "new", "red"), "red")], [])
    build(home, store, encoder, settings)
    damaged = home.generations / "000002" / "images.ids.npy"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\xff")
    live.look()
    said = client.get("/v1/index").json()
    assert said["generation"] == "000001"
    assert (said["trouble"]["code"], "damaged" in said["trouble"]["detail"]) == (7, True)
    assert str(home.path) not in str(said["trouble"])
    assert client.post("/v1/search", json={"text": "red"}).status_code == 200
    assert client.get("/readyz").status_code == 200
    store.apply_import([record(draw(tmp_path, "newest", "red"), "red")], [])
    build(home, store, encoder, settings)
    live.look()
    assert live.loaded().name == "000003"
    assert client.get("/v1/index").json()["trouble"] is None


def test_another_model_comes_with_its_own_index(
    client: TestClient, home: Home, store: Store, encoder: FakeEncoder, settings: Settings
) -> None:
    service = service_of(client)
    before = service.live.loaded()
    other = FakeEncoder("other")
    service.live._open_encoder = lambda _home, _settings, _fingerprint: other
    build(home, store, other, settings)
    service.live.look()
    after = service.live.loaded()
    assert (after.encoder, after.name) == (other, "000002")
    assert client.post("/v1/search", json={"text": "red"}).json()["generation"] == "000002"
    # A picture that the model of before has seen is looked for where that model fits.
    seen = Seen("0" * 64, encoder.texts(["red"]))
    asked = service.searches.ask(Search(Request(images=(seen,)), before))
    assert client.portal is not None
    found = client.portal.call(_awaited, asked)
    assert found.result.generation == "000001"


async def _awaited(answer):  # type: ignore[no-untyped-def]
    return await answer


def test_the_encoder_is_shared_by_generations_of_one_model(
    client: TestClient, home: Home, store: Store, encoder: FakeEncoder, settings: Settings,
    tmp_path: Path,
) -> None:  # fmt: skip
    live = service_of(client).live
    opened = list[str]()

    def counting(_home: Home, _settings: Settings, fingerprint: str) -> FakeEncoder:
        opened.append(fingerprint)
        return encoder

    live._open_encoder = counting
    store.apply_import([record(draw(tmp_path, "new", "red"), "red")], [])
    build(home, store, encoder, settings)
    live.look()
    assert live.loaded().name == "000002"
    assert opened == []
    # A model that was calibrated anew has the same vectors, and other scores.
    home.artifact.mkdir()
    (home.artifact / "artifact.json").write_text("{}")
    live.look()
    assert opened == [encoder.fingerprint]


def test_a_swap_is_told_to_whoever_asked_for_it(
    client: TestClient, home: Home, store: Store, encoder: FakeEncoder, settings: Settings,
    tmp_path: Path,
) -> None:  # fmt: skip
    live, told = service_of(client).live, list[str]()
    live.told.append(lambda loaded: told.append(loaded.name))
    [item] = store.details([store.ids_of(["3"])["3"]]).values()
    store.apply_import([dataclasses.replace(item, name="Another")], [])
    build(home, store, encoder, settings)
    live.look()
    assert live.loaded().name == "000002"
    assert told == ["000002"]
