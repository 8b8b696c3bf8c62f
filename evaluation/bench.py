"""What every stage of an evaluation is given, and what it hands back."""

from __future__ import annotations

from dataclasses import dataclass, field

from db.generations import Generation
from db.store import Store
from encoder.encoded import Encoder
from evaluation.material import Material
from evaluation.report import Confusion, Curve, Figures, TagRow
from progress import Progress
from settings import Settings


@dataclass(frozen=True)
class Bench:
    store: Store
    generation: Generation
    encoder: Encoder
    settings: Settings
    material: Material
    seed: int
    label: str  # the attribute whose classes are told apart; empty where there is none
    progress: Progress


@dataclass
class Findings:
    figures: Figures = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    tags: list[TagRow] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    confusions: list[Confusion] = field(default_factory=list)
    ranks: dict[str, list[float]] = field(default_factory=dict)

    def add(self, other: Findings) -> None:
        self.figures |= other.figures
        self.counts |= other.counts
        self.notes += other.notes
        self.tags += other.tags
        self.curves += other.curves
        self.confusions += other.confusions
        self.ranks |= other.ranks
