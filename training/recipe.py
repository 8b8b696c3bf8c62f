"""How a model is trained: every knob of the `[training]` section, and the pairs it learns from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from settings import TrainingSettings, load_settings


@dataclass(frozen=True)
class Pair:
    """One item of the catalog: an image, what is said about it, and the tags it bears."""

    id: str
    image: Path
    captions: tuple[tuple[str, str], ...]  # (language, text)
    tags: tuple[str, ...] = ()
    split: str = "train"  # train, val or test; test is never read by training


# Every knob and its default is in config.toml; docs/model.md has the table of what each does.
Recipe = TrainingSettings


def shipped(**changes: Any) -> Recipe:
    """The recipe of config.toml, with changes."""
    return msgspec.structs.replace(load_settings(environment={}).training, **changes)


@dataclass(frozen=True)
class Epoch:
    """One line of the training's history, in the order in which it happened."""

    stage: str  # heads or finetune
    number: int
    figures: dict[str, float] = field(default_factory=dict)


# Told of each epoch as it ends; a resumed training first tells of those that it need not repeat.
OnEpoch = Callable[[Epoch], None]


def unwatched(_epoch: Epoch) -> None:
    """For a caller that waits for the end."""
