"""One query from words to results. Opened once, then any number of queries.

searcher = Searcher.open(Path("var"), load_settings(Path("var")))
result = searcher.search("fire-type lizard", top=5)
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from db.generations import Generation, names, open_current, open_generation
from db.home import Home
from db.store import Store
from encoder.encoded import Encoder
from encoder.runtime import OpenVinoEncoder
from errors import IndexStateError, QueryError
from search.admission import Admission
from search.asked import Asked, ask
from search.filtering import Filter, Filters
from search.hits import items_of, make_hits
from search.paging import VERSION, Cursor, Place, digest, turn
from search.request import Request
from search.rerank import Evidence
from search.results import SearchResult
from search.shortlist import Candidate, whole_shortlist
from search.spelling import suggestion
from search.stages import Stages
from search.verdict import verdict
from settings import SearchSettings, Settings


class Searcher:
    def __init__(
        self, store: Store, generation: Generation, encoder: Encoder, settings: SearchSettings
    ) -> None:
        generation.require(encoder.fingerprint)
        self._store, self._generation = store, generation
        self._encoder, self._settings = encoder, settings
        self._admission = Admission(store, generation)
        self._filters = Filters(store, generation)
        self._older: dict[str, Searcher] = {}  # of a generation that a cursor has named

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
        cursor = Cursor.read(request.cursor) if request.cursor else None
        if cursor is not None and cursor.generation != self._generation.name:
            return self._of(cursor.generation).search(request, top)
        filtered = self._filters.of(request)
        [asked] = ask([request], self._store, self._generation, self._encoder)
        stages = self._stages(request, asked, filtered)
        top = top or request.top or self._settings.top
        result = self._result(request, asked, cursor, stages, top)
        if filtered is not None:
            result = dataclasses.replace(result, notes=(*filtered.notes, *result.notes))
        took = round((time.perf_counter() - start) * 1000, 2)
        return dataclasses.replace(result, took_ms=took)

    def _stages(self, request: Request, asked: Asked, filtered: Filter | None) -> Stages:
        """How the candidates of a request are found and judged, as deep as is asked for."""
        generation = self._generation
        allowed = self._admission.allowed(asked, None if filtered is None else filtered.rows)

        def take(count: int) -> tuple[Sequence[Candidate], bool]:
            return whole_shortlist(generation, asked.vector, asked.words, count, allowed)

        def judged(candidates: Sequence[Candidate]) -> Evidence:
            items = np.asarray([candidate.item for candidate in candidates], np.int64)
            return verdict(generation, self._encoder, asked, items)

        return Stages(generation, request, self._settings, self._threshold, take, judged)

    def _result(
        self, request: Request, asked: Asked, cursor: Cursor | None, stages: Stages, top: int
    ) -> SearchResult:
        """The page of the judged stages that is asked for."""
        same = digest(request, self._settings, self._encoder.model)
        imports = self._store.newest_import()
        notes = []
        if cursor is not None:
            cursor.require(same)
            if cursor.imports != imports:
                notes.append(
                    "the catalog has changed since the first page: "
                    "an item may be missing or come twice"
                )
        place = cursor.place if cursor is not None else Place()
        page = turn(stages, place, request.offset, top, request.min_score)
        matched = place.matched or stages.best >= self._threshold
        after = ""
        if page.next is not None:
            ahead = msgspec.structs.replace(page.next, matched=matched)
            after = str(Cursor(VERSION, self._generation.name, same, imports, ahead))
        nearest = stages.nearest(top)
        items = items_of([*page.hits, *nearest])
        details = self._store.details(items)
        words = self._words_held(asked, items) if request.explain else None
        unknown = self._unknown(asked.words)
        results = make_hits(page.hits, page.rank, details, words)
        return SearchResult(
            query=request.text.strip(),
            generation=self._generation.name,
            took_ms=0.0,
            no_match=not matched or stages.empty,
            results=results,
            threshold=self._threshold,
            cursor=after,
            candidates=stages.judged,
            unknown=unknown,
            suggestion=suggestion(request.text.strip(), unknown, self._generation.words),
            notes=tuple(notes),
            nearest=make_hits(nearest, 1, details, words),
        )

    def _unknown(self, words: str) -> tuple[str, ...]:
        """Words that no item holds and the model has not met, as far as it remembers."""
        known = self._encoder.known
        missing = self._generation.words.unknown(words)
        return tuple(word for word in missing if not len(known) or known.unknown(word))

    def _words_held(self, asked: Asked, items: list[int]) -> dict[int, tuple[str, ...]]:
        matched = self._generation.words.matched(asked.words, np.asarray(items, np.int64))
        return dict(zip(items, matched, strict=True))

    def _of(self, name: str) -> Searcher:
        """The searcher of an older generation, where it is still kept."""
        if name not in self._older:
            home = Home(self._generation.folder.parent.parent)
            try:
                older = open_generation(home.generations / name, home.stamps).hold()
                found = Searcher(self._store, older, self._encoder, self._settings)
            except IndexStateError as error:
                kept = name in names(home.generations)
                raise QueryError(
                    f"the cursor is of generation {name}, which cannot be searched any more",
                    error.what if kept else "it is no longer kept",
                    "search again without a cursor",
                ) from None
            self._older = {name: found}  # one is enough: who pages stays in one
        return self._older[name]
