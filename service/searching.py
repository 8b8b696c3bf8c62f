"""Searches and encodings in batches, each by the generation that is live for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from db.store import Store
from encoder.encoded import Encoded
from encoder.inputs import Pixels
from errors import ModelError, PairdexError
from search import Request, SearchResult
from service.batching import Batches
from service.live import Live, Loaded
from service.metrics import Metrics
from settings import Settings


@dataclass(frozen=True)
class Search:
    request: Request
    loaded: Loaded | None = None  # that has encoded its pictures


@dataclass(frozen=True)
class Answered:
    result: SearchResult
    revision: int  # of the catalog, read before it was searched
    loaded: Loaded


@dataclass(frozen=True)
class View:
    """A picture as one model sees it."""

    encoded: Encoded  # one row
    loaded: Loaded


def searches(
    live: Live, store: Store, settings: Settings, metrics: Metrics
) -> Batches[Search, Answered]:
    """Texts are encoded together, vectors searched together, items read together."""

    def work(batch: Sequence[Search]) -> Iterator[Answered | PairdexError]:
        current, revision = live.loaded(), store.revision()
        first = 0
        while first < len(batch):
            loaded = _fitting(batch[first], current)
            last = first + 1
            while last < len(batch) and _fitting(batch[last], current) is loaded:
                last += 1
            requests = [one.request for one in batch[first:last]]
            for answer in loaded.searcher.search_many(requests):
                if isinstance(answer, PairdexError):
                    yield answer
                else:
                    yield Answered(answer, revision, loaded)
            first = last

    mine = settings.service
    return Batches("search", work, mine.batch, mine.queue, mine.timeout, metrics)


def encodings(live: Live, settings: Settings, metrics: Metrics) -> Batches[Pixels, View]:
    """Pictures of whatever requests, few at a time: who searches by words shares the processor."""

    def work(batch: Sequence[Pixels]) -> Iterator[View | PairdexError]:
        loaded = live.loaded()
        size = loaded.encoder.image_size
        fitting = [pixels for pixels in batch if pixels.shape[0] == size]
        encoded = loaded.encoder.images(np.stack(fitting)) if fitting else None
        row = 0
        for pixels in batch:
            if encoded is None or pixels.shape[0] != size:
                yield ModelError("the model was changed for another meanwhile", "", "try again")
                continue
            yield View(encoded[[row]], loaded)
            row += 1

    mine = settings.service
    return Batches("pictures", work, settings.runtime.batch, mine.queue, mine.timeout, metrics)


def _fitting(one: Search, current: Loaded) -> Loaded:
    """The live generation, or where its model is another the one that has seen the pictures."""
    mine = one.loaded
    if mine is None or mine.encoder.fingerprint == current.encoder.fingerprint:
        return current
    return mine
