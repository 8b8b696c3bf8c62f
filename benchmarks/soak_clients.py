"""The other end of `benchmarks.soak`: a process that asks a service for what one sees in its life.

python -m benchmarks.soak_clients ADDRESS --clients 6 --seconds 3600

Each client takes its next request from one mix, then pauses. One more client changes the catalog:
it adds items, changes some and removes the oldest, so that the catalog stays as large as it was
while generations come and go. A status that was not to be expected is counted as an error. The last
line of what it prints is JSON. Only loopback is asked.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import threading
import time
from collections import Counter, deque
from urllib.parse import quote, urlsplit

import httpx2

from benchmarks.soak_mix import Answered, Client, Known, jpeg, known_of

ADDED = 30  # items that the changing client keeps in the catalog
EMBEDDED = 60.0  # seconds that a change may take until it is published


class Changer(Client):
    """Adds, changes and removes, one after the other, each when the one before is published."""

    def __init__(self, known: Known, seed: int) -> None:
        super().__init__(known, seed)
        self.added: deque[str] = deque()
        self.published = 0
        self.mix = [(1, "change", self.change)]

    def change(self) -> Answered:
        if len(self.added) >= ADDED:
            return self._followed(self.http.delete(f"/v1/items/{quote(self.added.popleft())}"))
        if self.added and self.dice.random() < 0.3:
            name = quote(self.dice.choice(self.added))
            tags = self.dice.sample(self.words, 2)
            return self._followed(self.http.patch(f"/v1/items/{name}", json={"tags": tags}))
        name = f"soak {time.time_ns()}"
        text = " ".join(self.dice.sample(self.words, 3))
        said = {"item": json.dumps({"id": name, "captions": [text]})}
        picture = {"image": ("x.jpg", jpeg(time.time_ns() % 2**32), "image/jpeg")}
        self.added.append(name)
        return self._followed(self.http.post("/v1/items", data=said, files=picture))

    def _followed(self, answer: httpx2.Response) -> Answered:
        if answer.status_code != 202:
            return "202", answer.status_code
        until = time.monotonic() + EMBEDDED
        while time.monotonic() < until:
            state = self.http.get(answer.headers["Location"]).json()["state"]
            if state == "published":
                self.published += 1
                return "202", 202
            if state == "failed":
                break
            time.sleep(0.1)
        return "202", 599


def run(
    known: Known, clients: int, seconds: float, pause: float, every: float
) -> dict[str, object]:
    people = [Client(known, seed) for seed in range(clients)]
    changer = Changer(known, clients)
    until = time.monotonic() + seconds

    def live(client: Client, pause: float) -> None:
        while time.monotonic() < until:
            client.ask()
            time.sleep(client.dice.uniform(0, 2 * pause))

    threads = [threading.Thread(target=live, args=(client, pause)) for client in people]
    threads.append(threading.Thread(target=live, args=(changer, every)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everybody = [*people, changer]
    counts: Counter[str] = sum((one.counts for one in everybody), Counter())
    wrong: Counter[str] = sum((one.wrong for one in everybody), Counter())
    return {
        "counts": dict(sorted(counts.items())), "wrong": dict(wrong),
        "published": changer.published,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--pause", type=float, default=0.4, help="mean seconds between requests")
    parser.add_argument("--every", type=float, default=8.0, help="mean seconds between changes")
    given = parser.parse_args()
    assert ipaddress.ip_address(urlsplit(given.address).hostname or "").is_loopback
    known = known_of(given.address)
    print("ready", flush=True)
    print(json.dumps(run(known, given.clients, given.seconds, given.pause, given.every)))


if __name__ == "__main__":
    main()
