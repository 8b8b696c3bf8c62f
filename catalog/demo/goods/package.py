"""The drawn package of a good: its silhouette, its label with motif, mark and words, its gloss."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from catalog.demo.goods.assortment import Good

SIDE = 480
_Box = tuple[float, float, float, float]
# Outlines as shares of the side: where the package stands, and where its label is.
_BODIES: dict[str, _Box] = {
    "can": (0.30, 0.12, 0.70, 0.90),
    "bottle": (0.33, 0.04, 0.67, 0.95),
    "cup": (0.22, 0.22, 0.78, 0.86),
    "bag": (0.20, 0.08, 0.80, 0.93),
    "box": (0.24, 0.10, 0.76, 0.92),
}


def package(good: Good) -> Image.Image:
    """RGBA, the ground clear."""
    left, top, right, bottom = (edge * SIDE for edge in _BODIES[good.shape])
    mask = _silhouette(good.shape, left, top, right, bottom)
    face = _face(good, (left, top, right, bottom))
    shaded = _rounded(face, left, right, 0.0 if good.shape == "box" else 0.55)
    found = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    found.paste(shaded, (0, 0), mask)
    _fittings(ImageDraw.Draw(found), good, left, top, right, bottom)
    return found


def studio(good: Good) -> Image.Image:
    """As a catalog shows it: on white."""
    ground = Image.new("RGB", (SIDE, SIDE), "white")
    drawn = package(good)
    ground.paste(drawn, (0, 0), drawn)
    return ground


def _silhouette(shape: str, left: float, top: float, right: float, bottom: float) -> Image.Image:
    mask = Image.new("L", (SIDE, SIDE), 0)
    pen = ImageDraw.Draw(mask)
    wide, tall = right - left, bottom - top
    if shape == "can":
        pen.rounded_rectangle((left, top, right, bottom), wide * 0.12, fill=255)
    elif shape == "bottle":
        neck = wide * 0.32
        middle = (left + right) / 2
        pen.rectangle((middle - neck / 2, top, middle + neck / 2, top + tall * 0.3), fill=255)
        pen.ellipse((left, top + tall * 0.12, right, top + tall * 0.46), fill=255)
        pen.rounded_rectangle((left, top + tall * 0.28, right, bottom), wide * 0.1, fill=255)
    elif shape == "cup":
        pen.polygon(
            [
                (left, top),
                (right, top),
                (right - wide * 0.13, bottom),
                (left + wide * 0.13, bottom),
            ],
            fill=255,
        )
    elif shape == "bag":
        steps = np.linspace(0, 1, 25)
        teeth = [(left + wide * s, top + (6 if n % 2 else 0)) for n, s in enumerate(steps)]
        teeth += [
            (left + wide * s, bottom - (6 if n % 2 else 0)) for n, s in enumerate(steps[::-1])
        ]
        pen.polygon(teeth, fill=255)
        for side, edge in ((1, left), (-1, right)):
            pen.ellipse(
                (
                    edge - 14 * side - 16,
                    top + tall * 0.2,
                    edge - 14 * side + 16,
                    bottom - tall * 0.2,
                ),
                fill=0,
            )
    else:
        pen.rectangle((left, top, right, bottom), fill=255)
    return mask


def _face(good: Good, box: _Box) -> Image.Image:
    """The printed side, over the whole square; the silhouette cuts it."""
    left, top, right, bottom = box
    wide, tall = right - left, bottom - top
    dice = np.random.default_rng(good.design)
    face = Image.new("RGB", (SIDE, SIDE), good.ground)
    pen = ImageDraw.Draw(face)
    _motif(pen, good, box, dice)
    middle = (left + right) / 2
    # The plate that bears the name, in one of three forms.
    y = top + tall * dice.uniform(0.40, 0.50)
    high = tall * dice.uniform(0.17, 0.24)
    plate = (left + wide * 0.06, y, right - wide * 0.06, y + high)
    fill, ink = ("#ffffff", good.brand.ink)
    if good.brand.ink == "#ffffff":
        fill, ink = "#1c2230", "#ffffff"
    form = int(dice.integers(3))
    if form == 0:
        pen.rectangle((left, y, right, y + high), fill=fill)
    elif form == 1:
        pen.rounded_rectangle(plate, high * 0.4, fill=fill)
    else:
        pen.ellipse(plate, fill=fill)
    _words(pen, good.brand.name, middle, y + high * 0.42, wide * 0.74, high * 0.62, ink)
    _words(pen, good.flavour, middle, y + high * 0.82, wide * 0.6, high * 0.3, ink)
    _mark(pen, good, middle, top + tall * dice.uniform(0.22, 0.30), wide * 0.17)
    for _ in range(int(dice.integers(2, 5))):  # the fruit, the bean, the pepper
        x, radius = dice.uniform(left, right), wide * dice.uniform(0.07, 0.13)
        at = bottom - tall * dice.uniform(0.06, 0.26)
        pen.ellipse(
            (x - radius, at - radius, x + radius, at + radius),
            fill=good.colour,
            outline=ink,
            width=3,
        )
    return face


def _motif(pen: ImageDraw.ImageDraw, good: Good, box: _Box, dice: np.random.Generator) -> None:
    left, top, right, bottom = box
    step = (right - left) * dice.uniform(0.12, 0.26)
    tone = good.colour
    if good.motif == "stripes":
        lean = dice.uniform(-1.2, 1.2) * step * 3
        for x in np.arange(left - SIDE, right + SIDE, 2 * step):
            pen.polygon(
                [(x, top), (x + step, top), (x + step + lean, bottom), (x + lean, bottom)], tone
            )
    elif good.motif == "dots":
        for row, y in enumerate(np.arange(top, bottom, step * 1.4)):
            for x in np.arange(left + (row % 2) * step, right, step * 2):
                pen.ellipse((x - step / 2, y - step / 2, x + step / 2, y + step / 2), tone)
    elif good.motif == "rays":
        middle, centre = (left + right) / 2, top + (bottom - top) * 0.45
        count = int(dice.integers(8, 16))
        for turn in range(count):
            ends = [(turn + part) * 2 * math.pi / count for part in (0, 0.5)]
            reach = [(middle + SIDE * math.cos(e), centre + SIDE * math.sin(e)) for e in ends]
            pen.polygon([(middle, centre), *reach], tone)
    elif good.motif in ("waves", "zigzag"):
        smooth = good.motif == "waves"
        for y in np.arange(top, bottom + step, 2.2 * step):
            xs = np.linspace(left, right, 60)
            phase = (xs - left) / step * (2.2 if smooth else 1.0)
            lift = np.sin(phase) if smooth else 2 * np.abs(phase % 2 - 1) - 1
            pen.line(list(zip(xs, y + lift * step * 0.5, strict=True)), tone, int(step * 0.6))
    elif good.motif == "checks":
        for row, y in enumerate(np.arange(top, bottom, step)):
            for x in np.arange(left + (row % 2) * step, right, 2 * step):
                pen.rectangle((x, y, x + step, y + step), tone)
    elif good.motif == "band":
        y = top + (bottom - top) * dice.uniform(0.55, 0.7)
        pen.rectangle((left, y, right, bottom), tone)
        pen.rectangle((left, top, right, top + (bottom - top) * 0.12), tone)
    else:
        for _ in range(9):
            x, y, r = (
                dice.uniform(left, right),
                dice.uniform(top, bottom),
                step * dice.uniform(0.5, 1.4),
            )
            pen.ellipse((x - r, y - r * 0.8, x + r, y + r * 0.8), tone)


def _mark(pen: ImageDraw.ImageDraw, good: Good, x: float, y: float, r: float) -> None:
    """The brand's sign on a disc."""
    ink = good.brand.ink
    disc = "#1c2230" if ink == "#ffffff" else "#ffffff"
    pen.ellipse((x - r * 1.3, y - r * 1.3, x + r * 1.3, y + r * 1.3), fill=disc)

    def ring(points: int, inner: float, start: float = -math.pi / 2) -> list[tuple[float, float]]:
        return [
            (x + reach * math.cos(start + n * math.pi / points),
             y + reach * math.sin(start + n * math.pi / points))
            for n in range(2 * points)
            for reach in [r if n % 2 == 0 else r * inner]
        ]  # fmt: skip

    match good.brand.mark:
        case "star":
            pen.polygon(ring(5, 0.42), ink)
        case "sun":
            pen.polygon(ring(12, 0.7), ink)
        case "diamond":
            pen.polygon([(x, y - r), (x + r * 0.7, y), (x, y + r), (x - r * 0.7, y)], ink)
        case "drop":
            pen.ellipse((x - r * 0.6, y - r * 0.2, x + r * 0.6, y + r), ink)
            pen.polygon(
                [(x, y - r), (x + r * 0.56, y + r * 0.25), (x - r * 0.56, y + r * 0.25)], ink
            )
        case "leaf":
            pen.chord((x - r, y - r * 1.4, x + r, y + r * 0.6), 20, 160, ink)
            pen.chord((x - r, y - r * 0.6, x + r, y + r * 1.4), 200, 340, ink)
        case "ring":
            pen.ellipse((x - r, y - r, x + r, y + r), outline=ink, width=max(3, int(r * 0.35)))
        case "wave":
            for shift in (-0.5, 0.1, 0.7):
                xs = np.linspace(x - r, x + r, 30)
                ys = y + shift * r + np.sin((xs - x) / r * 5) * r * 0.22
                pen.line(list(zip(xs, ys, strict=True)), ink, max(3, int(r * 0.2)))
        case _:
            peaks = [(-1, 0.6), (-1, -0.6), (-0.45, 0), (0, -0.9), (0.45, 0), (1, -0.6), (1, 0.6)]
            pen.polygon([(x + px * r, y + py * r) for px, py in peaks], ink)


def _words(
    pen: ImageDraw.ImageDraw, text: str, x: float, y: float, wide: float, high: float, ink: str
) -> None:
    size = max(8.0, high)
    font = ImageFont.load_default(size)
    length = pen.textlength(text, font)
    if length > wide:
        font = ImageFont.load_default(max(8.0, size * wide / length))
    pen.text((x, y), text, ink, font, anchor="mm")


def _rounded(face: Image.Image, left: float, right: float, depth: float) -> Image.Image:
    """Darker towards the sides, with a strip of light: a round body."""
    across = (np.arange(SIDE) - left) / max(1.0, right - left) * 2 - 1
    fall = 1 - depth * np.clip(np.abs(across), 0, 1) ** 2.5
    light = 0.22 * np.exp(-(((across + 0.45) / 0.12) ** 2)) * (depth > 0)
    pixels = np.asarray(face, np.float32) * fall[None, :, None]
    pixels = pixels + (255 - pixels) * light[None, :, None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _fittings(
    pen: ImageDraw.ImageDraw, good: Good, left: float, top: float, right: float, bottom: float
) -> None:
    """Caps, rims and seams."""
    wide, tall = right - left, bottom - top
    middle = (left + right) / 2
    if good.shape == "can":
        pen.ellipse(
            (left + 6, top - 10, right - 6, top + 16), fill="#c9ced6", outline="#8d949e", width=3
        )
        pen.rectangle((left + 8, bottom - 8, right - 8, bottom), fill="#b4bac3")
    elif good.shape == "bottle":
        pen.rounded_rectangle(
            (middle - wide * 0.2, top - 4, middle + wide * 0.2, top + tall * 0.08),
            6,
            fill=good.colour,
        )
    elif good.shape == "cup":
        pen.rounded_rectangle((left - 8, top - 12, right + 8, top + 10), 8, fill="#eceff2")
    elif good.shape == "bag":
        for y in (top + 14, bottom - 14):
            pen.line((left + 4, y, right - 4, y), fill="#ffffff", width=3)
    else:
        pen.polygon(
            [(right, top), (right + 22, top + 18), (right + 22, bottom - 14), (right, bottom)],
            fill=_darker(good.ground),
        )


def _darker(tone: str) -> tuple[int, int, int]:
    red, green, blue = (int(tone[n : n + 2], 16) * 6 // 10 for n in (1, 3, 5))
    return red, green, blue


def cast_shadow(package: Image.Image) -> Image.Image:
    """A soft dark copy of the outline."""
    alpha = package.getchannel("A").filter(ImageFilter.GaussianBlur(12))
    shadow = Image.new("RGBA", package.size, (0, 0, 0, 0))
    shadow.putalpha(ImageChops.multiply(alpha, Image.new("L", package.size, 120)))
    return shadow
