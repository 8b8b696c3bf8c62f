"""One query from words to results. Opened once, then any number of queries.

searcher = Searcher.open(Path("var"), load_settings(Path("var")))
result = searcher.search("fire-type lizard", top=5)

Any number of threads may share a searcher. It keeps the generation that it was opened with, also
when the folder is deleted; who wants what is live now opens another beside it, lets new searches
go there, and closes the old one when its last search has ended.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
import numpy as np

from db.generations import Generation, names, open_current, open_generation
from db.home import Home
from db.reader import Reader
from db.records import ItemRecord
from db.sqlite_reading import SqliteReader
from db.vectors import Ids
from encoder.encoded import Encoder
from encoder.runtime import OpenVinoEncoder
from errors import IndexStateError, PairdexError, QueryError
from search.admission import Admission
from search.asked import Asked, ask
from search.batch import BATCH, TOGETHER, Found, Ready, cores, each_or_error, look_near
from search.hints import hint
from search.hits import make_hits
from search.paging import VERSION, Cursor, Place, digest, turn
from search.query import parse
from search.request import Request
from search.rerank import Evidence
from search.results import SearchResult
from search.shortlist import Candidates, whole_shortlist
from search.spelling import correction, suggestion
from search.stages import Stages
from search.timing import Timed, timing, untimed
from search.verdict import verdict
from settings import SearchSettings, Settings

if TYPE_CHECKING:
    from search.filtering import Filter, Filters

Answer: TypeAlias = SearchResult | PairdexError
_BEYOND = "there are no more results: the last is number {:,}"
_CHANGED = "the catalog has changed since the first page: an item may be missing or come twice"


class Searcher:
    def __init__(
        self,
        store: Reader,
        generation: Generation,
        encoder: Encoder,
        settings: SearchSettings,
        timed: Timed = untimed,
    ) -> None:
        """`timed` is told how long each stage took: encode and vectors once for each batch,
        shortlist and rerank once for each request or page, in the thread that did it."""
        generation.require(encoder.fingerprint)
        self._timed = timed
        self._store, self._generation = store, generation
        self._encoder, self._settings = encoder, settings
        self._admission = Admission(store, generation)
        self._older: dict[str, Searcher] = {}  # of a generation that a cursor has named

    @classmethod
    def open(cls, home: Path, settings: Settings) -> Searcher:
        """The searcher of a home, with the model that its live generation was built with."""
        place = Home(home)
        store = SqliteReader.open(home)
        encoder = OpenVinoEncoder(place.artifact, settings.runtime, place.compiled)
        generation = open_current(place.generations, stamps=place.stamps)
        encoder = encoder.for_index(generation.manifest.fingerprint)
        return cls(store, generation, encoder, settings.search)

    def close(self) -> None:
        """Give the database back, when no search is at work any more."""
        self._store.close()

    def __enter__(self) -> Searcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def generation(self) -> str:
        """The name of the generation that is searched."""
        return self._generation.name

    @property
    def _threshold(self) -> float:
        """The score under which nothing is said to match: the settings', else the model's own."""
        return self._settings.no_match or self._encoder.scoring.no_match

    def search(self, request: Request | str, top: int | None = None) -> SearchResult:
        """A plain string is a request of words alone. May be called by many threads at once."""
        request = Request(request) if isinstance(request, str) else request
        request = dataclasses.replace(request, top=top or request.top)
        [answer] = self._answers([request], map)
        if isinstance(answer, PairdexError):
            raise answer
        return answer

    def search_many(self, requests: Iterable[Request | str]) -> Iterator[Answer]:
        """An answer per request, in their order, as `search` gives it; errors are answers too.

        Requests are read a batch ahead. Texts are encoded and vectors searched together, the rest
        is done by a thread per core. Many threads may each have batches of their own at work.
        """
        asked = (Request(each) if isinstance(each, str) else each for each in requests)
        with ThreadPoolExecutor(cores()) as pool:
            while some := list(islice(asked, BATCH)):
                yield from self._answers(some, pool.map if len(some) > 1 else map)

    def _answers(self, requests: Sequence[Request], run: Any) -> Iterator[Answer]:
        start = time.perf_counter()
        imports = self._store.revision()
        ready = each_or_error(requests, self._ready)
        sound = [one for one in ready if isinstance(one, Ready)]
        with timing(self._timed, "vectors"):
            look_near(self._generation, sound, self._settings.shortlist)
        before = (time.perf_counter() - start) / max(1, len(requests))
        # A few at a time: what candidates take is given back before the next are looked at.
        for first in range(0, len(ready), TOGETHER):
            found = list(run(self._find, ready[first : first + TOGETHER]))
            start = time.perf_counter()
            items = {item for one in found if isinstance(one, Found) for item in one.items}
            details = self._store.details(sorted(items))
            each = before + (time.perf_counter() - start) / len(found)
            for one in found:
                yield self._result(one, details, imports, each) if isinstance(one, Found) else one

    def _ready(self, requests: Sequence[Request]) -> list[Ready]:
        """What is asked of the channels; raises what is wrong with any of the requests."""
        requests = [request.checked() for request in requests]
        cursors = [Cursor.read(each.cursor) if each.cursor else None for each in requests]
        filters = [self._filter(request) for request in requests]
        lines = [self._line(request) for request in requests]
        meant = [dataclasses.replace(r, text=line) for r, line in zip(requests, lines, strict=True)]
        with timing(self._timed, "encode"):
            asked = ask(meant, self._store, self._generation, self._encoder)
        self._admission.look_for_gone()
        ready = []
        for request, cursor, filtered, one, line in zip(
            requests, cursors, filters, asked, lines, strict=True
        ):
            allowed = self._admission.allowed(one, None if filtered is None else filtered.rows)
            ready.append(Ready(request, cursor, filtered, one, allowed, line))
        return ready

    def _line(self, request: Request) -> str:
        """The query line with what is surely misspelt righted; quoted words stay as they are."""
        line = request.text.strip()
        if not (line and request.correct):
            return line
        terms = parse(request.text).terms
        kept = {word for term in terms if term.exact for word in self._unknown(term.text)}
        bare = " ".join(term.text for term in terms if not term.exact)
        doubted = [word for word in self._unknown(bare) if word not in kept]
        words, known = self._generation.words, self._encoder.known
        return correction(line, doubted, words, lambda word: not known.unknown(word)) or line

    def _filter(self, request: Request) -> Filter | None:
        return self._filters.of(request) if request.filtered else None

    @cached_property
    def _filters(self) -> Filters:
        from search.filtering import Filters  # and with it SQLAlchemy

        return Filters(self._store.whole(), self._generation)

    def _find(self, one: Ready | PairdexError) -> Found | Answer:
        """The page of the judged candidates that is asked for."""
        if isinstance(one, PairdexError):
            return one
        start, request, cursor = time.perf_counter(), one.request, one.cursor
        try:
            if cursor is not None and cursor.generation != self._generation.name:
                return self._of(cursor.generation).search(request)
            if cursor is not None:
                cursor.require(self._digest(request))
        except PairdexError as error:
            return error
        stages, top = self._stages(one), request.top or self._settings.top
        place = cursor.place if cursor is not None else Place()
        page = turn(stages, place, request.offset, top, request.min_score)
        return Found(one, page, stages, stages.nearest(top), time.perf_counter() - start)

    def _stages(self, one: Ready) -> Stages:
        """How the candidates of a request are found and judged, as deep as is asked for."""
        generation, asked = self._generation, one.asked

        def take(count: int) -> tuple[Candidates, bool]:
            first = one.near if count == self._settings.shortlist else None
            with timing(self._timed, "shortlist"):
                return whole_shortlist(
                    generation, asked.vector, asked.words, count, one.allowed, first
                )

        def judged(items: Ids) -> Evidence:
            with timing(self._timed, "rerank"):
                return verdict(generation, self._encoder, asked, items)

        return Stages(generation, one.request, self._settings, self._threshold, take, judged)

    def _result(
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
        matched = stages.best >= self._threshold or (cursor is not None and cursor.place.matched)
        after = ""
        if page.next is not None:
            ahead = msgspec.structs.replace(page.next, matched=matched)
            same = self._digest(request)
            after = str(Cursor(VERSION, self._generation.name, same, imports, ahead))
        words = self._words_held(asked, found.items) if request.explain else None
        unknown, line = self._unknown(asked.words), found.ready.line
        result = SearchResult(
            query=request.text.strip(),
            generation=self._generation.name,
            took_ms=0.0,
            no_match=not matched or stages.empty,
            results=make_hits(page.hits, page.rank, details, words),
            threshold=self._threshold,
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

    def _digest(self, request: Request) -> str:
        return digest(request, self._settings, self._encoder.model)

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
        found = self._older.get(name)
        if found is None:
            home = Home(self._generation.folder.parent.parent)
            try:
                older = open_generation(home.generations / name, home.stamps).hold()
                found = Searcher(self._store, older, self._encoder, self._settings, self._timed)
            except IndexStateError as error:
                kept = name in names(home.generations)
                raise QueryError(
                    f"the cursor is of generation {name}, which cannot be searched any more",
                    error.what if kept else "it is no longer kept",
                    "search again without a cursor",
                ) from None
            self._older = {name: found}  # one is enough: who pages stays in one
        return found
