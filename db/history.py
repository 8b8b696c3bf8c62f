"""The generations of a home, one after the other, and the way back to an older one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from db.databases import generations_of
from db.generations import Manifest
from db.home import Home
from db.published import Generations
from errors import IndexStateError

_LIST = "`pairdex index list` shows what there is"


@dataclass(frozen=True)
class Entry:
    name: str
    live: bool
    bytes: int
    manifest: Manifest | None
    problem: str = ""  # why there is no manifest


def history(kept: Generations) -> list[Entry]:
    """All published generations, oldest first. Reads manifests alone: nothing is verified."""
    live = kept.current_name()
    entries = []
    for name in kept.names():
        manifest, problem = None, ""
        try:
            manifest = kept.manifest(name)
        except IndexStateError as error:
            problem = str(IndexStateError(error.what, error.why))
        entries.append(Entry(name, name == live, kept.size(name), manifest, problem))
    return entries


def named(kept: Generations, name: str | None) -> str:
    """The name of a published generation; `None` is the live one, "7" is "000007"."""
    if name is None:
        name = kept.current_name()
        if name is None:
            raise IndexStateError(
                f"no index at {kept.where}", "none has been built yet", "run `pairdex index build`"
            )
    full = f"{int(name):06d}" if name.isascii() and name.isdigit() else name
    there = kept.names()
    if full not in there:
        raise IndexStateError(
            f"there is no generation {name}",
            f"there are {', '.join(there)}" if there else "there is none",
            _LIST,
        )
    return full


@dataclass(frozen=True)
class RolledBack:
    generation: str  # that is live now
    was: str | None  # that was live before
    fits_model: bool


def roll_back(
    home: Home, fingerprints: Collection[str], name: str | None = None, any_model: bool = False
) -> RolledBack:
    """Make an older generation the live one: the one before, or any that is named.

    Nothing is deleted. The next build starts from the catalog and takes a name of its own.
    `fingerprints` are what the models of the home embed with; a generation of another is refused
    unless `any_model`, for no search can use it until its model is put back.
    """
    kept = generations_of(home)
    with home.locked("index rollback"):
        was = kept.current_name()
        target = named(kept, name) if name is not None else _before(kept, was)
        manifest = kept.open(target).manifest
        fits = manifest.fingerprint in fingerprints
        if not fits and not any_model:
            other = (
                "another model" if fingerprints else "a model, and the home has none that is sound"
            )
            raise IndexStateError(
                f"generation {target} was built with {other}",
                "search and tag would refuse it until that model is put back",
                "--any-model goes back all the same",
            )
        kept.point(target)
    return RolledBack(target, was, fits)


def _before(kept: Generations, live: str | None) -> str:
    there = kept.names()
    # Order is by number: neither the clock nor what was live last has a say.
    older = [name for name in there if not (live or "").isdigit() or int(name) < int(live or 0)]
    if not older:
        raise IndexStateError(f"there is no generation before {live or 'the first'}", "", _LIST)
    return older[-1]
