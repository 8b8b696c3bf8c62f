"""The diagrams of an evaluation as SVG text, for the page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluation.report import Curve
from plots import COLORS, GUIDE, as_svg, drawing, finish


def reliability(curves: Sequence[Curve]) -> str:
    """What scores promised against what came true; on the dashed line they are honest."""
    with drawing(4.2, 3.2) as figure:
        axes = figure.add_subplot()
        # Where one in a hundred is right, all that matters lies in a corner: show that corner.
        top = max([0.05, *(v for c in curves for v in (*c.promised, *c.came_true))]) * 1.06
        axes.plot([0, top], [0, top], color=GUIDE, lw=1, ls="--")
        for curve, color in zip(curves, COLORS, strict=False):
            axes.plot(
                curve.promised, curve.came_true, "o-", color=color, label=curve.name, ms=4, lw=1.2
            )
        axes.set_xlim(0, top)
        axes.set_ylim(0, top)
        axes.set_ylabel("came true")
        axes.legend(frameon=False, loc="upper left")
        finish(axes, "score")
        return as_svg(figure)


def ranks(series: Sequence[tuple[str, Sequence[float]]], size: int) -> str:
    """How many queries found their own at which rank."""
    with drawing(4.2, 3.2) as figure:
        axes = figure.add_subplot()
        edges = np.linspace(0.5, size + 0.5, min(size, 20) + 1)
        for (name, values), color in zip(series, COLORS, strict=False):
            axes.hist(
                values, edges.tolist(), color=color, label=name, alpha=0.6, ec="white", lw=0.4
            )
        axes.set_ylabel("queries")
        axes.legend(frameon=False)
        finish(axes, "rank of the right one")
        return as_svg(figure)
