"""The histograms of the data report as SVG text.

Only numbers are drawn here: bars with names are HTML (report_page.py), where every script has a
font. `Figure` and not pyplot, which keeps global state.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from itertools import cycle

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, ACCENT, GRID = "#1f2933", "#2f6f9f", "#e3e8ee"
_COLORS = (ACCENT, "#d08a2e", "#6a8f3f", "#8e5ea2")
_STYLE = {
    "svg.fonttype": "none",  # text stays text, set in the font of the page
    "svg.hashsalt": "pairdex",  # the same data gives the same file
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": "#b8c2cc",
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def histogram(
    series: Sequence[tuple[str, pd.Series]],
    label: str,
    limits: tuple[float, float] | None = None,
    bins: int = 40,
) -> str:
    """Counts of each series over one axis; the longest thousandth is gathered at the end."""
    values = [numbers.to_numpy(dtype=float) for _, numbers in series]
    together = np.concatenate(values)
    low, high = limits or (float(together.min()), float(np.quantile(together, 0.999)))
    if high <= low:
        low, high = low - 0.5, low + 0.5
    if limits is None and np.all(together == np.round(together)) and high - low < bins:
        # Whole numbers: one bar each, or the gaps between bins would look like data.
        edges = np.arange(np.floor(low) - 0.5, np.ceil(high) + 1.0)
    else:
        edges = np.linspace(low, high, bins + 1)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.6, 2.3), layout="constrained")
        axes = figure.add_subplot()
        steps: list[float] = edges.tolist()
        for (name, _), numbers, color in zip(series, values, cycle(_COLORS), strict=False):
            clipped = np.clip(numbers, edges[0], edges[-1])
            axes.hist(clipped, steps, color=color, label=name, alpha=0.75, ec="white", lw=0.4)
        if len(series) > 1:
            axes.legend(frameon=False)
        return _finish(figure, axes, label)


def sizes(width: pd.Series, height: pd.Series) -> str:
    """Width against height, each point as dark as it is frequent."""
    pairs = pd.DataFrame({"width": width, "height": height}).value_counts()
    points = pairs.index.to_frame()
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.6, 2.6), layout="constrained")
        axes = figure.add_subplot()
        area = 8 + 240 * pairs.to_numpy() / pairs.max()
        axes.scatter(points["width"], points["height"], s=area, color=ACCENT, alpha=0.55, lw=0)
        axes.set_ylabel("height, pixels")
        axes.margins(0.15)
        return _finish(figure, axes, "width, pixels")


def _finish(figure: Figure, axes: Axes, label: str) -> str:
    axes.set_xlabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=GRID)
    axes.set_axisbelow(True)
    target = io.StringIO()
    figure.savefig(target, format="svg", metadata={"Date": None}, transparent=True)
    svg = target.getvalue()
    # Inside a page an SVG needs neither prologue nor DOCTYPE, and scales to its column.
    return re.sub(r' (?:width|height)="[\d.]+pt"', "", svg[svg.index("<svg") :], count=2)
