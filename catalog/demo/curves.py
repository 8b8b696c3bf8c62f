"""Plane geometry for the drawings: smooth outlines, ellipses, tapered tubes, placing.

All shapes are arrays of points in creature units: x to the right, y down, the creature
within about -1..1, the ground at y = 0.9. Nothing here knows about pixels.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Pairs = Sequence[tuple[float, float]]


def polygon(points: Pairs) -> Points:
    """The corners as they are, for shapes with hard edges."""
    return np.asarray(points, dtype=np.float64)


@lru_cache(maxsize=16)
def _catmull_rom(samples: int) -> Points:
    """Weights (samples, 4) of four neighbouring knots along one span."""
    t = np.linspace(0.0, 1.0, samples, endpoint=False)[:, None]
    weights = np.hstack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2]
    )
    return np.asarray(0.5 * weights, dtype=np.float64)


def smooth(knots: Pairs | Points, samples: int = 7, *, closed: bool = True) -> Points:
    """A Catmull-Rom curve through the knots (through both ends, if it is open)."""
    points = np.asarray(knots, dtype=np.float64)
    if closed:
        padded = np.vstack([points[-1:], points, points[:2]])
    else:
        padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    spans = np.stack([padded[i : len(padded) - 3 + i] for i in range(4)], axis=1)
    curve = np.einsum("sk,nkd->nsd", _catmull_rom(samples), spans).reshape(-1, 2)
    return curve if closed else np.vstack([curve, points[-1:]])


def arc(
    cx: float, cy: float, rx: float, ry: float, start: float, stop: float, samples: int = 20
) -> Points:
    """An open piece of an ellipse; degrees, clockwise on the screen, 0 to the right."""
    angle = np.radians(np.linspace(start, stop, samples))
    return np.stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)], axis=1)


def ellipse(
    cx: float, cy: float, rx: float, ry: float | None = None, turn: float = 0.0, samples: int = 36
) -> Points:
    """A whole ellipse, turned about its own centre (a circle without ry)."""
    ring = arc(0.0, 0.0, rx, rx if ry is None else ry, 0.0, 360.0 - 360.0 / samples, samples)
    return placed(ring, cx, cy, turn)


def tube(path: Pairs, widths: Sequence[float], samples: int = 7) -> Points:
    """The outline of a limb: a smooth path with a half-width at each knot and round ends."""
    spine = smooth(path, samples, closed=False)
    at = np.linspace(0.0, len(path) - 1.0, len(spine))
    half = np.interp(at, np.arange(len(path), dtype=np.float64), widths)[:, None]
    along = np.gradient(spine, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    start = _cap(spine[0], -along[0], float(half[0, 0]))
    end = _cap(spine[-1], along[-1], float(half[-1, 0]))
    return np.vstack([spine + normal * half, end, (spine - normal * half)[::-1], start])


def _cap(centre: Points, outward: Points, radius: float) -> Points:
    """The inner points of the half circle that closes a tube (nothing for a pointed end)."""
    facing = np.degrees(np.arctan2(outward[1], outward[0]))
    # From the left side of the direction of travel, over the front, to the right side.
    return arc(
        float(centre[0]), float(centre[1]), radius, radius, facing + 70, facing - 70, 7
    ).astype(np.float64)


def star(points: int, outer: float, inner: float) -> Points:
    """A star (or, with many points, a gear) about the origin, one tip straight up."""
    angle = np.radians(np.arange(2 * points) * 180.0 / points - 90.0)
    radius = np.where(np.arange(2 * points) % 2 == 0, outer, inner)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def spiral(turns: float, radius: float, samples: int = 40) -> Points:
    """An open Archimedean spiral from the origin outwards."""
    angle = np.linspace(0.0, 2 * np.pi * turns, samples)
    reach = radius * np.linspace(0.0, 1.0, samples)
    return np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=1)


def placed(
    points: Points, x: float, y: float, turn: float = 0.0, scale: float = 1.0, flip: bool = False
) -> Points:
    """The shape mirrored if asked, then scaled, turned (degrees, clockwise) and moved."""
    angle = np.radians(turn)
    across = np.array([np.cos(angle), np.sin(angle)]) * (-scale if flip else scale)
    down = np.array([-np.sin(angle), np.cos(angle)]) * scale
    moved = points[:, :1] * across + points[:, 1:] * down + np.array([x, y])
    return np.asarray(moved, dtype=np.float64)
