"""What the page of a comparison draws: accuracy bars, learning curves, confusion matrices.

Names of classes are HTML, where every script has a font; only numbers are drawn.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from evaluation.page_parts import number, text
from plots import COLORS, GUIDE, as_svg, drawing, finish, whole_numbers
from training.compare_report import Comparison, Trained

_COUNTED = 12  # up to so many classes each cell shows its count
_CELL = 12  # pixels, the line height of the names beside the picture


def bars(of: Comparison) -> str:
    """Accuracy of each backbone with its interval, and the line that a guess reaches."""
    guess = of.baselines[0].figures.accuracy.value
    rows = []
    for row in of.backbones:
        found = row.figures.accuracy
        kind = "" if row.pretrained else " class=scratch"
        rows.append(
            f"<span>{text(row.plan.backbone)}</span><span class=line>"
            f'<i{kind} style="width:{100 * found.value:.1f}%"></i>'
            f'<u style="left:{100 * found.low:.1f}%;width:{100 * (found.high - found.low):.1f}%">'
            f'</u><s style="left:{100 * guess:.1f}%"></s></span><span>{number(found.value)}</span>'
        )
    return f'<div class="whiskers">{"".join(rows)}</div>'


def learning_curve(row: Trained) -> str:
    """Loss and accuracy by epoch; the kept epoch is marked."""
    epochs = [one.epoch for one in row.curve]
    with drawing(5.6, 2.5) as figure:
        for place, what in enumerate(("loss", "accuracy")):
            axes = figure.add_subplot(1, 2, place + 1)
            for split, color in zip(("train", "val"), COLORS, strict=False):
                name = what if split == "train" else f"val_{what}"
                values = [getattr(one, name) for one in row.curve]
                if None not in values:
                    axes.plot(epochs, values, "o-", color=color, label=split, ms=3, lw=1.2)
            axes.axvline(row.kept_epoch, color=GUIDE, lw=1, ls="--")
            axes.set_title(what)
            axes.legend(frameon=False)
            finish(axes, "epoch")
            whole_numbers(axes)
        return as_svg(figure)


def matrix(classes: Sequence[str], row: Trained) -> str:
    """Each row as shares of its class: rare classes are as visible as frequent ones."""
    counts = np.asarray(row.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    if len(classes) <= _COUNTED:
        return _counted(classes, row.confusion, shares)
    names = "".join(f"<div>{text(name[:28])}</div>" for name in classes)
    side = _CELL * len(classes)
    return (
        f'<div class="heat"><div>{names}</div><img alt="confusion matrix" width={side} '
        f'height={side} src="data:image/png;base64,{_picture(shares)}"></div>'
        "<p class=note>Columns stand in the order of the rows.</p>"
    )


def _counted(classes: Sequence[str], counts: list[list[int]], shares: np.ndarray) -> str:
    head = "".join(f"<th>{text(name[:14])}</th>" for name in classes)
    rows = "".join(
        f"<tr><th>{text(name[:28])}</th>"
        + "".join(
            f'<td style="background:rgba(47,111,159,{0.05 + 0.75 * share:.2f})">{count}</td>'
            for count, share in zip(line, line_shares, strict=True)
        )
        + "</tr>"
        for name, line, line_shares in zip(classes, counts, shares.tolist(), strict=True)
    )
    return f'<div class="scroll"><table class="counts"><tr><th></th>{head}</tr>{rows}</table></div>'


def _picture(shares: np.ndarray) -> str:
    ground, ink = np.array([245, 247, 249.0]), np.array([20, 70, 120.0])
    # The root makes a tenth of a class visible.
    pixels = ground + np.sqrt(shares)[..., None] * (ink - ground)
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")
