"""Paints outlined, shaded shapes on a transparent layer at twice the wanted size.

Drawing at double size and reducing at the end gives smooth edges for a fraction of what
anti-aliased primitives would cost. A stance puts a creature in its pose: every point of
every part goes through it, so that a bend or a tilt moves horns and flames along.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from catalog.demo.curves import Points
from catalog.demo.palettes import Colour, Ramp

OVERSAMPLING = 2
# Shapes narrower than this share of the picture's side get no upper light: nobody sees it.
_SMALLEST_LIT = 0.12

Marks = Callable[[ImageDraw.ImageDraw, tuple[int, int]], None]
"""Draws a pattern (ink 1 on a one-bit image of the given size)."""


@dataclass(frozen=True, slots=True)
class Stance:
    """How a creature stands in its picture (fractions of the picture's side)."""

    x: float = 0.5
    y: float = 0.5
    scale: float = 0.36
    mirrored: bool = False
    tilt: float = 0.0
    bend: float = 0.0
    stretch: float = 1.0

    def apply(self, points: Points) -> Points:
        """Creature units to fractions of the picture."""
        x = points[:, 0] * self.stretch
        y = points[:, 1] / self.stretch
        if self.bend:
            y = y + self.bend * (x * x - 0.2)
            x = x * (1.0 - 0.12 * abs(self.bend))
        angle = np.radians(self.tilt)
        turned = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
        across = -turned[0] if self.mirrored else turned[0]
        return np.stack([self.x + self.scale * across, self.y + self.scale * turned[1]], axis=1)


class Easel:
    """One transparent layer, and the strokes that draw creatures on it."""

    def __init__(self, size: int, stance: Stance) -> None:
        self.side = size * OVERSAMPLING
        self.stance = stance
        # White, since every edge is drawn against the white rim of a sticker; the fourth
        # channel says where paint is. (As RGBA, reducing would take twice the time.)
        self.layer = Image.new("RGBX", (self.side, self.side), (255, 255, 255, 0))
        self.pen = ImageDraw.Draw(self.layer)

    def pixels(self, points: Points) -> Points:
        """Creature units to pixels of the layer."""
        return self.stance.apply(points) * self.side

    def flat(self, points: Points, colour: Colour) -> None:
        """A shape in one colour, without an outline."""
        self.pen.polygon(_flat(self.pixels(points)), fill=colour)

    def stroke(self, points: Points, colour: Colour, width: float = 9.0) -> None:
        """An open line with round ends; its width in thousandths of the picture's side."""
        self.ink_stroke(self.pixels(points), colour, width)

    def ink_stroke(self, pixels: Points, colour: Colour, width: float) -> None:
        """The same for points that are pixels already."""
        thick = self._thickness(width)
        self.pen.line(_flat(pixels), fill=colour, width=thick)
        # Pillow's own round joints are drawn in Python; dots at the corners are faster, and
        # dense curves need none between their ends.
        for corner in pixels if len(pixels) < 12 else pixels[:: len(pixels) - 1]:
            self._dot(corner, thick, colour)

    def shape(
        self,
        outlines: Sequence[Points],
        ramp: Ramp,
        *,
        marks: Marks | None = None,
        shaded: bool = True,
        line: float = 10.0,
    ) -> None:
        """Overlapping outlines as one solid thing: contour, fill, pattern, shade, light."""
        self.ink_shape(
            [self.pixels(points) for points in outlines],
            ramp, marks=marks, shaded=shaded, line=line,
        )  # fmt: skip

    def ink_shape(
        self,
        pixels: Sequence[Points],
        ramp: Ramp,
        *,
        marks: Marks | None = None,
        shaded: bool = True,
        line: float = 10.0,
    ) -> None:
        """The same for points that are pixels already.

        The contours are drawn first and the fills over them, so that limbs melt into the
        body and only the common silhouette keeps its line.
        """
        if line:
            for points in pixels:
                self._contour(points, ramp.line, 2 * self._thickness(line))
        for points in pixels:
            self.pen.polygon(_flat(points), fill=ramp.base)
        if shaded or marks is not None:
            self._finish(pixels, ramp, marks)

    def _thickness(self, width: float) -> int:
        return max(1, round(width * self.side / 1000))

    def _contour(self, points: Points, colour: Colour, thick: int) -> None:
        values = _flat(points)
        self.pen.line(values + values[:4], fill=colour, width=thick)
        if len(points) < 24:
            for corner in points:
                self._dot(corner, thick, colour)

    def _dot(self, centre: Points, thick: int, colour: Colour) -> None:
        x, y = float(centre[0]), float(centre[1])
        radius = thick / 2 - 0.5
        self.pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def _finish(self, pixels: Sequence[Points], ramp: Ramp, marks: Marks | None) -> None:
        """Pattern, lower shade and upper light, each clipped to the silhouette."""
        every = np.vstack(pixels)
        corner = np.floor(every.min(axis=0)).astype(int)
        extent = np.ceil(every.max(axis=0)).astype(int) - corner + 1
        size = int(extent[0]), int(extent[1])
        if min(size) < 3:
            return
        local = [points - corner for points in pixels]
        mask = _mask(local, size)
        reach = float(min(size))
        shade = ImageChops.logical_and(
            mask, ImageChops.invert(_mask(local, size, (-0.05 * reach, -0.11 * reach)))
        )
        box = (int(corner[0]), int(corner[1]))
        if reach > _SMALLEST_LIT * self.side:
            light = ImageChops.logical_and(
                mask,
                ImageChops.invert(_mask(local, size, (0.03 * reach, 0.06 * reach))),
            )
            self._ink(light, box, ramp.light)
        if marks is not None:
            drawn = Image.new("1", size, 0)
            marks(ImageDraw.Draw(drawn), size)
            drawn = ImageChops.logical_and(drawn, mask)
            self._ink(drawn, box, ramp.mark)
            self._ink(ImageChops.logical_and(drawn, shade), box, ramp.mark_shade)
            shade = ImageChops.logical_and(shade, ImageChops.invert(drawn))
        self._ink(shade, box, ramp.shade)

    def _ink(self, mask: Image.Image, corner: tuple[int, int], colour: Colour) -> None:
        box = (*corner, corner[0] + mask.width, corner[1] + mask.height)
        self.layer.paste(colour, box, mask)


def _flat(points: Points) -> list[float]:
    values: list[float] = points.ravel().tolist()
    return values


def _mask(
    pixels: list[Points], size: tuple[int, int], shift: tuple[float, float] = (0.0, 0.0)
) -> Image.Image:
    """The silhouette as one-bit ink, shifted if asked."""
    mask = Image.new("1", size, 0)
    pen = ImageDraw.Draw(mask)
    for points in pixels:
        pen.polygon(_flat(points + shift), fill=255)  # invert() needs the full value
    return mask
