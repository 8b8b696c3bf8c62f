"""Bringing the rows of the catalog to what a source says: add, change, keep, prune.

Items are matched by their key. A caption whose text and language stay keeps its id, so that the
index job need not embed it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, insert, select, update

from db import full_text
from db.folding import fold
from db.reader import CHANGES, REMOVALS
from db.records import ItemRecord, ProblemRecord, WordsRecord
from db.tables import Attribute, Caption, Item, ItemTag, Problem, State, Tag

CHUNK = 400
_T = TypeVar("_T")


@dataclass
class ImportCounts:
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0


def apply_import(
    connection: Connection,
    items: Iterable[ItemRecord],
    problems: Iterable[ProblemRecord],
    prune: bool,
) -> ImportCounts:
    """`prune` removes the items that the source does not name. Problems are replaced."""
    counts = ImportCounts()
    known = dict(connection.execute(select(Item.key, Item.id)).all())
    tag_ids = dict(connection.execute(select(Tag.name, Tag.id)).all())
    seen: set[int] = set()
    for chunk in _chunks(items):
        seen.update(_put(connection, chunk, known, tag_ids, counts))
    if prune:
        counts.removed = _remove(connection, [i for i in known.values() if i not in seen])
    if counts.added or counts.changed or counts.removed:
        _count(connection, CHANGES)
    connection.execute(delete(Problem))
    for problem_chunk in _chunks(problems):
        connection.execute(insert(Problem), [asdict(problem) for problem in problem_chunk])
    return counts


def apply_changes(
    connection: Connection, items: Sequence[ItemRecord], removed: Sequence[str]
) -> ImportCounts:
    """Add or change these items and remove those of the keys; the others are not even read."""
    counts = ImportCounts()
    for chunk in _chunks(items):
        keys = [item.key for item in chunk]
        names = {tag for item in chunk for tag in item.tags}
        of_keys = select(Item.key, Item.id).where(Item.key.in_(keys))
        of_names = select(Tag.name, Tag.id).where(Tag.name.in_(names))
        known = dict(connection.execute(of_keys).all())
        tag_ids = dict(connection.execute(of_names).all())
        _put(connection, chunk, known, tag_ids, counts)
    for keys in _chunks(removed):
        ids = connection.scalars(select(Item.id).where(Item.key.in_(keys)))
        counts.removed += _remove(connection, list(ids))
    if counts.added or counts.changed or counts.removed:
        _count(connection, CHANGES)
    return counts


def _put(
    connection: Connection,
    chunk: list[ItemRecord],
    known: dict[str, int],
    tag_ids: dict[str, int],
    counts: ImportCounts,
) -> list[int]:
    """Bring each item to what its record says; returns their ids.

    `known` and `tag_ids` hold what the database has of the keys and tags, and learn what is new.
    """
    _add_tags(connection, chunk, tag_ids)
    old = [item for item in chunk if item.key in known]
    new = [item for item in chunk if item.key not in known]
    ids = [known[item.key] for item in old]
    before = _fingerprints(connection, ids)
    touched: list[tuple[int, ItemRecord]] = []
    for number, item in zip(ids, old, strict=True):
        if before[number] == _fingerprint(item):
            counts.unchanged += 1
            continue
        connection.execute(update(Item).where(Item.id == number).values(**_stored(item)))
        touched.append((number, item))
    counts.changed += len(touched)
    if new:
        rows = insert(Item).returning(Item.id, sort_by_parameter_order=True)
        created = list(connection.scalars(rows, [_stored(item) for item in new]))
        known.update((item.key, i) for i, item in zip(created, new, strict=True))
        touched += zip(created, new, strict=True)
        ids += created
        counts.added += len(new)
    _write_children(connection, touched, tag_ids)
    return ids


def _write_children(
    connection: Connection, touched: list[tuple[int, ItemRecord]], tag_ids: dict[str, int]
) -> None:
    """Captions, tags and attributes of items that are new or changed."""
    if not touched:
        return
    ids = [number for number, _ in touched]
    connection.execute(delete(ItemTag).where(ItemTag.item_id.in_(ids)))
    connection.execute(delete(Attribute).where(Attribute.item_id.in_(ids)))
    stored: dict[tuple[int, str, str], list[int]] = {}
    query = select(Caption.id, Caption.item_id, Caption.language, Caption.text)
    rows = connection.execute(query.where(Caption.item_id.in_(ids)))
    for caption_id, item_id, language, text in rows:
        stored.setdefault((item_id, language, text), []).append(caption_id)

    captions: list[dict[str, Any]] = []
    for number, item in touched:
        for position, caption in enumerate(item.captions):
            kept = stored.get((number, caption.language, caption.text))
            if kept:
                where = Caption.id == kept.pop(0)
                connection.execute(update(Caption).where(where).values(position=position))
            else:
                captions.append(
                    {
                        "item_id": number,
                        "position": position,
                        "language": caption.language,
                        "text": caption.text,
                    }
                )
    gone = [caption_id for left in stored.values() for caption_id in left]
    if gone:
        connection.execute(delete(Caption).where(Caption.id.in_(gone)))
    _insert(connection, Caption, captions)
    _insert(
        connection,
        ItemTag,
        [
            {"item_id": number, "tag_id": tag_ids[tag]}
            for number, item in touched
            for tag in dict.fromkeys(item.tags)
        ],
    )
    _insert(connection, Attribute, [row for number, item in touched for row in _rows(number, item)])


def _remove(connection: Connection, ids: list[int]) -> int:
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        connection.execute(delete(Item).where(Item.id.in_(part)))
    if ids:
        _count(connection, REMOVALS)
    return len(ids)


def _count(connection: Connection, what: str) -> None:
    again = update(State).where(State.name == what).values(number=State.number + 1)
    if not connection.execute(again).rowcount:
        connection.execute(insert(State).values(name=what, number=1))


def _add_tags(connection: Connection, items: list[ItemRecord], tag_ids: dict[str, int]) -> None:
    names = [t for t in dict.fromkeys(t for item in items for t in item.tags) if t not in tag_ids]
    if names:
        rows = insert(Tag).returning(Tag.id, sort_by_parameter_order=True)
        created = connection.scalars(rows, [{"name": name} for name in names])
        tag_ids.update(zip(names, created, strict=True))


def _columns(item: ItemRecord) -> dict[str, Any]:
    facts = asdict(item.facts)
    return {"key": item.key, "name": item.name, "image": item.image, "split": item.split} | facts


def _stored(item: ItemRecord) -> dict[str, Any]:
    captions = tuple(caption.text for caption in item.captions)
    words = WordsRecord(item.name, captions, tuple(dict.fromkeys(item.tags)))
    return _columns(item) | {"words": words.digest, "terms": full_text.kept(words)}


def _rows(number: int, item: ItemRecord) -> Iterator[dict[str, Any]]:
    for name, value in item.attributes.items():
        for entry in value if isinstance(value, list) else [value]:
            text = f"{entry:.15g}" if isinstance(entry, float) else entry
            yield {
                "item_id": number,
                "name": name,
                "kind": item.kinds[name],
                "text": text,
                "folded": fold(text),
                "number": entry if isinstance(entry, float) else None,
            }


def _fingerprint(item: ItemRecord) -> tuple[Any, ...]:
    """All that is stored of an item, comparable with what `_fingerprints` reads."""
    return (
        tuple(_columns(item).values()),
        tuple((c.language, c.text) for c in item.captions),
        frozenset(item.tags),
        tuple((r["name"], r["kind"], r["text"], r["number"]) for r in _rows(0, item)),
    )


def _fingerprints(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    if not ids:
        return {}
    names = ["key", "name", "image", "split", *list(_FACTS)]
    table = Item.__table__
    items = connection.execute(
        select(table.c.id, *(table.c[name] for name in names)).where(table.c.id.in_(ids))
    )
    captions: dict[int, list[tuple[str, str]]] = {i: [] for i in ids}
    tags: dict[int, set[str]] = {i: set() for i in ids}
    attributes: dict[int, list[tuple[Any, ...]]] = {i: [] for i in ids}
    c_query = select(Caption.item_id, Caption.language, Caption.text)
    for number, language, text in connection.execute(
        c_query.where(Caption.item_id.in_(ids)).order_by(Caption.position)
    ):
        captions[number].append((language, text))
    t_query = select(ItemTag.item_id, Tag.name).join(Tag)
    for number, name in connection.execute(t_query.where(ItemTag.item_id.in_(ids))):
        tags[number].add(name)
    a_query = select(
        Attribute.item_id, Attribute.name, Attribute.kind, Attribute.text, Attribute.number
    )
    for number, *values in connection.execute(
        a_query.where(Attribute.item_id.in_(ids)).order_by(Attribute.id)
    ):
        attributes[number].append(tuple(values))
    return {
        row[0]: (
            tuple(row[1:]),
            tuple(captions[row[0]]),
            frozenset(tags[row[0]]),
            tuple(attributes[row[0]]),
        )
        for row in items
    }


_FACTS = (
    "content_hash",
    "perceptual_hash",
    "bytes",
    "mtime_ns",
    "width",
    "height",
    "format",
    "brightness",
    "contrast",
)


def _insert(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _chunks(values: Iterable[_T]) -> Iterator[list[_T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
