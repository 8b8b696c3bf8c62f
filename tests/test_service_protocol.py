"""Connections that never become a request, and bytes that are none, against uvicorn itself."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from service import protocol
from tests.service_process import drained

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


def asked(connection: socket.socket) -> bytes:
    """A whole request, and its whole answer."""
    connection.sendall(GET + b"\r\n")
    found = b""
    while not found.endswith(b"fine"):
        part = connection.recv(65536)
        assert part, found
        found += part
    return found


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """The address of a server that waits a second for the head of a request."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 1.0)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        PlainTextResponse("fine"), http=protocol.PatientProtocol, ws="none", lifespan="off",
        log_config=None,
    )  # fmt: skip
    server = uvicorn.Server(config)
    worker = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    worker.start()
    yield listener.getsockname()
    server.should_exit = True
    worker.join()


@pytest.mark.parametrize("sent", [b"", b"GET / HT", GET, GET + b"X: "])
def test_a_request_that_never_becomes_whole_is_cut_off(place: tuple[str, int], sent: bytes) -> None:
    begun = time.monotonic()
    with socket.create_connection(place, timeout=20) as connection:
        connection.sendall(sent)
        assert drained(connection) == b""
    assert time.monotonic() - begun > 0.9


def test_the_second_request_of_a_connection_has_the_same_time(place: tuple[str, int]) -> None:
    with socket.create_connection(place, timeout=20) as connection:
        assert asked(connection).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET / ")
        assert drained(connection) == b""


def test_a_connection_that_asks_again_and_again_is_kept(place: tuple[str, int]) -> None:
    begun = time.monotonic()
    with socket.create_connection(place, timeout=20) as connection:
        while time.monotonic() - begun < 2.5:
            assert asked(connection).startswith(b"HTTP/1.1 200")


def test_what_is_no_http_is_told_so_as_a_problem(place: tuple[str, int]) -> None:
    with socket.create_connection(place, timeout=20) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        head, _, body = drained(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert json.loads(body)["type"] == "urn:pairdex:malformed"
