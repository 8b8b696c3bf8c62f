"""Making a generation: built under a name with a dot, verified, live by two renames.

with building(root) as (name, folder):
    write_side(folder, "images", …)
    write_side(folder, "captions", …)
    measured = write_indexes(folder, …)
    publish(root, folder, Manifest(name=name, vectors=measured, …), verify, keep)

Whoever calls this holds the home's lock. Killed at any moment, the live generation stays.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from db.checksums import Stamps
from db.choosing import write_index
from db.generations import MANIFEST, POINTER, Generation, Manifest, Measured, names
from db.home import writing
from db.sides import Halves, Side
from db.vectors import Floats, Ids, let_go
from progress import Progress, silent

LAST = "LAST"
QUERIES = 1000  # that an index's recall is measured with
# Who searches images by words asks with vectors that lie where no image does; who tags an image
# asks the captions with its vector, who searches asks them with words.
ASKERS = {"images": ("captions",), "captions": ("captions", "images")}
BUILDING, DROPPED = ".building-", ".dropped-"


@contextmanager
def building(root: Path, name: str | None = None) -> Iterator[tuple[str, Path]]:
    """A name that was never given, or the one that is asked for, and an empty folder to build in.

    What is not published when the block ends is removed: on a full disk that is what helps.
    """
    with writing(root):
        root.mkdir(parents=True, exist_ok=True)
        for left in leftovers(root):
            shutil.rmtree(left)
        name = name or f"{max([_last(root), *map(int, names(root))]) + 1:06d}"
        folder = root / f"{BUILDING}{name}"
        folder.mkdir()
    try:
        yield name, folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def leftovers(root: Path) -> list[Path]:
    """Folders of jobs that were killed while they built or deleted a generation."""
    if not root.is_dir():
        return []
    found = [path for path in root.iterdir() if path.name.startswith((BUILDING, DROPPED))]
    return sorted(found)


def write_side(
    folder: Path,
    name: str,
    ids: Ids,
    owners: Ids,
    parts: Iterable[tuple[Floats, Halves]],
    shape: tuple[int, int],
) -> None:
    """One side's rows, ids ascending; `parts` are slices of unit vectors and halves, in order.

    `shape` is the length of a vector and of a half. Only one slice is in memory at a time.
    """
    with (
        writing(folder),
        _Rows(folder / f"{name}.vectors.npy", (len(ids), shape[0])) as vectors,
        _Rows(folder / f"{name}.halves.npy", (len(ids), shape[1])) as halves,
    ):
        for some_vectors, some_halves in parts:
            vectors.append(some_vectors)
            halves.append(some_halves)
        write_array(folder / f"{name}.ids.npy", ids)
        if name != "images":
            write_array(folder / f"{name}.owners.npy", owners)


def write_indexes(
    folder: Path, factory: str, recall: float, progress: Progress = silent
) -> dict[str, Measured]:
    """Both vector indexes over written sides, and which captions belong to which item."""
    group(folder)
    measured = {}
    for name, askers in ASKERS.items():
        # One side's files are mapped at a time: what was read of them counts as memory.
        queries = sample(folder, askers)
        side = Side(folder, name)
        measured[name] = write_index(
            folder / f"{name}.faiss", side.vectors, side.ids,
            queries if len(queries) else sample(folder, (name,)),
            factory, recall, f"{name.removesuffix('s')} index", progress,
        )  # fmt: skip
    return measured


def group(folder: Path) -> None:
    """Which captions belong to which item."""
    images, captions = Side(folder, "images"), Side(folder, "captions")
    order = np.argsort(captions.owners, kind="stable")
    ends = np.append(images.ids, np.iinfo(np.int64).max)
    starts = np.searchsorted(captions.owners[order], ends).astype(np.int64)
    with writing(folder):
        write_array(folder / "captions.order.npy", order)
        write_array(folder / "captions.starts.npy", starts)


def publish(
    root: Path,
    folder: Path,
    manifest: Manifest,
    verify: Callable[[Generation], None],
    keep: int,
    stamps: Path | None = None,
) -> Generation:
    """Seal a built folder, verify it as a reader would, make it live, drop the oldest."""
    with writing(root):
        known = Stamps(stamps)
        known.forget(f"{manifest.name}/")
        files = {
            f.name: known.read(f"{manifest.name}/{f.name}", f) for f in sorted(folder.iterdir())
        }
        manifest = msgspec.structs.replace(manifest, files=files).sealed()
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
        (folder / MANIFEST).write_bytes(text)
        flush(folder)
        verify(Generation(folder, manifest))
        # Before the name can be seen: a deleted generation's name must not come back.
        _write_line(root / LAST, max(f"{_last(root):06d}", manifest.name, key=int))
        final = root / manifest.name
        folder.replace(final)
        point(root, manifest.name)
        for old in names(root)[:-keep]:
            if old != manifest.name:
                drop(root, old)
                known.forget(f"{old}/")
        known.save()
    return Generation(final, manifest)


def export(source: Path, folder: Path, progress: Progress = silent) -> None:
    """Copy all files of a generation but its vector indexes."""
    files = [file for file in sorted(source.iterdir()) if file.suffix == ".npy"]
    with writing(folder):
        for number, file in enumerate(files, start=1):
            shutil.copyfile(file, folder / file.name)
            progress("files", number, len(files))


def point(root: Path, name: str) -> None:
    """Make a published generation the live one, in one atomic rename."""
    _write_line(root / POINTER, name)


def drop(root: Path, name: str) -> None:
    """Delete a generation; its name is gone at once, and no half of it can be opened."""
    with writing(root):
        away = root / f"{DROPPED}{name}"
        (root / name).replace(away)
        shutil.rmtree(away)


def _last(root: Path) -> int:
    try:
        return int((root / LAST).read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return 0


def _write_line(file: Path, line: str) -> None:
    with writing(file):
        temporary = file.with_name(f".{file.name}")
        temporary.write_text(line + "\n", encoding="ascii")
        flush(temporary)
        temporary.replace(file)
        flush(file.parent)


def sample(folder: Path, names: Sequence[str]) -> Floats:
    """Evenly spaced vectors of the sides, an equal share of each that has any."""
    sides = [side for side in (Side(folder, name) for name in names) if len(side.ids)]
    parts = [np.empty((0, 0), np.float16)]
    for side in sides:
        share = min(QUERIES // len(sides), len(side.ids))
        rows = np.unique(np.linspace(0, len(side.ids) - 1, share, dtype=np.int64))
        parts.append(side.vectors[rows])
        let_go(side.vectors)
    return np.concatenate(parts[1:] or parts).astype(np.float32)


class _Rows:
    """A two-dimensional float16 .npy file, written slice by slice.

    Not through a memory map: on a full disk that is a killed process where this is an error.
    """

    def __init__(self, file: Path, shape: tuple[int, int]) -> None:
        self._file, self._shape, self._rows = file, shape, 0

    def __enter__(self) -> _Rows:
        self._stream = self._file.open("wb")
        header = {"descr": "<f2", "fortran_order": False, "shape": self._shape}
        np.lib.format.write_array_header_1_0(self._stream, header)
        return self

    def append(self, part: NDArray[np.floating]) -> None:
        assert part.shape[1] == self._shape[1]
        with writing(self._file):
            self._stream.write(np.ascontiguousarray(part, "<f2").data)
        self._rows += len(part)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with writing(self._file):
            self._stream.close()
        assert kind is not None or self._rows == self._shape[0]


def write_array(file: Path, array: NDArray[Any]) -> None:
    """np.save with the system's own error where the disk is full."""
    with file.open("wb") as stream:
        np.lib.format.write_array_header_1_0(
            stream, np.lib.format.header_data_from_array_1_0(array)
        )
        stream.write(np.ascontiguousarray(array).data)


def flush(path: Path) -> None:
    """On disk, not only in the kernel's memory: a folder with all its files, or one file."""
    for file in [*filter(Path.is_file, path.iterdir()), path] if path.is_dir() else [path]:
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
