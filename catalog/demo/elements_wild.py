"""The parts of the elements of nature: fire, water, grass, electric, ice, rock, wind."""

from catalog.demo.curves import arc, ellipse, placed, polygon, smooth, spiral, tube
from catalog.demo.palettes import LEAF, ramp
from catalog.demo.stamps import Parts, Stamp, body, inner, lined, moved, stroke

_FLAME, _GLOW, _HEART = ramp("#f4552a"), ramp("#fba52f"), ramp("#ffe66b")
_WATER, _FOAM = ramp("#3f9df0"), ramp("#d4f0ff")
_BOLT = ramp("#ffdf2e")
_ICE, _RIME = ramp("#8fdcf7"), ramp("#f2fcff")
_STONE, _STONE_LIT = ramp("#8d8078"), ramp("#b5a89d")
_AIR = ramp("#eafbff")


def fire() -> Parts:
    """Flames, each red outside and yellow at heart."""
    tongues = smooth([(0.00, 0.05), (-0.20, 0.00), (-0.27, -0.17), (-0.20, -0.34), (-0.22, -0.48),
                      (-0.09, -0.36), (-0.04, -0.48), (0.05, -0.70), (0.10, -0.44), (0.16, -0.34),
                      (0.25, -0.42), (0.26, -0.18), (0.20, 0.00)])  # fmt: skip
    flame: Stamp = (
        body(tongues, _FLAME),
        inner(placed(tongues, 0.0, 0.01, 0, 0.70), _GLOW),
        inner(placed(tongues, 0.0, 0.02, 0, 0.40), _HEART),
    )
    drop = smooth([(0.0, -0.22), (0.10, -0.03), (0.05, 0.08), (-0.05, 0.08), (-0.10, -0.03)])
    ember: Stamp = (body(drop, _FLAME, 6), inner(placed(drop, 0, 0.01, 0, 0.55), _HEART))
    return Parts(
        crest=moved(flame, 0, 0.02, 0, 0.85),
        back=moved(flame, 0, 0.04, 0, 0.72),
        tail=moved(flame, 0, 0.06, 0, 1.15),
        floats=(ember, moved(flame, 0, 0.1, 0, 0.42)),
    )


def water() -> Parts:
    """Fins with rays, drops and bubbles."""
    drop = smooth([(0.0, -0.40), (0.07, -0.24), (0.17, -0.06), (0.12, 0.08), (0.0, 0.12),
                   (-0.12, 0.08), (-0.17, -0.06), (-0.07, -0.24)])  # fmt: skip
    glint = ellipse(-0.06, -0.04, 0.035, 0.07, 15)
    droplet: Stamp = (body(drop, _WATER, 7), inner(glint, _FOAM))
    bubble: Stamp = (
        body(ellipse(0, 0, 0.15), _FOAM, 7),
        inner(ellipse(0.02, 0.02, 0.10), ramp("#a9dcfb")),
        inner(ellipse(-0.05, -0.06, 0.035), _AIR),
    )
    web = smooth([(-0.24, 0.06), (-0.30, -0.22), (-0.24, -0.42), (-0.08, -0.30), (0.02, -0.46),
                  (0.12, -0.26), (0.26, -0.28), (0.24, 0.06)])  # fmt: skip
    fin: Stamp = (
        body(web, _WATER),
        stroke(polygon([(-0.14, 0.02), (-0.22, -0.30)]), _FOAM, 7),
        stroke(polygon([(0.00, 0.02), (0.01, -0.32)]), _FOAM, 7),
        stroke(polygon([(0.12, 0.02), (0.20, -0.20)]), _FOAM, 7),
    )
    return Parts(
        crest=moved(fin, 0, 0.02, 0, 0.95),
        back=moved(fin, 0, 0.03, 0, 0.80),
        tail=moved(droplet, 0, -0.08, 0, 1.15),
        floats=(bubble, moved(droplet, 0, 0.1, 0, 0.75), moved(bubble, 0, 0, 0, 0.7)),
    )


def grass() -> Parts:
    """A sprout on the head, leaves along the back, a vine at the tail."""
    blade = smooth([(0.0, 0.04), (-0.13, -0.10), (-0.14, -0.26), (0.0, -0.48), (0.14, -0.26),
                    (0.13, -0.10)])  # fmt: skip
    vein = polygon([(0.0, 0.0), (0.0, -0.36)])
    leaf: Stamp = (body(blade, LEAF, 7), stroke(vein, ramp("#2f7a33"), 6))
    stem = smooth([(0.0, 0.04), (0.02, -0.14), (-0.02, -0.28)], closed=False)
    sprout: Stamp = (
        *lined(stem, LEAF, 10),
        *moved(leaf, -0.02, -0.26, -62, 0.80),
        *moved(leaf, -0.02, -0.26, 58, 0.80),
    )
    curl = smooth([(0.0, 0.06), (-0.06, -0.16), (0.08, -0.32), (-0.02, -0.46), (-0.14, -0.38),
                   (-0.08, -0.30)], closed=False)  # fmt: skip
    vine: Stamp = (
        *lined(curl, LEAF, 13),
        *moved(leaf, -0.04, -0.12, -78, 0.62),
        *moved(leaf, 0.04, -0.26, 72, 0.62),
    )
    return Parts(
        crest=moved(sprout, 0, 0.03, 0, 1.0),
        back=(*moved(leaf, 0, 0.05, -28, 0.80), *moved(leaf, 0, 0.05, 26, 0.80)),
        tail=moved(vine, 0, 0.02, 0, 1.0),
        floats=(moved(leaf, 0, 0.1, 40, 0.62), moved(leaf, 0, 0.1, -55, 0.70)),
    )


def electric() -> Parts:
    """Zigzag bolts."""
    zigzag = polygon([(-0.05, 0.06), (0.02, -0.12), (-0.14, -0.12), (0.04, -0.50), (0.20, -0.50),
                      (0.09, -0.25), (0.22, -0.25)])  # fmt: skip
    bolt: Stamp = (body(zigzag, _BOLT, 8),)
    spark: Stamp = (
        *lined(polygon([(-0.16, 0.06), (-0.05, -0.08), (0.04, 0.04), (0.16, -0.10)]), _BOLT, 11),
    )
    return Parts(
        crest=(*moved(bolt, -0.10, 0.05, -24, 0.80), *moved(bolt, 0.08, 0.05, 14, 0.80)),
        back=moved(bolt, 0, 0.05, 0, 0.85),
        tail=moved(bolt, 0, 0.05, 0, 1.40),
        floats=(moved(bolt, -0.04, 0.2, 8, 0.80), spark),
    )


def ice() -> Parts:
    """Icicles pointing up, and six-armed flakes."""
    spike: Stamp = (
        body(polygon([(-0.12, 0.06), (-0.09, -0.10), (0.01, -0.44), (0.10, -0.12), (0.12, 0.06)]),
             _ICE, 7),
        inner(polygon([(-0.06, 0.04), (-0.05, -0.09), (0.00, -0.32), (0.00, 0.04)]), _RIME),
    )  # fmt: skip
    arms = [placed(polygon([(0.0, 0.0), (0.0, -0.21)]), 0, 0, turn) for turn in range(0, 360, 60)]
    barbs = [
        placed(polygon([(-0.06, -0.19), (0.0, -0.11), (0.06, -0.19)]), 0, 0, turn)
        for turn in range(0, 360, 60)
    ]
    deep = ramp("#2d7fb8")
    flake: Stamp = (
        *(stroke(path, deep, 21) for path in (*arms, *barbs)),
        *(stroke(path, _RIME, 9) for path in (*arms, *barbs)),
    )
    cluster = (
        *moved(spike, -0.13, 0.04, -24, 0.75), *moved(spike, 0.13, 0.04, 24, 0.75),
        *moved(spike, 0, 0.03, 0, 1.05),
    )  # fmt: skip
    return Parts(
        crest=cluster,
        back=(*moved(spike, -0.06, 0.05, -16, 0.70), *moved(spike, 0.06, 0.05, 10, 0.92)),
        tail=moved(flake, 0, -0.12, 0, 1.25),
        floats=(moved(flake, 0, 0, 12, 0.85), moved(flake, 0, 0, 0, 0.62)),
    )


def rock() -> Parts:
    """Boulders with flat faces."""
    edge = polygon([(-0.25, 0.08), (-0.28, -0.10), (-0.14, -0.28), (0.08, -0.30), (0.25, -0.14),
                    (0.26, 0.08)])  # fmt: skip
    boulder: Stamp = (
        body(edge, _STONE),
        inner(polygon([(-0.24, -0.09), (-0.13, -0.24), (0.06, -0.26), (-0.03, -0.10)]), _STONE_LIT),
        stroke(polygon([(-0.03, -0.10), (0.04, 0.06)]), ramp("#5f544e"), 6),
        stroke(polygon([(-0.03, -0.10), (0.20, -0.12)]), ramp("#5f544e"), 6),
    )
    return Parts(
        crest=(*moved(boulder, -0.12, 0.02, -8, 0.66), *moved(boulder, 0.13, 0.03, 10, 0.56),
               *moved(boulder, 0, -0.12, 0, 0.50)),
        back=moved(boulder, 0, 0.06, 0, 0.90),
        tail=moved(boulder, 0, -0.02, 10, 1.0),
        floats=(moved(boulder, 0, 0.06, 20, 0.50), moved(boulder, 0, 0.06, -30, 0.62)),
    )  # fmt: skip


def wind() -> Parts:
    """White whirls of air and feathery gusts."""
    whirl: Stamp = lined(placed(spiral(1.6, 0.24), 0, 0), _AIR, 13)
    gust: Stamp = lined(
        smooth([(-0.30, 0.10), (-0.06, 0.06), (0.14, 0.08), (0.24, -0.04), (0.14, -0.14),
                (0.04, -0.06)], closed=False), _AIR, 13)  # fmt: skip
    funnel: Stamp = (
        body(tube([(0.0, 0.10), (0.04, -0.12), (-0.02, -0.36)], [0.05, 0.13, 0.25]),
             ramp("#bfe6ee"), 7),
        stroke(arc(0.0, -0.34, 0.22, 0.06, 10, 170), _AIR, 9),
        stroke(arc(0.02, -0.18, 0.15, 0.05, 10, 170), _AIR, 9),
        stroke(arc(0.03, -0.04, 0.09, 0.04, 10, 170), _AIR, 9),
    )  # fmt: skip
    sweep = lined(
        smooth([(-1.25, 0.52), (-0.60, 0.74), (0.20, 0.66), (0.90, 0.40), (1.12, 0.00),
                (0.92, -0.16), (0.84, 0.04)], closed=False), _AIR, 16)  # fmt: skip
    counter = lined(
        smooth([(1.20, -0.66), (0.50, -0.94), (-0.30, -0.90), (-0.92, -0.62), (-1.12, -0.26),
                (-0.94, -0.12), (-0.86, -0.30)], closed=False), _AIR, 16)  # fmt: skip
    return Parts(
        crest=moved(whirl, 0.02, -0.16, 200, 0.95),
        back=moved(whirl, 0, -0.14, 120, 0.80),
        tail=moved(funnel, 0, 0.04, 0, 1.1),
        floats=(gust, moved(whirl, 0, 0, 0, 0.75)),
        aura=(*sweep, *counter),
    )
