"""pairdex catalog add, remove: one item, by the rules of an import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.context import JsonFlag, plain, print_json, session

if TYPE_CHECKING:
    from catalog.adding import Said
    from db.store import Store

_NEXT = "next: pairdex index build"


def add(
    context: typer.Context,
    image: Annotated[
        Path | None,
        typer.Argument(
            help="An image file; none changes an item that is there.", show_default=False
        ),
    ] = None,
    id_: Annotated[
        str | None,
        typer.Option(
            "--id", help="The item's own id; else the name of the file.", show_default=False
        ),
    ] = None,
    caption: Annotated[
        list[str] | None,
        typer.Option(
            "--caption",
            metavar="[LL:]TEXT",
            show_default=False,
            help="What the image shows; `ko:` before it says that it is Korean. May be repeated.",
        ),
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="May be repeated.", show_default=False)
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What the item is called.", show_default=False)
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            "--attribute",
            metavar="NAME=VALUE",
            show_default=False,
            help="May be repeated; nothing behind the = takes it away.",
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="train, val or test; else assigned.", show_default=False)
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Add one item, or change what is said of one; what is not said stays as it is."""
    from catalog.adding import Change, NoSuchItemError, look, needs_twins, resolve
    from catalog.twins import Twins
    from db.home import Home
    from db.store import Store
    from errors import QueryError

    current = session(context)
    settings = current.settings.catalog
    if image is None and id_ is None:
        raise QueryError("name an image or an item", "", "give IMAGE, or --id to change an item")
    shown = None if image is None else look(image)
    key = id_ if id_ is not None else Path(shown.path).name  # type: ignore[union-attr]  # one of them is given
    change = Change(
        key,
        captions=None
        if caption is None
        else tuple(_said(one, settings.languages) for one in caption),
        tags=None if tag is None else tuple(tag),
        name=name,
        split=split,
        attributes=None if attribute is None else dict(_pair(one) for one in attribute),
        whole=False,
    )
    with (
        Store.open(current.home, create=shown is not None) as store,
        Home(current.home).locked("catalog add"),
    ):
        before = _of(store, key)
        if before is None and shown is None:
            raise NoSuchItemError(key)
        if before is not None and id_ is None and shown and before.image != shown.path:
            raise QueryError(
                f"there is an item {plain(key)} already", "it has another image",
                "give this one an --id, or --id with that one to change it",
            )  # fmt: skip
        kinds = store.field_kinds()
        twins = Twins(store.pictures(), settings) if needs_twins(change, shown) else None
        taken = resolve(change, shown, before, kinds, twins, settings)
        counts = store.apply_changes([taken.item])
    done = "added" if counts.added else "changed" if counts.changed else "unchanged"
    item = taken.item
    if json:
        body = {"schema": "pairdex.catalog-add.v1", "id": item.key, "done": done}
        print_json(body | {"split": item.split, "image": item.image, "notes": list(taken.notes)})
        return
    current.out.print(f"{plain(item.key)} {done}, split {item.split}", soft_wrap=True)
    for note in taken.notes:
        current.err.print(f"note: {plain(note)}", soft_wrap=True)
    if done != "unchanged":
        current.err.print(_NEXT)


def remove(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="The items' own ids.")],
    json: JsonFlag = False,
) -> None:
    """Remove items from the catalog; their images stay. Searches do not show them any more."""
    from catalog.adding import NoSuchItemError
    from db.home import Home
    from db.store import Store

    current = session(context)
    with Store.open(current.home) as store, Home(current.home).locked("catalog remove"):
        known = store.ids_of(ids)
        for key in ids:
            if key not in known:
                raise NoSuchItemError(key)
        counts = store.apply_changes([], ids)
    if json:
        print_json({"schema": "pairdex.catalog-remove.v1", "removed": counts.removed})
        return
    current.out.print(f"{counts.removed} {'item' if counts.removed == 1 else 'items'} removed")
    current.err.print(_NEXT)


def _of(store: Store, key: str) -> Any:
    from catalog.cleaning import clean
    from catalog.drafting import MAX_KEY

    plain_key = clean(key, MAX_KEY + 1).text
    return store.by_key([plain_key]).get(plain_key)


def _said(text: str, languages: list[str]) -> Said:
    from catalog.adding import Said

    language, colon, rest = text.partition(":")
    return Said(rest, language) if colon and language in languages else Said(text)


def _pair(text: str) -> tuple[str, str]:
    from errors import QueryError

    name, equals, value = text.partition("=")
    if not equals:
        raise QueryError(f"--attribute {text} has no value", "", "write NAME=VALUE")
    return name, value
