"""Which items a request allows by its filters, found before any channel looks.

`where`, `tags` and `split` must all hold. The last few filters are kept with the catalog's
revision that they were answered for, so that a shell or a server pays for each only once.
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from db.filters import BUILTIN, Condition, Equal, Every, Not, Some
from db.folding import fold
from db.generations import Generation
from db.store import Store
from errors import QueryError, printable
from search.request import Request

if TYPE_CHECKING:
    from search.where_fields import Part

KEPT = 16  # filters; each takes a byte for every item of the generation
_ASKED = 20  # values whose existence is looked up, so that a note can tell of misspelt ones
_COMPARED = 2000  # values that a misspelt one is compared with


@dataclass(frozen=True)
class Filter:
    rows: NDArray[np.bool_]  # of the generation's images: those of items that are allowed
    notes: tuple[str, ...]  # what a user should know: a value that no item has, a clash


class Filters:
    """The filters of one catalog for one generation. Safe to share between threads."""

    def __init__(self, store: Store, generation: Generation, hidden: Collection[str] = ()) -> None:
        """What every item has and is `hidden` cannot be asked for."""
        self._store, self._generation, self._hidden = store, generation, hidden
        self._lock = Lock()
        self._kept: OrderedDict[tuple[object, ...], Filter] = OrderedDict()

    def of(self, request: Request) -> Filter | None:
        """None where the request filters nothing. Raises a QueryError that points."""
        if not request.filtered:
            return None
        # With the day: `-30d` is another one tomorrow.
        day, revision = dt.date.today(), self._store.revision()
        key = (request.where, tuple(request.tags), request.split, day, revision)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = self._found(self._parts(request, day))
        with self._lock:
            self._kept[key] = found
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _parts(self, request: Request, day: dt.date) -> list[Part]:
        # Loaded only by a search that filters.
        from search.where import parse
        from search.where_fields import SPLITS, Part, bind
        from search.where_tokens import UNPRINTABLE

        parts: list[Part] = []
        if request.where.strip():
            syntax = parse(request.where)
            parts += bind(request.where, syntax, self._store.field_kinds(), day, self._hidden)
        for tag in map(str.strip, request.tags):
            if not tag or UNPRINTABLE.search(tag):
                raise QueryError(
                    f"{tag!r} is no tag", "", "name a tag of the catalog", field="tags"
                )
            parts.append(Part(f"tag {tag}", Equal(BUILTIN["tag"], (tag,))))
        if request.split:
            split = request.split.strip().lower()
            if split not in SPLITS:
                known = f"there are {', '.join(SPLITS)}"
                raise QueryError(f"no split {request.split}", "", known, field="split")
            parts.append(Part(f"split {split}", Equal(BUILTIN["split"], (split,))))
        return parts

    def _found(self, parts: list[Part]) -> Filter:
        conditions = tuple(part.condition for part in parts)
        items = self._store.matching(conditions[0] if len(parts) == 1 else Every(conditions))
        notes = [note for part in parts for note in self._missing(part.condition)]
        if not len(items):
            alone = "; ".join(
                f"{part.text} alone leaves {self._store.count_matching(part.condition):,}"
                for part in parts
                if len(parts) > 1
            )
            notes.append("the filter leaves no item" + (f": {alone}" if alone else ""))
        rows = self._generation.images.index.select(items).mask
        if len(items) and not rows.any():
            notes.append(
                f"of the {len(items):,} that the filter leaves none is in the index yet: "
                "run `pairdex index build`"
            )
        return Filter(rows, tuple(map(printable, notes)))

    def _missing(self, condition: Condition) -> Iterator[str]:
        """Of values that no item has: they are more often misspelt than meant."""
        asked = 0
        for equal in _equals(condition):
            field = equal.field
            if field.kind not in ("text", "list") or field.name in _LONG:
                continue
            for value in equal.values:
                asked += 1
                if asked > _ASKED:
                    return
                one = Equal(field, (value,))
                if not self._store.any_matching(one):
                    near = self._nearest(one)
                    advice = f": did you mean {near}?" if near else ""
                    yield f"no item has {field.name} {value}{advice}"

    def _nearest(self, equal: Equal) -> str:
        from difflib import get_close_matches

        known = {fold(v): v for v in self._store.field_values(equal.field, _COMPARED)}
        near = get_close_matches(fold(str(equal.values[0])), known, n=1)
        return known[near[0]] if near else ""


# Of what every item has, the texts that are hardly ever the same twice.
_LONG = ("name", "caption", "image.path")


def _equals(condition: Condition) -> Iterator[Equal]:
    match condition:
        case Equal():
            yield condition
        case Not(part):
            yield from _equals(part)
        case Every(parts) | Some(parts):
            for part in parts:
                yield from _equals(part)
