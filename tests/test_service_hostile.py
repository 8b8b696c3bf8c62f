"""What is sent to break the service, against the real process: each is refused by its code, the
next request is answered as if nothing had been, and the memory stays what it was."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.hostile_uploads import FILES, NAMES, SAID, TAKEN, fine
from tests.service_process import Served, drained, real_home, served

pytestmark = pytest.mark.slow
UPLOAD_MB = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("hostile")
    limits = (f"service.max_upload_mb={UPLOAD_MB}", "service.body_timeout=2.0")
    with served(real_home(folder), folder / "log", *limits) as server:
        yield server
        errors = [line for line in server.lines() if line["level"] in ("error", "critical")]
        assert errors == []


@pytest.fixture
def client(server: Served) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.address, timeout=30) as client:
        yield client
        assert client.get("/healthz").status_code == 200


def said(answer: httpx2.Response) -> SAID:
    if answer.status_code < 400:
        return answer.status_code, ""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, str(answer.json()["type"]).rpartition(":")[2]


def tag(client: httpx2.Client, content: bytes, name: str = "x.png") -> httpx2.Response:
    return client.post("/v1/tag", files={"image": (name, content, "image/png")})


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_taken_for_what_it_holds(client: httpx2.Client, name: str) -> None:
    make, expected = FILES[name]
    assert said(tag(client, make())) == expected


REFUSED = [name for name, (_, expected) in FILES.items() if expected != TAKEN]


@pytest.mark.parametrize("name", REFUSED)
def test_no_item_is_made_of_what_is_no_image(client: httpx2.Client, name: str) -> None:
    make, expected = FILES[name]
    item = json.dumps({"id": "hostile", "captions": [{"text": "a trap"}]})
    sent = client.post("/v1/items", data={"item": item}, files={"image": ("x.png", make())})
    assert said(sent) == expected
    assert client.get("/v1/items/hostile").status_code == 404


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_file_name_is_only_ever_a_name(client: httpx2.Client, name: str) -> None:
    # By hand: a client's library would mend the name first.
    quoted = name.replace('"', "%22").encode()
    head = b'--cut\r\nContent-Disposition: form-data; name="image"; filename="' + quoted
    body = head + b'"\r\nContent-Type: image/png\r\n\r\n' + fine() + b"\r\n--cut--\r\n"
    answer = client.post(
        "/v1/tag", content=body, headers={"Content-Type": "multipart/form-data; boundary=cut"}
    )
    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        [image] = answer.json()["images"]
        assert len(image["path"]) <= 3010


def test_more_images_than_allowed_are_refused(client: httpx2.Client) -> None:
    many = [("image", (f"{n}.png", fine(), "image/png")) for n in range(33)]
    assert client.post("/v1/tag", files=many).status_code in (413, 422)
    assert client.post("/v1/tag", files=many[:32]).status_code == 200


# -- the way it is sent ---------------------------------------------------------------------


def parts(count: int) -> bytes:
    head = b'--cut\r\nContent-Disposition: form-data; name="f"\r\n\r\nx\r\n'
    return head * count + b"--cut--\r\n"


def request(*headers: str, path: str = "/v1/tag", method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
    return "\r\n".join(lines).encode()


def answered(found: bytes) -> SAID:
    """The first answer of a connection."""
    head, _, body = found.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    kind = re.search(rb'"type":"urn:pairdex:([a-z-]+)"', body)
    return status, kind[1].decode() if kind else ""


AS_PARTS = "Content-Type: multipart/form-data; boundary=cut"
AS_JSON = "Content-Type: application/json"
INVALID, UNSUPPORTED = (422, "invalid-request"), (415, "unsupported-type")
CHUNKED = "Transfer-Encoding: chunked"


def test_ten_thousand_parts_are_not_counted_to_the_end(server: Served) -> None:
    body = parts(10_000)
    found = server.raw(request(AS_PARTS, f"Content-Length: {len(body)}") + body)
    assert answered(found) == (413, "too-large")


def test_a_body_without_end_is_cut_off_at_the_limit(server: Served) -> None:
    sent = 0
    with socket.create_connection(server.place, timeout=30) as connection:
        connection.sendall(request(AS_PARTS, CHUNKED))
        piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        try:
            while sent < 100 << 20:
                connection.sendall(piece)
                sent += len(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert (UPLOAD_MB << 20) < sent < 40 << 20  # the limit, what is read on, and buffers


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ((AS_PARTS, f"Content-Length: {UPLOAD_MB << 21}"), b"--cut", (413, "too-large")),
        ((AS_JSON, "Content-Length: 99999999999999999999"), b"{", (413, "too-large")),
        ((AS_JSON, "Content-Length: -1"), b"{}", (400, "malformed")),
        ((AS_JSON, "Content-Length: 2", "Content-Length: 3"), b"{}x", (400, "malformed")),
        ((AS_PARTS, "Content-Length: 100"), b"--", (408, "too-slow")),
        ((AS_PARTS, CHUNKED), b"2\r\n--\r\n", (408, "too-slow")),
        ((AS_JSON, CHUNKED, "Content-Length: 2"), b"2\r\n{}\r\n0\r\n\r\n", INVALID),
        ((AS_JSON, CHUNKED), b"zz\r\n", (400, "malformed")),
        (("Content-Type: multipart/form-data", "Content-Length: 2"), b"--", INVALID),
        ((AS_PARTS, "Content-Length: 4"), b"xxxx", INVALID),
        ((AS_JSON, "Content-Encoding: gzip", "Content-Length: 2"), b"{}", UNSUPPORTED),
        (("Content-Type: text/plain", "Content-Length: 2"), b"{}", UNSUPPORTED),
        (("Expect: 100-continue", AS_PARTS, f"Content-Length: {1 << 30}"), b"", (413, "too-large")),
        ((*(f"X-{n}: y" for n in range(150)), "Content-Length: 0"), b"", (431, "too-many-headers")),
        (("X: " + "y" * 100_000,), b"", (431, "too-many-headers")),
    ],
    ids=range(15),
)  # fmt: skip
def test_a_wrong_way_of_sending_is_refused_by_its_code(
    server: Served, headers: tuple[str, ...], body: bytes, expected: SAID
) -> None:
    assert answered(server.raw(request(*headers) + body)) == expected


def test_bytes_behind_a_body_are_no_part_of_it(server: Served) -> None:
    query = b'{"text": "a"}'
    head = request(AS_JSON, f"Content-Length: {len(query)}", path="/v1/search")
    found = server.raw(head + query + b"GARBAGE\r\n\r\n")
    assert answered(found)[0] == 200
    assert b"HTTP/1.1 400" in found


def test_a_body_that_drips_is_given_up(server: Served) -> None:
    begun = time.monotonic()
    with socket.create_connection(server.place, timeout=30) as connection:
        connection.sendall(request(AS_JSON, "Content-Length: 1000000", path="/v1/search"))
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.1):
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

        worker = threading.Thread(target=drip)
        worker.start()
        try:
            assert answered(drained(connection)) == (408, "too-slow")
        finally:
            stop.set()
            worker.join()
    assert time.monotonic() - begun < 20


def test_whoever_leaves_before_the_answer_harms_nobody(server: Served) -> None:
    at_once = struct.pack("ii", 1, 0)  # the connection is reset, not closed
    for _ in range(40):
        for number in (1, 6):
            with socket.create_connection(server.place, timeout=30) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                asked = request("Content-Length: 0", path="/openapi.json", method="GET")
                connection.sendall(asked * number)  # several answers, the later to nobody
    assert server.process.poll() is None
    assert httpx2.get(f"{server.address}/healthz").status_code == 200


def test_whoever_leaves_in_the_middle_leaves_nothing_behind(server: Served) -> None:
    before = server.files()
    for _ in range(50):
        with socket.create_connection(server.place) as connection:
            connection.sendall(request(AS_PARTS, "Content-Length: 1000") + b"--cut\r\n")
    until = time.monotonic() + 20
    while server.files() > before + 5 and time.monotonic() < until:
        time.sleep(0.1)
    assert server.files() <= before + 5


# -- what it says ---------------------------------------------------------------------------


def test_no_address_in_a_request_is_ever_opened(client: httpx2.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.5)
        url = f"http://127.0.0.1:{trap.getsockname()[1]}/x.png"
        asked: list[tuple[dict[str, Any], tuple[int, ...]]] = [
            ({"text": url}, (200,)),
            ({"text": f"like {url}"}, (200,)),
            ({"like": [url]}, (400, 404, 422)),
            ({"like": ["file:///etc/passwd"]}, (400, 404, 422)),
            ({"like": ["/etc/passwd"]}, (400, 404, 422)),
            ({"image": url}, (422,)),
            ({"images": [url]}, (422,)),
            ({"text": "a", "cursor": url}, (400, 422)),
            ({"text": "a", "where": f"name = '{url}'"}, (200, 400)),
        ]
        for body, statuses in asked:
            answer = client.post("/v1/search", json=body)
            assert answer.status_code in statuses, (body, answer.text)
            assert "root:" not in answer.text
        options = {"options": json.dumps({"url": url})}
        files = {"image": ("x.png", fine(), "image/png")}
        assert client.post("/v1/tag", data=options, files=files).status_code == 422
        assert client.post("/v1/tag", data={"image": url}, files={}).status_code in (415, 422)
        with pytest.raises(TimeoutError):
            trap.accept()


@pytest.mark.parametrize(
    "path",
    [
        "/v1/items/..%2F..%2F..%2Fetc%2Fpasswd/image",
        "/v1/items/%2Fetc%2Fpasswd/image",
        "/v1/items/../../../etc/passwd",
        "/v1/items/1/../../../pairdex.db",
        "/v1/items/%00/image",
        "/v1/items/%ff%fe/thumbnail",
        "/static/../../config.toml",
        "/static/%2e%2e/%2e%2e/config.toml",
        "/static//etc/passwd",
        "//etc/passwd",
        "/etc/passwd",
        "/v1/items/1/thumbnail?size=../../etc",
        "/v1/items/" + "a" * 20_000,
    ],
    ids=range(13),
)
def test_no_path_in_a_request_reaches_the_disk(server: Served, path: str) -> None:
    found = server.raw(request("Connection: close", path=path, method="GET"))
    assert answered(found)[0] in (400, 404, 422)
    assert b"root:" not in found
    assert b"[service]" not in found


# -- and after all of it --------------------------------------------------------------------


def test_memory_is_flat_and_files_are_closed(server: Served, client: httpx2.Client) -> None:
    made = [(name, make(), expected) for name, (make, expected) in FILES.items()]

    def attack() -> None:
        for name, content, expected in made:
            assert said(tag(client, content)) == expected, name
        server.raw(request(AS_PARTS, f"Content-Length: {len(parts(9999))}") + parts(9999))
        server.raw(request(AS_PARTS, CHUNKED) + b"100000\r\n" + b"x" * (1 << 20))

    for _ in range(2):  # what a first time takes, the second has
        attack()
    memory, files = server.mib(), server.files()
    for _ in range(4):
        attack()
    assert server.mib() < memory + 48
    assert server.files() <= files + 3
    assert said(tag(client, fine())) == TAKEN
