"""What an evaluation says: named figures with intervals, sentences, and what its page draws."""

from __future__ import annotations

import msgspec

SCHEMA = "pairdex.evaluate.v1"


class Figure(msgspec.Struct, frozen=True):
    """A value and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


Figures = dict[str, Figure]


class TagRow(msgspec.Struct, frozen=True):
    """One tag on the images of the split."""

    tag: str
    items: int  # of the split that bear it
    prevalence: float  # what a guess would have as average precision
    average_precision: float
    threshold: float
    precision: float
    recall: float
    f1: float


class Curve(msgspec.Struct, frozen=True):
    """A reliability diagram: what was promised, what came true, how many scores, by bin."""

    name: str
    promised: list[float]
    came_true: list[float]
    counts: list[int]


class Confusion(msgspec.Struct, frozen=True):
    """Pairs by truth and verdict; negatives are weighted so that both kinds count the same."""

    name: str
    true_negative: float
    false_positive: float
    false_negative: float
    true_positive: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    schema: str = SCHEMA
    split: str
    n: int  # items of the split that were judged
    seed: int
    generation: str
    fingerprint: str
    label: str  # the attribute of the label figures; empty where the catalog has none
    counts: dict[str, int]  # queries or pairs behind each family of figures
    figures: Figures
    notes: list[str]  # what the figures say in words, and what could not be judged
    tags: list[TagRow]
    curves: list[Curve]
    confusions: list[Confusion]
    ranks: dict[str, list[float]]  # system → rank of the own image per query, split gallery
