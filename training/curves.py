"""The curves of a training: loss, accuracy, and how well held-out items are found and tagged."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, groupby
from pathlib import Path
from typing import Any

from db.home import writing
from plots import COLORS, GUIDE, as_png, as_svg, drawing, finish, whole_numbers
from training.recipe import Epoch

STAGES = {"heads": "Heads, on cached features", "finetune": "Fine-tuning, backbone included"}
DIAGRAMS = {
    "loss": "loss while learning",
    "accuracy": "accuracy of the match head while learning",
    "recall": "held-out items: recall, MRR, mAP",
}


def by_stage(epochs: Sequence[Epoch]) -> dict[str, list[Epoch]]:
    return {stage: list(some) for stage, some in groupby(epochs, lambda epoch: epoch.stage)}


def kept(epochs: Sequence[Epoch]) -> Epoch:
    """The epoch of a stage whose weights were kept: the first of the best score."""
    return max(epochs, key=lambda epoch: epoch.figures.get("score", 0.0))


def as_page_parts(epochs: Sequence[Epoch]) -> list[tuple[str, str]]:
    """(title, SVG) of each diagram of one stage."""
    parts = []
    for name, title in DIAGRAMS.items():
        with drawing(4.0, 2.7) as figure:
            if _draw(figure, name, epochs):
                parts.append((title, as_svg(figure)))
    return parts


def write_pngs(epochs: Sequence[Epoch], folder: Path) -> list[Path]:
    """`heads-loss.png` and so on; returns what was written."""
    written = []
    for stage, some in by_stage(epochs).items():
        for name, title in DIAGRAMS.items():
            with drawing(5.6, 3.6) as figure:
                figure.suptitle(f"{STAGES.get(stage, stage)} – {title}", fontsize=10)
                if not _draw(figure, name, some):
                    continue
                file = folder / f"{stage}-{name}.png"
                with writing(file):
                    folder.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(as_png(figure))
                written.append(file)
    return written


def _draw(figure: Any, name: str, epochs: Sequence[Epoch]) -> bool:
    """One diagram, and whether there was anything to draw."""
    figures = [key for key in epochs[-1].figures if diagram_of(key) == name]
    if not figures:
        return False
    axes = figure.add_subplot()
    numbers = [epoch.number for epoch in epochs]
    for key, color in zip(figures, cycle(COLORS), strict=False):
        values = [epoch.figures.get(key, float("nan")) for epoch in epochs]
        label = key.removeprefix("val_")
        axes.plot(numbers, values, "o-", color=color, label=label, ms=2.5, lw=1.3)
    axes.axvline(kept(epochs).number, color=GUIDE, lw=1, ls="--")
    # Above the lines and never over them: they may fill the height.
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderpad=0)
    finish(axes, "epoch")
    whole_numbers(axes)
    return True


def diagram_of(figure: str) -> str | None:
    """Which diagram shows a figure of an epoch; `score` only chooses between epochs."""
    if figure.startswith("val_"):
        return "recall"
    if figure == "accuracy":
        return "accuracy"
    return None if figure == "score" else "loss"
