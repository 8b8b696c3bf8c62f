"""Colours: the names that captions use, and the ramp of tones each one is painted with."""

import colorsys
from dataclasses import dataclass
from functools import lru_cache

Colour = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Ramp:
    """The tones of one material, from contour to light, and the ink of its pattern."""

    base: Colour
    shade: Colour
    light: Colour
    line: Colour
    mark: Colour
    mark_shade: Colour


BODY_COLOURS: dict[str, str] = {
    "red": "#e2463f",
    "orange": "#f58a2c",
    "yellow": "#fad247",
    "green": "#63b84a",
    "teal": "#31b5a8",
    "blue": "#4a86e0",
    "purple": "#9560cf",
    "pink": "#f591b8",
    "brown": "#a06a42",
    "grey": "#98a0aa",
    "black": "#474a59",
    "white": "#f4f1ea",
}

# Pattern inks chosen to stand out on each colour, but to stay in its family so that the
# colour's name still fits.
_MARKS: dict[str, str] = {
    "red": "#8f1d2c",
    "orange": "#a8470f",
    "yellow": "#c2801a",
    "green": "#256b3a",
    "teal": "#0f645f",
    "blue": "#1f3f96",
    "purple": "#4d2a87",
    "pink": "#c43f78",
    "brown": "#5a3216",
    "grey": "#545b67",
    "black": "#9499ab",
    "white": "#a9a49c",
}


def colour(code: str) -> Colour:
    """'#rrggbb' as an opaque colour."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16), 255


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """The first colour with a share (0..1) of the other in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one[:3], other[:3], strict=True))
    return red, green, blue, 255


def _deeper(tone: Colour, dark: float, cool: float = 0.0) -> Colour:
    """A darker, a little richer tone, its hue pulled towards blue by `cool`."""
    hue, light, saturation = colorsys.rgb_to_hls(*(part / 255 for part in tone[:3]))
    red, green, blue = colorsys.hls_to_rgb(hue, light * dark, min(1.0, saturation * 1.05))
    return mix(
        (round(red * 255), round(green * 255), round(blue * 255), 255), (50, 40, 110, 255), cool
    )


@lru_cache(maxsize=256)
def ramp(code: str, mark: str | None = None) -> Ramp:
    """All tones of one colour."""
    base = colour(code)
    ink = colour(mark) if mark else _deeper(base, 0.62)
    return Ramp(
        base=base,
        shade=_deeper(base, 0.86, 0.10),
        light=mix(base, (255, 255, 255, 255), 0.30),
        line=mix(_deeper(base, 0.34, 0.10), (30, 22, 44, 255), 0.45),
        mark=ink,
        mark_shade=_deeper(ink, 0.86, 0.08),
    )


def body_ramp(name: str) -> Ramp:
    """The tones of a creature of this colour."""
    return ramp(BODY_COLOURS[name], _MARKS[name])


def pale(of: Ramp) -> Ramp:
    """A creamy version for bellies, muzzles and petals' hearts."""
    cream = mix(of.base, (255, 248, 226, 255), 0.68)
    return Ramp(
        base=cream,
        shade=_deeper(cream, 0.92, 0.06),
        light=mix(cream, (255, 255, 255, 255), 0.5),
        line=of.line,
        mark=of.mark,
        mark_shade=of.mark_shade,
    )


def deep(of: Ramp) -> Ramp:
    """A darker version for shells, far limbs and wing skin."""
    base = _deeper(of.base, 0.78, 0.08)
    return Ramp(
        base=base,
        shade=_deeper(base, 0.84, 0.10),
        light=mix(base, of.base, 0.6),
        line=of.line,
        mark=of.mark,
        mark_shade=of.mark_shade,
    )


INK: Colour = (38, 28, 48, 255)
WHITE: Colour = (255, 255, 255, 255)
BONE = ramp("#efe0bd")
BEAK = ramp("#f6b338")
LEAF = ramp("#58ad48")
