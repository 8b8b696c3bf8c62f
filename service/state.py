"""What all requests share: made with the application, begun and ended with its lifespan."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from threading import Event
from typing import Literal

from fastapi import Request

from db.fields import FieldRecord
from db.home import Home
from db.queue import Queue
from db.store import Store
from search.completion import CatalogWords
from service.builder import Builder, ProcessBuilder
from service.events import Events
from service.keyring import Keyring
from service.live import Live, OpenEncoder, open_encoder
from service.metrics import Metrics
from service.pools import Pool
from service.rates import Rates
from service.remembered import Remembered
from service.searching import encodings, searches
from service.worker import Worker
from settings import Settings
from tagger.record import Recogniser


class Service:
    def __init__(
        self,
        home: Home,
        settings: Settings,
        encoders: OpenEncoder = open_encoder,
        builder: Builder | None = None,
    ) -> None:
        """Raises a HomeError where there is no catalog."""
        self.home, self.settings = home, settings
        self.store = Store.open(home.path, settings=settings.db)
        self.metrics = Metrics()
        self.live = Live(home, settings, self.store, encoders, self.metrics.stage)
        self.events, self.queue = Events(), Queue(home)
        builder = builder or ProcessBuilder(home, settings)
        self.worker = Worker(home, self.queue, builder, self.events, self.live)
        mine = settings.service
        self.searches = searches(self.live, self.store, settings, self.metrics)
        self.encodings = encodings(self.live, settings, self.metrics)
        self.reading = Pool("read", mine.threads, mine.timeout)  # catalog and disk
        self.decoding = Pool("decode", mine.decoders, mine.timeout)  # pictures
        self.tagging = Pool("tag", 1, mine.timeout)  # what the index says of pictures
        self.fields: Remembered[list[FieldRecord]] = Remembered()
        self.recogniser: Remembered[Recogniser] = Remembered()
        self.words: Remembered[CatalogWords] = Remembered()
        self.keys, self.rates = Keyring(self.store), Rates(mine.rate)
        self._gauges()
        self.closing = Event()  # no new work is begun; streams without an end come to one

    async def start(self) -> None:
        self.live.start()
        self.searches.start()
        self.encodings.start()
        self.keys.start()
        self.worker.start()

    async def close(self) -> None:
        """When all requests are answered: threads are ended, files closed."""
        self.closing.set()
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        for pool in (self.decoding, self.tagging, self.reading):
            pool.close()
        self.encodings.close()
        self.worker.close()
        self.searches.close()
        self.live.close()
        self.keys.close()
        self.queue.close()
        self.store.close()

    def _gauges(self) -> None:
        add = self.metrics.gauge
        add("pairdex_search_queue", "Searches that wait.", lambda: self.searches.waiting)
        add("pairdex_changes_waiting", "Accepted, not searchable yet.", self.worker.waiting)
        add("pairdex_generation_swaps", "Generations loaded so far.", lambda: self.live.swaps)
        add(
            "pairdex_generation_age_seconds", "Since the generation that serves was built.",
            lambda: self._generation("age"),
        )  # fmt: skip
        add(
            "pairdex_generation_items", "Items of the generation that serves.",
            lambda: self._generation("items"),
        )  # fmt: skip

    def _generation(self, figure: Literal["age", "items"]) -> float:
        if not self.live.ready:
            return math.nan
        manifest = self.live.loaded().generation.manifest
        if figure == "items":
            return manifest.items
        return (
            dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(manifest.created)
        ).total_seconds()


def service_of(request: Request) -> Service:
    found = request.app.state.service
    assert isinstance(found, Service)
    return found
