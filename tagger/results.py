"""What is said of an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# unchanged: an earlier run wrote what this one would, so the image was not looked at again.
Status = Literal["tagged", "unchanged", "failed"]


@dataclass(frozen=True)
class TagScore:
    tag: str  # as it is shown: in the language that was asked for
    score: float
    key: str = ""  # as the catalog has it


@dataclass(frozen=True)
class CaptionMatch:
    id: str  # the item that the caption belongs to
    caption: str
    score: float


@dataclass(frozen=True)
class Nearest:
    id: str
    score: float  # cosine of the image vectors


@dataclass(frozen=True)
class LabelScore:
    value: str  # a value of the column
    score: float


@dataclass(frozen=True)
class Tagged:
    path: str
    error: str | None = None
    tags: tuple[TagScore, ...] = ()
    captions: tuple[CaptionMatch, ...] = ()
    nearest: tuple[Nearest, ...] = ()
    label: tuple[LabelScore, ...] = ()  # values of the column that was asked for, likeliest first
    status: Status = "tagged"
    content: str = ""  # SHA-256 of the file, as hex digits
    hashtags: str = ""  # a line of them, where asked for
    written: tuple[str, ...] = ()  # files that were written for it, or would be in a dry run
