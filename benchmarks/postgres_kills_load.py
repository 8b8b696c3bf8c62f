"""What postgres_kills.py puts on the services of one database, and what it sees of them.

A searcher asks one service, a writer sends it changes, both all the time, through whatever is
killed; a recorder reads from the database which items each generation holds.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import httpx2
import numpy as np
import psycopg
from PIL import Image

PAUSE = 0.7  # seconds between two changes of a writer
BETWEEN = 0.05  # and two searches of a searcher
LOOK = 0.1  # seconds between looks at which generations there are
TEXTS = "a red thing|파란 것|small and round|an old striped one|word7x|새 물건|green|a thing".split(
    "|"
)
_IDS = "SELECT id FROM vectors_{}_{}"
UNKNOWN = "not known"  # what an answer says whose change may have been made


def noise(seed: int) -> bytes:
    """An image like no other."""
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).resize((200, 200), Image.Resampling.NEAREST).save(stream, "JPEG")
    return stream.getvalue()


class Working(Thread):
    """Does one thing again and again until it is told to end."""

    def __init__(self, step: Callable[[], object], pause: float) -> None:
        super().__init__(daemon=True)
        self._step, self._pause, self._ended = step, pause, Event()
        self.start()

    def run(self) -> None:
        while not self._ended.wait(self._pause):
            self._step()

    def end(self) -> None:
        self._ended.set()
        self.join()


@dataclass(frozen=True)
class Answer:
    began: float
    ended: float
    status: int  # 0: there was no connection, or it was lost
    generation: str = ""
    keys: tuple[str, ...] = ()
    said: str = ""


class Searcher:
    def __init__(self, address: str) -> None:
        self.client = httpx2.Client(base_url=address, timeout=60)
        self._texts = itertools.cycle(TEXTS)
        self.answers: list[Answer] = []

    def step(self) -> None:
        began = time.monotonic()
        try:
            found = self.client.post("/v1/search", json={"text": next(self._texts), "top": 30})
        except httpx2.TransportError as error:
            self.answers.append(Answer(began, time.monotonic(), 0, said=type(error).__name__))
            time.sleep(0.02)
            return
        now = time.monotonic()
        if found.status_code != 200:
            self.answers.append(Answer(began, now, found.status_code, said=found.text))
            return
        said = found.json()
        keys = tuple(hit["id"] for hit in said["results"] + said["nearest"])
        self.answers.append(Answer(began, now, 200, said["generation"], keys))

    def again_after(self, moment: float) -> float | None:
        """Seconds until searches that began after it were all answered again; None: not yet."""
        found = None
        for one in reversed(self.answers):
            if one.began < moment or one.status != 200:
                break
            found = one
        return None if found is None else found.ended - moment


@dataclass
class Item:
    """What an acknowledged change says that an item is."""

    caption: str
    content: str  # SHA-256 of its image


@dataclass
class Writer:
    """Changes of items that nobody else changes, so that what is there at the end is known."""

    name: str
    address: str
    seed: int
    accepted: dict[str, Item] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)  # its answer never came: both is right
    refused: set[str] = field(default_factory=set)
    tickets: dict[str, tuple[str, str]] = field(default_factory=dict)  # action, item
    sent: int = 0
    away: int = 0  # changes that nobody took because the service or the server was away

    def __post_init__(self) -> None:
        self.client = httpx2.Client(base_url=self.address, timeout=60)
        self._dice = random.Random(self.seed)

    def step(self) -> None:
        self.sent += 1
        kind = self._dice.random()
        mine = [key for key in self.accepted if key not in self.unsure]
        if kind < 0.55 or len(mine) < 4:
            self._add(f"{self.name} {self.sent}")
        elif kind < 0.75:
            self._change(self._dice.choice(mine))
        elif kind < 0.9:
            self._remove(self._dice.choice(mine))
        else:
            self._nonsense(f"{self.name} bad {self.sent}")

    def _add(self, key: str) -> None:
        data = noise(self.seed * 10**6 + self.sent)
        item = Item(f"a word{self.sent}x thing", hashlib.sha256(data).hexdigest())
        said = json.dumps({"id": key, "captions": [item.caption]})
        files = {"image": ("x.jpg", data, "image/jpeg")}
        self._tell(key, item, "POST", "/v1/items", data={"item": said}, files=files)

    def _change(self, key: str) -> None:
        item = Item(f"another word{self.sent}x thing", self.accepted[key].content)
        self._tell(key, item, "PATCH", f"/v1/items/{key}", json={"captions": [item.caption]})

    def _remove(self, key: str) -> None:
        self._tell(key, None, "DELETE", f"/v1/items/{key}")

    def _nonsense(self, key: str) -> None:
        files = {"image": ("x.jpg", b"no image at all", "image/jpeg")}
        self._tell(
            key, None, "POST", "/v1/items", data={"item": json.dumps({"id": key})}, files=files
        )

    def _tell(self, key: str, item: Item | None, method: str, to: str, **sent: Any) -> None:
        new = key not in self.accepted
        try:
            answer = self.client.request(method, to, **sent)
        except httpx2.TransportError as error:
            if isinstance(error, httpx2.ConnectError):
                self.away += 1
                self.refused |= {key} if new else set()
            else:
                self.unsure.add(key)
            return
        if answer.status_code == 202:
            self.tickets[answer.json()["ticket"]] = ("remove" if item is None else "put", key)
            self.refused.discard(key)
            if item is not None:
                self.accepted[key] = item
            else:
                del self.accepted[key]
                self.removed.add(key)
        elif answer.status_code >= 500 and UNKNOWN in answer.text:
            self.unsure.add(key)
        elif answer.status_code in (422, 503):
            self.away += answer.status_code == 503
            self.refused |= {key} if new else set()
        else:
            raise AssertionError(f"{method} {to}: {answer.status_code} {answer.text}")


class Recorder:
    """Which items each generation holds, read while it is there."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("+psycopg", "", 1)
        self.keys: dict[int, str] = {}
        self.items: dict[str, set[str]] = {}  # keys by generation
        self.captions: dict[str, int] = {}
        self.problems: list[str] = []

    def step(self) -> None:
        with suppress(psycopg.OperationalError), psycopg.connect(self._url) as connection:
            self._look(connection)

    def _look(self, connection: psycopg.Connection[Any]) -> None:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self.keys |= dict(connection.execute("SELECT id, key FROM items").fetchall())
        for name, manifest in connection.execute("SELECT name, manifest FROM generations"):
            if name in self.items:
                continue
            made = json.loads(bytes(manifest))
            with suppress(psycopg.errors.UndefinedTable):  # dropped in this moment
                images, captions = (
                    [number for (number,) in connection.execute(_IDS.format(name, side).encode())]
                    for side in ("images", "captions")
                )
                told = (made["items"], made["captions"])
                if (len(images), len(captions)) != told or len(set(images)) != len(images):
                    self.problems.append(f"{name}: {len(images)}, {len(captions)} rows of {told}")
                self.captions[name] = len(captions)
                self.items[name] = {self.keys.get(number, f"? {number}") for number in images}
