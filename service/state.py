"""What all requests share: made with the application, begun and ended with its lifespan."""

from __future__ import annotations

import asyncio
from threading import Event

from fastapi import Request

from db.fields import FieldRecord
from db.home import Home
from db.store import Store
from search.completion import CatalogWords
from service.batching import Batcher
from service.live import Live, OpenEncoder, open_encoder
from service.metrics import Metrics
from service.pools import Pool
from service.remembered import Remembered
from settings import Settings


class Service:
    def __init__(
        self, home: Home, settings: Settings, encoders: OpenEncoder = open_encoder
    ) -> None:
        """Raises a HomeError where there is no catalog."""
        self.home, self.settings = home, settings
        self.store = Store.open(home.path)
        self.metrics = Metrics()
        self.live = Live(home, settings, self.store, encoders)
        mine = settings.service
        self.searches = Batcher(self.live, self.store, mine, self.metrics)
        self.reading = Pool("read", mine.threads, mine.timeout)  # catalog and disk
        self.decoding = Pool("decode", mine.decoders, mine.timeout)  # pictures
        self.fields: Remembered[list[FieldRecord]] = Remembered()
        self.words: Remembered[CatalogWords] = Remembered()
        self.closing = Event()  # no new work is begun; streams without an end come to one

    async def start(self) -> None:
        self.live.start()
        self.searches.start()

    async def close(self) -> None:
        """When all requests are answered: threads are ended, files closed."""
        self.closing.set()
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self.searches.close()
        self.live.close()
        self.reading.close()
        self.decoding.close()
        self.store.close()


def service_of(request: Request) -> Service:
    found = request.app.state.service
    assert isinstance(found, Service)
    return found
