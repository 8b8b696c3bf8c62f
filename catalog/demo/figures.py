"""The vocabulary in which a body plan is written down: groups of outlines and named spots."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.demo.curves import Points


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on a body where something can grow: `turn` 0 points up, 90 to the right."""

    x: float
    y: float
    turn: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Group:
    """Outlines that melt into one silhouette, made of one material."""

    outlines: tuple[Points, ...]
    material: str = "body"
    patterned: bool = False
    line: float = 10.0
    open: bool = False
    """Open groups are strokes of width `line` in the material's contour colour."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A body plan facing right: what to paint, in order, and where parts attach."""

    groups: tuple[Group, ...]
    eyes: tuple[Spot, ...]
    mouth: Spot
    crest: Spot
    horns: tuple[Spot, Spot]
    back: tuple[Spot, ...]
    tail: Spot
    wing: Spot
    floating: bool = False
    muzzle: str = "smile"
    """The mouth to draw: smile, cat, wide or none (a beak is a group of its own)."""


def solid(
    *outlines: Points, material: str = "body", patterned: bool = False, line: float = 10.0
) -> Group:
    """A filled group."""
    return Group(outlines, material, patterned, line)


def skin(*outlines: Points) -> Group:
    """The main body: carries the creature's colour and its pattern."""
    return Group(outlines, "body", patterned=True)


def lines(*paths: Points, material: str = "body", width: float = 7.0) -> Group:
    """Open strokes."""
    return Group(paths, material, line=width, open=True)


def spots(rows: Sequence[tuple[float, float, float, float]]) -> tuple[Spot, ...]:
    """Several spots at once."""
    return tuple(Spot(*row) for row in rows)
