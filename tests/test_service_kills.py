"""The real service as a process: killed while it accepts, heard while it builds."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from benchmarks.homes import make_home
from benchmarks.photos import cheap
from db.home import Home
from db.store import Store
from tests.encoder_samples import tiny_artifact
from tests.service_builders import patches, sent, settled, uploads
from tests.waiting import until

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent
ITEMS, ADDED, KILLS = 20, 200, 4
CAPTION = [{"text": "a striped thing"}]
PATIENCE = 300.0  # seconds; a busy machine is no mistake in the program


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_artifact(tmp_path_factory.mktemp("model") / "artifact")


@pytest.fixture
def home(model: Path, tmp_path: Path) -> Home:
    return make_home(tmp_path / "home", model, cheap(tmp_path / "pictures", ITEMS))


def command(home: Home, *words: str) -> list[str]:
    return [sys.executable, str(ROOT / "cli.py"), "--home", str(home.path), "--quiet", *words]


def begun(home: Home) -> tuple[subprocess.Popen[str], httpx2.Client]:
    """A service and its client; there need not be an index yet."""
    log = home.path.parent / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command(home, "serve", "--port", "0"),
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
        )
    assert process.stdout is not None
    address = process.stdout.readline().partition(" ")[0]
    assert address, log.read_text(encoding="utf-8")[-2000:]
    return process, httpx2.Client(base_url=address, timeout=60)


@contextmanager
def service(home: Home) -> Iterator[httpx2.Client]:
    process, client = begun(home)
    try:
        yield client
    finally:
        client.close()
        process.terminate()
        process.communicate(timeout=PATIENCE)


def test_what_was_accepted_is_there_once_after_kills_at_any_moment(home: Home) -> None:
    accepted: list[str] = []
    unsure: list[str] = []  # sent, and killed before the answer
    process, client = begun(home)
    try:
        for number in range(ADDED):
            if number and number % (ADDED // (KILLS + 1)) == 0:
                killer = threading.Timer(0.05 * (number % 7), process.kill)
                killer.start()
                while process.poll() is None:  # goes on to send while it is killed
                    key = f"late {number} {len(unsure) + len(accepted)}"
                    try:
                        answer = sent(client, patches(key), id=key, captions=CAPTION)
                    except httpx2.TransportError:
                        unsure.append(key)
                        break
                    assert answer.status_code == 202
                    accepted.append(key)
                process.communicate()
                client.close()
                process, client = begun(home)
            key = f"item {number}"
            answer = sent(client, patches(key), id=key, captions=CAPTION)
            assert answer.status_code == 202, answer.text
            accepted.append(key)
        assert len(accepted) >= ADDED
        until(lambda: client.get("/v1/index").json()["queue"] == 0)
        said = client.get("/v1/index").json()
        with Store.open(home.path) as store:
            keys = [item.key for item in store.items()]
        assert len(keys) == len(set(keys))
        added = set(keys) - {str(number) for number in range(ITEMS)}
        assert set(accepted) <= added <= set(accepted) | set(unsure)
        assert said["items"] == len(keys)
        for key in accepted[:: ADDED // 20]:
            item = client.get(f"/v1/items/{key}").json()
            assert item["indexed"]
            assert client.get(item["image"]).content == patches(key)
        contents = {file.stem for file in uploads(home) if not file.name.startswith(".held")}
        assert len(contents) >= len(added)
    finally:
        client.close()
        process.kill()
        process.communicate()


def test_progress_and_publishes_are_heard_as_they_happen(home: Home) -> None:
    heard: list[tuple[float, str, dict[str, Any]]] = []
    listening = threading.Event()

    def listen(address: str, after: str = "") -> None:
        headers = {"Last-Event-ID": after} if after else {}
        url = f"{address}/v1/index/events"
        with httpx2.stream("GET", url, headers=headers, timeout=PATIENCE) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            name = ""
            for line in stream.iter_lines():
                listening.set()
                if line.startswith("event: "):
                    name = line[7:]
                if line.startswith("data: "):
                    heard.append((time.monotonic(), name, json.loads(line[6:])))
                if name == "queue" and heard and heard[-2:-1] and heard[-2][1] == "published":
                    return

    with service(home) as client:
        address = str(client.base_url).rstrip("/")
        listener = threading.Thread(target=listen, args=(address,))
        listener.start()
        assert listening.wait(60)
        job = client.post("/v1/index/build").json()["job"]
        assert client.post("/v1/index/build").status_code == 409
        listener.join(PATIENCE)
        assert not listener.is_alive()
        stages = [data["stage"] for _, name, data in heard if name == "progress"]
        assert list(dict.fromkeys(stages))[:4] == ["begin", "scan", "images", "captions"]
        published = next((when, data) for when, name, data in heard if name == "published")
        assert (published[1]["job"], published[1]["generation"]) == (job, "000001")
        first = next(when for when, name, _ in heard if name == "progress")
        assert first < published[0]  # live, and not all at the end
        missed: list[tuple[float, str, dict[str, Any]]] = list(heard)
        heard.clear()
        listen(address, "1")
        told = [name for _, name, _ in heard if name != "state"]
        assert told == [name for _, name, _ in missed if name != "state"][1:]
        assert missed[0][1] == "state"


def test_a_publish_of_another_process_is_seen_without_a_restart(home: Home, tmp_path: Path) -> None:
    subprocess.run(command(home, "index", "build"), check=True, stdout=subprocess.PIPE)
    with service(home) as client:
        assert client.get("/readyz").json()["generation"] == "000001"
        file = tmp_path / "new.png"
        file.write_bytes(patches("new"))
        words = ("catalog", "add", str(file), "--caption", "a quixotic thing", "--id", "new")
        for arguments in (words, ("index", "build")):
            subprocess.run(command(home, *arguments), check=True, stdout=subprocess.PIPE)
        until(lambda: client.get("/readyz").json()["generation"] == "000002")
        found = client.post("/v1/search", json={"text": "quixotic"}).json()
        assert found["generation"] == "000002"
        assert "new" in [hit["id"] for hit in found["results"] + found["nearest"]]
        answer = sent(client, patches("more"), id="more", captions=CAPTION)
        assert settled(client, answer, PATIENCE)["generation"] == "000003"


def test_a_service_that_is_told_to_end_while_it_builds_goes_on_in_the_next(home: Home) -> None:
    with service(home) as client:
        answer = sent(client, patches("a"), id="a", captions=CAPTION)
        assert answer.status_code == 202
    with service(home) as client:
        assert settled(client, answer, PATIENCE)["state"] == "published"
        assert client.get("/v1/items/a").json()["indexed"]
        assert client.get("/v1/items/b").status_code == 404
    # It was told to be quiet, and nothing went wrong.
    assert (home.path.parent / "log").read_text(encoding="utf-8") == ""
