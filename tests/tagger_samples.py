"""A tagger of colours, and runs of it over folders."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from PIL import Image

from db import generations
from db.home import Home
from db.store import Store
from indexer.job import build_index
from settings import Settings
from tagger import Tagged, Tagger
from tagger.gather import Inputs, gather
from tagger.many import Report, Run
from tagger.outputs import Outputs
from tests.fakes import COLOURS, FakeEncoder

ALL = ("json", "txt", "xmp")


class Room:
    """A home with a built index, and what is needed to run `tag` in it."""

    def __init__(self, home: Home, store: Store, encoder: FakeEncoder, settings: Settings) -> None:
        build_index(home, store, encoder, settings)
        generation = generations.open_current(home.generations)
        self.home, self.settings, self.encoder = home, settings, encoder
        self.tagger = Tagger(store, generation, encoder, settings.tagger)
        encoder.seen_images = 0

    def tag(
        self, *named: Path, outputs: Outputs, whole: bool = False
    ) -> tuple[list[Tagged], Report]:
        run = Run(self.home, self.tagger, self.settings.tagger, outputs, whole=whole)
        return list(run(gather(named))), run.report

    def tag_inputs(self, inputs: Inputs, outputs: Outputs) -> tuple[list[Tagged], Report]:
        run = Run(self.home, self.tagger, self.settings.tagger, outputs, whole=False)
        return list(run(inputs)), run.report


def paint(file: Path, colour: str, shade: int = 0, form: str = "PNG", **options: object) -> Path:
    """A picture with a little noise, so that pixels are worth comparing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    red, green, blue = COLOURS[colour]
    image = Image.new("RGB", (40, 30), (red - shade, green, blue))
    for x in range(0, 40, 7):
        image.putpixel((x, x % 30), (red, green, (blue + x) % 256))
    image.save(file, form, **options)
    return file


def pixels(file: Path) -> bytes:
    with Image.open(io.BytesIO(file.read_bytes())) as image:
        return hashlib.sha256(image.convert("RGBA").tobytes()).digest()


def state(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its bytes."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}
