"""The first reading of a source: check each row, find its image, decode it, keep the facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from catalog.attributes import AttributeTypes
from catalog.columns import Columns
from catalog.drafting import Draft, read_draft
from catalog.facts import map_ordered, read_facts
from catalog.locating import Located, Refused, key_of, locate
from catalog.rows import Source
from db.records import CaptionRecord, ImageFacts, ProblemRecord, Split
from errors import printable
from progress import Progress


@dataclass(slots=True)
class TakenRow:
    key: str
    path: str
    facts: ImageFacts
    split: Split | None
    # From later rows with the same id and image; almost always empty.
    more_captions: tuple[CaptionRecord, ...] = ()
    more_tags: tuple[str, ...] = ()


@dataclass(slots=True)
class Taken:
    """What the first reading leaves: a few small facts for each row that becomes an item."""

    rows: dict[int, TakenRow] = field(default_factory=dict)
    problems: list[ProblemRecord] = field(default_factory=list)
    read: int = 0
    merged: int = 0
    decoded: int = 0


@dataclass(slots=True)
class _Owner:
    """The first row with an id: held for every row, so its captions are known by hash only."""

    number: int
    path: str
    captions: frozenset[int]


@dataclass(slots=True)
class _Addition:
    """What later rows with the same id and image bring."""

    captions: dict[int, CaptionRecord] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Found:
    """A draft with its file, on its way to be decoded."""

    draft: Draft
    key: str
    located: Located


def take_rows(
    source: Source,
    columns: Columns,
    folder: Path,
    limit: int,
    types: AttributeTypes,
    known: Mapping[str, ImageFacts],
    progress: Progress,
) -> Taken:
    taken = Taken()
    owners: dict[str, _Owner] = {}
    additions: dict[str, _Addition] = {}

    def found() -> Iterator[_Found]:
        """Rows with a file of their own; the others are settled on the way."""
        for row in source.read():
            taken.read += 1
            draft = read_draft(row, columns, limit)
            types.learn(row.values)
            if draft.rejected is None:
                located = locate(draft.image, folder)
                if isinstance(located, Refused):
                    draft.reject(located.code, _detail(draft, located))
                else:
                    key = draft.id or printable(key_of(located.path, folder))
                    owner = owners.get(key)
                    if owner is None:
                        captions = frozenset(map(hash, draft.captions))
                        owners[key] = _Owner(row.number, located.path, captions)
                        yield _Found(draft, key, located)
                        continue
                    _merge(owner, additions.setdefault(key, _Addition()), draft, located.path)
            if draft.rejected:
                taken.problems.append(draft.rejected)

    def decode(entry: _Found) -> tuple[_Found, ImageFacts | Refused, bool]:
        facts = known.get(entry.located.path)
        if facts and (facts.bytes, facts.mtime_ns) == (entry.located.bytes, entry.located.mtime_ns):
            return entry, facts, False
        return entry, read_facts(entry.located), True

    for entry, facts, decoded in map_ordered(decode, found()):
        draft = entry.draft
        taken.decoded += decoded
        if isinstance(facts, Refused):
            draft.reject(facts.code, _detail(draft, facts))
            assert draft.rejected
            taken.problems.append(draft.rejected)
        else:
            path = entry.located.path
            taken.rows[draft.number] = TakenRow(entry.key, path, facts, draft.split)
            if entry.located.by_tail:
                draft.note("by-tail", f"{draft.image} was found as {path}")
            taken.problems += draft.notes
        progress("decode", draft.number, source.total)
    if source.total not in taken.rows:
        # The last row was settled without decoding.
        progress("decode", source.total, source.total)
    _settle(taken, owners, additions)
    return taken


def _merge(owner: _Owner, addition: _Addition, draft: Draft, path: str) -> None:
    """Add the captions of a row to the item that it repeats, or reject it."""
    if path != owner.path:
        draft.reject("duplicate-id", f"row {owner.number} has this id and another image")
        return
    new = {hash(c): c for c in draft.captions if hash(c) not in owner.captions}
    if new.keys() <= addition.captions.keys():
        draft.reject("duplicate-id", f"row {owner.number} has this id, image and caption")
        return
    addition.captions.update(new)
    addition.tags += draft.tags
    addition.rows.append(draft.number)


def _settle(taken: Taken, owners: Mapping[str, _Owner], additions: Mapping[str, _Addition]) -> None:
    """Hand the added captions to the items; where the image failed, list the adding rows too."""
    failed = {problem.row: problem for problem in taken.problems if not problem.kept}
    for key, addition in additions.items():
        number = owners[key].number
        row = taken.rows.get(number)
        if row:
            row.more_captions = tuple(addition.captions.values())
            row.more_tags = tuple(addition.tags)
            taken.merged += len(addition.rows)
        else:
            first = failed[number]
            taken.problems += [
                ProblemRecord(adding, printable(key), first.code, first.detail)
                for adding in addition.rows
            ]
    taken.problems.sort(key=lambda problem: problem.row)


def _detail(draft: Draft, refused: Refused) -> str:
    """The reason with the file that it is about, where the row is known by an id."""
    return f"{draft.image[:120]}: {refused.detail}" if draft.id else refused.detail
