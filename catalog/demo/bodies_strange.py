"""Body plans without bones: beetle, crab, jellyfish, snail, plant, mushroom."""

import numpy as np

from catalog.demo.curves import Points, arc, ellipse, placed, polygon, smooth, spiral, tube
from catalog.demo.figures import Figure, Spot, lines, skin, solid, spots

MIRROR = np.array([-1.0, 1.0])


def both(points: Points) -> tuple[Points, Points]:
    """A shape and its mirror image."""
    return points, points * MIRROR


def beetle() -> Figure:
    """Seen from above: two wing cases, six jointed legs, feelers and jaws."""
    legs = [
        *both(smooth([(-0.42, -0.16), (-0.78, -0.34), (-0.92, -0.14)], closed=False)),
        *both(smooth([(-0.50, 0.18), (-0.84, 0.12), (-1.00, 0.34)], closed=False)),
        *both(smooth([(-0.46, 0.48), (-0.74, 0.58), (-0.82, 0.84)], closed=False)),
    ]
    return Figure(
        groups=(
            lines(*legs, width=24),
            lines(*both(smooth([(-0.14, -0.72), (-0.26, -0.94), (-0.46, -1.00)], closed=False)),
                  width=12),
            solid(*both(smooth([(-0.10, -0.72), (-0.24, -0.84), (-0.16, -0.98), (-0.04, -0.88)])),
                  material="bone"),
            solid(smooth([(-0.36, -0.46), (-0.28, -0.76), (0.00, -0.84), (0.28, -0.76),
                          (0.36, -0.46), (0.00, -0.30)]), material="body"),
            skin(smooth([(0.00, -0.40), (0.38, -0.32), (0.60, 0.04), (0.56, 0.48), (0.30, 0.80),
                         (0.00, 0.90), (-0.30, 0.80), (-0.56, 0.48), (-0.60, 0.04),
                         (-0.38, -0.32)])),
            lines(polygon([(0.00, -0.30), (0.00, 0.88)]), arc(0, -0.56, 0.52, 0.36, 35, 145),
                  width=9),
        ),
        eyes=spots([(0.17, -0.58, 0, 0.85), (-0.17, -0.58, 0, 0.85)]),
        mouth=Spot(0.0, -0.43, 0, 0.7),
        crest=Spot(0.0, -0.80, 0, 0.85),
        horns=(Spot(-0.24, -0.74, -30, 0.8), Spot(0.24, -0.74, 30, 0.8)),
        back=spots([(-0.30, 0.12, -22, 0.85), (0.30, 0.12, 22, 0.85), (0.00, 0.56, 0, 0.8)]),
        tail=Spot(0.0, 0.84, 180, 0.5),
        wing=Spot(-0.34, 0.02, -24, 1.1),
    )  # fmt: skip


def crab() -> Figure:
    """A wide shell on six legs, eyes on stalks, two raised claws."""
    claw = smooth([(-0.66, -0.26), (-0.98, -0.28), (-1.10, -0.56), (-0.98, -0.84), (-0.80, -0.92),
                   (-0.88, -0.62), (-0.76, -0.60), (-0.66, -0.88), (-0.52, -0.66),
                   (-0.52, -0.40)])  # fmt: skip
    legs = [
        *both(smooth([(-0.48, 0.40), (-0.84, 0.36), (-1.00, 0.62)], closed=False)),
        *both(smooth([(-0.44, 0.52), (-0.72, 0.56), (-0.82, 0.82)], closed=False)),
        *both(smooth([(-0.34, 0.60), (-0.50, 0.70), (-0.54, 0.90)], closed=False)),
    ]
    return Figure(
        groups=(
            lines(*legs, width=26),
            solid(*both(tube([(-0.52, 0.24), (-0.80, 0.08), (-0.76, -0.30)], [0.10, 0.09, 0.10])),
                  *both(claw)),
            lines(*both(polygon([(-0.20, -0.10), (-0.22, -0.40)])), width=20),
            skin(smooth([(0.00, -0.18), (0.40, -0.14), (0.66, 0.08), (0.70, 0.36), (0.46, 0.62),
                         (0.00, 0.70), (-0.46, 0.62), (-0.70, 0.36), (-0.66, 0.08),
                         (-0.40, -0.14)])),
            solid(smooth([(-0.44, 0.50), (0.00, 0.46), (0.44, 0.50), (0.30, 0.62), (0.00, 0.66),
                          (-0.30, 0.62)]), material="belly", line=0),
            solid(*both(ellipse(-0.23, -0.44, 0.17))),
        ),
        eyes=spots([(0.24, -0.45, 0, 0.95), (-0.22, -0.45, 0, 0.95)]),
        mouth=Spot(0.0, 0.22, 0, 1.1),
        crest=Spot(0.0, -0.16, 0, 0.8),
        horns=(Spot(-0.44, -0.10, -34, 0.7), Spot(0.44, -0.10, 34, 0.7)),
        back=spots([(-0.62, 0.04, -52, 0.7), (-0.10, -0.16, -12, 0.55), (0.62, 0.04, 52, 0.7)]),
        tail=Spot(-0.92, -0.86, -10, 0.8),
        wing=Spot(-0.44, 0.08, -14, 0.95),
    )  # fmt: skip


def jellyfish() -> Figure:
    """A bell with a frilled edge over long waving tentacles."""
    arms = [
        tube([(x, 0.10), (x - 0.09, 0.34), (x + 0.08, 0.58), (x - 0.05, 0.80 + deeper)],
             [0.075, 0.07, 0.055, 0.025])
        for x, deeper in ((-0.44, 0.00), (-0.22, 0.12), (0.02, 0.06), (0.26, 0.14), (0.46, 0.00))
    ]  # fmt: skip
    frill = [ellipse(x, 0.14, 0.14, 0.10) for x in (-0.50, -0.25, 0.0, 0.25, 0.50)]
    return Figure(
        groups=(
            solid(*arms, material="deep"),
            solid(*frill, material="belly"),
            skin(smooth([(0.00, -0.84), (0.42, -0.72), (0.66, -0.36), (0.68, 0.06), (0.34, 0.12),
                         (0.00, 0.14), (-0.34, 0.12), (-0.68, 0.06), (-0.66, -0.36),
                         (-0.42, -0.72)])),
        ),
        eyes=spots([(0.26, -0.28, 0, 1.0), (-0.22, -0.28, 0, 1.0)]),
        mouth=Spot(0.02, -0.06, 0, 0.85),
        crest=Spot(0.0, -0.82, 0, 1.0),
        horns=(Spot(-0.36, -0.72, -30, 0.85), Spot(0.36, -0.72, 30, 0.85)),
        back=spots([(-0.58, -0.50, -54, 0.85), (-0.22, -0.80, -16, 0.6), (0.58, -0.50, 54, 0.85)]),
        tail=Spot(0.04, 0.76, 180, 0.6),
        wing=Spot(-0.44, -0.10, -20, 1.0),
        floating=True,
    )  # fmt: skip


def snail() -> Figure:
    """A spiral shell on a long soft foot, eyes on stalks."""
    coil = placed(spiral(2.4, 0.46), -0.26, 0.10, 60)
    return Figure(
        groups=(
            lines(polygon([(0.50, 0.10), (0.40, -0.40)]), polygon([(0.70, 0.10), (0.80, -0.38)]),
                  width=24),
            solid(
                smooth([(-1.04, 0.88), (-0.70, 0.62), (-0.10, 0.54), (0.32, 0.46), (0.36, 0.06),
                        (0.60, -0.10), (0.84, 0.06), (0.88, 0.42), (0.74, 0.78), (0.46, 0.89),
                        (-0.30, 0.90)]),
                ellipse(0.39, -0.44, 0.17), ellipse(0.81, -0.42, 0.15),
            ),
            solid(smooth([(0.82, 0.50), (0.72, 0.76), (0.44, 0.87), (-0.30, 0.88), (-0.90, 0.87),
                          (-0.20, 0.78), (0.40, 0.72)]), material="belly", line=0),
            skin(smooth([(-0.26, -0.58), (0.14, -0.42), (0.34, -0.04), (0.26, 0.38), (-0.06, 0.64),
                         (-0.50, 0.64), (-0.80, 0.38), (-0.86, -0.04), (-0.66, -0.42)])),
            lines(coil, width=12),
        ),
        eyes=spots([(0.82, -0.43, 0, 0.75), (0.41, -0.45, 0, 0.9)]),
        mouth=Spot(0.64, 0.24, 4, 0.95),
        crest=Spot(0.58, -0.08, 2, 0.7),
        horns=(Spot(0.46, 0.00, -34, 0.55), Spot(0.74, 0.00, 34, 0.55)),
        back=spots([(-0.76, -0.26, -54, 0.85), (-0.40, -0.54, -14, 1.0), (0.10, -0.44, 28, 0.9)]),
        tail=Spot(-1.00, 0.84, -66, 0.8),
        wing=Spot(-0.26, -0.06, -22, 1.0),
    )  # fmt: skip


def plant() -> Figure:
    """A flower that walks: petals round a face, a stem, two broad leaves, roots for feet."""
    petals = [
        placed(ellipse(0.0, -0.50, 0.21, 0.27), 0.0, -0.30, turn) for turn in range(0, 360, 45)
    ]
    leaf = smooth([(-0.06, 0.60), (-0.34, 0.34), (-0.76, 0.26), (-0.92, 0.36), (-0.70, 0.58),
                   (-0.36, 0.70)])  # fmt: skip
    return Figure(
        groups=(
            solid(tube([(0.0, 0.20), (-0.04, 0.54), (0.0, 0.80)], [0.09, 0.09, 0.12]),
                  tube([(0.0, 0.78), (-0.20, 0.84), (-0.34, 0.90)], [0.08, 0.07, 0.04]),
                  tube([(0.0, 0.78), (0.20, 0.84), (0.34, 0.90)], [0.08, 0.07, 0.04]),
                  *both(leaf), material="leaf"),
            lines(*both(smooth([(-0.14, 0.58), (-0.48, 0.46), (-0.74, 0.38)], closed=False)),
                  material="leaf", width=6),
            skin(*petals),
            solid(ellipse(0.0, -0.30, 0.42), material="belly"),
        ),
        eyes=spots([(0.20, -0.36, 0, 0.95), (-0.16, -0.36, 0, 0.95)]),
        mouth=Spot(0.02, -0.14, 0, 0.9),
        crest=Spot(0.0, -0.92, 0, 0.85),
        horns=(Spot(-0.30, -0.84, -30, 0.8), Spot(0.30, -0.84, 30, 0.8)),
        back=spots([(-0.68, -0.46, -74, 0.75), (-0.52, 0.28, -30, 0.7), (0.68, -0.46, 74, 0.75)]),
        tail=Spot(-0.90, 0.34, -70, 0.85),
        wing=Spot(-0.40, -0.12, -24, 1.0),
    )  # fmt: skip


def mushroom() -> Figure:
    """A broad cap over a stout white stalk with a face, on two little feet."""
    return Figure(
        groups=(
            solid(ellipse(-0.22, 0.85, 0.20, 0.09), ellipse(0.24, 0.85, 0.20, 0.09),
                  material="deep"),
            solid(smooth([(-0.30, -0.08), (0.30, -0.08), (0.38, 0.30), (0.44, 0.66), (0.24, 0.84),
                          (-0.24, 0.84), (-0.44, 0.66), (-0.38, 0.30)]), material="belly"),
            solid(tube([(-0.38, 0.42), (-0.56, 0.52)], [0.09, 0.08]),
                  tube([(0.38, 0.42), (0.56, 0.52)], [0.09, 0.08]), material="belly"),
            solid(ellipse(0.0, 0.00, 0.78, 0.17), material="deep"),
            skin(smooth([(0.00, -0.86), (0.46, -0.74), (0.82, -0.36), (0.94, -0.02), (0.50, -0.10),
                         (0.00, -0.06), (-0.50, -0.10), (-0.94, -0.02), (-0.82, -0.36),
                         (-0.46, -0.74)])),
        ),
        eyes=spots([(0.22, 0.34, 0, 0.95), (-0.16, 0.34, 0, 0.95)]),
        mouth=Spot(0.03, 0.54, 0, 0.9),
        crest=Spot(0.0, -0.84, 0, 1.0),
        horns=(Spot(-0.42, -0.74, -30, 0.9), Spot(0.42, -0.74, 30, 0.9)),
        back=spots([(-0.74, -0.48, -48, 0.9), (-0.20, -0.82, -14, 0.6), (0.74, -0.48, 48, 0.9)]),
        tail=Spot(-0.60, 0.56, -96, 0.8),
        wing=Spot(-0.36, 0.22, -18, 1.0),
    )  # fmt: skip
