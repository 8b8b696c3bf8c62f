"""A folder of images: sidecar files beside them, or class folders, say what they show.

    photos/red fox.jpg  + photos/red fox.txt    the text is the caption
    photos/red fox.jpg  + photos/red fox.json   the keys are columns (caption, tags, ...)
    photos/fox/red/0001.jpg, no sidecars at all the folders are the tags and, as words, the caption

`red fox.jpg.txt` is understood too. Folders named train, val and test at the top are splits.
"""

# Names stay strings: a folder may hold hundreds of thousands.
# ruff: noqa: PTH118, PTH122, PTH206

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from catalog.rows import Row, Source
from catalog.splits import split_of
from errors import CatalogError
from images import SUFFIXES

_MAX_SIDECAR = 16 << 20
_SIDECARS = (".json", ".txt")


def open_folder(folder: Path) -> Source:
    files = sorted(_files(folder))
    images = [file for file in files if os.path.splitext(file)[1].lower() in SUFFIXES]
    if not images:
        tables = [f for f in files if f.endswith((".csv", ".tsv", ".jsonl", ".parquet"))]
        remedy = (
            f"import {tables[0]} itself" if tables else f"known are {' '.join(sorted(SUFFIXES))}"
        )
        raise CatalogError(f"{folder} holds no images", "", remedy)
    known = set(files)
    with_sidecars = any(_sidecars(image, known) for image in images)
    tops = {image.split(os.sep)[0] for image in images}
    split_first = all(os.sep in image for image in images) and all(map(split_of, tops))

    def read() -> Iterator[Row]:
        for number, image in enumerate(images, start=1):
            values: dict[str, object] = {"image": image}
            classes = image.split(os.sep)[:-1]
            if split_first:
                values["split"] = classes.pop(0)
            classes = [name.replace("_", " ").replace("-", " ") for name in classes]
            values["tags"] = classes
            if not with_sidecars:
                values["caption"] = ", ".join(reversed(classes))
            fault = _add_sidecars(folder, _sidecars(image, known), values)
            yield Row(number, values, fault)

    columns: dict[str, None] = dict.fromkeys(("image", "caption", "tags", "split"))
    if with_sidecars:
        for row in read():
            columns.update(dict.fromkeys(row.values))
        notes = ["captions come from the files beside the images"]
    else:
        notes = ["there are no .txt or .json files: captions are the names of the folders"]
    return Source(folder, folder, tuple(columns), len(images), read, tuple(notes))


def _files(folder: Path) -> Iterator[str]:
    """Every name under the folder that is no folder, relative; links to folders stay closed.

    Followed, they could lead in circles; a link to an image is a file like any other.
    """
    top = os.fspath(folder)
    for place, _, names in os.walk(top):
        for name in names:
            yield os.path.relpath(os.path.join(place, name), top)


def _sidecars(image: str, known: set[str]) -> list[str]:
    stem = os.path.splitext(image)[0]
    names = (start + suffix for suffix in _SIDECARS for start in (stem, image))
    return [name for name in names if name in known]


def _add_sidecars(folder: Path, names: Iterable[str], values: dict[str, object]) -> str:
    """Read the sidecars into the row's values; what cannot be read is returned as a fault."""
    tags = values["tags"]
    for name in names:
        path = folder / name
        try:
            # A FIFO would block for ever, and a file of gigabytes is no caption.
            if not path.is_file() or path.stat().st_size > _MAX_SIDECAR:
                return f"{name} is no text file of at most {_MAX_SIDECAR >> 20} MB"
            text = path.read_bytes().decode("utf-8-sig")
            if name.endswith(".txt"):
                values["caption"] = text
                continue
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            return f"{name}: {error}"
        except OSError as error:
            return f"{name}: {error.strerror}"
        if not isinstance(found, dict):
            return f"{name} holds no JSON object"
        # The file beside the image cannot say that it belongs to another one.
        values.update((str(k).strip(), v) for k, v in found.items() if k != "image")
    if values["tags"] is not tags and not values["tags"]:
        values["tags"] = tags
    return ""
