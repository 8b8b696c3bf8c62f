"""The way of requests through one generation: what is asked, what is found, what is told."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from db.generations import Generation
from db.reader import Reader
from db.records import ItemRecord
from db.vectors import Ids
from encoder.encoded import Encoder
from errors import PairdexError
from search.admission import Admission
from search.asked import ask
from search.batch import Answer, Found, Ready, look_near
from search.paging import Cursor, Place, turn
from search.request import Request
from search.rerank import Evidence
from search.results import SearchResult
from search.shortlist import Candidates, whole_shortlist
from search.stages import Stages
from search.telling import Teller
from search.timing import Timed, timing
from search.verdict import verdict
from settings import SearchSettings

if TYPE_CHECKING:
    from search.filtering import Filter, Filters


class Answering:
    """The steps that batch.py takes; safe to be shared by threads."""

    def __init__(
        self,
        store: Reader,
        generation: Generation,
        encoder: Encoder,
        settings: SearchSettings,
        timed: Timed,
        elsewhere: Callable[[str, Request], SearchResult],
        hidden: Collection[str] = (),
    ) -> None:
        """`elsewhere` answers a request from the generation that its cursor names; no filter may
        ask for what is `hidden`."""
        self._store, self._generation = store, generation
        self._encoder, self._settings = encoder, settings
        self._timed, self._elsewhere, self._hidden = timed, elsewhere, hidden
        self._admission = Admission(store, generation)
        self._teller = Teller(generation, encoder, settings)

    def ready(self, requests: Sequence[Request]) -> list[Ready]:
        """What is asked of the channels; raises what is wrong with any of the requests."""
        requests = [request.checked() for request in requests]
        cursors = [Cursor.read(each.cursor) if each.cursor else None for each in requests]
        filters = [self._filter(request) for request in requests]
        lines = [self._teller.line(request) for request in requests]
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

    def look(self, ready: Sequence[Ready]) -> None:
        """Search the vector channels."""
        with timing(self._timed, "vectors"):
            look_near(self._generation, ready, self._settings.shortlist)

    def find(self, one: Ready | PairdexError) -> Found | Answer:
        """The page of the judged candidates that is asked for."""
        if isinstance(one, PairdexError):
            return one
        start, request, cursor = time.perf_counter(), one.request, one.cursor
        try:
            if cursor is not None and cursor.generation != self._generation.name:
                return self._elsewhere(cursor.generation, request)
            if cursor is not None:
                cursor.require(self._teller.digest(request))
        except PairdexError as error:
            return error
        stages, top = self._stages(one), request.top or self._settings.top
        place = cursor.place if cursor is not None else Place()
        page = turn(stages, place, request.offset, top, request.min_score)
        return Found(one, page, stages, stages.nearest(top), time.perf_counter() - start)

    def revision(self) -> int:
        """Another one when the catalog has changed."""
        return self._store.revision()

    def details(self, items: Sequence[int]) -> Mapping[int, ItemRecord]:
        return self._store.details(items)

    def tell(
        self, found: Found, details: Mapping[int, ItemRecord], revision: int, seconds: float
    ) -> SearchResult:
        """`seconds` were spent on this one's share of what a batch has in common."""
        return self._teller.result(found, details, revision, seconds)

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

        return Stages(generation, one.request, self._settings, self._teller.threshold, take, judged)

    def _filter(self, request: Request) -> Filter | None:
        return self._filters.of(request) if request.filtered else None

    @cached_property
    def _filters(self) -> Filters:
        from search.filtering import Filters  # and with it SQLAlchemy

        return Filters(self._store.whole(), self._generation, self._hidden)
