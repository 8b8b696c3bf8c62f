"""From a source to the rows of the store; every row ends as an item or as a listed problem.

The source is read twice. The first reading checks each row, decodes its image and learns the
types of the attributes; then duplicates and splits are known, and the second reading streams the
items into the store in one transaction. Between the two only small facts are held per row.

Problem codes, stable for programs. Left out:

    bad-row             the row cannot be read: no JSON, too many fields
    missing-image-name  the row names no image           url           it names a web address
    missing-image       no such file                     not-a-file    folder, FIFO, loop of links
    bad-file-name       its name is not valid UTF-8      unreadable-image  no permission
    not-an-image        no known image format            too-large     over the limit of pixels
    damaged-image       does not decode to the end       empty-caption nothing in any caption
    bad-id              longer than the database takes   duplicate-id  the id of an earlier row

Kept, with a change:

    caption-cut         cut to catalog.max_caption_chars
    field-cut           another text cut to its limit
    nul-removed         NUL characters removed           bad-characters  broken Unicode replaced
    bad-split           unknown name, assigned like a row without one
    by-tail             a Windows path, found by its last parts

Rows that repeat the id and the image of an earlier one and bring another caption are no
duplicates: that is how tables with several captions per image look. Their captions and tags are
added to the item.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from catalog.attributes import AttributeTypes
from catalog.columns import ColumnFlags, Columns, resolve_columns
from catalog.drafting import read_attributes, read_draft
from catalog.duplicates import find_duplicates
from catalog.rows import Source
from catalog.source import open_source
from catalog.splits import SPLITS, assign_splits
from catalog.taking import Taken, take_rows
from db.records import AttributeKind, CaptionRecord, ItemRecord, ProblemRecord, Split
from db.store import Store
from db.upsert import ImportCounts
from errors import CatalogError, printable
from progress import Progress, silent
from settings import CatalogSettings


@dataclass(frozen=True, slots=True)
class ImportSummary:
    rows: int
    items: int
    merged: int  # rows that added captions to the item of an earlier row
    counts: ImportCounts
    problems: dict[str, int]  # code -> rows left out
    changes: dict[str, int]  # code -> changes in rows that were kept
    splits: dict[Split, int]
    exact_groups: int
    near_groups: int
    decoded: int  # images; the others were known from the last import
    columns: Columns
    kinds: dict[str, AttributeKind] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def import_catalog(
    source: Path,
    images: Path | None,
    columns: ColumnFlags,
    settings: CatalogSettings,
    store: Store,
    prune: bool = False,
    progress: Progress = silent,
    encoding: str | None = None,
) -> ImportSummary:
    """Bring the store to what the source says; `prune` also removes what it no longer names."""
    run = store.start_run("import")
    opened = open_source(source, encoding)
    roles = resolve_columns(source, opened.columns, columns, settings.languages)
    folder = _image_folder(images, opened)
    types = AttributeTypes(roles.attributes)
    known = store.file_facts()
    taken = take_rows(opened, roles, folder, settings.max_caption_chars, types, known, progress)
    if not taken.rows:
        # Kept in the store, so that the reasons can be listed.
        store.apply_import((), taken.problems, prune=False)
        raise _nothing(source, opened.total, taken.problems)

    paths = {row.path for row in taken.rows.values()}
    others = [] if prune or paths.issuperset(known) else _others(store, taken)
    splits, exact, near = _divide(taken, others, settings)
    kinds = types.kinds()
    cuts: list[ProblemRecord] = []
    items = _items(opened, roles, taken, splits, kinds, settings, cuts, progress)
    counts = store.apply_import(items, _late(taken.problems, cuts), prune)
    problems = taken.problems + cuts
    summary = ImportSummary(
        rows=taken.read,
        items=len(taken.rows),
        merged=taken.merged,
        counts=counts,
        problems=dict(Counter(p.code for p in problems if not p.kept).most_common()),
        changes=dict(Counter(p.code for p in problems if p.kept).most_common()),
        splits={split: list(splits.values()).count(split) for split in SPLITS},
        exact_groups=exact,
        near_groups=near,
        decoded=taken.decoded,
        columns=roles,
        kinds=kinds,
        notes=(*opened.notes, *_notes(roles, taken)),
    )
    told = {"source": printable(str(source)), "rows": summary.rows, "items": summary.items}
    store.finish_run(run, told)
    return summary


def _image_folder(images: Path | None, source: Source) -> Path:
    if images is None:
        return source.folder.absolute()
    if not images.is_dir():
        raise CatalogError(f"--images {images} is not a folder", "", "name the folder of images")
    return images.absolute()


def _others(store: Store, taken: Taken) -> list[ItemRecord]:
    """Items of earlier imports that this source does not name: they stay, so they count."""
    keys = {row.key for row in taken.rows.values()}
    return [item for item in store.items() if item.key not in keys]


def _divide(
    taken: Taken, others: list[ItemRecord], settings: CatalogSettings
) -> tuple[dict[int, Split], int, int]:
    """The split of each taken row, and how many groups of exact and of near duplicates are new."""
    rows = list(taken.rows.items())
    # Items of earlier imports come first, their splits are given.
    facts = [item.facts for item in others] + [row.facts for _, row in rows]
    groups = find_duplicates(
        [fact.content_hash for fact in facts],
        [fact.perceptual_hash for fact in facts],
        settings.near_duplicate_bits,
    )
    splits = assign_splits(
        [item.key for item in others] + [row.key for _, row in rows],
        [item.split for item in others] + [row.split for _, row in rows],
        [group.members for group in groups],
        settings.split,
        settings.split_seed,
    )
    exact = sum(group.exact for group in groups)
    assigned = zip((number for number, _ in rows), splits[len(others) :], strict=True)
    return dict(assigned), exact, len(groups) - exact


def _items(
    source: Source,
    columns: Columns,
    taken: Taken,
    splits: dict[int, Split],
    kinds: dict[str, AttributeKind],
    settings: CatalogSettings,
    cuts: list[ProblemRecord],
    progress: Progress,
) -> Iterator[ItemRecord]:
    """The second reading: each taken row as the record to store."""
    limit = settings.max_caption_chars
    done = 0
    for row in source.read():
        entry = taken.rows.get(row.number)
        if entry is None:
            continue
        draft = read_draft(row, columns, limit)
        draft.notes.clear()  # listed by the first reading
        found = read_attributes(draft, row, kinds, limit)
        cuts += draft.notes
        captions: dict[CaptionRecord, None] = dict.fromkeys(draft.captions)
        captions.update(dict.fromkeys(entry.more_captions))
        yield ItemRecord(
            key=entry.key,
            image=entry.path,
            captions=tuple(captions),
            tags=tuple(dict.fromkeys((*draft.tags, *entry.more_tags))),
            split=splits[row.number],
            facts=entry.facts,
            name=draft.name,
            attributes=draft.attributes,
            kinds=found,
        )
        done += 1
        progress("write", done, len(taken.rows))


def _notes(columns: Columns, taken: Taken) -> Iterator[str]:
    for name in columns.left_out:
        yield f"column `{name}` was left out: another one is mapped in its place"
    for name in columns.attributes:
        if re.fullmatch(r"caption_[a-z]{2}", name.lower()):
            language = name[-2:].lower()
            yield (
                f"column `{name}` became an attribute: add {language!r} to catalog.languages "
                "to make it a caption"
            )
    if taken.merged:
        yield f"{taken.merged:,} rows added captions to the item of an earlier row"


def _late(first: list[ProblemRecord], cuts: list[ProblemRecord]) -> Iterator[ProblemRecord]:
    """Read by the store after the items, when `cuts` is complete."""
    yield from sorted([*first, *cuts], key=lambda problem: problem.row)


def _nothing(source: Path, rows: int, problems: list[ProblemRecord]) -> CatalogError:
    if not problems:
        return CatalogError(f"{source} holds no rows", "", "a catalog needs at least one")
    code, count = Counter(problem.code for problem in problems).most_common(1)[0]
    first = next(problem for problem in problems if problem.code == code)
    return CatalogError(
        f"{source}: none of {rows:,} rows could be taken",
        f"{code} {count:,} times, first in row {first.row}: {first.key}: {first.detail}",
        "`pairdex catalog problems` lists them all",
    )
