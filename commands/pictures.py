"""Pictures as terminals take them: kitty's, iTerm2's and DEC's (sixel) sequences, or half blocks.

Written here, in a screen of code, because no library that is kept up speaks all three:
textual-image has no iTerm2 and asks the terminal when it is imported, term-image needs an old
Pillow.
"""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

KITTY_CHUNK = 4096  # bytes of one sequence, by kitty's protocol
SIXEL_COLOURS = 255
PROTOCOLS = ("kitty", "iterm", "sixel", "blocks")


def sequence(image: Image.Image, protocol: str, columns: int, rows: int) -> str:
    """An RGB image in so many cells of a terminal; ends on the last row that it covers."""
    if protocol == "kitty":
        return _kitty(image, columns, rows)
    if protocol == "iterm":
        return _iterm(image, columns, rows)
    return _sixel(image) if protocol == "sixel" else _blocks(image, columns, rows)


def _png(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG", compress_level=1)
    return data.getvalue()


def _kitty(image: Image.Image, columns: int, rows: int) -> str:
    data = base64.b64encode(_png(image)).decode("ascii")
    chunks = [data[start : start + KITTY_CHUNK] for start in range(0, len(data), KITTY_CHUNK)]
    parts = []
    for number, chunk in enumerate(chunks):
        more = int(number < len(chunks) - 1)
        # q=2: the terminal must not answer, its words would look typed.
        keys = f"a=T,f=100,q=2,c={columns},r={rows},m={more}" if number == 0 else f"m={more}"
        parts.append(f"\x1b_G{keys};{chunk}\x1b\\")
    return "".join(parts)


def _iterm(image: Image.Image, columns: int, rows: int) -> str:
    data = _png(image)
    keys = f"inline=1;size={len(data)};width={columns};height={rows};preserveAspectRatio=0"
    return f"\x1b]1337;File={keys}:{base64.b64encode(data).decode('ascii')}\x07"


def _sixel(image: Image.Image) -> str:
    """Bands of six rows; in each a run of characters per colour, one bit for each row."""
    flat = image.quantize(SIXEL_COLOURS)
    colours = np.asarray(flat.getpalette(), np.int64).reshape(-1, 3) * 100 // 255
    pixels = np.asarray(flat)
    height, width = pixels.shape
    parts = [f'\x1bP0;1q"1;1;{width};{height}']
    used = np.unique(pixels)
    parts += [f"#{c};2;{';'.join(map(str, colours[c]))}" for c in used.tolist()]
    bits = 1 << np.arange(6)[:, None]
    for top in range(0, height, 6):
        band = pixels[top : top + 6]
        lines = []
        for colour in np.unique(band).tolist():
            values = ((band == colour) * bits[: len(band)]).sum(axis=0)
            lines.append(f"#{colour}{_runs(values)}")
        parts.append("$".join(lines) + "-")
    return "".join(parts).removesuffix("-") + "\x1b\\"


def _runs(values: NDArray[np.int64]) -> str:
    """Characters of a line; equal ones in a row are counted."""
    starts = np.flatnonzero(np.diff(values, prepend=-1))
    lengths = np.diff(starts, append=len(values))
    parts = []
    for value, length in zip(values[starts].tolist(), lengths.tolist(), strict=True):
        char = chr(63 + value)
        parts.append(f"!{length}{char}" if length > 3 else char * length)
    return "".join(parts)


def _blocks(image: Image.Image, columns: int, rows: int) -> str:
    """Each cell an upper half block: its ink is the upper pixel, its ground the lower."""
    pixels = np.asarray(image.resize((columns, 2 * rows), Image.Resampling.BICUBIC))
    lines = []
    for upper, lower in zip(pixels[::2].tolist(), pixels[1::2].tolist(), strict=True):
        cells = (
            f"\x1b[38;2;{a[0]};{a[1]};{a[2]};48;2;{b[0]};{b[1]};{b[2]}m▀"
            for a, b in zip(upper, lower, strict=True)
        )
        lines.append("".join(cells) + "\x1b[0m")
    return "\n".join(lines)
