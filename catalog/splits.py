"""Train, val and test, assigned so that learning never sees what it is judged by.

An item's side follows from a hash of its group and the seed, not from a shuffle: when the catalog
grows, the items that were there stay where they were. A group is an item with its exact and near
duplicates; its hash is that of the member that the source names first.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from db.records import Split

SPLITS: tuple[Split, Split, Split] = ("train", "val", "test")
_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "eval": "val",
    "test": "test",
    "testing": "test",
}
# From this size on no split may stay empty.
_SMALLEST = 10


def split_of(name: str) -> Split | None:
    """The split that a source means by a name, if it is a known one."""
    return _NAMES.get(name.strip().lower())


def assign_splits(
    keys: Sequence[str],
    given: Sequence[Split | None],
    groups: Sequence[Sequence[int]],
    shares: Sequence[float],
    seed: int,
) -> list[Split]:
    """The split of each key: the given one, else that of its group, else by hash.

    `groups` holds the places of items that belong on one side; a key in no group is its own.
    """
    splits: list[Split | None] = list(given)
    grouped = {place for group in groups for place in group}
    units = [sorted(group) for group in groups]
    units += [[place] for place in range(len(keys)) if place not in grouped]

    free: list[tuple[float, list[int]]] = []
    for unit in units:
        fixed = {given[place] for place in unit} - {None}
        missing = [place for place in unit if given[place] is None]
        if not missing:
            continue
        if fixed:
            # Beside a test item, a duplicate in train would be a leak.
            side = next(split for split in reversed(SPLITS) if split in fixed)
            for place in missing:
                splits[place] = side
        else:
            free.append((_fraction(keys[unit[0]], seed), unit))

    sides = [_side(fraction, shares) for fraction, _ in free]
    _fill_empty(sides, free, Counter(s for s in splits if s), shares)
    for side, (_, unit) in zip(sides, free, strict=True):
        for place in unit:
            splits[place] = side
    return [split or "train" for split in splits]


def _fraction(key: str, seed: int) -> float:
    digest = hashlib.sha256(f"{seed}:{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _side(fraction: float, shares: Sequence[float]) -> Split:
    """Test from the top, val below it, so that changing the share of val leaves test alone."""
    if fraction >= 1.0 - shares[2]:
        return "test"
    return "val" if fraction >= 1.0 - shares[2] - shares[1] else "train"


def _fill_empty(
    sides: list[Split],
    free: Sequence[tuple[float, list[int]]],
    taken: Counter[Split],
    shares: Sequence[float],
) -> None:
    """In a small catalog chance may leave a split empty: it gets the group nearest to it."""
    total = sum(taken.values()) + sum(len(unit) for _, unit in free)
    if total < _SMALLEST:
        return
    wanted = [split for split, share in zip(SPLITS, shares, strict=True) if share > 0]
    centres = dict(
        zip(SPLITS, (shares[0] / 2, shares[0] + shares[1] / 2, 1 - shares[2] / 2), strict=True)
    )
    for split in wanted:
        held = Counter(sides) + Counter(dict.fromkeys(taken, 1))
        if held[split]:
            continue
        donors = [place for place, side in enumerate(sides) if held[side] > 1]
        if donors:
            # The smallest group first: moving a large one would distort a small catalog.
            nearest = min(donors, key=lambda p: (len(free[p][1]), abs(free[p][0] - centres[split])))
            sides[nearest] = split
