"""Contact sheets: many pictures with their names on one page."""

from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont


def contact_sheet(
    images: Iterable[tuple[Image.Image, str]],
    columns: int = 6,
    *,
    cell: int = 192,
    font: Path | None = None,
) -> Image.Image:
    """The pictures in rows, each above its label (long labels are broken into lines)."""
    pairs = list(images)
    face: ImageFont.FreeTypeFont | ImageFont.ImageFont
    face = ImageFont.truetype(font, 13) if font else ImageFont.load_default(13)
    gap, text = 10, 34
    columns = max(1, min(columns, len(pairs)))
    rows = -(-len(pairs) // columns)
    page = Image.new(
        "RGB", (gap + columns * (cell + gap), gap + rows * (cell + gap + text)), "#ffffff"
    )
    pen = ImageDraw.Draw(page)
    corners = Image.new("L", (cell, cell), 0)
    ImageDraw.Draw(corners).rounded_rectangle((0, 0, cell - 1, cell - 1), 14, fill=255)
    for number, (image, label) in enumerate(pairs):
        x = gap + number % columns * (cell + gap)
        y = gap + number // columns * (cell + gap + text)
        small = image.convert("RGBA").resize((cell, cell), Image.Resampling.LANCZOS)
        tile = Image.new("RGBA", (cell, cell), "#f4f4f6")
        tile.alpha_composite(small)
        page.paste(tile, (x, y), corners)
        for row, words in enumerate(_wrapped(pen, label, face, cell)[:2]):
            width = pen.textlength(words, font=face)
            pen.text((x + (cell - width) / 2, y + cell + 3 + 15 * row), words, "#33303f", face)
    return page


def _wrapped(
    pen: ImageDraw.ImageDraw,
    label: str,
    face: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    width: int,
) -> list[str]:
    lines: list[str] = []
    for word in label.split():
        grown = f"{lines[-1]} {word}" if lines else word
        if lines and pen.textlength(grown, font=face) <= width:
            lines[-1] = grown
        else:
            lines.append(word)
    return lines
