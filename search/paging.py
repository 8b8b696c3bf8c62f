"""Pages of one search: by offset, or by a cursor that names where the page before has ended.

A cursor is of one generation and of one request, and says so: the next page of another would be
no page of anything. Its form is nobody's business.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

import msgspec

from errors import QueryError
from search.grouping import Group
from search.request import Request, content_of
from search.stages import Stage, Stages
from settings import SearchSettings

VERSION = 1
_CHECK = 4  # bytes that tell a mistyped cursor
_ANEW = "search again without a cursor"


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page begins."""

    stage: int = 0
    hit: int = 0  # of the stage
    rank: int = 0  # hits before it, of all stages
    matched: bool = False  # whether an earlier page has said that something matches


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    version: int
    generation: str
    request: str
    imports: int  # the newest import when the first page was made
    place: Place

    def __str__(self) -> str:
        body = msgspec.msgpack.encode(self)
        return base64.urlsafe_b64encode(_checksum(body) + body).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Cursor:
        """Raises a QueryError for what no search has given out."""
        try:
            padded = text.strip().encode("ascii") + b"=" * (-len(text.strip()) % 4)
            raw = base64.b64decode(padded, b"-_", validate=True)
            check, body = raw[:_CHECK], raw[_CHECK:]
            if check != _checksum(body):
                raise ValueError
            cursor = msgspec.msgpack.decode(body, type=cls)
            if not cursor.generation.isdigit():
                raise ValueError
        except (ValueError, binascii.Error, msgspec.MsgspecError):
            why = "it is cut short or not one that a search has given"
            raise QueryError("the cursor cannot be read", why, _ANEW) from None
        if cursor.version != VERSION:
            raise QueryError("the cursor is of another version of Pairdex", "", _ANEW)
        return cursor

    def require(self, request: str) -> None:
        if self.request != request:
            raise QueryError(
                "the cursor is of another search",
                "the query, a filter, an option, a setting or the model differs",
                "give all as for the first page, or " + _ANEW,
            )


@dataclass(frozen=True)
class Page:
    hits: list[tuple[Stage, Group]]
    rank: int  # of the first
    next: Place | None  # None on the last page


def turn(stages: Stages, place: Place, offset: int, top: int, min_score: float | None) -> Page:
    """`top` hits from a place on, after leaving out `offset`."""
    hits: list[tuple[Stage, Group]] = []
    number, first, rank = place.stage, place.hit, place.rank
    while (stage := stages.stage(number)) is not None:
        there = len(stage.groups) - first
        skipped = min(offset, there)
        offset, first, rank = offset - skipped, first + skipped, rank + skipped
        # One more than asked for tells whether there is a next page.
        for one in stage.groups[first:]:
            if len(hits) == top:
                after = Place(number, first, rank + top)
                return Page(hits, rank + 1, after)
            hits.append((stage, one))
            first += 1
        if min_score is not None and not stage.groups:
            break  # candidates come by nearness: what is further off will not reach it either
        number, first = number + 1, 0
    return Page(hits, rank + 1, None)


def digest(request: Request, settings: SearchSettings, model: str) -> str:
    """Equal for searches whose results come in the same order. Pages of any size go together."""
    parts = (
        request.text.strip(),
        [content_of(picture) for picture in request.images],
        (request.like, request.without, request.where.strip(), request.tags, request.split),
        (request.good, request.bad, request.min_score, request.group, request.diversity),
        request.correct,
        (settings.shortlist, settings.no_match, settings.group_bits, settings.group_cosine),
        model,
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()[:_CHECK]
