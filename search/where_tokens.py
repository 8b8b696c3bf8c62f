"""A filter's text cut into words, quoted texts and signs; errors that point into it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from errors import Pointer, QueryError

MAX_LENGTH = 10_000  # characters of a filter
MAX_VALUE = 500  # characters of one name or value
# No catalog holds these, and no database takes all of them.
UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<sign>==|!=|<>|<=|>=|[=<>~])
    | (?P<mark>[(),]|\.\.)
    | (?P<quote>["'“])
    | (?P<word>(?:(?!\.\.)[^\s"“=<>~!(),])+)""",
    re.VERBOSE,
)
_CLOSING = {'"': '"', "'": "'", "“": "”"}


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # word, quoted, sign (a comparison), mark (bracket, comma or ..) or end
    text: str  # without quotes and escapes
    start: int
    end: int

    def says(self, *words: str) -> bool:
        """One of these, unquoted, in any case."""
        return self.kind != "quoted" and self.text.lower() in words


def trouble(
    text: str, start: int, end: int, what: str, why: str = "", remedy: str = ""
) -> QueryError:
    """An error of the characters `start` to `end` of a filter; `what` is followed by the place."""
    line = f"{what} at character {start + 1}"
    pointer = Pointer(text, start, max(end, start + 1))
    return QueryError(line, why, remedy, pointer, field="where")


def cut(text: str) -> list[Token]:
    """The tokens in order, the last one of kind `end`."""
    if len(text) > MAX_LENGTH:
        why = f"it is {len(text)} characters long, the limit is {MAX_LENGTH}"
        raise trouble(text, MAX_LENGTH, MAX_LENGTH + 1, "the filter is cut off", why)
    if strange := UNPRINTABLE.search(text):
        what = "a character that cannot be printed"
        raise trouble(text, strange.start(), strange.end(), what, "", "remove it")
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            remedy = "write != or not" if text[place] == "!" else "put it in quotes"
            raise trouble(text, place, place + 1, f"a stray {text[place]}", "", remedy)
        kind, end = str(found.lastgroup), found.end()
        if kind == "quote":
            tokens.append(_quoted(text, place))
        elif kind != "space":
            tokens.append(Token(kind, found[0], place, end))
        place = tokens[-1].end if kind == "quote" else end
        if tokens and tokens[-1].end == place and len(tokens[-1].text) > MAX_VALUE:
            last = tokens[-1]
            limit = f"at most {MAX_VALUE} characters"
            raise trouble(text, last.start, last.end, "too long a name or value", limit)
    return [*tokens, Token("end", "", len(text), len(text))]


def _quoted(text: str, start: int) -> Token:
    closing = _CLOSING[text[start]]
    inside: list[str] = []
    place = start + 1
    while place < len(text):
        char = text[place]
        if char == closing:
            return Token("quoted", "".join(inside), start, place + 1)
        if char == "\\" and place + 1 < len(text):
            place += 1
            char = text[place]
        inside.append(char)
        place += 1
    raise trouble(
        text, start, start + 1, f"a quote that is never closed, opened by {text[start]}",
        "", f"end it with {closing}",
    )  # fmt: skip
