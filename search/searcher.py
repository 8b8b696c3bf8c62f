"""One query from words to results. Opened once, then any number of queries.

searcher = Searcher.open(Path("var"), load_settings(Path("var")))
result = searcher.search("fire-type lizard", top=5)

Any number of threads may share a searcher. It keeps the generation that it was opened with, also
when the folder is deleted; who wants what is live now opens another beside it, lets new searches
go there, and closes the old one when its last search has ended.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from db.databases import generations_of, open_reader
from db.generations import Generation
from db.home import Home
from db.reader import Reader
from encoder.encoded import Encoder
from encoder.runtime import OpenVinoEncoder
from errors import IndexStateError, PairdexError, QueryError
from search.answering import Answering
from search.batch import BATCH, Answer, answers, cores
from search.request import Request
from search.results import SearchResult
from search.timing import Timed, untimed
from settings import SearchSettings, Settings


class Searcher:
    def __init__(
        self,
        store: Reader,
        generation: Generation,
        encoder: Encoder,
        settings: SearchSettings,
        timed: Timed = untimed,
        hidden: Collection[str] = (),
    ) -> None:
        """`timed` is told how long each stage took: encode and vectors once for each batch,
        shortlist and rerank once for each request or page, in the thread that did it.

        What every item has and is `hidden` cannot be asked for by a filter.
        """
        generation.require(encoder.fingerprint)
        self._store, self._generation = store, generation
        older = _Older(generation, store, encoder, settings, timed, hidden)
        self._steps = Answering(store, generation, encoder, settings, timed, older.search, hidden)

    @classmethod
    def open(cls, home: Path, settings: Settings) -> Searcher:
        """The searcher of a home, with the model that its live generation was built with."""
        place = Home(home)
        store = open_reader(home, settings.db)
        encoder = OpenVinoEncoder(place.artifact, settings.runtime, place.compiled)
        generation = generations_of(place).open_current()
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

    def search(self, request: Request | str, top: int | None = None) -> SearchResult:
        """A plain string is a request of words alone. May be called by many threads at once."""
        request = Request(request) if isinstance(request, str) else request
        request = dataclasses.replace(request, top=top or request.top)
        [answer] = answers(self._steps, [request], map)
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
                yield from answers(self._steps, some, pool.map if len(some) > 1 else map)


class _Older:
    """Searches of an older generation, which a cursor names, where it is still kept.

    It knows nothing of the searcher that it belongs to: a ring of the two would hold the files of a
    generation that nobody searches any more until Python looks for rings.
    """

    def __init__(
        self,
        generation: Generation,
        store: Reader,
        encoder: Encoder,
        settings: SearchSettings,
        timed: Timed,
        hidden: Collection[str],
    ) -> None:
        self._generation, self._store, self._encoder = generation, store, encoder
        self._settings, self._timed, self._hidden = settings, timed, hidden
        self._last: Searcher | None = None  # one is enough: who pages stays in one

    def search(self, name: str, request: Request) -> SearchResult:
        found = self._last
        if found is None or found.generation != name:
            self._last = found = self._opened(name)
        return found.search(request)

    def _opened(self, name: str) -> Searcher:
        try:
            older = self._generation.sibling(name)
            return Searcher(
                self._store, older, self._encoder, self._settings, self._timed, self._hidden
            )
        except IndexStateError as error:
            kept = name in self._generation.siblings()
            raise QueryError(
                f"the cursor is of generation {name}, which cannot be searched any more",
                error.what if kept else "it is no longer kept",
                "search again without a cursor",
            ) from None
