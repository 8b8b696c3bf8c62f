"""Faces, horns and wings: what any body can have, whatever its element."""

from functools import lru_cache

from catalog.demo.curves import Points, arc, ellipse, placed, polygon, smooth, tube
from catalog.demo.easel import Easel
from catalog.demo.figures import Figure, Spot
from catalog.demo.palettes import BONE, INK, WHITE, Colour, Ramp, colour, deep, pale, ramp
from catalog.demo.stamps import Stamp, body, put, stroke

_BLUSH: Colour = (250, 140, 150, 255)
_TONGUE: Colour = (240, 110, 120, 255)
IRISES = tuple(map(colour, ("#3a6fd8", "#2c9a58", "#b3462f", "#7a45c4", "#c08a1e")))


@lru_cache(maxsize=1)
def horns() -> dict[str, Stamp]:
    """Each kind of horn, foot at the origin, for the left side of a head."""
    straight = polygon([(-0.11, 0.06), (-0.08, -0.20), (0.0, -0.48), (0.08, -0.20), (0.11, 0.06)])
    ram = tube([(0.04, 0.04), (-0.04, -0.22), (-0.30, -0.26), (-0.40, -0.04), (-0.26, 0.12),
                (-0.16, 0.02)], [0.12, 0.12, 0.11, 0.09, 0.06, 0.03])  # fmt: skip
    beam = tube([(0.0, 0.06), (-0.04, -0.22), (-0.16, -0.52)], [0.06, 0.055, 0.03])
    fork = tube([(-0.03, -0.20), (0.10, -0.34), (0.10, -0.48)], [0.045, 0.045, 0.025])
    tine = tube([(-0.09, -0.34), (-0.24, -0.38), (-0.30, -0.48)], [0.045, 0.04, 0.025])
    lance = polygon([(-0.12, 0.08), (0.0, -0.66), (0.12, 0.08)])
    ridge = ramp("#a98e5c")
    return {
        "straight": (body(straight, BONE),
                     stroke(polygon([(-0.08, -0.06), (0.08, -0.04)]), ridge, 6),
                     stroke(polygon([(-0.06, -0.20), (0.06, -0.18)]), ridge, 6)),
        "curled": (body(ram, BONE), stroke(polygon([(-0.10, -0.12), (0.08, -0.16)]), ridge, 6),
                   stroke(polygon([(-0.18, -0.16), (-0.16, -0.36)]), ridge, 6),
                   stroke(polygon([(-0.31, -0.12), (-0.45, -0.18)]), ridge, 6)),
        "antlers": (body(fork, BONE), body(tine, BONE), body(beam, BONE)),
        "single": (body(lance, BONE), stroke(polygon([(-0.09, -0.04), (0.08, -0.12)]), ridge, 7),
                   stroke(polygon([(-0.06, -0.22), (0.05, -0.28)]), ridge, 7),
                   stroke(polygon([(-0.03, -0.38), (0.03, -0.42)]), ridge, 6)),
    }  # fmt: skip


def draw_horns(easel: Easel, figure: Figure, kind: str) -> None:
    """Two horns on the sides of the head, or one lance in its middle."""
    stamp = horns()[kind]
    left, right = figure.horns
    if kind == "single":
        crest = figure.crest
        put(easel, stamp, Spot(crest.x + 0.08, crest.y + 0.10, crest.turn + 18, crest.scale))
        return
    mirrored = tuple(
        type(layer)(layer.points * (-1.0, 1.0), layer.ramp, layer.line, layer.open, layer.shaded)
        for layer in stamp
    )
    put(easel, mirrored, right)
    put(easel, stamp, left)


def _feathered(tone: Ramp) -> Stamp:
    plumes = [
        tube([(0.0, 0.0), (0.30, -0.06 + drop), (reach, -0.10 + 2.2 * drop)], [0.10, 0.13, 0.07])
        for reach, drop in ((0.52, 0.17), (0.68, 0.08), (0.80, -0.03), (0.86, -0.15))
    ]
    cover = smooth([(-0.06, 0.04), (0.06, -0.16), (0.36, -0.34), (0.46, -0.22), (0.34, -0.02),
                    (0.12, 0.12)])  # fmt: skip
    light = pale(tone)
    return *(body(plume, light, 8) for plume in plumes), body(cover, tone, 8)


def _leathery(tone: Ramp) -> Stamp:
    skin = smooth([(0.0, 0.06), (0.06, -0.20), (0.26, -0.50), (0.50, -0.62), (0.86, -0.44),
                   (0.98, -0.08), (0.80, -0.16), (0.70, 0.10), (0.52, -0.02), (0.36, 0.20),
                   (0.20, 0.06)], 5)  # fmt: skip
    bone = deep(tone)
    finger = [polygon([(0.28, -0.48), tip]) for tip in ((0.93, -0.14), (0.68, 0.04), (0.35, 0.14))]
    return body(skin, tone, 9), *(stroke(path, bone, 9) for path in finger)


def _insect(tone: Ramp) -> Stamp:
    film = ramp("#d8f1f7")
    vein = ramp("#8fc3d6")
    upper = ellipse(0.44, -0.30, 0.48, 0.19, -34)
    lower = ellipse(0.34, 0.06, 0.36, 0.14, 12)
    del tone
    return (
        body(upper, film, 8), body(lower, film, 8),
        stroke(polygon([(0.06, -0.04), (0.76, -0.50)]), vein, 6),
        stroke(polygon([(0.24, -0.16), (0.60, -0.20)]), vein, 5),
        stroke(polygon([(0.04, 0.02), (0.62, 0.12)]), vein, 5),
    )  # fmt: skip


_WINGS = {"feathered": _feathered, "leathery": _leathery, "insect": _insect}


def draw_wings(easel: Easel, spot: Spot, kind: str, tone: Ramp, *, frontal: bool) -> None:
    """A pair of spread wings behind the body, rooted at a spot of it."""
    stamp = _WINGS[kind](deep(tone) if kind == "leathery" else tone)
    left = tuple(
        type(layer)(layer.points * (-1.0, 1.0), layer.ramp, layer.line, layer.open, layer.shaded)
        for layer in stamp
    )
    if frontal:
        put(easel, stamp, Spot(-spot.x, spot.y, -12, 1.15 * spot.scale))
        put(easel, left, Spot(spot.x, spot.y, 12, 1.15 * spot.scale))
    else:
        put(easel, stamp, Spot(spot.x + 0.10, spot.y, -58, 1.15 * spot.scale))
        put(easel, left, Spot(spot.x, spot.y, 34, 1.35 * spot.scale))


def draw_face(easel: Easel, figure: Figure, mood: str, iris: Colour, *, asleep: bool) -> None:
    """Eyes with a glint, brows for the fierce, cheeks and a mouth."""
    for number, eye in enumerate(figure.eyes):
        if asleep:
            easel.stroke(
                arc(eye.x, eye.y - 0.02, 0.11 * eye.scale, 0.08 * eye.scale, 20, 160), INK, 14
            )
            continue
        _eye(easel, eye, iris)
        if mood == "fierce":
            inward = 1.0 if len(figure.eyes) == 2 and number else -1.0
            if len(figure.eyes) == 1:
                inward = 1.0
            reach = 0.15 * eye.scale
            easel.stroke(
                polygon(
                    [
                        (eye.x - inward * reach, eye.y - 1.35 * reach),
                        (eye.x + inward * reach, eye.y - 0.65 * reach),
                    ]
                ),
                INK,
                17,
            )
    mouth = figure.mouth
    if (figure.muzzle != "none" and mood == "cheerful") or asleep:
        for side in (-1.0, 1.0):
            easel.flat(
                ellipse(mouth.x + side * 0.21 * mouth.scale, mouth.y - 0.03, 0.055 * mouth.scale,
                        0.035 * mouth.scale), _BLUSH)  # fmt: skip
    _mouth(easel, figure.muzzle, mouth, mood, asleep=asleep)


def _eye(easel: Easel, eye: Spot, iris: Colour) -> None:
    scale = eye.scale
    easel.flat(ellipse(eye.x, eye.y, 0.135 * scale, 0.160 * scale), INK)
    easel.flat(ellipse(eye.x, eye.y, 0.112 * scale, 0.138 * scale), WHITE)
    easel.flat(ellipse(eye.x + 0.015 * scale, eye.y + 0.01, 0.088 * scale, 0.118 * scale), iris)
    easel.flat(ellipse(eye.x + 0.02 * scale, eye.y, 0.060 * scale, 0.090 * scale), INK)
    easel.flat(ellipse(eye.x - 0.02 * scale, eye.y - 0.055 * scale, 0.038 * scale), WHITE)
    easel.flat(ellipse(eye.x + 0.045 * scale, eye.y + 0.06 * scale, 0.018 * scale), WHITE)


def _mouth(easel: Easel, kind: str, mouth: Spot, mood: str, *, asleep: bool) -> None:
    def at(points: Points) -> Points:
        return placed(points, mouth.x, mouth.y, mouth.turn, mouth.scale)

    if kind == "none":
        return
    if kind == "flat":
        easel.stroke(at(polygon([(-0.14, 0.0), (0.14, 0.0)])), INK, 12)
    elif kind == "cat":
        easel.flat(at(polygon([(-0.05, -0.05), (0.05, -0.05), (0.0, 0.01)])), INK)
        easel.stroke(at(arc(-0.065, 0.02, 0.065, 0.055, 0, 160)), INK, 9)
        easel.stroke(at(arc(0.065, 0.02, 0.065, 0.055, 20, 180)), INK, 9)
    elif mood == "cheerful" and not asleep:
        width = 0.30 if kind == "wide" else 0.13
        easel.flat(at(smooth([(-width, -0.03), (0.0, 0.0), (width, -0.03), (0.0, 0.15)])), INK)
        easel.flat(at(ellipse(0.0, 0.075, width * 0.42, 0.03)), _TONGUE)
    elif kind == "wide":
        easel.stroke(at(arc(0.0, -0.10, 0.34, 0.14, 20, 160)), INK, 10)
    elif kind == "open":
        easel.flat(at(ellipse(0.0, 0.02, 0.10, 0.13)), INK)
        easel.flat(at(ellipse(0.0, 0.08, 0.06, 0.05)), _TONGUE)
    else:
        easel.stroke(at(arc(0.0, -0.06, 0.13, 0.09, 25, 155)), INK, 10)
    if mood == "fierce" and kind not in ("cat", "flat") and not asleep:
        easel.flat(at(polygon([(0.05, 0.0), (0.12, -0.01), (0.09, 0.08)])), WHITE)
