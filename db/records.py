"""The plain values that cross the border of db/: no session, no lazy loading."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

import msgspec

Split = Literal["train", "val", "test"]
AttributeKind = Literal["number", "date", "text", "list"]
AttributeValue = str | float | list[str]


@dataclass(frozen=True, slots=True)
class CaptionRecord:
    text: str
    language: str
    id: int = 0  # given by the database


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What decoding an image once tells about it."""

    content_hash: str
    perceptual_hash: str
    bytes: int
    mtime_ns: int
    width: int
    height: int
    format: str
    brightness: float
    contrast: float


@dataclass(frozen=True, slots=True)
class ItemRecord:
    key: str
    image: str  # absolute path
    captions: tuple[CaptionRecord, ...]
    tags: tuple[str, ...]
    split: Split
    facts: ImageFacts
    name: str = ""
    attributes: dict[str, AttributeValue] = field(default_factory=dict)
    kinds: dict[str, AttributeKind] = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True, slots=True)
class IndexRecord:
    """What the index job needs of an item: a hundred thousand of them are read at every build."""

    id: int
    image: str
    content_hash: str
    bytes: int
    mtime_ns: int
    perceptual_hash: str
    name: str
    words: str  # digest of name, captions and tags
    captions: tuple[tuple[int, str], ...]  # (id, text)


@dataclass(frozen=True, slots=True)
class WordsRecord:
    """What exact words are sought in."""

    name: str
    captions: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Equal where the words are; the order of tags says nothing."""
        parts = msgspec.json.encode((self.name, self.captions, sorted(self.tags)))
        return hashlib.blake2b(parts, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class ProblemRecord:
    row: int
    key: str
    code: str
    detail: str
    kept: bool = False


@dataclass(frozen=True, slots=True)
class RunRecord:
    kind: str
    started: str
    finished: str | None
    summary: dict[str, object]
