"""Judgements of results: stored when they are given, and found again for the same query."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from db.judgements import Judgement
from db.store import Store
from errors import QueryError
from search.request import Request
from search.results import SearchResult
from search.stored import as_stored, asked

SCHEMA = "pairdex.judgements.v1"


def record(
    store: Store,
    request: Request,
    result: SearchResult | None = None,
    source: str = "search",
    generation: str = "",
) -> int:
    """Store what the request calls good and bad; returns how many judgements that were.

    `result` is what the request was answered with, `generation` what answered it where there is
    no result. A later judgement of the same item for the
    same query replaces the earlier one.
    """
    keys = (*request.good, *request.bad)
    if not keys:
        return 0
    both = sorted(set(request.good) & set(request.bad))
    if both:
        raise QueryError(f"{both[0]!r} is called good and bad", "", "it can be only one of them")
    known = store.ids_of(keys)
    for key in keys:
        if key not in known:
            raise QueryError(f"there is no item {key!r}", "", "name items by the catalog's own ids")
    bare = dataclasses.replace(request, good=(), bad=())
    if not (bare.text.strip() or bare.images or bare.like):
        raise QueryError(
            "a judgement needs a query", "an item is good or bad as an answer to something"
        )
    hits = result.results if result is not None else ()
    scores = {hit.id: hit.score for hit in hits}
    scores |= {member.id: member.score for hit in hits for member in hit.group}
    stored, digest = as_stored(bare), asked(bare)
    judgements = [
        Judgement(
            item=key,
            query=request.text.strip(),
            good=key in request.good,
            request=stored,
            asked=digest,
            source=source,
            generation=result.generation if result is not None else generation,
            score=scores.get(key),
        )
        for key in dict.fromkeys(keys)
    ]
    store.judgements.add(judgements)
    return len(judgements)


def remembered(store: Store, request: Request) -> Request:
    """The request with what was said of its results before; what it says itself goes first."""
    said = {*request.good, *request.bad}
    stored = [
        one
        for one in store.judgements.all(asked(request))
        if one.item_id is not None and one.item not in said
    ]
    return dataclasses.replace(
        request,
        good=(*request.good, *(one.item for one in stored if one.good)),
        bad=(*request.bad, *(one.item for one in stored if not one.good)),
    )


def of_query(judgements: Sequence[Judgement], query: str | None) -> list[Judgement]:
    """Those of one query, however it was spaced and capitalised; None is all."""
    wanted = None if query is None else " ".join(query.casefold().split())
    return [one for one in judgements if wanted in (None, " ".join(one.query.casefold().split()))]


def document(found: Sequence[Judgement]) -> dict[str, Any]:
    """Judgements as JSON."""
    rows = [
        {
            "id": one.id,
            "query": one.query,
            "item": one.item,
            "verdict": "good" if one.good else "bad",
            "present": one.item_id is not None,
            "score": one.score,
            "generation": one.generation,
            "source": one.source,
            "created": one.created,
            "request": one.request,
        }
        for one in found
    ]
    return {"schema": SCHEMA, "judgements": rows}
