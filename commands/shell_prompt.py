"""The prompt of the shell: history, and completion from what the catalog holds."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from commands.shell_commands import HELP
from db.filters import BUILTIN, Field
from db.store import Store

if TYPE_CHECKING:
    from search import Request

HISTORY = "shell.history"  # in the home
_MOST = 50  # suggestions
_COMMAND = re.compile(r":[\w-]*$")
_BEHIND = re.compile(r":([\w-]+)\s+(?!.*\s:)(.*)$")
_VALUE = re.compile(r"([\w.]+)\s*(?:=|!=|~|in\s*\((?:[^()]*,)?)\s*([^\s,()]*)$")
_WORDS = {
    "split": ("train", "val", "test"),
    "group": ("on", "off"),
    "explain": ("on", "off"),
    "preview": ("on", "off", "blocks"),
}


def prompted(home: Path, request: Callable[[], Request]) -> Iterator[str]:
    """Lines as they are typed, until Ctrl-D. The prompt shows what filters."""
    file = home / HISTORY
    writable = os.access(file if file.exists() else home, os.W_OK)
    history: History = FileHistory(str(file)) if writable else InMemoryHistory()
    with Store.open(home) as store:
        ask: PromptSession[str] = PromptSession(
            history=history, completer=CatalogCompleter(store), complete_while_typing=False
        )
        while True:
            try:
                yield ask.prompt("filtered> " if request().filtered else "> ")
            except KeyboardInterrupt:  # the line is thrown away
                continue
            except EOFError:
                return


class CatalogCompleter(Completer):
    """Commands after a colon; behind them fields, values and tags; in a query tags."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @cached_property
    def _tags(self) -> list[str]:
        return list(self._store.tag_counts())

    @cached_property
    def _kinds(self) -> dict[str, tuple[str, ...]]:
        return {name: tuple(kinds) for name, kinds in self._store.field_kinds().items()}

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        del complete_event
        before = document.text_before_cursor
        word, words = self._choices(before)
        low = word.lower()
        fitting = [one for one in words if one.lower().startswith(low)]
        for one in fitting[:_MOST]:
            yield Completion(one, start_position=-len(word))

    def _choices(self, before: str) -> tuple[str, list[str]]:
        """The word that is typed, and what it may become."""
        if found := _COMMAND.search(before):
            return found[0], [f":{name}" for name in HELP]
        found = _BEHIND.search(before)
        name, rest = (found[1], found[2]) if found else ("", before)
        word = rest.rsplit(" ", 1)[-1]
        if name == "where":
            if value := _VALUE.search(rest):
                return value[2], self._values(value[1])
            return word.lstrip("("), [*self._kinds, *BUILTIN, "and", "or", "not"]
        if name == "tag":
            return rest, self._tags
        if name in _WORDS:
            return word, list(_WORDS[name])
        return (word, self._tags) if word and name in ("", "not") else (word, [])

    def _values(self, name: str) -> list[str]:
        if name in BUILTIN:
            return self._tags if name == "tag" else list(_WORDS.get(name, ()))
        texts: list[str] = []
        for kind in self._kinds.get(name, ()):
            if kind in ("text", "list"):
                texts += self._store.field_values(Field(name, kind), 2000)  # type: ignore[arg-type]
        return [f'"{text}"' if re.search(r"[\s,()]", text) else text for text in texts]
