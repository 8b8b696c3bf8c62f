"""The worker: what it does when jobs fail, when others are at work, when it is told to build."""

from __future__ import annotations

import threading

import pytest

from catalog.queued import problem
from db.home import Home
from db.queue import Queue
from db.store import Store
from errors import LockedError, ModelError
from indexer.job import build_index
from progress import Progress
from service import worker as workers
from service.job import Outcome
from service.refused import JobError
from settings import Settings
from tests.fakes import FakeEncoder
from tests.service_builders import HereBuilder, sent, settled, square, writable
from tests.waiting import until

CAPTION = [{"text": "a red square"}]


class Held(HereBuilder):
    """A builder that begins when it is let, and fails as often as it is told."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # as they are
        self.let = threading.Event()
        self.errors: list[Exception] = []

    def run(self, progress: Progress) -> Outcome:
        assert self.let.wait(60)
        if self.errors:
            self.jobs += 1
            raise self.errors.pop(0)
        return super().run(progress)


@pytest.fixture
def held(home: Home, store: Store, settings: Settings, encoder: FakeEncoder) -> Held:
    build_index(home, store, encoder, settings)
    return Held(home, settings, encoder)


def test_two_builds_at_once_are_one_too_many(
    home: Home, settings: Settings, encoder: FakeEncoder, held: Held
) -> None:
    with writable(home, settings, encoder, held) as client:
        first = client.post("/v1/index/build")
        assert first.status_code == 202
        second = client.post("/v1/index/build")
        assert (second.status_code, second.json()["type"]) == (409, "urn:pairdex:conflict")
        assert first.json()["job"] in second.json()["detail"]
        until(lambda: client.get("/v1/index").json()["job"])
        said = client.get("/v1/index").json()["job"]
        assert (said["job"], said["asked"]) == (first.json()["job"], True)
        service = client.app.state.service  # type: ignore[attr-defined]  # FastAPI's own
        held.let.set()
        until(lambda: service.worker.job is None and held.jobs == 1)
        with home.locked("train"):
            answer = client.post("/v1/index/build")
        assert (answer.status_code, answer.json()["code"]) == (409, 8)
        assert "held by train" in answer.json()["detail"]
        assert client.post("/v1/index/build").status_code == 202


def test_a_job_that_fails_is_told_and_tried_again(
    home: Home, settings: Settings, encoder: FakeEncoder, held: Held,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(workers, "AGAIN", 0.01)
    held.errors = [
        JobError(problem(ModelError("no model", "it is gone", "train one"))),
        JobError(problem(LockedError("the home is locked"))),
    ]
    held.let.set()
    with writable(home, settings, encoder, held) as client:
        assert settled(client, sent(client, square("red"), id="x", captions=CAPTION))["generation"]
        service = client.app.state.service  # type: ignore[attr-defined]  # FastAPI's own
        [failure] = service.worker.failures
        assert failure.detail == "no model: it is gone (train one)"
        until(lambda: service.worker.job is None)
        names = [event.name for event in service.events._last]
        assert names.count("failed") == 1  # a locked home is no failure
        assert names[-2:] == ["published", "queue"]
        said = client.get("/v1/index").json()
        assert (said["generation"], said["items"], said["queue"]) == ("000002", 13, 0)
        assert [one["name"] for one in said["generations"]] == ["000001", "000002"]
        assert [one["code"] for one in said["failures"]] == [6]
        assert said["job"] is None


def test_what_was_accepted_before_is_made_when_a_service_begins(
    home: Home, store: Store, settings: Settings, encoder: FakeEncoder, held: Held
) -> None:
    with writable(home, settings, encoder, held) as client:
        answer = sent(client, square("red"), id="x", captions=CAPTION)
        held.errors = [JobError(problem(LockedError("the home is locked")))] * 100
        held.let.set()
    assert store.count_items() == 12
    with writable(home, settings, encoder) as client:
        assert settled(client, answer)["state"] == "published"


def test_what_was_made_and_not_published_is_published_when_a_service_begins(
    home: Home, store: Store, settings: Settings, encoder: FakeEncoder, held: Held
) -> None:
    with writable(home, settings, encoder, held) as client:
        answer = sent(client, square("red"), id="x", captions=CAPTION)
        held.errors = [JobError(problem(LockedError("the home is locked")))] * 100
        held.let.set()
    HereBuilder(home, settings, encoder).run(lambda *_: None)  # and killed before it was told
    with Queue(home) as queue:
        assert queue.counts() == {"embedding": 1}
    with writable(home, settings, encoder) as client:
        assert settled(client, answer)["generation"] == "000002"


def test_one_process_at_a_time_makes_the_changes_of_a_home(
    home: Home, store: Store, settings: Settings, encoder: FakeEncoder, held: Held
) -> None:
    other = HereBuilder(home, settings, encoder)
    held.let.set()
    with (
        writable(home, settings, encoder, held) as first,
        writable(home, settings, encoder, other) as second,
    ):
        answer = sent(second, square("red"), id="x", captions=CAPTION)
        assert settled(second, answer)["state"] == "published"
        until(lambda: second.get("/v1/items/x").json()["indexed"])
        assert first.get("/v1/items/x").json()["indexed"]
        assert (held.jobs > 0, other.jobs) == (True, 0)
