"""Stage 5: a generation must answer as a reader will ask, before it goes live and ever after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from db.generations import Generation
from db.published import FileCheck, Generations
from db.sides import Side
from errors import IndexStateError
from indexer.scan import Plan
from progress import Progress, silent

# A vector's cosine to itself, after rounding to float16 and any lossy index.
SELF_COSINE = 0.95


@dataclass
class Verified:
    """What `index verify` found."""

    generation: str
    items: int
    captions: int
    sound: bool = False
    files: list[FileCheck] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # of files and of what they hold


def verify_generation(
    kept: Generations, name: str, sample: int, progress: Progress = silent
) -> Verified:
    """Read every file of a generation, believing no stamp, then ask it for what it holds."""
    manifest = kept.manifest(name)
    found = Verified(name, manifest.items, manifest.captions)
    for file, damage in kept.check(name):
        found.files.append(file)
        if damage is not None:
            found.problems.append(str(IndexStateError(damage.what, damage.why)))
        progress("verify", len(found.files), len(manifest.files), file.name)
    if not found.problems:
        try:
            check(kept.open(name), manifest.items, manifest.captions, sample)
        except IndexStateError as error:
            found.problems.append(str(IndexStateError(error.what, error.why)))
    found.sound = not found.problems
    return found


def verifier(plan: Plan, sample: int) -> Callable[[Generation], None]:
    """The check of a generation that is to hold the plan."""

    def verify(generation: Generation) -> None:
        check(generation, len(plan.images), len(plan.captions), sample)

    return verify


def check(generation: Generation, items: int, captions: int, sample: int) -> None:
    """Counts, and a sample of rows looked up by their own vector; an error where they fail."""
    for name, count in (("images", items), ("captions", captions)):
        # Closed before the next is opened: what was read of mapped files counts as memory.
        side = generation.side(name)
        held = {
            len(part) for part in (side.index, side.ids, side.owners, side.vectors, side.halves)
        }
        if held != {count}:
            raise _incomplete(generation, f"{min(held)} of {count} {side.name} are in it")
        if (np.diff(side.ids) <= 0).any():
            raise _incomplete(generation, f"its {side.name} are out of order")
        _find_itself(generation, side, sample)
    if len(generation.words.arrays.starts) != items + 1:
        raise _incomplete(generation, "words and items do not fit together")
    starts = generation.caption_starts
    ends = int(starts[-1]) if len(starts) else -1
    if not (len(starts) == items + 1 and ends == len(generation.caption_order) == captions):
        raise _incomplete(generation, "captions and items do not fit together")


def _incomplete(generation: Generation, why: str) -> IndexStateError:
    what = f"generation {generation.name} is not complete"
    return IndexStateError(what, why, "build the index again")


def _find_itself(generation: Generation, side: Side, sample: int) -> None:
    count = len(side.ids)
    rows = np.unique(np.linspace(0, count - 1, num=min(sample, count), dtype=np.int64))
    if not len(rows):
        return
    queries = side.vectors[rows].astype(np.float32)
    if side.index.exact:
        # It compares the same numbers whichever others there are; and what is read of a mapped
        # file counts as memory.
        _, cosines = side.index.through(queries, 1, side.index.select_rows(rows))
    else:
        _, cosines = side.index.search(queries, 1)
    # Not the id: equal images share a vector, and any of them is a right answer.
    lost = int((cosines[:, 0] < SELF_COSINE).sum())
    if lost > len(rows) // 20:
        raise IndexStateError(
            f"generation {generation.name} does not find its own {side.name}",
            f"{lost} of {len(rows)} samples are lost",
            "set index.factory to another FAISS index, such as SQfp16",
        )
