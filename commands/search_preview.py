"""The pictures of the hits in the terminal: rows of thumbnails, under each its rank and score."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from errors import ImageError, QueryError

if TYPE_CHECKING:
    from PIL import Image
    from rich.console import Console

    from commands.context import Session
    from search import Hit

CHOICES = ("auto", "kitty", "iterm", "sixel", "blocks")
COLUMNS, ROWS, GAP = 16, 8, 1  # cells of a thumbnail, and between two
BLANK = (40, 40, 46)  # where a picture cannot be read


def protocol(wanted: str, session: Session) -> str:
    """How pictures are to be shown; empty, with a note, where they cannot be."""
    from commands.terminal import graphics

    if wanted not in CHOICES:
        known = f"it is one of {', '.join(CHOICES)}"
        raise QueryError(f"--preview={wanted} is not known", "", known)
    if not session.out.is_terminal:
        session.err.print("no preview: stdout is no terminal (--html FILE makes a page)")
        return ""
    found = graphics() if wanted == "auto" else wanted
    if not found:
        session.err.print(
            "no preview: this terminal speaks neither kitty's, iTerm2's nor the sixel protocol "
            "(--preview=blocks draws with characters, --html FILE makes a page)",
            soft_wrap=True,
        )
    return found


def show(console: Console, hits: Sequence[Hit], how: str) -> None:
    from commands.pictures import sequence
    from commands.terminal import cell

    across = max(1, (console.width + GAP) // (COLUMNS + GAP))
    size = cell()
    for start in range(0, len(hits), across):
        some = hits[start : start + across]
        columns = len(some) * (COLUMNS + GAP) - GAP
        picture = strip([Path(hit.image) for hit in some], size)
        sys.stdout.write(sequence(picture, how, columns, ROWS) + "\n")
        sys.stdout.flush()
        console.print(*(_label(hit) for hit in some), sep=" " * GAP, markup=False, no_wrap=True)


def strip(files: Sequence[Path], size: tuple[int, int]) -> Image.Image:
    """Thumbnails side by side on black, each in its place; `size` is that of a cell."""
    from PIL import Image

    width, height = size
    box = (COLUMNS * width, ROWS * height)
    whole = Image.new("RGB", (len(files) * (COLUMNS + GAP) * width - GAP * width, box[1]))
    for place, file in enumerate(files):
        one = thumbnail(file, box)
        left = place * (COLUMNS + GAP) * width + (box[0] - one.width) // 2
        whole.paste(one, (left, (box[1] - one.height) // 2))
    return whole


def thumbnail(file: Path, box: tuple[int, int], blank: bool = False) -> Image.Image:
    """The picture as large as the box allows; with `blank`, black fills the rest of the box."""
    from PIL import Image, ImageOps

    import images

    try:
        found = images.read_rgb(file)
        return ImageOps.pad(found, box) if blank else ImageOps.contain(found, box)
    except ImageError:  # moved or damaged since the index was built
        return Image.new("RGB", box, BLANK)


def _label(hit: Hit) -> str:
    from rich.cells import set_cell_size

    from errors import printable

    return set_cell_size(printable(f"{hit.rank} {hit.score:.2f} {hit.name or hit.id}"), COLUMNS)
