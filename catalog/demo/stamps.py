"""Small drawings that grow on a creature or float around it, and how they are put down.

A stamp is written about the origin with its foot at (0, 0), growing upwards to about
y = -0.4; a spot on the body turns, scales and places it.
"""

from dataclasses import dataclass

import numpy as np

from catalog.demo.curves import Points, placed
from catalog.demo.easel import Easel
from catalog.demo.figures import Spot
from catalog.demo.palettes import Ramp


@dataclass(frozen=True, slots=True)
class Layer:
    """One outline of a stamp; `open` makes it a stroke in the ramp's base colour."""

    points: Points
    ramp: Ramp
    line: float = 8.0
    open: bool = False
    shaded: bool = False


Stamp = tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """What an element adds to a creature."""

    crest: Stamp
    back: Stamp
    tail: Stamp
    floats: tuple[Stamp, ...]
    aura: Stamp = ()
    """Painted behind the creature, about its middle, in creature units."""


def body(points: Points, ramp: Ramp, line: float = 8.0) -> Layer:
    """The contoured, shaded ground of a stamp."""
    return Layer(points, ramp, line, shaded=True)


def inner(points: Points, ramp: Ramp) -> Layer:
    """A detail inside a stamp: no contour."""
    return Layer(points, ramp, 0.0)


def stroke(points: Points, ramp: Ramp, width: float) -> Layer:
    """A line in the base colour."""
    return Layer(points, ramp, width, open=True)


def moved(stamp: Stamp, x: float, y: float, turn: float = 0.0, scale: float = 1.0) -> Stamp:
    """The same stamp elsewhere, to build bigger ones from it."""
    return tuple(
        Layer(
            placed(layer.points, x, y, turn, scale),
            layer.ramp,
            layer.line,
            layer.open,
            layer.shaded,
        )
        for layer in stamp
    )


def put(easel: Easel, stamp: Stamp, spot: Spot) -> None:
    """Draws a stamp at a spot, all its points in one go."""
    if not stamp:
        return
    joined = np.concatenate([layer.points for layer in stamp])
    pixels = easel.pixels(placed(joined, spot.x, spot.y, spot.turn, spot.scale))
    start = 0
    for layer in stamp:
        points = pixels[start : start + len(layer.points)]
        start += len(layer.points)
        if layer.open:
            easel.ink_stroke(points, layer.ramp.base, layer.line)
        else:
            easel.ink_shape([points], layer.ramp, line=layer.line, shaded=layer.shaded)


def lined(points: Points, ramp: Ramp, width: float) -> Stamp:
    """A line with a contour of its own: a wide dark stroke under a narrower bright one."""
    under = Ramp(ramp.line, ramp.line, ramp.line, ramp.line, ramp.line, ramp.line)
    return stroke(points, under, width + 14), stroke(points, ramp, width)
