"""Builders, services and the server of one PostgreSQL database killed in turn, under load.

python -m benchmarks.postgres_kills [HOME] [--rounds 20] [--items 300] [--name NAME]

Two homes, as of two machines, have their rows and vectors in one database, with a service on each.
Both are searched and sent changes all the time. In each round new pictures are
imported and `index build` is run on both homes at once; at a random moment a builder, a service or
the postmaster gets SIGKILL, in rotation, and is started again as a supervisor would. At the end
every change that was acknowledged must be there once, and no answer may have failed that had a
server and a service to answer it, or hold what its generation does not.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote

import httpx2

from benchmarks.postgres_kills_load import (
    BETWEEN,
    LOOK,
    PAUSE,
    Answer,
    Item,
    Recorder,
    Searcher,
    Working,
    Writer,
    noise,
)
from benchmarks.postgres_kills_outcome import Outcome, Span, shown
from benchmarks.postgres_kills_processes import PATIENCE, Server, Service, command, homes, ran
from benchmarks.results import keep
from db.home import Home
from db.records import ItemRecord
from db.store import Store

VICTIMS = "builder", "service", "postmaster"
PICTURES = 48  # new ones of each round, for the builders
BOUND = 60.0  # seconds within which each service must answer again
LOCKED = 8  # exit code: another job is at work, or the database is away


class Trial:
    def __init__(self, made: Sequence[Home], server: Server, work: Path, seed: int) -> None:
        self.homes, self.server, self.work = made, server, work
        self.dice, self.outcome, self.pictures = random.Random(seed), Outcome(), 0
        code, said = ran(made[0], "index", "build")
        assert code == 0, said
        start = time.monotonic()
        self._builds(lambda _: None)
        self.whole = time.monotonic() - start
        self.services = [Service(home, work / f"{home.path.name}.log") for home in made]
        places = [service.address for service in self.services]
        self.searchers = [Searcher(place) for place in places]
        self.writers = [Writer(f"from {n}", place, seed + n) for n, place in enumerate(places)]
        self.recorder = Recorder(server.url)
        self.open = Event()  # writers may send
        self.open.set()
        self.bound = BOUND

    def run(self, rounds: int, bound: float = BOUND) -> Outcome:
        """`bound` is the most seconds that a service may be away."""
        self.bound = bound
        working = [
            *(Working(one.step, BETWEEN) for one in self.searchers),
            *(Working(self._write(one), PAUSE) for one in self.writers),
            Working(self.recorder.step, LOOK),
        ]
        try:
            for number in range(rounds):
                self._round(VICTIMS[number % len(VICTIMS)], number)
            for one in working:
                one.end()
            self._check()
        finally:
            for one in working:
                one.end()
            clients = [one.client for one in self.searchers] + [one.client for one in self.writers]
            for client in clients:
                client.close()
            for service in self.services:
                service.stop()
        return self.outcome

    def _write(self, writer: Writer) -> Callable[[], None]:
        def step() -> None:
            self.open.wait()
            writer.step()

        return step

    # -- a round ----------------------------------------------------------------------------

    def _round(self, victim: str, number: int) -> None:
        began = time.monotonic()
        self._import()
        moment = time.monotonic() + self.dice.uniform(0.0, 1.05 * self.whole)
        span = Span(victim, "", 0.0)
        self.outcome.spans.append(span)
        chosen = number // len(VICTIMS) % 2

        def kill(builders: list[subprocess.Popen[str]]) -> None:
            time.sleep(max(0.0, moment - time.monotonic()))
            span.killed = time.monotonic()
            if victim == "builder":
                builders[chosen].kill()
            elif victim == "service":
                service = self.services[chosen]
                span.service = service.address
                service.kill()
                service.start()
            else:
                self.server.kill()
                self.server.start()
            span.up = time.monotonic()

        self._builds(kill)
        self._settled()
        for searcher, service in zip(self.searchers, self.services, strict=True):
            back = partial(searcher.again_after, span.killed)
            _until(partial(_told, back))
            span.back[service.address] = back() or 0.0
            if span.back[service.address] > self.bound:
                self._wrong(f"{service.address} was away for {span.back[service.address]:.0f} s")
            if service.process.poll() is not None:
                self._wrong(f"{service.address} has ended by itself")
        if victim == VICTIMS[-1]:
            code, said = ran(self.homes[chosen], "index", "verify")
            if code:
                self._wrong(f"verify: {said}")
        after = ", ".join(f"{took:.2f} s" for took in span.back.values())
        took = time.monotonic() - began
        print(f"round {number + 1}: {victim} killed, back after {after}; {took:.0f} s", flush=True)

    def _import(self) -> None:
        """New pictures for the builders.

        Writers stand back until it is in: while they send, some service is at work all the time.
        """
        folder = self.work / "pictures"
        folder.mkdir(exist_ok=True)
        rows = ["id,image,caption"]
        for number in range(self.pictures, self.pictures + PICTURES):
            file = folder / f"{number}.jpg"
            file.write_bytes(noise(10**9 + number))
            rows.append(f"picture {number},{file},a picture number{number}x")
        self.pictures += PICTURES
        table = self.work / "pictures.csv"
        table.write_text("\n".join(rows) + "\n", encoding="utf-8")
        self.open.clear()
        try:
            _until(lambda: self._well("catalog", "import", str(table)))
        finally:
            self.open.set()

    def _well(self, *words: str) -> bool:
        code, said = ran(self.homes[0], *words)
        assert code in (0, LOCKED), said
        return code == 0

    def _builds(self, meanwhile: Callable[[list[subprocess.Popen[str]]], None]) -> None:
        """One on each home at once; what ends with the server is run again."""
        running = [self._build(home) for home in self.homes]
        meanwhile(running)
        for home, process in zip(self.homes, running, strict=True):
            while True:
                _, said = process.communicate(timeout=PATIENCE)
                if process.returncode in (0, -signal.SIGKILL):
                    self.outcome.builds += process.returncode == 0
                    break
                if process.returncode != LOCKED or len(said.strip().splitlines()) != 1:
                    self._wrong(f"a build has ended with {process.returncode}: {said}")
                self.outcome.again += "is locked" not in said
                process = self._build(home)

    def _build(self, home: Home) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command(home, "index", "build"),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def _settled(self) -> None:
        """What was acknowledged until now is in the index."""
        for writer in self.writers:
            if writer.tickets:
                _until(partial(self._over, next(reversed(writer.tickets))))

    def _over(self, ticket: str) -> bool:
        return self._ticket(ticket)["state"] in ("published", "failed")

    def _ticket(self, number: str) -> dict[str, Any]:
        for service in self.services:
            try:
                answer = service.client.get(f"/v1/tickets/{number}")
            except httpx2.TransportError:
                continue
            if answer.status_code == 200:
                return dict(answer.json())
        return {"state": "unknown"}

    # -- the end ----------------------------------------------------------------------------

    def _check(self) -> None:
        _until(lambda: all(self._queue(service) == 0 for service in self.services))
        self.recorder.step()
        self.outcome.wrong += self.recorder.problems
        with Store.open(self.homes[0].path) as store:
            items = {item.key: item for item in store.items()}
            captions = store.count_captions()
        self.outcome.items = len(items)
        live = str(self.services[0].client.get("/v1/index").json()["generation"])
        if self.recorder.items[live] != items.keys():
            self._wrong(
                f"the live generation differs by {self.recorder.items[live] ^ items.keys()}"
            )
        if self.recorder.captions[live] != captions:
            self._wrong(f"{captions} captions, {self.recorder.captions[live]} in the generation")
        imported = {f"picture {number}" for number in range(self.pictures)}
        if missing := imported - items.keys():
            self._wrong(f"lost of the imports: {missing}")
        self.outcome.generations = len(self.recorder.items)
        for writer in self.writers:
            self.outcome.acknowledged += len(writer.tickets)
            self.outcome.unsure += len(writer.unsure)
            self.outcome.away += writer.away
            self._changes(writer, items)
        for searcher, service in zip(self.searchers, self.services, strict=True):
            for answer in searcher.answers:
                self._answer(answer, service.address)

    def _changes(self, writer: Writer, items: dict[str, ItemRecord]) -> None:
        for key, said in writer.accepted.items():
            if key in writer.unsure:
                continue
            item = items.get(key)
            if item is None:
                self._wrong(f"lost: {key}")
            elif [one.text for one in item.captions] != [said.caption]:
                self._wrong(f"{key} is said to be {item.captions}, not {said.caption}")
            elif item.facts.content_hash != said.content or not self._shown(key, said):
                self._wrong(f"{key} has another image")
        for key in (writer.removed | writer.refused) - writer.accepted.keys() - writer.unsure:
            if key in items:
                self._wrong(f"{key} is there, which was removed or refused")
        for number, (action, key) in writer.tickets.items():
            found = self._ticket(number)
            if found["state"] != "published":
                self._wrong(f"ticket {number} of {key}: {found}")
            elif action == "put" and key not in writer.removed:
                held = self.recorder.items.get(found["generation"], {key})
                if key not in held:
                    self._wrong(f"{key} is not in {found['generation']}, which its ticket names")

    def _shown(self, key: str, said: Item) -> bool:
        service = self.services[len(key) % len(self.services)]
        image = service.client.get(f"/v1/items/{quote(key, safe='')}/image").content
        return hashlib.sha256(image).hexdigest() == said.content

    def _answer(self, answer: Answer, address: str) -> None:
        self.outcome.searches += 1
        if answer.status == 200:
            held = self.recorder.items.get(answer.generation)
            if held is None:
                self._wrong(f"{answer.generation} was never seen in the database")
            elif not held.issuperset(answer.keys):
                self._wrong(f"{answer.generation} answers {set(answer.keys) - held}")
            self.outcome.hits += len(answer.keys)
            return
        self.outcome.refused += 1
        for span in self.outcome.spans:
            during = answer.began < span.up and answer.ended > span.killed
            server = span.victim == "postmaster" and answer.status == 503
            service = span.service == address and answer.status in (0, 503)
            if during and (server or service):
                return
        self._wrong(f"a search of {address} failed: {answer}")

    def _queue(self, service: Service) -> int:
        return int(service.client.get("/v1/index").json()["queue"])

    def _wrong(self, said: str) -> None:
        print(said, flush=True)
        self.outcome.wrong.append(said)


def _told(back: Callable[[], float | None]) -> bool:
    return back() is not None


def _until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "nothing has come of it"
        time.sleep(0.05)


@contextmanager
def trial(source: Home, items: int, seed: int = 0) -> Iterator[Trial]:
    folder = Path(tempfile.mkdtemp(prefix="pairdex-pg-"))  # short, for its socket
    with tempfile.TemporaryDirectory(prefix="pairdex-") as work:
        server = Server(folder)
        try:
            yield Trial(homes(source, Path(work), server.url, items), server, Path(work), seed)
        finally:
            server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("home", nargs="?", default="demo/home", help="its model and items are used")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--items", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", default="postgres_kills", help="of the files of results")
    given = parser.parse_args()
    start = time.monotonic()
    with trial(Home(Path(given.home)), given.items, given.seed) as one:
        outcome = one.run(given.rounds)
    lines, figures = shown(outcome, time.monotonic() - start)
    keep(given.name, lines, figures)
    sys.exit(1 if outcome.wrong else 0)


if __name__ == "__main__":
    main()
