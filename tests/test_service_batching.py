"""Searches that come together are answered together; the queue has an end, and so has patience."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from db.home import Home
from encoder.encoded import Encoded
from service import uploads
from service.batching import Batches
from service.metrics import Metrics
from service.problems import Problem
from service.state import Service
from settings import Settings
from tests.fakes import FakeEncoder
from tests.service_samples import serving
from tests.waiting import until

PATIENCE = 60.0  # seconds, for what happens at once on an idle machine


class GatedEncoder(FakeEncoder):
    """Reads no text while its gate is shut; has a bug that one word finds."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.held = threading.Event()  # somebody stands at the gate

    def texts(self, batch: Sequence[str]) -> Encoded:
        if not self.gate.is_set():
            self.held.set()
            assert self.gate.wait(PATIENCE)
        if any("bug" in text for text in batch):
            raise RuntimeError("inside of the encoder")
        return super().texts(batch)


@dataclasses.dataclass
class Served:
    client: TestClient
    encoder: GatedEncoder
    pool: ThreadPoolExecutor

    @property
    def service(self) -> Service:
        found: Service = self.client.app.state.service  # type: ignore[attr-defined]
        return found

    def search(self, text: str = "red") -> Future[Response]:
        return self.pool.submit(lambda: self.client.post("/v1/search", json={"text": text}))

    def shut(self) -> Future[Response]:
        """A first search stands at the gate; all later ones wait."""
        self.encoder.gate.clear()
        first = self.search()
        assert self.encoder.held.wait(PATIENCE)
        return first

    def waiting(self, count: int) -> None:
        until(lambda: self.service.searches.waiting == count)


@pytest.fixture
def served(built: Home, settings: Settings, request: pytest.FixtureRequest) -> Iterator[Served]:
    changed: dict[str, Any] = getattr(request, "param", {})
    service = msgspec.structs.replace(settings.service, **changed)
    encoder = GatedEncoder()
    with (
        serving(built, msgspec.structs.replace(settings, service=service), encoder) as client,
        ThreadPoolExecutor(40) as pool,
    ):
        yield Served(client, encoder, pool)
        encoder.gate.set()


def counted(served: Served, name: str) -> float:
    value = served.service.metrics.registry.get_sample_value(name, {"kind": "search"})
    return value or 0.0


def test_searches_of_many_threads_become_one_batch(served: Served) -> None:
    alone = {text: served.search(text).result() for text in ("red", "green", "blue")}
    batches, searches = "pairdex_batch_size_count", "pairdex_batch_size_sum"
    before = counted(served, batches), counted(served, searches)
    first = served.shut()
    texts = ["red", "green", "blue"] * 10 + ["red"]
    others = [served.search(text) for text in texts]
    served.waiting(31)
    seen = served.encoder.seen_texts
    served.encoder.gate.set()
    for text, other in zip(texts, others, strict=True):
        hits = [
            (hit["id"], pytest.approx(hit["score"])) for hit in other.result().json()["results"]
        ]
        assert [(h["id"], h["score"]) for h in alone[text].json()["results"]] == hits
    assert first.result().status_code == 200
    after = counted(served, batches), counted(served, searches)
    assert (after[0] - before[0], after[1] - before[1]) == (2, 32)
    # The second batch read each of its three different texts once.
    assert served.encoder.seen_texts - seen == 1 + 3


@pytest.mark.parametrize("served", [{"queue": 4}], indirect=True)
def test_who_finds_the_queue_full_is_told_when_to_come_back(served: Served) -> None:
    first = served.shut()
    others = [served.search() for _ in range(4)]
    served.waiting(4)
    refused = served.search().result()
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:pairdex:busy")
    assert int(refused.headers["retry-after"]) >= 1
    served.encoder.gate.set()
    assert {one.result().status_code for one in (first, *others)} == {200}
    assert served.search().result().status_code == 200


@pytest.mark.parametrize("served", [{"timeout": 0.3}], indirect=True)
def test_who_has_waited_too_long_is_told_and_not_worked_for(served: Served) -> None:
    first = served.shut()
    late = served.search("green").result()
    assert (late.status_code, late.json()["type"]) == (504, "urn:pairdex:timeout")
    assert first.result().status_code == 504
    seen = served.encoder.seen_texts
    served.encoder.gate.set()
    until(lambda: served.service.searches.waiting == 0)
    until(lambda: served.search("blue").result().status_code == 200)
    assert served.encoder.seen_texts - seen == 2  # the first one's and the last one's


def test_a_bug_that_one_search_finds_fails_no_other(served: Served) -> None:
    first = served.shut()
    mixed = [served.search(text) for text in ("red", "bug", "green", 'open "quote')]
    served.waiting(4)
    served.encoder.gate.set()
    answers = [one.result() for one in mixed]
    assert [answer.status_code for answer in answers] == [200, 500, 200, 400]
    assert answers[1].json()["type"] == "urn:pairdex:internal"
    assert "inside" not in answers[1].text
    assert first.result().status_code == 200


def test_everything_else_is_answered_while_searches_wait(served: Served) -> None:
    first = served.shut()
    assert served.client.get("/healthz").status_code == 200
    assert served.client.get("/v1/items/4").status_code == 200
    assert served.client.get("/v1/items/4/thumbnail").status_code == 200
    served.encoder.gate.set()
    assert first.result().status_code == 200


def test_pictures_that_are_slow_to_decode_keep_no_search_waiting(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, read = threading.Event(), uploads.decoded

    def slowly(*given: Any) -> Any:
        assert gate.wait(PATIENCE)
        return read(*given)

    picture = served.client.get("/v1/items/4/image").content
    monkeypatch.setattr(uploads, "decoded", slowly)
    files = {"image": ("a.png", picture)}
    sent = [
        served.pool.submit(lambda: served.client.post("/v1/search", files=files)) for _ in range(6)
    ]
    assert served.search().result().status_code == 200
    assert not any(one.done() for one in sent)
    gate.set()
    assert {one.result().status_code for one in sent} == {200}


def test_what_waits_at_the_end_is_answered_and_nothing_after_it() -> None:
    gate, seen = threading.Event(), list[int]()

    def work(batch: Sequence[int]) -> Iterator[int]:
        assert gate.wait(PATIENCE)
        seen.append(len(batch))
        yield from (2 * number for number in batch)

    async def play() -> list[int]:
        batches = Batches("test", work, 4, 100, PATIENCE, Metrics())
        batches.start()
        asked = [asyncio.create_task(batches.ask(number)) for number in range(10)]
        await asyncio.sleep(0)  # each has put itself into the queue
        closing = asyncio.create_task(asyncio.to_thread(batches.close))
        gate.set()
        answers = await asyncio.gather(*asked)
        await closing
        with pytest.raises(Problem):
            await batches.ask(11)
        return answers

    assert asyncio.run(play()) == [2 * number for number in range(10)]
    assert max(seen) == 4
    assert sum(seen) == 10
