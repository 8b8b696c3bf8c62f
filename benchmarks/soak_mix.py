"""What one client of `benchmarks.soak` asks for, one thing after the other."""

from __future__ import annotations

import io
import json
import random
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import httpx2

from benchmarks.photos import photo
from tests.hostile_uploads import FILES

PICTURES = 40  # that searches and tags are asked for, all different
BROKEN = ['"open', "a AND (", "red -", "*", "a" * 11_000, "\ufffd\u0000x", "type:nothing OR"]
FILTERS = ["height < 2", "type=fire", "rarity=rare or colour=blue", "height > 1 and type=water"]
WRONG = ["nosuch = 1", "height <", "height = tall", "a" * 300 + " = 1", "image.path ~ x"]
LATER = (503, 504)  # told to come back, as on a machine that is busy with other things
Answered = tuple[str, int]  # what was asked, its status


@dataclass(frozen=True)
class Known:
    """What all clients ask about."""

    address: str
    items: list[str]
    words: list[str]
    pictures: list[bytes]
    hostile: dict[str, bytes]


class Client:
    """One of those who ask, with a connection of its own."""

    def __init__(self, known: Known, seed: int) -> None:
        self.known, self.dice = known, random.Random(seed)
        self.items, self.words = known.items, known.words
        self.http = httpx2.Client(base_url=known.address, timeout=60)
        self.counts: Counter[str] = Counter()  # "what status"
        self.wrong: Counter[str] = Counter()
        self.etags: dict[str, str] = {}
        self.mix: list[tuple[int, str, Callable[[], Answered]]] = [
            (30, "words", self.by_words), (8, "filter", self.by_filter),
            (8, "picture", self.by_picture), (6, "like", self.by_like),
            (5, "pages", self.by_pages), (10, "item", self.item), (12, "thumbnail", self.thumbnail),
            (5, "image", self.image), (6, "look", self.look), (5, "tag", self.tag),
            (4, "wrong query", self.wrong_query), (4, "hostile upload", self.hostile),
            (2, "left in the middle", self.left), (2, "events", self.events),
            (2, "kept", self.kept), (1, "review", self.review),
        ]  # fmt: skip

    def ask(self) -> None:
        """The next of the mix, counted."""
        weights = [weight for weight, _, _ in self.mix]
        [(_, name, work)] = self.dice.choices(self.mix, weights)
        try:
            expected, status = work()
        except (httpx2.HTTPError, OSError) as error:
            self.wrong[f"{name}: {type(error).__name__}"] += 1
            self.http.close()
            self.http = httpx2.Client(base_url=self.known.address, timeout=60)
            return
        self.counts[f"{name} {status}"] += 1
        if status not in LATER and str(status) not in expected.split():
            self.wrong[f"{name}: {status}"] += 1

    def by_words(self) -> Answered:
        text = " ".join(self.dice.sample(self.words, self.dice.randint(1, 4)))
        body = {"text": text, "top": self.dice.choice([5, 12, 48])}
        if self.dice.random() < 0.2:
            body["explain"] = True
        return "200", self.http.post("/v1/search", json=body).status_code

    def by_filter(self) -> Answered:
        body = {"text": self.dice.choice(self.words), "where": self.dice.choice(FILTERS)}
        return "200", self.http.post("/v1/search", json=body).status_code

    def by_picture(self) -> Answered:
        said = {"request": json.dumps({"text": self.dice.choice(["", "", "red"])})}
        return "200", self.http.post("/v1/search", data=said, files=self._picture()).status_code

    def by_like(self) -> Answered:
        name = self._name()
        if self.dice.random() < 0.5:
            return "200 404", self.http.get(f"/v1/items/{name}/similar?top=12").status_code
        body = {"like": [self.dice.choice(self.items)], "without": [self.dice.choice(self.words)]}
        return "200", self.http.post("/v1/search", json=body).status_code

    def by_pages(self) -> Answered:
        """Three of them, in the generation in which the first was asked for."""
        body = {"text": self.dice.choice(self.words), "top": 20}
        status = 200
        for _ in range(3):
            answer = self.http.post("/v1/search", json=body)
            status = answer.status_code
            if status != 200 or not answer.json()["cursor"]:
                break
            body["cursor"] = answer.json()["cursor"]
        return "200", status

    def item(self) -> Answered:
        return "200", self.http.get(f"/v1/items/{self._name()}").status_code

    def image(self) -> Answered:
        return self._cached(f"/v1/items/{self._name()}/image")

    def thumbnail(self) -> Answered:
        size = self.dice.choice([128, 256, 256, 512])
        return self._cached(f"/v1/items/{self._name()}/thumbnail?size={size}")

    def look(self) -> Answered:
        word = self.dice.choice(self.words)
        path = self.dice.choice(
            [f"/v1/complete?text={word[:2]}", "/v1/fields", "/v1/index", "/metrics", "/readyz", "/",
             "/v1/items?limit=20&newest=true", f"/v1/complete?for=where&text={word[:2]}"]
        )  # fmt: skip
        return "200", self.http.get(path).status_code

    def tag(self) -> Answered:
        files = [("image", (f"{n}.jpg", self._jpeg(), "image/jpeg")) for n in range(2)]
        return "200", self.http.post("/v1/tag", files=files).status_code

    def wrong_query(self) -> Answered:
        text, where = self.dice.choice(BROKEN), self.dice.choice(["", *WRONG])
        body = {"text": text, "where": where}
        return "200 400 422", self.http.post("/v1/search", json=body).status_code

    def hostile(self) -> Answered:
        name, content = self.dice.choice(sorted(self.known.hostile.items()))
        _, expected = FILES[name]
        files = {"image": ("x.png", content, "image/png")}
        return str(expected[0]), self.http.post("/v1/tag", files=files).status_code

    def left(self) -> Answered:
        """Goes away before all was sent, or before the answer was read."""
        parts = urlsplit(self.known.address)
        head = "POST /v1/tag HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 90000\r\n"
        head += "Content-Type: multipart/form-data; boundary=cut\r\n\r\n--cut\r\n"
        if self.dice.random() < 0.5:
            name = self.dice.choice(self.items)
            head = f"GET /v1/items/{quote(name, safe='')}/image HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
            connection.sendall(head.encode())
        return "0", 0

    def events(self) -> Answered:
        """Listens for a few seconds."""
        until = time.monotonic() + self.dice.uniform(0.5, 10)
        with self.http.stream("GET", "/v1/index/events") as stream:
            for _ in stream.iter_bytes():
                if time.monotonic() > until:
                    break
            return "200", stream.status_code

    def kept(self) -> Answered:
        """Judged and taken back, saved and forgotten."""
        query, name = self.dice.choice(self.words), f"soak {self.dice.random()}"
        judged = {"request": {"text": query}, "good": [self.dice.choice(self.items)]}
        answers = [
            self.http.post("/v1/judgements", json=judged),
            self.http.delete("/v1/judgements", params={"query": query}),
            self.http.put(f"/v1/saved/{quote(name)}", json={"text": query}),
            self.http.get(f"/v1/saved/{quote(name)}"),
            self.http.delete(f"/v1/saved/{quote(name)}"),
        ]
        return "204", max(answer.status_code for answer in answers)

    def review(self) -> Answered:
        asked = self.http.get("/v1/review?limit=5")
        if asked.status_code != 200 or not asked.json()["questions"]:
            return "200", asked.status_code
        one = self.dice.choice(asked.json()["questions"])["id"]
        said = {"answers": [{"question": one, "answer": "skip"}]}
        answered = self.http.post("/v1/review", json=said).status_code
        undone = self.http.delete(f"/v1/review/{quote(one, safe='')}").status_code
        return "204 404", max(answered, undone)  # 404: another client has taken it back

    def _name(self) -> str:
        return quote(self.dice.choice(self.items), safe="")

    def _cached(self, path: str) -> Answered:
        """As a browser asks that has it already, half of the time."""
        held = self.etags.get(path) if self.dice.random() < 0.5 else None
        answer = self.http.get(path, headers={"If-None-Match": held} if held else {})
        self.etags[path] = answer.headers.get("etag", "")
        return "200 304", answer.status_code

    def _jpeg(self) -> bytes:
        return self.dice.choice(self.known.pictures)

    def _picture(self) -> dict[str, tuple[str, bytes, str]]:
        return {"image": ("x.jpg", self._jpeg(), "image/jpeg")}


def jpeg(seed: int) -> bytes:
    out = io.BytesIO()
    photo(seed, 320, 240).save(out, "JPEG", quality=88)
    return out.getvalue()


def known_of(address: str) -> Known:
    with httpx2.Client(base_url=address, timeout=60) as http:
        listed = http.get("/v1/items?limit=500").json()["items"]
        names = [str(one["id"]) for one in listed]
        tags = {tag for name in names[:60] for tag in http.get(f"/v1/items/{name}").json()["tags"]}
    pictures = [jpeg(number) for number in range(PICTURES)]
    hostile = {name: make() for name, (make, _) in FILES.items()}
    return Known(address, names, sorted(tags), pictures, hostile)
