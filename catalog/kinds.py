"""The kind of one value, where an import would have looked at the whole column."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.attributes import MAX_NAME, AttributeTypes
from catalog.cleaning import clean
from db.records import AttributeKind
from errors import CatalogError, printable

ROLES = ("id", "image", "caption", "captions", "tags", "split", "name")
Kinds = Mapping[str, tuple[AttributeKind, ...]]  # of the catalog's attributes, `Store.field_kinds`


def kind_of(name: str, value: object, kinds: Kinds) -> AttributeKind:
    """That which the catalog's values of this name have, where the value fits it."""
    called = printable(name)[:60]
    plain = clean(name, MAX_NAME + 1).text
    if not plain or len(plain) > MAX_NAME:
        raise CatalogError(
            f"{called!r} is no name of an attribute", f"1 to {MAX_NAME} characters that can be seen"
        )
    if plain.lower() in ROLES:
        raise CatalogError(f"{called} is no attribute", "it is a field of every item")
    types = AttributeTypes([name])
    types.learn({name: value})
    own, known = types.kinds().get(name), kinds.get(plain, ())
    if own is None:
        return "text"  # it is empty: no value comes of it
    if not known or own in known:
        return own
    if own != "list":
        # A number in a column of texts is a text, and one text in a column of lists is a list.
        for wider in ("text", "list"):
            if wider in known:
                return wider
    elif known == ("text",):
        return "list"
    raise CatalogError(
        f"{called} cannot be {printable(str(value))[:60]!r}",
        f"it is a {known[0]} in this catalog",
        f"give a {known[0]}, or use another name",
    )
