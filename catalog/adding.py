"""One pair, taken by the rules of an import: `catalog add`, and what programs send.

    shown = look(Path("fox.png"))                       # ImageError where it cannot be decoded
    change = Change("fox", captions=(Said("a red fox"),))
    taken = resolve(change, shown, before, kinds, twins, settings)
    store.apply_changes([taken.item])

What an import lists as a problem of a row is an error here; what it keeps with a change is a note.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.attributes import MAX_NAME
from catalog.cleaning import clean
from catalog.columns import Columns
from catalog.drafting import Draft, read_attributes, read_draft
from catalog.facts import read_facts
from catalog.kinds import Kinds, kind_of
from catalog.locating import Refused, locate
from catalog.rows import Row
from catalog.twins import Twins
from db.records import AttributeKind, ImageFacts, ItemRecord
from errors import CatalogError, ImageError, QueryError, printable
from settings import CatalogSettings

_REMEDIES = {"empty-caption": "write a caption", "bad-id": "give it a shorter one"}


class NoSuchItemError(QueryError):
    def __init__(self, key: str) -> None:
        super().__init__(f"there is no item {printable(key)[:80]}", "", "name it by its own id")


@dataclass(frozen=True, slots=True)
class Said:
    """A caption; no language is the first of `catalog.languages`."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What is said of an item.

    If it is the whole of it, what is None is emptied, but image and split stay. Else what is None
    stays, and attributes are laid over those that there are: a value of None takes one away.
    """

    id: str
    captions: tuple[Said, ...] | None = None
    tags: tuple[str, ...] | None = None
    name: str | None = None
    split: str | None = None
    attributes: dict[str, Any] | None = None  # any values that JSON has
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Shown:
    """A file that was decoded in full."""

    path: str
    facts: ImageFacts


@dataclass(frozen=True, slots=True)
class Taken:
    item: ItemRecord
    notes: tuple[str, ...]  # what was cut or replaced


def look(file: Path, name: str | None = None) -> Shown:
    """Decode an image file; `name` is what errors call it."""
    located = locate(str(file), Path.cwd())
    found = located if isinstance(located, Refused) else read_facts(located)
    if isinstance(located, Refused) or isinstance(found, Refused):
        assert isinstance(found, Refused)
        raise ImageError(
            f"{printable(name or str(file))} cannot be taken", f"{found.code}: {found.detail}"
        )
    return Shown(located.path, found)


def needs_twins(change: Change, shown: Shown | None) -> bool:
    """Whether the side of the split is to be found: a picture is given, and no split."""
    return shown is not None and not (change.split or "").strip()


def resolve(
    change: Change,
    shown: Shown | None,
    before: ItemRecord | None,
    kinds: Kinds,
    twins: Twins | None,
    settings: CatalogSettings,
) -> Taken:
    """The record that the item becomes; `before` is the one that it is.

    `twins` may be None where `needs_twins` says so.
    """
    if shown is not None:
        path, facts = shown.path, shown.facts
    elif before is not None:
        path, facts = before.image, before.facts
    else:
        key = printable(change.id)[:80]
        raise CatalogError(f"there is no item {key}", "a new one needs an image", "give it one")
    draft = _read(change, path, before, settings)
    attributes, found = _attributes(draft, change, before, kinds, settings)
    split = draft.split
    if split is None and before is not None and before.facts.content_hash == facts.content_hash:
        split = before.split
    if split is None:
        assert twins is not None
        split = twins.split_of(draft.id, facts, None if before is None else before.split)
    item = ItemRecord(
        key=draft.id,
        image=path,
        captions=tuple(draft.captions),
        tags=tuple(draft.tags),
        split=split,
        facts=facts,
        name=draft.name,
        attributes=attributes,
        kinds=found,
    )
    return Taken(item, tuple(note.detail for note in draft.notes))


def _read(
    change: Change, image: str, before: ItemRecord | None, settings: CatalogSettings
) -> Draft:
    """The change as a row is read, without its attributes."""
    tags, name, captions = change.tags or (), change.name or "", change.captions or ()
    said = [(one.text, _language(one, settings)) for one in captions]
    if before is not None and not change.whole:
        tags = before.tags if change.tags is None else change.tags
        name = before.name if change.name is None else change.name
        if change.captions is None:
            said = [(one.text, one.language) for one in before.captions]
    columns = Columns(
        image="image",
        captions=tuple((f"caption {n}", language) for n, (_, language) in enumerate(said, 1)),
        id="id",
        tags="tags",
        split="split",
        name="name",
    )
    values: dict[str, object] = {
        "id": change.id, "image": image, "tags": list(tags), "split": change.split, "name": name,
    }  # fmt: skip
    values |= {f"caption {n}": text for n, (text, _) in enumerate(said, 1)}
    draft = read_draft(Row(1, values), columns, settings.max_caption_chars)
    called = printable(change.id)[:80]
    if not draft.id:
        raise CatalogError("an item has no id", "nothing in it can be seen", "give it an id")
    if draft.rejected is not None:
        code, detail = draft.rejected.code, draft.rejected.detail
        why = f"{code}: {detail}" if said else f"{code}: there is none"
        raise CatalogError(f"item {called} cannot be taken", why, _REMEDIES.get(code, ""))
    if (change.split or "").strip() and draft.split is None:
        raise CatalogError(
            f"item {called} cannot be taken",
            f"bad-split: {printable(change.split or '')[:60]!r} is neither train, val nor test",
            "leave it out to have the item assigned",
        )
    return draft


def _attributes(
    draft: Draft,
    change: Change,
    before: ItemRecord | None,
    kinds: Kinds,
    settings: CatalogSettings,
) -> tuple[dict[str, Any], dict[str, AttributeKind]]:
    """The values that the item is to have, and the kind of each."""
    given = change.attributes or {}
    own = {name: kind_of(name, value, kinds) for name, value in given.items()}
    found = read_attributes(draft, Row(1, given), own, settings.max_caption_chars)
    if before is None or change.whole:
        return draft.attributes, found
    values, of_kind = dict(before.attributes), dict(before.kinds)
    for name in (clean(name, MAX_NAME).text for name in given):
        if name in found:
            values[name], of_kind[name] = draft.attributes[name], found[name]
        else:
            values.pop(name, None)
            of_kind.pop(name, None)
    return values, of_kind


def _language(one: Said, settings: CatalogSettings) -> str:
    language = one.language.strip().lower()
    if language and language not in settings.languages:
        raise CatalogError(
            f"{printable(one.language)[:20]} is no language of the catalog",
            f"catalog.languages has {', '.join(settings.languages)}",
            "add it there, or give the caption without a language",
        )
    return language or settings.languages[0]
