"""Builders that tests give to a service instead of a process."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from catalog.queued import problem
from db.home import Home
from db.queue import Queue
from db.store import Store
from errors import ModelError, PairdexError
from progress import Progress
from service.app import create_app
from service.job import Outcome, run
from service.refused import JobError
from settings import Settings
from tests.catalog_samples import picture
from tests.fakes import COLOURS, FakeEncoder
from tests.service_samples import LOOPBACK


class HereBuilder:
    """The same job in the thread that asks for it, with the encoder that sees colours."""

    def __init__(self, home: Home, settings: Settings, encoder: FakeEncoder) -> None:
        self._home, self._settings, self._encoder = home, settings, encoder
        self.jobs = 0

    def run(self, progress: Progress) -> Outcome:
        self.jobs += 1
        try:
            with Store.open(self._home.path) as store, Queue(self._home) as queue:
                return run(
                    self._home, store, queue, self._settings, lambda: self._encoder, progress
                )
        except PairdexError as error:
            raise JobError(problem(error)) from None

    def rest(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """What runs ends by itself."""


class Gated(HereBuilder):
    """A builder that stands still in the middle of a stage until it is let go on."""

    def __init__(self, home: Home, settings: Settings, encoder: FakeEncoder) -> None:
        super().__init__(home, settings, encoder)
        self.go, self.refusal = threading.Event(), ""
        self.go.set()

    def run(self, progress: Progress) -> Outcome:
        progress("embed", 1, 4)
        self.go.wait()
        if self.refusal:
            raise JobError.of(ModelError(self.refusal, "", "train anew"))
        return super().run(progress)

    def close(self) -> None:
        self.go.set()


@contextmanager
def writable(
    home: Home, settings: Settings, encoder: FakeEncoder, builder: Any = None
) -> Iterator[TestClient]:
    """A client of a service whose jobs run in its own process."""
    builder = builder or HereBuilder(home, settings, encoder)
    app = create_app(home.path, settings, lambda _home, _settings, _print: encoder, builder)
    with TestClient(app, base_url=LOOPBACK, raise_server_exceptions=False) as client:
        assert app.state.service.live.settled.wait(20)
        yield client


def square(colour: str, shade: int = 0) -> bytes:
    """A PNG file of one colour."""
    from PIL import Image

    red, green, blue = COLOURS[colour]
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), (red - shade, green, blue)).save(stream, "PNG")
    return stream.getvalue()


def patches(name: str) -> bytes:
    """A PNG file of patches that only its name decides."""
    stream = io.BytesIO()
    picture(name).save(stream, "PNG")
    return stream.getvalue()


def sent(client: Any, data: bytes | None, method: str = "POST", to: str = "", **said: Any) -> Any:
    """The answer to an item that is sent as a form."""
    form = {"item": json.dumps(said)}
    files = {"image": ("picture.png", data, "image/png")} if data is not None else None
    if files is None:  # a form with a file part is one of many parts; without it is not
        headers = {"Content-Type": "application/json"}
        return client.request(method, f"/v1/items{to}", content=form["item"], headers=headers)
    return client.request(method, f"/v1/items{to}", data=form, files=files)


def settled(client: Any, answer: Any, seconds: float = 60.0) -> dict[str, Any]:
    """The ticket of an accepted change once it is published or failed."""
    assert answer.status_code == 202, answer.text
    until = time.monotonic() + seconds
    while True:
        ticket: dict[str, Any] = client.get(answer.headers["Location"]).json()
        if ticket["state"] in ("published", "failed"):
            return ticket
        assert time.monotonic() < until, ticket
        time.sleep(0.02)


def uploads(home: Home) -> list[Path]:
    return [file for file in home.uploads.rglob("*") if file.is_file() and file.name != ".lock"]
