"""The generations of a home from one place to another, under their names.

All files but the vector indexes come over as they are, byte for byte; the indexes are built anew
in the place's own kind. A generation is there whole or not at all, so a killed move is run again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from db.generations import Generation, Manifest
from db.published import Generations
from errors import HomeError, IndexStateError
from progress import Progress, silent

_ALL = 1 << 30  # generations that are kept while others come in


@dataclass(frozen=True)
class MovedGeneration:
    name: str
    files: int  # whose SHA-256 is that of the source
    already: bool  # it was there before


def move_generations(
    source: Generations,
    target: Generations,
    recall: float,
    verify: Callable[[Generation], None],
    replace: bool = False,
    progress: Progress = silent,
) -> list[MovedGeneration]:
    """All of them, oldest first; then what is live at the source is live at the target.

    `verify` raises what is wrong with a generation.
    """
    moved, there = [], set(target.names())
    for name in source.names():
        manifest = source.manifest(name)
        already = name in there and _files(target.manifest(name)) == _files(manifest)
        if name in there and not already:
            if not replace:
                raise HomeError(
                    f"{target.where} has another generation {name}", "",
                    "name an empty place, or --replace it",
                )  # fmt: skip
            _drop(target, name, source.current_name())
        if not already:
            _move(source, target, manifest, recall, verify, progress)
        _check(target, name, manifest, progress)
        moved.append(MovedGeneration(name, len(_files(manifest)), already))
    live = source.current_name()
    if live is not None and target.current_name() != live:
        target.point(live)
    return moved


def _move(
    source: Generations,
    target: Generations,
    manifest: Manifest,
    recall: float,
    verify: Callable[[Generation], None],
    progress: Progress,
) -> None:
    def told(stage: str, done: int, total: int, note: str = "") -> None:
        progress(f"{manifest.name} {stage}", done, total, note)

    with target.building(manifest.name) as build:
        source.export(manifest.name, build.folder, told)
        measured = build.write_indexes("auto", recall, told)
        build.publish(msgspec.structs.replace(manifest, vectors=measured), verify, _ALL)


def _files(manifest: Manifest) -> dict[str, str]:
    """The checksums of what does not depend on the place."""
    return {name: sha for name, sha in manifest.files.items() if name.endswith(".npy")}


def _check(target: Generations, name: str, manifest: Manifest, progress: Progress) -> None:
    """Every file is read where it has come to, and compared with what it was where it came from."""
    if _files(target.manifest(name)) != _files(manifest):
        raise IndexStateError(
            f"generation {name} has not arrived whole at {target.where}", "checksums differ",
            "run this again",
        )  # fmt: skip
    for number, (_, damage) in enumerate(target.check(name), start=1):
        if damage is not None:
            raise damage
        progress(f"{name} check", number, len(target.manifest(name).files))


def _drop(target: Generations, name: str, live: str | None) -> None:
    if target.current_name() == name:
        others = [other for other in target.names() if other != name]
        if not others:
            raise HomeError(
                f"the only generation of {target.where} is another {live}", "it is live there",
                "name an empty place",
            )  # fmt: skip
        target.point(others[-1])
    if not target.drop(name):
        raise HomeError(
            f"generation {name} of {target.where} is read by somebody", "",
            "end what searches there, then run this again",
        )  # fmt: skip
