"""`pairdex serve` as people start and end it: one line when it is ready, one when it cannot be."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from db.home import Home
from db.store import Store
from tests.fakes import draw, record
from tests.service_process import ROOT, Served, real_home, served
from tests.waiting import until

pytestmark = pytest.mark.slow
BOUNDARY = b"0123456789"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return real_home(tmp_path_factory.mktemp("whole"))


def pairdex(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "cli.py", "--home", str(home), *words],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
        env=os.environ | {"COLUMNS": "200"},
    )  # fmt: skip


@contextmanager
def started(home: Home, port: str = "0") -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The process, its address, and what else its line says; however it ends."""
    command = [sys.executable, "cli.py", "--home", str(home.path), "serve", "--port", port]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address, _, state = process.stdout.readline().partition(" ")
            yield process, address, state
        finally:
            process.kill()


def files(home: Home) -> set[str]:
    """What is in the home, but for caches, the queue of changes and SQLite's own files."""
    found = (file for file in home.path.rglob("*") if file.is_file())
    names = (file.relative_to(home.path).as_posix() for file in found)
    passing = ("cache/", "queue.", "pairdex.db-")
    return {name for name in names if not name.startswith(passing)}


def test_what_cannot_be_served_is_one_line_and_its_code(whole: Home, tmp_path: Path) -> None:
    nothing = pairdex(tmp_path / "nowhere", "serve", "--port", "0")
    assert (nothing.returncode, nothing.stdout, nothing.stderr.count("\n")) == (8, "", 1)
    assert nothing.stderr.startswith("error: no catalog at ")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        in_use = pairdex(whole.path, "serve", "--port", port)
    assert (in_use.returncode, in_use.stdout, in_use.stderr.count("\n")) == (3, "", 1)
    assert f"127.0.0.1:{port}" in in_use.stderr
    assert "already in use" in in_use.stderr
    nobody = pairdex(whole.path, "serve", "--host", "no.such.host.invalid", "--port", "0")
    assert (nobody.returncode, nobody.stderr.count("\n")) == (3, 1)


def test_searches_are_those_of_the_command_line(whole: Home, tmp_path: Path) -> None:
    picture = draw(tmp_path, "new", "green", shade=9)
    words, image = ("search", "--json", "--top", "5", "a red square"), ("--image", str(picture))
    asked = {"text": "a red square", "top": 5}
    with served(whole, tmp_path / "log") as server:
        plain = httpx2.post(f"{server.address}/v1/search", json=asked).json()
        parts = {"image": ("x.png", picture.read_bytes())}
        form = {"request": json.dumps(asked)}
        seen = httpx2.post(f"{server.address}/v1/search", files=parts, data=form).json()
    for said, expected in (
        (plain, pairdex(whole.path, *words)),
        (seen, pairdex(whole.path, *words, *image)),
    ):
        told = json.loads(expected.stdout)
        assert [hit["id"] for hit in said["results"]] == [hit["id"] for hit in told["results"]]
        scores = [hit["score"] for hit in told["results"]]
        assert [hit["score"] for hit in said["results"]] == pytest.approx(scores)


def test_without_an_index_it_serves_and_takes_the_first_that_is_built(
    whole: Home, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(whole.path, home.path, ignore=shutil.ignore_patterns("generations"))
    with started(home) as (process, address, state):
        assert state.startswith("without an index: there is no index yet")
        assert httpx2.get(f"{address}/healthz").status_code == 200
        assert httpx2.get(f"{address}/readyz").status_code == 503
        refused = httpx2.post(f"{address}/v1/search", json={"text": "red"})
        assert (refused.status_code, refused.json()["code"]) == (503, 7)
        built = pairdex(home.path, "index", "build")
        assert built.returncode == 0, built.stderr
        until(lambda: httpx2.get(f"{address}/readyz").status_code == 200)
        assert httpx2.post(f"{address}/v1/search", json={"text": "red"}).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0  # Ctrl-C is how it is ended, and no error


def test_what_was_begun_before_it_is_told_to_end_is_answered(whole: Home, tmp_path: Path) -> None:
    picture = draw(tmp_path, "new", "red").read_bytes()
    head = b'Content-Disposition: form-data; name="image"; filename="x.png"\r\n\r\n'
    body = b"--" + BOUNDARY + b"\r\n" + head + picture + b"\r\n--" + BOUNDARY + b"--\r\n"
    with served(whole, tmp_path / "log") as server:
        host, port = server.place
        sent = http.client.HTTPConnection(host, port, timeout=60)
        sent.putrequest("POST", "/v1/tag")
        sent.putheader("Content-Type", "multipart/form-data; boundary=" + BOUNDARY.decode())
        sent.putheader("Content-Length", str(len(body)))
        sent.endheaders(body[:100])
        gauge = "pairdex_requests_in_flight 2.0"  # that one, and the one that asks
        until(lambda: gauge in httpx2.get(f"{server.address}/metrics").text)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: refuses(host, port))
        sent.send(body[100:])
        answer = sent.getresponse()
        assert answer.status == 200
        assert json.loads(answer.read())["images"][0]["status"] == "tagged"
        sent.close()
        assert server.process.wait(60) == 0


def test_a_service_manager_is_told_when_it_answers_and_when_it_ends(
    whole: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"pairdex-{os.getpid()}"
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}")
        manager.settimeout(60)
        with served(whole, tmp_path / "log") as server:
            assert manager.recv(1000).decode() == f"READY=1\nSTATUS={server.address} ready"
            server.process.send_signal(signal.SIGTERM)
            assert manager.recv(1000) == b"STOPPING=1"
            assert server.process.wait(60) == 0


def refuses(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return True
    return False


def test_killed_it_leaves_nothing_behind(whole: Home, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(whole.path, home.path)
    before = files(home)
    with started(home) as (process, address, _):
        assert httpx2.post(f"{address}/v1/search", json={"text": "red"}).status_code == 200
        assert httpx2.get(f"{address}/v1/items/4/thumbnail").status_code == 200
        process.kill()
    assert files(home) == before
    assert not [file for file in home.cache.rglob(".*") if file.is_file()]
    with Store.open(home.path) as store:
        store.apply_import([record(draw(tmp_path, "more", "red"), "red")], [])
    assert pairdex(home.path, "index", "build").returncode == 0  # no lock is left either
    with started(home, address.rpartition(":")[2]) as (_, again, _):
        assert again == address  # the same port, at once
        found = httpx2.post(f"{again}/v1/search", json={"text": "red"}).json()
        assert found["generation"] == "000002"


def test_memory_stays_what_it_was(whole: Home, tmp_path: Path) -> None:
    picture = draw(tmp_path, "new", "green").read_bytes()
    with (
        served(whole, tmp_path / "log") as server,
        httpx2.Client(base_url=server.address, timeout=60) as client,
    ):
        play(client, server, picture, 300)
        before, open_files = server.mib(), server.files()
        play(client, server, picture, 900)
        after = server.mib()
        assert server.files() <= open_files + 4
    assert after - before < 12, (before, after)


def play(client: httpx2.Client, server: Served, picture: bytes, rounds: int) -> None:
    """Requests of every kind, hardly one of them twice the same."""
    for number in range(rounds):
        assert ask(client, number, picture).status_code < 500
    assert server.process.poll() is None


def ask(client: httpx2.Client, number: int, picture: bytes) -> httpx2.Response:
    text, item = f"red square {number % 97} w{number}", f"/v1/items/{number % 12}"
    files = {"image": (f"{number}.png", picture)}
    match number % 9:
        case 0:
            return client.post("/v1/search", json={"text": text, "explain": True})
        case 1:
            return client.get("/v1/search", params={"text": text, "where": "edge > 1"})
        case 2:
            return client.post("/v1/search", json={"text": '"open'})
        case 3:
            return client.get(f"{item}/image")
        case 4:
            return client.get(f"{item}/thumbnail")
        case 5:
            return client.get(f"{item}/similar")
        case 6:
            return client.get(f"/v1/items/n{number}")
        case 7:
            return client.post("/v1/search", files=files)
        case _:
            return client.post("/v1/tag", files=files)
