"""From requests to what the channels look for and what the judge goes by.

text       the line's bare and exact words together, read by the model as one
terms      weighted ones, and what is not wanted: each read and judged by itself
pictures   given files, items of the catalog, and the mean of those that were called good
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from db.generations import Generation
from db.reader import Reader
from db.vectors import Floats, Ids
from encoder.encoded import Encoded, Encoder
from encoder.inputs import read_pixels
from encoder.known import words_of
from errors import QueryError
from search.query import Query, parse
from search.request import Picture, Request, Seen

# Rocchio's customary shares: what was called good draws less than the query itself, what was
# called bad pushes much less, since wrong items are wrong in different ways.
GOOD, BAD = 0.75, 0.15
# Weight of the good ones' common picture beside the query's own terms: at 0.5 it spoils queries
# that already say all, at 0.1 it helps little where one says half (benchmarks/feedback.py).
ALIKE = 0.25


@dataclass(frozen=True)
class Part:
    """One thing that is asked for, judged by itself."""

    encoded: Encoded  # one row
    weight: float  # below 0: what is not wanted
    words: str = ""  # of a text; empty for a picture
    blind: bool = False  # a text without a word that the model knows: only exact words count


@dataclass(frozen=True)
class Asked:
    parts: tuple[Part, ...]  # wanted ones first; none where only a filter is given
    vector: Floats | None  # near which the vector channels look; None: nowhere
    words: str  # that the channel of exact words looks for
    must: tuple[str, ...]  # phrases that results must hold
    must_not: tuple[str, ...]
    aside: Ids  # items that are no results: what the query was made of, what was called bad


def ask(
    requests: Sequence[Request], store: Reader, generation: Generation, encoder: Encoder
) -> list[Asked]:
    """All texts are encoded together. Raises what is wrong with the first one that is wrong."""
    queries = [parse(request.text) for request in requests]
    terms = [_terms(*each) for each in zip(queries, requests, strict=True)]
    texts = list(dict.fromkeys(text for some in terms for text, _ in some))
    encoded = encoder.texts(texts) if texts else None
    row = {text: number for number, text in enumerate(texts)}
    asked = []
    for query, request, some in zip(queries, requests, terms, strict=True):
        parts = []
        for text, weight in some:
            assert encoded is not None
            unseen = encoder.known.unknown(text)
            blind = len(unseen) == len(dict.fromkeys(words_of(text)))
            parts.append(Part(encoded[[row[text]]], weight, text, blind))
        asked.append(_asked(query, request, parts, store, generation, encoder))
    return asked


def _asked(
    query: Query,
    request: Request,
    parts: list[Part],
    store: Reader,
    generation: Generation,
    encoder: Encoder,
) -> Asked:
    ids = store.ids_of([*request.like, *request.good, *request.bad])
    stored = {key: _stored(generation, ids, key) for key in (*request.like, *request.good)}
    parts += [Part(_picture(encoder, picture), 1.0) for picture in request.images]
    parts += [Part(stored[key], 1.0) for key in request.like]
    if request.good:
        parts.append(Part(_mean([stored[key] for key in request.good]), ALIKE))
    wrong = [_stored(generation, ids, key) for key in request.bad]
    aside = {ids[key] for key in (*request.like, *request.bad)}
    if not (any(part.weight > 0 for part in parts) or request.filtered):
        raise QueryError("the query says only what is not wanted", "", "say what is wanted too")
    return Asked(
        parts=tuple(sorted(parts, key=lambda part: part.weight < 0)),
        vector=_vector(parts, bool(request.good), wrong),
        words=query.words,
        must=query.must,
        must_not=query.must_not,
        aside=np.asarray(sorted(aside), np.int64),
    )


def _terms(query: Query, request: Request) -> list[tuple[str, float]]:
    """Texts that the model reads, with the weight of each."""
    terms = [(query.text, 1.0)] if query.text else []
    terms += [(term.text, term.weight) for term in query.weighted]
    return terms + [(words.strip(), -1.0) for words in request.without if words.strip()]


def _picture(encoder: Encoder, picture: Picture) -> Encoded:
    if isinstance(picture, Seen):
        return picture.encoded
    return encoder.images(read_pixels(picture, encoder.image_size)[None])


def _stored(generation: Generation, ids: Mapping[str, int], key: str) -> Encoded:
    """What the index job made of an item's picture."""
    side = generation.images
    row = int(side.rows(np.asarray([ids[key]], np.int64))[0]) if key in ids else len(side.ids)
    if row >= len(side.ids) or side.ids[row] != ids[key]:
        held = "it is not in the index yet" if key in ids else "the catalog has no such id"
        remedy = "run `pairdex index build`" if key in ids else "take an id from search results"
        raise QueryError(f"item {key!r} cannot be looked for", held, remedy)
    part = slice(row, row + 1)
    vectors, halves = (np.asarray(a[part], np.float32) for a in (side.vectors, side.halves))
    return Encoded(vectors, halves, np.empty((1, 0), np.float32))


def _mean(pictures: Sequence[Encoded]) -> Encoded:
    """What pictures have in common. The head is linear up to its halves, so these have a mean."""
    whole = Encoded.concatenate(pictures)
    vector = whole.vectors.mean(axis=0, keepdims=True)
    return Encoded(
        vector / np.maximum(np.linalg.norm(vector), 1e-6),
        whole.halves.mean(axis=0, keepdims=True),
        whole.tags[:1],
    )


def _vector(parts: Sequence[Part], liked: bool, wrong: Sequence[Encoded]) -> Floats | None:
    """Between all that is wanted; away from what was called bad."""
    wanted = [part for part in parts if part.weight > 0 and not part.blind]
    if not wanted:
        return None
    weights = [part.weight for part in wanted]
    if liked and len(wanted) > 1:
        weights[-1] = GOOD * sum(weights[:-1])  # the good ones' mean comes last
    vectors = [w * part.encoded.vectors[0] for w, part in zip(weights, wanted, strict=True)]
    if wrong:
        vectors.append(-BAD * _mean(wrong).vectors[0])
    vector = reduce(np.add, vectors)
    found: Floats = (vector / max(float(np.linalg.norm(vector)), 1e-6)).astype(np.float32)
    return found
