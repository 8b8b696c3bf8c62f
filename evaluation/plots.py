"""The diagrams of an evaluation as SVG text, for the page."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from evaluation.report import Curve

INK, GRID = "#1f2933", "#e3e8ee"
COLORS = ("#2f6f9f", "#d08a2e", "#6a8f3f")
STYLE = {
    "svg.fonttype": "none",  # text stays text, set in the font of the page
    "svg.hashsalt": "pairdex",  # the same figures give the same file
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": "#b8c2cc",
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def reliability(curves: Sequence[Curve]) -> str:
    """What scores promised against what came true; on the dashed line they are honest."""
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(4.2, 3.2), layout="constrained")
        axes = canvas.add_subplot()
        # Where one in a hundred is right, all that matters lies in a corner: show that corner.
        top = max([0.05, *(v for c in curves for v in (*c.promised, *c.came_true))]) * 1.06
        axes.plot([0, top], [0, top], color="#9aa5b1", lw=1, ls="--")
        for curve, color in zip(curves, COLORS, strict=False):
            axes.plot(
                curve.promised, curve.came_true, "o-", color=color, label=curve.name, ms=4, lw=1.2
            )
        axes.set_xlim(0, top)
        axes.set_ylim(0, top)
        axes.set_ylabel("came true")
        axes.legend(frameon=False, loc="upper left")
        return _finish(canvas, axes, "score")


def ranks(series: Sequence[tuple[str, Sequence[float]]], size: int) -> str:
    """How many queries found their own at which rank."""
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(4.2, 3.2), layout="constrained")
        axes = canvas.add_subplot()
        edges = np.linspace(0.5, size + 0.5, min(size, 20) + 1)
        for (name, values), color in zip(series, COLORS, strict=False):
            axes.hist(
                values, edges.tolist(), color=color, label=name, alpha=0.6, ec="white", lw=0.4
            )
        axes.set_ylabel("queries")
        axes.legend(frameon=False)
        return _finish(canvas, axes, "rank of the right one")


def _finish(canvas: Canvas, axes: Axes, label: str) -> str:
    axes.set_xlabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=GRID)
    axes.set_axisbelow(True)
    return as_svg(canvas)


def as_svg(canvas: Canvas) -> str:
    """A drawing as SVG for inside a page."""
    target = io.StringIO()
    canvas.savefig(target, format="svg", metadata={"Date": None}, transparent=True)
    svg = target.getvalue()
    # Inside a page an SVG needs neither prologue nor DOCTYPE, and scales to its column.
    return re.sub(r' (?:width|height)="[\d.]+pt"', "", svg[svg.index("<svg") :], count=2)
