"""The prompt of the shell: history, and completion from what the catalog holds."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from commands.shell_commands import HELP
from db.store import Store
from search.completion import CatalogWords

if TYPE_CHECKING:
    from search import Request

HISTORY = "shell.history"  # in the home
_MOST = 50  # suggestions
_COMMAND = re.compile(r":[\w-]*$")
_BEHIND = re.compile(r":([\w-]+)\s+(?!.*\s:)(.*)$")
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
        self._catalog = CatalogWords(store)

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        del complete_event
        before = document.text_before_cursor
        found = _BEHIND.search(before)
        if found and found[1] == "where" and not _COMMAND.search(before):
            for piece in self._catalog.where(found[2], _MOST):
                yield Completion(piece.text, start_position=piece.start - piece.end)
            return
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
        tags = list(self._catalog.tags)
        if name == "tag":
            return rest, tags
        if name in _WORDS:
            return word, list(_WORDS[name])
        return (word, tags) if word and name in ("", "not") else (word, [])
