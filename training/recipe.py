"""How a model is trained: every knob of the `[training]` section, and the pairs it learns from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Pair:
    """One item of the catalog: an image, what is said about it, and the tags it bears."""

    id: str
    image: Path
    captions: tuple[tuple[str, str], ...]  # (language, text)
    tags: tuple[str, ...] = ()
    split: str = "train"  # train, val or test; test is never read by training


@dataclass(frozen=True)
class Recipe:
    """The defaults are what helped on validation; docs/model.md has the table of what each does."""

    seed: int = 12345
    # Stage one: heads on cached features.
    epochs: int = 40
    patience: int = 40
    batch: int = 32
    extra_images: int = 192
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    views: int = 4
    # Stage two: the backbone as well.
    finetune: bool = False
    finetune_epochs: int = 12
    finetune_batch: int = 32
    finetune_learning_rate: float = 2e-4
    # Augmentation of the views.
    flip: bool = True
    rotation: float = 0.1
    zoom: float = 0.1
    shift: float = 0.1
    # Tags.
    min_tag_items: int = 8
    max_tags: int = 200
    tag_weight: float = 1.0
    focal: float = 0.0
    balance: float = 0.5
    precision: float = 0.5
    # Captions.
    made_up: bool = True
    word_dropout: float = 0.1
    # Matching.
    match_weight: float = 0.5
    mined: float = 0.5
    contrast_weight: float = 0.5
    contrast_temperature: float = 0.1
    dropout: float = 0.3


@dataclass(frozen=True)
class Epoch:
    """One line of the training's history, in the order in which it happened."""

    stage: str  # heads or finetune
    number: int
    figures: dict[str, float] = field(default_factory=dict)
