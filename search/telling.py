"""What a search tells: the words that it doubts, the line that it answers, the result."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping

import msgspec
import numpy as np

from db.generations import Generation
from db.records import ItemRecord
from encoder.encoded import Encoder
from search.asked import Asked
from search.batch import Found
from search.hints import hint
from search.hits import make_hits
from search.paging import VERSION, Cursor, digest
from search.query import parse
from search.request import Request
from search.results import SearchResult
from search.spelling import correction, suggestion
from settings import SearchSettings

_BEYOND = "there are no more results: the last is number {:,}"
_CHANGED = "the catalog has changed since the first page: an item may be missing or come twice"


class Teller:
    def __init__(self, generation: Generation, encoder: Encoder, settings: SearchSettings) -> None:
        self._generation, self._encoder, self._settings = generation, encoder, settings

    @property
    def threshold(self) -> float:
        """The score under which nothing is said to match: the settings', else the model's own."""
        return self._settings.no_match or self._encoder.scoring.no_match

    def line(self, request: Request) -> str:
        """The query line with what is surely misspelt righted; quoted words stay as they are."""
        line = request.text.strip()
        if not (line and request.correct):
            return line
        terms = parse(request.text).terms
        kept = {word for term in terms if term.exact for word in self.unknown(term.text)}
        bare = " ".join(term.text for term in terms if not term.exact)
        doubted = [word for word in self.unknown(bare) if word not in kept]
        words, known = self._generation.words, self._encoder.known
        return correction(line, doubted, words, lambda word: not known.unknown(word)) or line

    def unknown(self, words: str) -> tuple[str, ...]:
        """Words that no item holds and the model has not met, as far as it remembers."""
        known = self._encoder.known
        missing = self._generation.words.unknown(words)
        return tuple(word for word in missing if not len(known) or known.unknown(word))

    def digest(self, request: Request) -> str:
        """Equal for requests whose pages go together."""
        return digest(request, self._settings, self._encoder.model)

    def result(
        self, found: Found, details: Mapping[int, ItemRecord], imports: int, shared: float
    ) -> SearchResult:
        """`shared` are the seconds that were spent on all requests of a batch, for each."""
        start, request, asked = time.perf_counter(), found.ready.request, found.ready.asked
        page, stages, cursor, filtered = (
            found.page,
            found.stages,
            found.ready.cursor,
            found.ready.filtered,
        )
        notes = () if filtered is None else filtered.notes
        if cursor is not None and cursor.imports != imports:
            notes += (_CHANGED,)
        if not page.hits and page.rank > 1:
            notes += (_BEYOND.format(page.rank - 1),)
        if request.text and (said := hint(parse(request.text))):
            notes += (said,)
        matched = stages.best >= self.threshold or (cursor is not None and cursor.place.matched)
        after = ""
        if page.next is not None:
            ahead = msgspec.structs.replace(page.next, matched=matched)
            same = self.digest(request)
            after = str(Cursor(VERSION, self._generation.name, same, imports, ahead))
        words = self._words_held(asked, found.items) if request.explain else None
        unknown, line = self.unknown(asked.words), found.ready.line
        result = SearchResult(
            query=request.text.strip(),
            generation=self._generation.name,
            took_ms=0.0,
            no_match=not matched or stages.empty,
            results=make_hits(page.hits, page.rank, details, words),
            threshold=self.threshold,
            cursor=after,
            candidates=stages.judged,
            unknown=unknown,
            corrected="" if line == request.text.strip() else line,
            suggestion=suggestion(line, unknown, self._generation.words),
            notes=notes,
            nearest=make_hits(found.nearest, 1, details, words),
        )
        took = round((shared + found.seconds + time.perf_counter() - start) * 1000, 2)
        return dataclasses.replace(result, took_ms=took)

    def _words_held(self, asked: Asked, items: list[int]) -> dict[int, tuple[str, ...]]:
        matched = self._generation.words.matched(asked.words, np.asarray(items, np.int64))
        return dict(zip(items, matched, strict=True))
