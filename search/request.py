"""What one search may ask for. Words alone are a request too: `Searcher.search("a red lizard")`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from encoder.encoded import Encoded
from errors import QueryError
from images import content_hash, held

MAX_QUERY = 10_000  # characters


@dataclass(frozen=True)
class Seen:
    """A picture that was encoded before, by the model that the index was built with."""

    content: str  # hash of its file
    encoded: Encoded = field(compare=False)  # one row


Picture: TypeAlias = Path | bytes | Seen  # a file, what is in one, or what the model made of it


def content_of(picture: Picture) -> str:
    """The hash of its file."""
    return picture.content if isinstance(picture, Seen) else content_hash(held(picture))


@dataclass(frozen=True)
class Request:
    """At least one of text, images, like, good or a filter must be given."""

    text: str = ""  # the query line, see query.py for its language
    images: tuple[Picture, ...] = ()  # to look for
    like: tuple[str, ...] = ()  # items of the catalog to look for, by the catalog's own ids
    without: tuple[str, ...] = ()  # words for what the results must not show
    where: str = ""  # condition over attributes and tags, see where.py
    tags: tuple[str, ...] = ()  # that each result must have
    split: str = ""  # that each result must be in
    good: tuple[str, ...] = ()  # ids of items that answer the query: more like these
    bad: tuple[str, ...] = ()  # ids of items that do not
    top: int | None = None  # results on a page; None = the settings'
    offset: int = 0  # results to leave out first
    cursor: str = ""  # where an earlier page ended, as its result says
    min_score: float | None = None  # results below are left out
    group: bool = True  # fold near duplicates and variants under their best
    diversity: float = 0.0  # from 0 = by score alone to 1 = as different as possible
    correct: bool = True  # answer a word that is surely misspelt as the one that is meant
    explain: bool = False  # say of each hit how it was found

    def checked(self) -> Request:
        """Itself, or one clear error."""
        if not (
            self.text.strip()
            or self.without
            or self.images
            or self.like
            or self.good
            or self.filtered
        ):
            raise QueryError("the query is empty", "", "name what you are looking for")
        for text in (self.text, *self.without):
            if len(text) > MAX_QUERY:
                raise QueryError(
                    f"the query is {len(text)} characters long", f"the limit is {MAX_QUERY}"
                )
        if self.top is not None and self.top < 1:
            raise QueryError(f"top {self.top} is not positive", "", "ask for at least one result")
        if self.offset < 0:
            raise QueryError(f"offset {self.offset} is negative", "", "count from 0")
        if self.offset and self.cursor:
            raise QueryError("an offset and a cursor do not go together", "", "give one of them")
        for name, value in (("min-score", self.min_score), ("diversity", self.diversity)):
            if value is not None and not 0.0 <= value <= 1.0:
                raise QueryError(f"{name} {value} is not between 0 and 1")
        return self

    @property
    def filtered(self) -> bool:
        return bool(self.where.strip() or self.tags or self.split)
