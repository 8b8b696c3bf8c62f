"""What a search answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from db.records import AttributeValue

SCHEMA = "pairdex.search.v1"  # of a result as JSON


@dataclass(frozen=True)
class Explanation:
    """How one hit came to its place."""

    shortlist_rank: int  # among all candidates, before they were judged
    head: float  # probability by the match head and the shared space: the image alone
    text: float  # probability by the words alone that the item holds
    similarity: float  # cosine between query and image
    caption_similarity: float  # cosine between query and the nearest caption; -1 without captions
    coverage: float  # share of the query's words that the item holds, rare ones counting more
    words: tuple[str, ...]  # of the query that the item holds


@dataclass(frozen=True)
class Member:
    """An item folded under a hit: a near duplicate or a variant of it."""

    id: str
    name: str
    image: str
    score: float
    why: str  # "same picture", "same vector" …


@dataclass(frozen=True)
class Hit:
    rank: int
    id: str  # the catalog's own id
    name: str
    image: str
    caption: str
    score: float  # calibrated probability that the item answers the query
    tags: tuple[str, ...]
    attributes: dict[str, AttributeValue]
    channels: Mapping[str, int] = field(default_factory=dict)  # which found it → its rank there
    group: tuple[Member, ...] = ()
    explanation: Explanation | None = None


@dataclass(frozen=True)
class SearchResult:
    query: str
    generation: str
    took_ms: float
    no_match: bool  # nothing reaches the threshold: the results are only the nearest
    results: tuple[Hit, ...]
    threshold: float = 0.0  # the score from which an item is said to match
    cursor: str = ""  # asks for the next page of this generation; empty on the last
    candidates: int = 0  # items that were judged
    unknown: tuple[str, ...] = ()  # words that neither the model nor the catalog has seen
    corrected: str = ""  # the query that was answered, where a word of it was surely misspelt
    suggestion: str = ""  # the query as it may have been meant
    notes: tuple[str, ...] = field(default_factory=tuple)  # what else a user should know
    nearest: tuple[Hit, ...] = ()  # where a min-score leaves nothing: what would have come first
