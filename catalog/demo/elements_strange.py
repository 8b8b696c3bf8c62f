"""The parts of the other elements: poison, shadow, metal, light, crystal, psychic, sound."""

from catalog.demo.curves import arc, ellipse, placed, polygon, smooth, star
from catalog.demo.palettes import ramp
from catalog.demo.stamps import Parts, Stamp, body, inner, moved, stroke

_SLIME, _FUME = ramp("#a63fd0"), ramp("#b9e82e")
_SMOKE, _DUSK, _MOON = ramp("#3a3150"), ramp("#5b4a80"), ramp("#c9a6ff")
_STEEL, _STEEL_LIT, _DARK = ramp("#9fb0bf"), ramp("#dbe5ec"), ramp("#4b5866")
_SUN, _GLARE = ramp("#ffe27a"), ramp("#fffbe6")
_GEM, _GEM_LIT, _GEM_DEEP = ramp("#e457c8"), ramp("#ffb8ee"), ramp("#a02b96")
_MIND, _MIND_LIT = ramp("#e0479a"), ramp("#ffe3f2")
_NOTE, _BRASS = ramp("#2b3a78"), ramp("#f0b429")


def poison() -> Parts:
    """Dripping violet slime with lime-green bubbles."""
    cap = smooth([(-0.26, 0.00), (-0.20, -0.18), (0.00, -0.26), (0.20, -0.18), (0.27, 0.00),
                  (0.26, 0.20), (0.19, 0.22), (0.16, 0.06), (0.08, 0.05), (0.05, 0.30),
                  (-0.03, 0.30), (-0.06, 0.06), (-0.14, 0.06), (-0.18, 0.18),
                  (-0.25, 0.16)])  # fmt: skip
    slime: Stamp = (
        body(cap, _SLIME),
        inner(ellipse(-0.08, -0.10, 0.055), _FUME), inner(ellipse(0.10, -0.06, 0.04), _FUME),
    )  # fmt: skip
    bubble: Stamp = (
        body(ellipse(0, 0, 0.13), _FUME, 7), inner(ellipse(-0.04, -0.05, 0.03), _GLARE),
    )  # fmt: skip
    drop = smooth([(0.0, -0.26), (0.12, -0.02), (0.08, 0.10), (-0.08, 0.10), (-0.12, -0.02)])
    drip: Stamp = (body(drop, _SLIME, 7), inner(ellipse(-0.03, 0.02, 0.035), _FUME))
    return Parts(
        crest=(*moved(slime, 0, 0.02, 0, 1.0), *moved(bubble, 0.06, -0.34, 0, 0.6)),
        back=moved(slime, 0, 0.02, 0, 0.80),
        tail=(*moved(slime, 0, -0.02, 0, 0.85), *moved(bubble, -0.10, -0.34, 0, 0.6)),
        floats=(bubble, moved(drip, 0, 0, 0, 1.0), moved(bubble, 0, 0, 0, 0.65)),
    )


def shadow() -> Parts:
    """Rags of dark smoke, and a thin violet moon."""
    wisp_edge = smooth([(0.00, 0.08), (-0.20, 0.02), (-0.24, -0.16), (-0.10, -0.26),
                        (-0.14, -0.44), (0.04, -0.54), (0.20, -0.48), (0.08, -0.42), (0.12, -0.28),
                        (0.24, -0.14), (0.18, 0.02)])  # fmt: skip
    wisp: Stamp = (body(wisp_edge, _SMOKE), inner(placed(wisp_edge, 0.01, 0.02, 0, 0.5), _DUSK))
    bow = [*arc(0, 0, 0.17, 0.17, 40, 320), *arc(0.075, 0, 0.125, 0.125, 300, 60)]
    moon: Stamp = (body(polygon([(float(x), float(y)) for x, y in bow]), _MOON, 7),)
    puffs = [
        (-0.95, 0.30, 0.34), (-0.80, -0.30, 0.38), (-0.35, -0.75, 0.36), (0.25, -0.82, 0.36),
        (0.78, -0.45, 0.38), (0.95, 0.15, 0.34), (0.75, 0.62, 0.30), (-0.62, 0.68, 0.32),
    ]  # fmt: skip
    cloud = tuple(body(ellipse(x, y, r), _DUSK, 9) for x, y, r in puffs) + tuple(
        inner(ellipse(x * 0.9, y * 0.9, r * 0.92), _SMOKE) for x, y, r in puffs
    )
    return Parts(
        crest=moved(wisp, 0, 0.03, 0, 0.90),
        back=moved(wisp, 0, 0.05, 0, 0.78),
        tail=moved(wisp, 0, 0.04, 0, 1.1),
        floats=(moon, moved(wisp, 0, 0.1, 0, 0.42)),
        aura=cloud,
    )


def metal() -> Parts:
    """Gears, riveted plates and hexagonal nuts."""
    teeth = star(9, 0.24, 0.17)
    gear: Stamp = (
        body(teeth, _STEEL), inner(ellipse(0, 0, 0.13), _STEEL_LIT),
        body(ellipse(0, 0, 0.065), _DARK, 5),
    )  # fmt: skip
    plate: Stamp = (
        body(polygon([(-0.24, 0.08), (-0.22, -0.18), (0.22, -0.18), (0.24, 0.08)]), _STEEL),
        inner(polygon([(-0.19, -0.15), (0.19, -0.15), (0.20, -0.09), (-0.20, -0.09)]), _STEEL_LIT),
        inner(ellipse(-0.15, 0.00, 0.035), _DARK), inner(ellipse(0.15, 0.00, 0.035), _DARK),
        inner(ellipse(0.0, 0.00, 0.035), _DARK),
    )  # fmt: skip
    nut: Stamp = (
        body(ellipse(0, 0, 0.15, samples=6), _STEEL, 7), body(ellipse(0, 0, 0.065), _DARK, 5),
    )  # fmt: skip
    return Parts(
        crest=moved(gear, 0, -0.10, 8, 0.90),
        back=moved(plate, 0, 0.04, 0, 0.95),
        tail=moved(gear, 0, -0.04, 0, 1.05),
        floats=(moved(nut, 0, 0, 10), moved(gear, 0, 0, 5, 0.62)),
    )


def light() -> Parts:
    """A halo, rays behind, four-pointed sparkles."""
    twinkle = star(4, 0.26, 0.07)
    sparkle: Stamp = (body(twinkle, _SUN, 7), inner(placed(twinkle, 0, 0, 0, 0.55), _GLARE))
    ring = arc(0, 0, 0.30, 0.10, 0, 360, 40)
    halo: Stamp = (
        stroke(ring, ramp("#8a6410"), 30), stroke(ring, _SUN, 17),
        stroke(arc(0, 0, 0.30, 0.10, 190, 260), _GLARE, 7),
    )  # fmt: skip
    beam = polygon([(-0.10, -0.50), (-0.19, -1.42), (0.19, -1.42), (0.10, -0.50)])
    rays = tuple(inner(placed(beam, 0, 0, turn), _SUN) for turn in range(0, 360, 30))
    return Parts(
        crest=moved(halo, 0, -0.20, 0, 1.0),
        back=moved(sparkle, 0, -0.10, 0, 0.85),
        tail=moved(sparkle, 0, -0.06, 0, 1.2),
        floats=(sparkle, moved(sparkle, 0, 0, 0, 0.62)),
        aura=rays,
    )


def crystal() -> Parts:
    """Cut gems with bright and dark faces."""
    gem: Stamp = (
        body(polygon([(-0.10, 0.06), (-0.15, -0.22), (0.00, -0.44), (0.15, -0.22), (0.10, 0.06)]),
             _GEM, 7),
        inner(polygon([(-0.12, -0.21), (0.00, -0.39), (0.00, -0.20), (-0.08, 0.04)]), _GEM_LIT),
        inner(polygon([(0.05, 0.04), (0.05, -0.20), (0.13, -0.21), (0.08, 0.04)]), _GEM_DEEP),
    )  # fmt: skip
    cut: Stamp = (
        body(polygon([(-0.16, -0.06), (-0.08, -0.15), (0.08, -0.15), (0.16, -0.06), (0.0, 0.16)]),
             _GEM, 7),
        inner(polygon([(-0.12, -0.06), (-0.06, -0.13), (0.05, -0.13), (0.0, -0.06)]), _GEM_LIT),
        inner(polygon([(0.02, 0.11), (0.05, -0.05), (0.12, -0.05)]), _GEM_DEEP),
    )  # fmt: skip
    return Parts(
        crest=(*moved(gem, -0.13, 0.05, -26, 0.72), *moved(gem, 0.13, 0.05, 26, 0.72),
               *moved(gem, 0, 0.03, 0, 1.0)),
        back=(*moved(gem, -0.07, 0.06, -18, 0.70), *moved(gem, 0.07, 0.06, 14, 0.86)),
        tail=(*moved(gem, -0.08, 0.04, -30, 0.80), *moved(gem, 0.04, 0.03, 8, 1.1)),
        floats=(cut, moved(cut, 0, 0, 15, 0.7)),
    )  # fmt: skip


def psychic() -> Parts:
    """Ripples of thought: rings within rings, a floating eye above the head."""
    orb: Stamp = (
        body(ellipse(0, 0, 0.17), _MIND, 7), inner(ellipse(0, 0, 0.12), _MIND_LIT),
        inner(ellipse(0, 0, 0.075), _MIND), inner(ellipse(0, 0, 0.03), _MIND_LIT),
    )  # fmt: skip
    lids = smooth([(-0.28, 0.0), (-0.12, -0.14), (0.12, -0.14), (0.28, 0.0), (0.12, 0.14),
                   (-0.12, 0.14)])  # fmt: skip
    eye: Stamp = (
        body(lids, _MIND_LIT), inner(ellipse(0, 0, 0.12), _MIND),
        inner(ellipse(0, 0, 0.06), ramp("#4a1035")), inner(ellipse(-0.04, -0.04, 0.03), _GLARE),
    )  # fmt: skip
    rings = tuple(
        stroke(arc(0, -0.05, reach, reach, 0, 360, 60), tone, 15)
        for reach, tone in ((0.86, _MIND), (1.04, _MIND_LIT), (1.22, _MIND))
    )
    return Parts(
        crest=moved(eye, 0, -0.20, 0, 0.95),
        back=moved(orb, 0, -0.08, 0, 0.90),
        tail=moved(orb, 0, -0.06, 0, 1.15),
        floats=(orb, moved(orb, 0, 0, 0, 0.65)),
        aura=rings,
    )


def sound() -> Parts:
    """Notes, loudspeakers and arcs of sound."""
    note: Stamp = (
        body(polygon([(0.07, 0.10), (0.07, -0.30), (0.24, -0.22), (0.24, -0.08), (0.13, -0.14),
                      (0.13, 0.10)]), _NOTE, 5),
        body(ellipse(0.03, 0.12, 0.11, 0.08, -20), _NOTE, 5),
    )  # fmt: skip
    pair: Stamp = (
        body(polygon([(-0.14, 0.14), (-0.14, -0.24), (0.22, -0.32), (0.22, 0.06), (0.16, 0.06),
                      (0.16, -0.18), (-0.08, -0.13), (-0.08, 0.14)]), _NOTE, 5),
        body(ellipse(-0.17, 0.15, 0.10, 0.07, -20), _NOTE, 5),
        body(ellipse(0.13, 0.08, 0.10, 0.07, -20), _NOTE, 5),
    )  # fmt: skip
    speaker: Stamp = (
        body(ellipse(0, 0, 0.20), _BRASS), body(ellipse(0, 0, 0.14), _NOTE, 5),
        inner(ellipse(0, 0, 0.06), _BRASS),
    )  # fmt: skip
    trumpet: Stamp = (
        body(polygon([(-0.06, 0.06), (-0.07, -0.14), (-0.26, -0.38), (0.26, -0.38),
                      (0.07, -0.14), (0.06, 0.06)]), _BRASS),
        body(ellipse(0, -0.38, 0.26, 0.08), _NOTE, 6),
    )  # fmt: skip
    waves = tuple(
        stroke(arc(0, -0.05, reach, reach, middle - 32, middle + 32), _BRASS, 17)
        for middle in (0, 180)
        for reach in (1.02, 1.20, 1.38)
    )
    return Parts(
        crest=moved(trumpet, 0, 0.03, 0, 0.80),
        back=moved(speaker, 0, -0.06, 0, 0.85),
        tail=moved(trumpet, 0, 0.05, 0, 0.95),
        floats=(pair, note),
        aura=waves,
    )
