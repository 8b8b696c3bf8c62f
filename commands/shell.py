"""pairdex shell: one search after another, with everything kept warm."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from commands import shell_commands
from commands.context import Session, session
from commands.wording import worded
from errors import IndexStateError, PairdexError, QueryError

if TYPE_CHECKING:
    from search import Request, Searcher, SearchResult


def shell(context: typer.Context) -> None:
    """Search again and again without waiting: type a query, or :help.

    Lines that are piped in are answered one by one.
    """
    current = session(context)
    work = Shell(current)
    if sys.stdin.isatty() and current.out.is_terminal:
        from commands.shell_prompt import prompted

        current.out.print("Type a query; :help lists commands, Ctrl-D leaves.", style="dim")
        work.run(prompted(current.home, work.request_of))
    elif work.run(line.rstrip("\n") for line in sys.stdin):
        raise typer.Exit(QueryError.exit_code)


class Shell:
    """What is set, and what was answered last."""

    def __init__(self, session: Session) -> None:
        from search import Request, Searcher

        self._session = session
        self._searcher: Searcher = Searcher.open(session.home, session.settings)
        self._request: Request = Request()
        self._result: SearchResult | None = None
        self._shown: dict[str, str] = {}  # rank → id, of all pages that stand on the screen
        self._form, self._preview = "table", ""

    def request_of(self) -> Request:
        return self._request

    def run(self, lines: Iterable[str]) -> int:
        """Answers each line; returns how many could not be answered."""
        wrong = 0
        for line in lines:
            try:
                if not self.take(line.strip()):
                    break
            except PairdexError as error:
                wrong += 1
                self._tell(error)
            except KeyboardInterrupt:
                self._session.err.print("interrupted")
        return wrong

    def take(self, line: str) -> bool:
        """One line; False when it says to leave."""
        if not line:
            return True
        if not line.startswith(":"):
            asked = {"text": line, "offset": 0, "cursor": ""}
            before = dict.fromkeys(("images", "like", "good", "bad"), ())
            self._search(dataclasses.replace(self._request, **asked, **before))  # type: ignore[arg-type]
            return True
        request, again = self._request, False
        for name, given in shell_commands.split_commands(line):
            if name == "quit":
                return False
            found = shell_commands.changed(request, name, given, self._item)
            if found is not None:
                request, again = found, True
            elif name == "more":
                request, again = self._next(request), True
            elif name == "saved":
                from commands.refining import with_saved

                request, again = with_saved(self._session.home, given, type(request)()), True
            elif name == "reset":
                request, again = type(request)(), False
                self._form, self._preview, self._result = "table", "", None
            elif name in shell_commands.FORMS or name == "preview":
                self._set_form(name, given)
                again = True
            else:
                self._do(name, given)
        if again and _asks(request):
            self._search(request)
        else:
            self._request = request
        return True

    def _search(self, request: Request) -> None:
        from commands import refining, search

        self._renew()
        result = self._searcher.search(request)
        news = {
            kind: tuple(i for i in getattr(request, kind) if i not in getattr(self._request, kind))
            for kind in ("good", "bad")
        }
        given = dataclasses.replace(request, good=news["good"], bad=news["bad"])
        home = self._session.home
        for note in refining.store_given(home, given, request, self._result or result, ""):
            self._session.err.print(note, markup=False)
        # Only what was answered is kept: after a mistake one goes on from before it.
        self._request, self._result = request, result
        hits = {str(hit.rank): hit.id for hit in result.results or result.nearest}
        self._shown = self._shown | hits if request.cursor else hits
        form = "" if self._form == "table" else self._form
        search.show(self._session, result, form, False, request.explain, self._preview)

    def _renew(self) -> None:
        """A generation that was published meanwhile takes over."""
        from db.databases import generations_of
        from db.home import Home
        from search import Searcher

        live = generations_of(Home(self._session.home)).current_name()
        if live not in (None, self._searcher.generation):
            with suppress(IndexStateError):  # what is open still answers
                newer = Searcher.open(self._session.home, self._session.settings)
                self._searcher.close()
                self._searcher = newer
                self._session.err.print(f"generation {live} is live now", style="dim")

    def _item(self, word: str) -> str:
        """The id behind a number of the last results; any other word is an id itself."""
        return self._shown.get(word, word)

    def _next(self, request: Request) -> Request:
        if self._result is None or not self._result.cursor:
            raise QueryError("there is no further page", "", "ask for something else")
        return dataclasses.replace(request, offset=0, cursor=self._result.cursor)

    def _set_form(self, name: str, given: str) -> None:
        from commands.search_preview import protocol

        if name != "preview":
            self._form = name
        elif given.lower() == "off":
            self._preview = ""
        else:
            self._preview = protocol({"on": "auto", "": "auto"}.get(given, given), self._session)

    def _do(self, name: str, given: str) -> None:
        from commands.saved import as_options
        from db.store import Store
        from search.stored import as_stored, keep

        out = self._session.out
        if name == "help":
            for command, (behind, what) in shell_commands.HELP.items():
                out.print(f":{command} {behind}".ljust(24) + what, markup=False, soft_wrap=True)
        elif name == "show":
            shown = as_options(as_stored(self._request))
            out.print(shown or "nothing is set", markup=False, soft_wrap=True)
        elif name == "save":
            with Store.open(self._session.home) as store:
                keep(store, given, self._request)
            out.print(f"saved as {given!r}", markup=False)
        elif self._result is None:
            raise QueryError(f":{name} needs results", "nothing was searched yet")
        elif name == "html":
            from commands.page import write_page

            write_page(Path(given or "results.html").expanduser(), self._result)
        else:
            self._open(given, self._result)

    def _open(self, given: str, result: SearchResult) -> None:
        from commands.opening import open_files

        hits = [h for h in result.results or result.nearest if given in ("", str(h.rank), h.id)]
        if not hits:
            raise QueryError(f"there is no result {given}", "", "name one by its number")
        open_files([Path(hit.image) for hit in hits])

    def _tell(self, error: PairdexError) -> None:
        lines = [f"error: {worded(error)}"]
        if isinstance(error, QueryError) and error.pointer:
            lines += error.pointer.lines()
        self._session.out.file.flush()
        for line in lines:
            print(line, file=sys.stderr, flush=True)


def _asks(request: Request) -> bool:
    with suppress(QueryError):
        request.checked()
        return True
    return False
