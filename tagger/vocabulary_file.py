"""Reading a vocabulary file, a small TOML file; a mistake in it is told with its line:

    hidden = ["plain"]                      # never given
    exclusive = [["small", "large"]]        # at most one of each group

    [aliases]
    newt = "lizard"                         # another word for it: `lizard` is given instead

    [parents]
    lizard = "reptile"                      # or several: ["reptile", "animal"]

    [names.ko]
    lizard = "도마뱀"                       # shown with --language ko

Keys that hold more than letters, digits, - and _ stand in quotes.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from errors import SettingsError
from tagger.vocabulary import Vocabulary, above

_KNOWN = ("hidden", "exclusive", "aliases", "parents", "names")


def read_vocabulary(file: Path, language: str, known: Collection[str]) -> Vocabulary:
    """`known` are the tags of model and catalog: another name is a mistake, unless it is a parent.

    Names are those of one language; a tag that has none there keeps its own.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"vocabulary {file} cannot be read", (error.strerror or str(error)).lower(),
            "set tagger.vocabulary to a file, or to nothing",
        ) from None  # fmt: skip
    source = _Source(file, data)
    table = source.table()
    for name in table:
        if name not in _KNOWN:
            raise source.error("", name, f"{name!r} is unknown", f"it may hold {', '.join(_KNOWN)}")
    hidden = _tags(source, "hidden", "", table.get("hidden", []))
    exclusive = tuple(
        _tags(source, "exclusive", "", group, fewest=2)
        for group in _list(source, "exclusive", table.get("exclusive", []))
    )
    parents = {
        tag: _tags(source, "parents", tag, [value] if isinstance(value, str) else value)
        for tag, value in _section(source, "parents", table.get("parents", {})).items()
    }
    aliases = _section(source, "aliases", table.get("aliases", {}))
    for alias, tag in aliases.items():
        if not isinstance(tag, str):
            raise source.error("aliases", alias, f"{alias!r} stands for one tag, in quotes", "")
    names = {
        code: _section(source, f"names.{code}", part)
        for code, part in _section(source, "names", table.get("names", {})).items()
    }
    for code, part in names.items():
        for tag, name in part.items():
            if not isinstance(name, str) or not name.strip():
                raise source.error(f"names.{code}", tag, f"the name of {tag!r} is no text", "")
    used = [("hidden", tag) for tag in hidden]
    used += [("exclusive", tag) for group in exclusive for tag in group]
    used += [("parents", tag) for tag in parents]
    used += [("aliases", tag) for tag in aliases.values()]
    used += [(f"names.{code}", tag) for code, part in names.items() for tag in part]
    there = {*known, *(tag for some in parents.values() for tag in some)}
    for section, tag in used:
        if tag in aliases:
            remedy = f"name {aliases[tag]!r} there"
            raise source.error(section, tag, f"{tag!r} is never given: it is an alias", remedy)
    for section, tag in [*used, *(("aliases", alias) for alias in aliases)]:
        if tag not in there:
            near = difflib.get_close_matches(tag, sorted(there), 1)
            remedy = f"did you mean {near[0]!r}?" if near else "name a tag of model or catalog"
            raise source.error(section, tag, f"no tag is called {tag!r}", remedy)
    for tag in parents:
        if tag in above(parents, tag):
            raise source.error("parents", tag, f"{tag!r} stands above itself", "break the circle")
    digest = hashlib.sha256(data).hexdigest()
    shown = names.get(language, {})
    return Vocabulary(frozenset(hidden), exclusive, aliases, parents, shown, digest)


def _list(source: _Source, section: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise source.error(section, "", f"{section} is no list", "")
    return value


def _section(source: _Source, name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        leaf = name.rpartition(".")[2]
        raise source.error("", leaf, f"{name} is no section", f"write [{name}]")
    return value


def _tags(source: _Source, section: str, key: str, value: Any, fewest: int = 0) -> tuple[str, ...]:
    """A list of tags; what is wrong with it is told with the line of its first tag, or its key."""
    words = [word for word in value if isinstance(word, str)] if isinstance(value, list) else []
    where = key or (words[0] if words else "")
    if not isinstance(value, list) or len(words) < len(value):
        raise source.error(section, where, "tags are written in quotes, several in brackets", "")
    if len(words) < fewest:
        raise source.error(section, where, f"a group of {section} needs {fewest} tags", "")
    return tuple(words)


class _Source:
    """The text of a file, for the lines of what is wrong in it."""

    def __init__(self, file: Path, data: bytes) -> None:
        self._file, self._data = file, data

    def table(self) -> dict[str, Any]:
        try:
            text = self._data.decode("utf-8-sig")
            self._lines = text.splitlines()
            return tomllib.loads(text)
        except UnicodeDecodeError as error:
            line = self._data[: error.start].count(b"\n") + 1
            raise self._told(line, "it is not UTF-8", "save it as UTF-8") from None
        except tomllib.TOMLDecodeError as error:
            place = re.search(r" \(at line (\d+)", str(error))
            why = str(error).partition(" (at ")[0]
            why = f"not valid TOML: {why[:1].lower()}{why[1:]}"
            raise self._told(int(place[1]) if place else len(self._lines), why, "") from None

    def error(self, section: str, name: str, why: str, remedy: str) -> SettingsError:
        """With the line on which the name stands, in or after what begins its section."""
        start = next(self._where(re.escape(section), 0), 0) if section else 0
        word = rf"(?<![\w-]){re.escape(name)}(?![\w-])"
        return self._told(next(self._where(word, start), start) + 1, why, remedy)

    def _where(self, pattern: str, start: int) -> Iterator[int]:
        for number in range(start, len(self._lines)):
            # A comment names many things.
            if re.search(pattern, re.sub(r"(^|\s)#.*", "", self._lines[number])):
                yield number

    def _told(self, line: int, why: str, remedy: str) -> SettingsError:
        return SettingsError(f"{self._file}, line {line}", why, remedy)
