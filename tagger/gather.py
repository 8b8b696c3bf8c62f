"""Files, folders and lists → the files to tag, each once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from errors import QueryError, printable
from images import SUFFIXES

# Paths stay strings while folders are walked: one may hold hundreds of thousands.
# ruff: noqa: PTH100, PTH112, PTH118, PTH122


@dataclass
class Inputs:
    """Every file that was met is in exactly one of these."""

    files: list[Path] = field(default_factory=list)
    others: int = 0  # in folders: no image by their names
    repeated: int = 0  # met before, by the same path
    unreadable: list[tuple[str, str]] = field(default_factory=list)  # folder, why it cannot be read


def gather(named: Iterable[Path], recursive: bool = True) -> Inputs:
    """What is named is taken whatever it is called; of a folder, the files named as images are.

    Folders are read in the order of their names. Links to folders are not followed within a folder,
    so no loop of them is one.
    """
    inputs, met = Inputs(), set[str]()

    def take(path: str) -> None:
        whole = os.path.abspath(path)
        if whole in met:
            inputs.repeated += 1
        else:
            met.add(whole)
            inputs.files.append(Path(path))

    for path in named:
        if not os.path.isdir(path):
            take(str(path))
            continue
        for file in walk(path, recursive, inputs.unreadable):
            if os.path.splitext(file)[1].lower() in SUFFIXES:
                take(file)
            else:
                inputs.others += 1
    return inputs


def walk(folder: Path, recursive: bool, unreadable: list[tuple[str, str]]) -> Iterator[str]:
    """All files of a folder; what cannot be read of it is added to `unreadable`."""

    def note(error: OSError) -> None:
        unreadable.append((os.fsdecode(error.filename), str(error.strerror).lower()))

    for place, folders, files in os.walk(folder, onerror=note):
        folders.sort()
        for name in sorted(files):
            yield os.path.join(place, name)
        if not recursive:
            return


def listed(data: bytes, name: str) -> list[Path]:
    """The paths of a list: one a line, or parted by zero bytes as `find -print0` writes them."""
    parted = b"\0" if b"\0" in data else b"\n"
    lines = data.removeprefix(b"\xef\xbb\xbf").split(parted)
    if parted == b"\n":
        lines = [line.removesuffix(b"\r") for line in lines]
    paths = [Path(os.fsdecode(line)) for line in lines if line]
    if not paths:
        raise QueryError(f"{printable(name)} names no file", "", "one path a line")
    return paths
