"""A training that was killed goes on where its last finished epoch ended."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from training.recipe import Epoch, Pair


@dataclass(frozen=True)
class Checkpoint:
    """Everything the next epoch depends on."""

    arrays: list[np.ndarray]
    history: list[Epoch]
    state: dict[str, Any]  # random generator, best figure so far, patience used


class Checkpoints:
    """Checkpoints of one run, told apart by what the run is made of; without a folder, none."""

    def __init__(self, folder: Path | None, run: str) -> None:
        self.file = None if folder is None else folder / f"{run}.npz"

    def save(self, variables: Sequence[Any], history: Sequence[Epoch], state: Any) -> None:
        if self.file is None:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        note = json.dumps({"history": [asdict(epoch) for epoch in history], "state": state})
        arrays = {f"v{i}": ops.convert_to_numpy(v) for i, v in enumerate(variables)}
        partial = self.file.with_suffix(".part")
        with partial.open("wb") as stream:
            np.savez(stream, note=np.array(note), **arrays)
        partial.replace(self.file)

    def load(self) -> Checkpoint | None:
        """The last one; a damaged file counts as none, for the run can be repeated."""
        if self.file is None or not self.file.is_file():
            return None
        try:
            with np.load(self.file, allow_pickle=False) as stored:
                note = json.loads(str(stored["note"]))
                arrays = [stored[f"v{i}"] for i in range(len(stored.files) - 1)]
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None
        return Checkpoint(arrays, [Epoch(**epoch) for epoch in note["history"]], note["state"])

    def part(self, number: int) -> Checkpoints:
        """Of one of several trainings that the run is made of."""
        if self.file is None:
            return self
        return Checkpoints(self.file.parent, f"{self.file.stem}.{number}")

    def clear(self) -> None:
        """Parts too."""
        if self.file is not None:
            for file in self.file.parent.glob(f"{self.file.stem}*"):
                file.unlink(missing_ok=True)


def restore(variables: Sequence[Any], arrays: Sequence[np.ndarray]) -> None:
    for variable, value in zip(variables, arrays, strict=True):
        variable.assign(value)


def run_name(stage: str, pairs: Sequence[Pair], *parts: object) -> str:
    """The same for the same material, recipe and network; another for anything else."""
    digest = hashlib.sha256(repr(parts).encode())
    for pair in pairs:
        digest.update(repr((pair.id, pair.captions, pair.tags, pair.split)).encode())
    return f"{stage}-{digest.hexdigest()[:16]}"
