"""Writes a demo catalog to disk: pictures by a pool of processes, one CSV beside them."""

import contextlib
import csv
import io
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from catalog.demo.creature import Creature, creature, tags_of
from catalog.demo.describe import describe
from catalog.demo.draw import draw, sprite
from progress import Progress, silent

COLUMNS = (
    "id", "image", "name", "caption", "caption_2", "caption_ko", "tags", "type", "second_type",
    "body", "colour", "habitat", "height", "rarity", "discovered",
)  # fmt: skip
_CHUNK = 32


def draw_demo(
    folder: Path,
    items: int = 1025,
    seed: int = 7,
    workers: int | None = None,
    progress: Progress = silent,
) -> Path:
    """Draws `items` creatures into `folder` and returns the path of its catalog.csv.

    Equal arguments give equal bytes, whatever the number of workers (default: one per
    core). Rows stream to the file as pictures finish, so memory does not grow with items.
    """
    if items < 0:
        raise ValueError(f"items must not be negative, but it is {items}")
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    target = folder / "catalog.csv"
    partial_target = folder / f".catalog.csv.{os.getpid()}"
    progress("draw", 0, items)
    try:
        with partial_target.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(COLUMNS)
            for done, row in enumerate(_rows(images, items, seed, workers), start=1):
                table.writerow(row)
                if done % _CHUNK == 0 or done == items:
                    progress("draw", done, items)
        partial_target.replace(target)
    finally:
        partial_target.unlink(missing_ok=True)
    return target


def _rows(images: Path, items: int, seed: int, workers: int | None) -> Iterator[list[str]]:
    count = workers if workers is not None else os.cpu_count() or 1
    task = partial(_make, images, seed)
    if count <= 1 or items <= _CHUNK:
        yield from map(task, range(items))
        return
    # "spawn" everywhere: a fork of a process with running threads can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        yield from pool.map(task, range(items), chunksize=_CHUNK)


def _make(images: Path, seed: int, number: int) -> list[str]:
    """Draws one creature and gives its row."""
    one = creature(seed, number)
    path = images / f"{one.id}{one.suffix}"
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(encoded(one))
        temporary.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
    return row(one)


def encoded(one: Creature) -> bytes:
    """The picture as its file holds it."""
    memory = io.BytesIO()
    if one.suffix == ".png":
        sprite(one).save(memory, "PNG", compress_level=4)
    elif one.suffix == ".webp":
        draw(one).save(memory, "WEBP", quality=88, method=1)
    else:
        draw(one).save(memory, "JPEG", quality=90)
    return memory.getvalue()


def row(one: Creature) -> list[str]:
    """Its line in the catalog, in the order of COLUMNS."""
    return [
        one.id,
        f"images/{one.id}{one.suffix}",
        one.name.latin,
        *describe(one),
        "|".join(tags_of(one)),
        one.element,
        one.second,
        one.body,
        one.colour,
        one.habitat,
        f"{one.height:.2f}",
        one.rarity,
        one.discovered.isoformat(),
    ]
