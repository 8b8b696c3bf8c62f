"""The histograms of the data report as SVG text.

Bars with names are HTML (report_page.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import numpy as np
import pandas as pd

from plots import ACCENT, COLORS, as_svg, drawing, finish


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
    with drawing(4.6, 2.3) as figure:
        axes = figure.add_subplot()
        steps: list[float] = edges.tolist()
        for (name, _), numbers, color in zip(series, values, cycle(COLORS), strict=False):
            clipped = np.clip(numbers, edges[0], edges[-1])
            axes.hist(clipped, steps, color=color, label=name, alpha=0.75, ec="white", lw=0.4)
        if len(series) > 1:
            axes.legend(frameon=False)
        finish(axes, label)
        return as_svg(figure)


def sizes(width: pd.Series, height: pd.Series) -> str:
    """Width against height, each point as dark as it is frequent."""
    pairs = pd.DataFrame({"width": width, "height": height}).value_counts()
    points = pairs.index.to_frame()
    with drawing(4.6, 2.6) as figure:
        axes = figure.add_subplot()
        area = 8 + 240 * pairs.to_numpy() / pairs.max()
        axes.scatter(points["width"], points["height"], s=area, color=ACCENT, alpha=0.55, lw=0)
        axes.set_ylabel("height, pixels")
        axes.margins(0.15)
        finish(axes, "width, pixels")
        return as_svg(figure)
