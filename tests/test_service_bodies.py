"""Bodies: which are taken, how long, and how fast they must come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.types import Message

from db.home import Home
from service import bodies
from service.bodies import Bodies
from settings import Settings
from tests.guard_samples import changed, problem, shared


@pytest.fixture(scope="module")
def client(built: Home) -> Iterator[TestClient]:
    with shared(built) as client:
        yield client


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
