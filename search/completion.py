"""What a text that is being typed may become: words and tags of a query, fields of a filter."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Literal

from db.filters import BUILTIN, Field
from db.folding import fold
from db.store import Store
from db.words_vocabulary import Vocabulary
from search.where_fields import SPLITS, written

Kind = Literal["tag", "word", "field", "value", "operator"]
_VALUE = re.compile(r"([\w.]+)\s*(?:=|!=|~|in\s*\((?:[^()]*,)?)\s*([^\s,()]*)$")
_WORD = re.compile(r"[^\W_]*$")
_OPERATORS = ("and", "or", "not", "in", "between")
_VALUES = 2000  # of a field, that are looked through
_LONGEST = 4  # words that a tag may be long


@dataclass(frozen=True)
class Completion:
    """Characters `start` to `end` of the text may become `text`."""

    text: str
    kind: Kind
    start: int
    end: int
    items: int | None = None  # that have it, where that is known


class CatalogWords:
    """What one state of the catalog offers; made anew when the catalog has changed."""

    def __init__(
        self, store: Store, words: Vocabulary | None = None, hidden: Collection[str] = ()
    ) -> None:
        """`words` are those of the index; without, only tags complete a query.

        What every item has and is `hidden` is not offered.
        """
        self._store, self._words = store, words
        self._builtin = [name for name in BUILTIN if name not in hidden]

    def query(self, text: str, most: int) -> list[Completion]:
        """The text's last words as the beginning of a tag, its last one as that of a word."""
        return list(islice(_once(self._query(text, most)), most))

    def where(self, text: str, most: int) -> list[Completion]:
        """The end of a filter: a value behind a sign, else a field or an operator."""
        if found := _VALUE.search(text):
            start, beginning = found.start(2), found[2]
            offered: Iterable[tuple[str, Kind]] = ((v, "value") for v in self.values(found[1]))
        else:
            [word] = re.findall(r"[^\s()]*$", text)[:1] or [""]
            start, beginning = len(text) - len(word), word
            fields: list[tuple[str, Kind]] = [(written(name), "field") for name in self.fields]
            fields += [(name, "field") for name in self._builtin]
            offered = [*fields, *((word, "operator") for word in _OPERATORS)]
        low = fold(beginning).lstrip('"')
        fitting = (
            Completion(text_, kind, start, len(text))
            for text_, kind in offered
            if fold(text_).lstrip('"').startswith(low)
        )
        return list(islice(fitting, most))

    def _query(self, text: str, most: int) -> Iterator[Completion]:
        end = len(text)
        for start in _beginnings(text):
            low = fold(text[start:])
            for tag, items in self.tags.items():
                if fold(tag).startswith(low):
                    yield Completion(tag, "tag", start, end, items)
        found = _WORD.search(text)
        word = found[0] if found else ""
        if word and self._words is not None:
            for known, items in self._words.beginning(word, most):
                yield Completion(known, "word", end - len(word), end, items)

    @cached_property
    def tags(self) -> dict[str, int]:
        """With the items that carry each, most frequent first."""
        return self._store.tag_counts()

    @cached_property
    def fields(self) -> dict[str, tuple[str, ...]]:
        """Attributes with their kinds."""
        return {name: tuple(kinds) for name, kinds in self._store.field_kinds().items()}

    def values(self, name: str) -> list[str]:
        """Some values of a field, as a filter writes them."""
        if name in BUILTIN:
            return list(self.tags) if name == "tag" else list(SPLITS if name == "split" else ())
        texts: list[str] = []
        for kind in self.fields.get(name, ()):
            if kind in ("text", "list"):
                texts += self._store.field_values(Field(name, kind), _VALUES)  # type: ignore[arg-type]
        return [f'"{text}"' if re.search(r"[\s,()]", text) else text for text in texts]


def _beginnings(text: str) -> Iterator[int]:
    """Where the last words begin, the longest first."""
    starts = [found.start() for found in re.finditer(r"(?<![^\s\"“”:-])[^\s\"“”:-]", text)]
    yield from starts[-_LONGEST:]


def _once(found: Iterable[Completion]) -> Iterator[Completion]:
    seen = set[str]()
    for one in found:
        if fold(one.text) not in seen:
            seen.add(fold(one.text))
            yield one
