"""One query from words to results. Opened once, then any number of queries.

searcher = Searcher.open(Path("var"), load_settings(Path("var")))
result = searcher.search("fire-type lizard", top=5)
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from db.generations import Generation, open_current
from db.home import Home
from db.records import ItemRecord
from db.store import Store
from db.vectors import Floats
from encoder.encoded import Encoder
from encoder.runtime import OpenVinoEncoder
from search.request import Request
from search.rerank import judge
from search.results import Hit, SearchResult
from search.shortlist import Allowed, Candidate, allow, shortlist
from settings import SearchSettings, Settings


class Searcher:
    def __init__(
        self, store: Store, generation: Generation, encoder: Encoder, settings: SearchSettings
    ) -> None:
        generation.require(encoder.fingerprint)
        self._store, self._generation = store, generation
        self._encoder, self._settings = encoder, settings
        self._allowed: Allowed | None = None  # everything, until something is found to be gone

    @classmethod
    def open(cls, home: Path, settings: Settings) -> Searcher:
        """The searcher of a home, with the model that its live generation was built with."""
        place = Home(home)
        store = Store.open(home)
        encoder = OpenVinoEncoder(place.artifact, settings.runtime, place.compiled)
        generation = open_current(place.generations, stamps=place.stamps)
        encoder = encoder.for_index(generation.manifest.fingerprint)
        return cls(store, generation, encoder, settings.search)

    @property
    def _threshold(self) -> float:
        """The score under which nothing is said to match: the settings', else the model's own."""
        return self._settings.no_match or self._encoder.scoring.no_match

    def search(self, request: Request | str, top: int | None = None) -> SearchResult:
        """A plain string is a request of words alone."""
        start = time.perf_counter()
        request = (Request(request) if isinstance(request, str) else request).checked()
        query = request.text.strip()
        encoded = self._encoder.texts([query])
        words = self._store.word_hits(query, self._settings.shortlist)
        candidates = self._present(encoded.vectors[0], words)
        items = np.asarray([candidate.item for candidate in candidates], np.int64)
        coverage = np.asarray(self._store.word_coverage(query, items.tolist()), np.float32)
        evidence = judge(self._generation, self._encoder, encoded, items, coverage)
        # Stable: where the judge sees no difference, the shortlist's order stays.
        order = np.argsort(-evidence.score, kind="stable")[
            : top or request.top or self._settings.top
        ]
        details = self._store.details([int(items[row]) for row in order])
        hits = [
            _hit(rank, details[int(items[row])], float(evidence.score[row]), candidates[row])
            for rank, row in enumerate(order, start=1)
        ]
        return SearchResult(
            query=query,
            generation=self._generation.name,
            took_ms=round((time.perf_counter() - start) * 1000, 2),
            no_match=not hits or hits[0].score < self._threshold,
            results=tuple(hits),
            threshold=self._threshold,
            candidates=len(candidates),
        )

    def _present(self, vector: Floats, words: Sequence[tuple[int, float]]) -> list[Candidate]:
        """The shortlist, without items that the catalog has lost since the generation was built."""
        for _ in range(2):
            candidates = shortlist(
                self._generation, vector, words, self._settings.shortlist, self._allowed
            )
            present = self._store.present([candidate.item for candidate in candidates])
            if len(present) == len(candidates):
                break
            # What is gone took places that others deserve. Ids are never given twice, so what has
            # gone stays gone, and the catalog is read whole only when it has lost something more.
            held = np.asarray(self._store.item_ids(), np.int64)
            self._allowed = allow(self._generation, held)
        return [candidate for candidate in candidates if candidate.item in present]


def _hit(rank: int, item: ItemRecord, score: float, candidate: Candidate) -> Hit:
    return Hit(
        rank=rank,
        id=item.key,
        name=item.name,
        image=item.image,
        caption=item.captions[0].text if item.captions else "",
        score=score,
        tags=item.tags,
        attributes=item.attributes,
        channels=candidate.ranks,
    )
