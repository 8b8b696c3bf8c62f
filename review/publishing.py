"""New heads into the artifact, and back: one file that changes, and nothing that is written over.

The heads go into a file of their own, named by its content, and artifact.json as it was before
into refits/. Then artifact.json is replaced in one step. Killed anywhere, the model is the old one
or the new one, whole; what a killed refit left behind the next one removes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from pathlib import Path

import msgspec

from db.home import writing
from encoder import artifact as artifacts
from encoder.artifact import Artifact, Refit
from encoder.heads import Heads
from encoder.tagging import Tagging
from errors import ModelError

FOLDER = "refits"


def publish(
    folder: Path, before: Artifact, heads: Heads, tagging: Tagging | None, told: Refit
) -> Artifact:
    """`told` is what the artifact says of the refit; its file and number are filled in."""
    data = heads.to_bytes()
    name = f"heads-{hashlib.sha256(data).hexdigest()[:12]}.npz"
    number = 1 if before.refit is None else before.refit.number + 1
    with writing(folder):
        _clean(folder)
        _write(folder / name, data)
        (folder / FOLDER).mkdir(exist_ok=True)
        _write(folder / FOLDER / f"{number:04d}.json", (folder / artifacts.JSON).read_bytes())
        created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        refit = msgspec.structs.replace(told, file=name, number=number, created=created)
        made = msgspec.structs.replace(before, refit=refit, tagging=tagging)
        return artifacts.seal(folder, made)


def undo(folder: Path, steps: int = 1) -> Artifact:
    """The artifact as it was before the last refits; scores fitted since go with them."""
    now = artifacts.load(folder)
    done = 0 if now.refit is None else now.refit.number
    if steps > done:
        raise ModelError(
            f"{steps} refits cannot be undone" if done else "there is no refit to undo",
            f"{done} are in force" if done else "the model is as it was trained",
            f"give --steps {done}" if done else "",
        )
    file = folder / FOLDER / f"{done - steps + 1:04d}.json"
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{file} cannot be read", str(error.strerror).lower(), "run `pairdex train`"
        ) from None
    with writing(folder):
        _require(folder, msgspec.json.decode(data, type=Artifact))
        _write(folder / artifacts.JSON, data)
        restored = artifacts.load(folder)
        for number in range(done - steps + 1, done + 1):
            (folder / FOLDER / f"{number:04d}.json").unlink(missing_ok=True)
        _clean(folder)
    return restored


def _require(folder: Path, artifact: Artifact) -> None:
    """All its files are there and sound."""
    for name, digest in artifact.files.items():
        if not (folder / name).is_file() or artifacts.sha256(folder / name) != digest:
            raise ModelError(f"{folder / name} is missing or damaged", "", "run `pairdex train`")


def _write(file: Path, data: bytes) -> None:
    """Whole or not at all, and on the disk when this returns."""
    partial = file.with_name(f"{file.name}.part")
    with partial.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(file)


def _clean(folder: Path) -> None:
    """Remove what no artifact.json names: left by a killed refit, or by one that was undone."""
    live = artifacts.load(folder)
    force = 0 if live.refit is None else live.refit.number
    named = {live.refit.file} if live.refit is not None else set[str]()
    for file in sorted((folder / FOLDER).glob("*.json")):
        if int(file.stem) > force:
            file.unlink()
            continue
        older = msgspec.json.decode(file.read_bytes(), type=Artifact)
        named |= {older.refit.file} if older.refit is not None else set()
    for file in [*folder.glob("heads-*.npz*"), *(folder / FOLDER).glob("*.part")]:
        if file.name not in named:
            file.unlink()
