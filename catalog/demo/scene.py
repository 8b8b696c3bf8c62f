"""A background under the brush: areas, discs and hills in fractions of the picture's side."""

import math
import random

from PIL import Image, ImageDraw

from catalog.demo.easel import OVERSAMPLING
from catalog.demo.palettes import Colour, colour, mix


class Scene:
    """A picture being painted in fractions of its side."""

    def __init__(self, size: int, chance: random.Random) -> None:
        self.side = size * OVERSAMPLING
        self.image = Image.new("RGB", (self.side, self.side))
        self.pen = ImageDraw.Draw(self.image)
        self.chance = chance

    def sky(self, top: str, bottom: str, until: float = 1.0) -> None:
        """A vertical blend of two colours."""
        first, last = colour(top), colour(bottom)
        bands = 48
        for band in range(bands):
            y = band * until / bands
            box = (0, y * self.side, self.side, (y + until / bands) * self.side + 1)
            self.pen.rectangle(box, fill=mix(first, last, band / (bands - 1)))

    def area(self, points: list[tuple[float, float]], fill: Colour | str) -> None:
        """A filled polygon."""
        tone = colour(fill) if isinstance(fill, str) else fill
        self.pen.polygon([(x * self.side, y * self.side) for x, y in points], fill=tone)

    def disc(self, x: float, y: float, rx: float, ry: float, fill: Colour | str) -> None:
        """A filled ellipse."""
        tone = colour(fill) if isinstance(fill, str) else fill
        side = self.side
        box = ((x - rx) * side, (y - ry) * side, (x + rx) * side, (y + ry) * side)
        self.pen.ellipse(box, fill=tone)

    def line(self, points: list[tuple[float, float]], fill: str, width: float) -> None:
        """A bent line."""
        self.pen.line(
            [(x * self.side, y * self.side) for x, y in points],
            fill=colour(fill),
            width=max(1, round(width * self.side)),
            joint="curve",
        )

    def hills(self, y: float, swell: float, waves: float, fill: str) -> None:
        """Everything below a rolling line."""
        phase = self.chance.uniform(0, 6.28)
        crest = [(k / 24, y + swell * math.sin(phase + waves * 6.28 * k / 24)) for k in range(25)]
        self.area([*crest, (1.0, 1.0), (0.0, 1.0)], fill)

    def spread(self, count: int, margin: float = 0.0) -> list[float]:
        """Places across the picture: even, then shaken."""
        step = 1.0 / count
        return [
            margin + (1 - 2 * margin) * ((k + 0.5 + self.chance.uniform(-0.35, 0.35)) * step)
            for k in range(count)
        ]
