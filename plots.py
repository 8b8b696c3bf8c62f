"""How diagrams look and how they get into a page or a file: the one owner of matplotlib.

`Figure` and not pyplot, which keeps global state. Only numbers are drawn: names of a catalog are
HTML, where every script has a font.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

ACCENT = "#2f6f9f"
COLORS = (ACCENT, "#d08a2e", "#6a8f3f", "#8e5ea2")
GUIDE = "#9aa5b1"  # of lines to compare with
_INK, _EDGE, _GRID = "#1f2933", "#b8c2cc", "#e3e8ee"
_STYLE = {
    "svg.fonttype": "none",  # text stays text, set in the font of the page
    "svg.hashsalt": "pairdex",  # the same figures give the same file
    "font.size": 9,
    "text.color": _INK,
    "axes.edgecolor": _EDGE,
    "axes.labelcolor": _INK,
    "axes.titlesize": 9,
    "xtick.color": _INK,
    "ytick.color": _INK,
}
# Each colour by a name, so that a page with a dark side can give it another: `--plot-ink` …
_NAMED = {_INK: "ink", _EDGE: "edge", _GRID: "grid", GUIDE: "guide"} | {
    color: f"{number}" for number, color in enumerate(COLORS)
}
_COLOR = re.compile("|".join(_NAMED))


@contextmanager
def drawing(width: float, height: float) -> Iterator[Figure]:
    """An empty drawing of so many inches; draw on it and write it out inside the block."""
    with mpl.rc_context(_STYLE):
        yield Figure(figsize=(width, height), layout="constrained")


def finish(axes: Axes, label: str) -> None:
    """What all diagrams share: the label below, a quiet frame, lines to read heights by."""
    axes.set_xlabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=_GRID)
    axes.set_axisbelow(True)


def whole_numbers(axes: Axes) -> None:
    """No ticks between one epoch and the next."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def as_svg(figure: Figure) -> str:
    """The drawing for inside a page."""
    target = io.StringIO()
    figure.savefig(target, format="svg", metadata={"Date": None}, transparent=True)
    svg = target.getvalue()
    svg = _COLOR.sub(lambda found: f"var(--plot-{_NAMED[found[0]]},{found[0]})", svg)
    # Inside a page an SVG needs neither prologue nor DOCTYPE, and scales to its column.
    return re.sub(r' (?:width|height)="[\d.]+pt"', "", svg[svg.index("<svg") :], count=2)


def as_png(figure: Figure) -> bytes:
    """The drawing as a file of its own, on white."""
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=150, facecolor="white", metadata={"Software": None})
    return target.getvalue()
