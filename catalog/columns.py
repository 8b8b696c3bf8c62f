"""Which column of a source means what: recognised by name, or mapped by flags.

A mapped column replaces the recognised one of its kind, which is then left out altogether: with
`--caption caption_blind` the plain `caption` must neither become a second caption nor be shown
or searched as an attribute, for that is what the mapping is there to prevent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from errors import CatalogError, printable


@dataclass(frozen=True, slots=True)
class ColumnFlags:
    """The column that the user names for each role; None leaves it to the recognised name."""

    id: str | None = None
    image: str | None = None
    caption: str | None = None
    tags: str | None = None
    split: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    image: str
    captions: tuple[tuple[str, str], ...]  # (column, language), the main caption first
    id: str | None = None
    tags: str | None = None
    split: str | None = None
    name: str | None = None
    attributes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def resolve_columns(
    path: Path, columns: Sequence[str], flags: ColumnFlags, languages: Sequence[str]
) -> Columns:
    found: dict[str, str | None] = {}
    left_out: list[str] = []
    for role in (field.name for field in fields(ColumnFlags)):
        wanted: str | None = getattr(flags, role)
        default = _named(columns, role)
        if wanted is None:
            found[role] = default
            continue
        found[role] = _named(columns, wanted)
        if found[role] is None:
            raise _missing(path, f"no column `{wanted}`", role, columns)
        if default and default != found[role]:
            left_out.append(default)

    image = found["image"]
    if image is None:
        raise _missing(path, "no column `image`", "image", columns)
    captions = _captions(columns, found["caption"], languages)
    if not captions:
        raise _missing(path, "no column `caption`", "caption", columns)
    if flags.caption:
        left_out += _replaced(columns, captions, languages)
    # A column may serve two roles: `--caption name` must not cost the name.
    left_out = [name for name in left_out if name not in found.values()]
    used = {*found.values(), *left_out, *(name for name, _ in captions)}
    return Columns(
        image=image,
        captions=captions,
        id=found["id"],
        tags=found["tags"],
        split=found["split"],
        name=found["name"],
        attributes=tuple(name for name in columns if name not in used),
        left_out=tuple(left_out),
    )


def _named(columns: Sequence[str], wanted: str) -> str | None:
    """The column of that name; `Image` and `image` are the same unless both are there."""
    if wanted in columns:
        return wanted
    return next((name for name in columns if name.lower() == wanted.lower()), None)


def _captions(
    columns: Sequence[str], main: str | None, languages: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """The main caption, its further ones (`caption_2`), then those of other languages."""
    found: dict[str, str] = {}
    if main:
        found[main] = _language(main, languages) or languages[0]
    stems = dict.fromkeys(stem.lower() for stem in (main or "caption", "caption"))
    for stem in stems:
        mapped_away = main is not None and stem == "caption" != main.lower()
        for column in columns:
            form = _form(column, stem, languages)
            if form is None or column in found:
                continue
            language = form or found.get(main or "") or languages[0]
            if mapped_away and (not form or language == found[main or ""]):
                continue
            found[column] = language
    return tuple(found.items())


def _replaced(
    columns: Sequence[str], captions: Sequence[tuple[str, str]], languages: Sequence[str]
) -> list[str]:
    """The recognised caption columns that a mapped one stands in for, except `caption` itself."""
    kept = {name for name, _ in captions}
    return [
        name
        for name in columns
        if name not in kept
        and name.lower() != "caption"
        and _form(name, "caption", languages) is not None
    ]


def _form(column: str, stem: str, languages: Sequence[str]) -> str | None:
    """The language in `stem_ko`, `stem_ko_2`; "" for `stem`, `stem_2`; None for other columns."""
    codes = "|".join(map(re.escape, languages))
    match = re.fullmatch(rf"{re.escape(stem)}(?:_({codes}))?(?:_\d+)?", column.lower())
    return None if match is None else match[1] or ""


def _language(column: str, languages: Sequence[str]) -> str:
    match = re.search(r"_([a-z]{2})(?:_\d+)?$", column.lower())
    return match[1] if match and match[1] in languages else ""


def _missing(path: Path, reason: str, role: str, columns: Sequence[str]) -> CatalogError:
    shown = [printable(name[:40]) for name in columns[:20]]
    more = f" and {len(columns) - 20} more" if len(columns) > 20 else ""
    return CatalogError(
        f"{path}: {reason}",
        f"its columns are {', '.join(shown) or 'none'}{more}",
        f"say which one it is with --{role} COLUMN",
    )
