"""The language of `pairdex shell`: a query, or commands that begin with a colon."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from errors import QueryError

if TYPE_CHECKING:
    from search import Request

FORMS = ("table", "json", "jsonl", "csv", "paths")
# Name → what comes behind it, what it does.
HELP = {
    "where": ("FILTER", "only items that the filter holds for; without one: all again"),
    "tag": ("TAG", "only items with this tag too; without one: any"),
    "split": ("SPLIT", "only items of train, val or test; without one: all"),
    "not": ("WORDS", "what results should not show; without words: nothing"),
    "image": ("FILE", "what is like a picture"),
    "like": ("ITEM", "what is like an item: its number in the results, or its id"),
    "good": ("ITEM…", "more like these; is remembered"),
    "bad": ("ITEM…", "nothing like these; is remembered"),
    "more": ("", "the next page"),
    "top": ("COUNT", "results on a page"),
    "offset": ("COUNT", "leave out so many results"),
    "cursor": ("CURSOR", "go on where an earlier page ended"),
    "min-score": ("SCORE", "leave out what scores less; without one: nothing"),
    "diversity": ("SHARE", "from 0, by score alone, to 1, as different as possible"),
    "group": ("on|off", "fold near duplicates and variants under their best"),
    "correct": ("on|off", "answer what is surely misspelt as the word that is meant"),
    "explain": ("on|off", "say of each result how it was found"),
    "preview": ("on|off|blocks", "show the pictures in the terminal"),
    "table": ("", "results for people"),
    "json": ("", "results as one JSON document"),
    "jsonl": ("", "results as JSON Lines"),
    "csv": ("", "results as CSV"),
    "paths": ("", "results as image files"),
    "html": ("FILE", "write the last results as a page"),
    "open": ("[NUMBER]", "open a result's picture, or the first ones"),
    "save": ("NAME", "keep this search"),
    "saved": ("NAME", "a search that was kept"),
    "show": ("", "what is set"),
    "reset": ("", "forget all that is set"),
    "help": ("", "this list"),
    "quit": ("", "leave; so does Ctrl-D"),
}
_NEXT = re.compile(rf"\s+(?=:(?:{'|'.join(map(re.escape, HELP))})(?:\s|$))")


def split_commands(line: str) -> list[tuple[str, str]]:
    """`:good 2 :bad 5` as names and what stands behind them; raises for an unknown one."""
    found = []
    for part in _NEXT.split(line.strip()):
        name, _, rest = part[1:].partition(" ")
        if name not in HELP:
            from difflib import get_close_matches

            near = get_close_matches(name, HELP, n=1)
            remedy = f"did you mean :{near[0]}? " if near else ""
            raise QueryError(f"there is no command :{name}", "", f"{remedy}:help lists them")
        found.append((name, rest.strip()))
    return found


def changed(request: Request, name: str, given: str, item: Callable[[str], str]) -> Request | None:
    """The request with one option set; None where the command sets none. `item` finds ids."""
    change: dict[str, object]
    match name:
        case "where" | "split":
            change = {name: given}
        case "tag":
            change = {"tags": (*request.tags, given) if given else ()}
        case "not":
            change = {"without": (*request.without, given) if given else ()}
        case "image":
            file = Path(_needed(name, given)).expanduser()
            change = {"text": "", "like": (), "good": (), "bad": (), "images": (file,)}
        case "like":
            like = (item(_needed(name, given)),)
            change = {"text": "", "images": (), "good": (), "bad": (), "like": like}
        case "good" | "bad":
            items = tuple(item(word) for word in _needed(name, given).split())
            other = "bad" if name == "good" else "good"
            left = tuple(one for one in getattr(request, other) if one not in items)
            change = {name: tuple(dict.fromkeys((*getattr(request, name), *items))), other: left}
        case "top" | "offset":
            change = {name: _whole(name, given, at_least=int(name == "top"))}
        case "min-score":
            change = {"min_score": _share(name, given) if given else None}
        case "diversity":
            change = {"diversity": _share(name, given)}
        case "group" | "correct" | "explain":
            change = {name: on(name, given)}
        case "cursor":
            change = {"cursor": given}
        case _:
            return None
    # Another question has its own first page.
    pages = {} if name in ("offset", "cursor") else {"offset": 0, "cursor": ""}
    return dataclasses.replace(request, **{**pages, **change})  # type: ignore[arg-type]


def on(name: str, given: str) -> bool:
    if given.lower() not in ("on", "off", ""):
        raise QueryError(f":{name} {given} is not known", "", f"write :{name} on or :{name} off")
    return given.lower() != "off"


def _needed(name: str, given: str) -> str:
    if not given:
        raise QueryError(f":{name} needs a value", "", f":{name} {HELP[name][0]}")
    return given


def _whole(name: str, given: str, at_least: int) -> int:
    if not given.isascii() or not given.isdigit() or int(given) < at_least:
        raise QueryError(f":{name} {given}", f"a whole number from {at_least} is expected")
    return int(given)


def _share(name: str, given: str) -> float:
    try:
        return float(given)
    except ValueError:
        raise QueryError(f":{name} {given}", "a number from 0 to 1 is expected") from None
