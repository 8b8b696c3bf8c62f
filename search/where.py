"""The language of `--where`: what the catalog must say of an item for a search to consider it.

    filter     = either
    either     = both { "or" both }
    both       = negated { "and" negated }
    negated    = { "not" } ( "(" either ")" | condition )
    condition  = field compared value
               | field [ "not" ] ( "contains" | "~" ) value
               | field [ "not" ] "in" "(" value { "," value } ")"
               | field [ "not" ] "between" value ( ".." | "and" ) value
               | field ( "exists" | "missing" ) | ( "has" | "missing" ) field
    compared   = "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">="
    field      = word | quoted
    value      = word | quoted
    quoted     = "…" or '…', with a backslash before a quote or a backslash inside
    word       = characters up to a space, a bracket, a comma, "..", or one of " = < > ~ !

A word means what stands before it says: `2` is a number after a field of numbers and a text after
one of texts (where_fields.py). This file knows only the form, so it needs no catalog.

Written by hand and not with a parser library: lark would cost a cold search 30 to 40 ms, and its
messages name terminals of the grammar, while these name what can be written at that place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from errors import QueryError
from search.where_tokens import Token, cut, trouble

MAX_CONDITIONS = 200  # in one filter: databases limit how large an expression may be
MAX_DEPTH = 30  # brackets and `not` inside each other
Operator = Literal["=", "<", "<=", ">", ">=", "contains", "in", "between", "exists"]
# How it may be written → what it is, and whether it is denied.
_OPERATORS: dict[str, tuple[Operator, bool]] = {
    "=": ("=", False), "==": ("=", False), "!=": ("=", True), "<>": ("=", True),
    "<": ("<", False), "<=": ("<=", False), ">": (">", False), ">=": (">=", False),
    "~": ("contains", False), "contains": ("contains", False), "in": ("in", False),
    "between": ("between", False), "exists": ("exists", False), "missing": ("exists", True),
}  # fmt: skip
RESERVED = ("and", "or", "not", "in", "between", "contains")  # not names of fields without quotes
_AFTER_NOT = ("~", "contains", "in", "between")
_QUOTE = "quote a name or value that holds spaces or signs"


@dataclass(frozen=True, slots=True)
class Clause:
    field: Token
    operator: Operator
    denied: bool  # holds for all items that the rest does not hold for
    sign: Token  # the operator as it was written
    values: tuple[Token, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Negated:
    part: Syntax
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Joined:
    word: Literal["and", "or"]
    parts: tuple[Syntax, ...]
    start: int
    end: int


Syntax: TypeAlias = Clause | Negated | Joined


def parse(text: str) -> Syntax:
    """Raises a QueryError that points at the character where the text cannot be read."""
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = cut(text)
        self._place = self._depth = self._conditions = 0

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._now
        self._place += 1
        return token

    def _at(self, mark: str) -> bool:
        return self._now.kind == "mark" and self._now.text == mark

    def _wrong(self, token: Token, what: str, why: str = "", remedy: str = "") -> QueryError:
        return trouble(self._text, token.start, token.end, what, why, remedy)

    def _expected(self, wanted: str, remedy: str = "") -> QueryError:
        token = self._now
        written = self._text[token.start : token.end]
        why = f"found {written}" if written else "the filter ends there"
        return self._wrong(token, f"expected {wanted}", why, remedy)

    # -- conditions joined ------------------------------------------------------------------

    def whole(self) -> Syntax:
        found = self._either()
        if self._at(")"):
            raise self._wrong(self._now, "no ( is open for the )")
        if self._now.kind != "end":
            raise self._expected("'and', 'or' or the end", _QUOTE)
        return found

    def _either(self) -> Syntax:
        parts = [self._both()]
        while self._now.says("or"):
            self._take()
            parts.append(self._both())
        return _joined("or", parts)

    def _both(self) -> Syntax:
        parts = [self._negated()]
        while self._now.says("and"):
            self._take()
            parts.append(self._negated())
        return _joined("and", parts)

    def _negated(self) -> Syntax:
        first = self._now
        if not self._at("(") and not first.says("not"):
            return self._condition()
        if self._depth == MAX_DEPTH:
            raise self._wrong(first, "too deep", f"at most {MAX_DEPTH} brackets in each other")
        self._depth += 1
        self._take()
        if first.says("not"):
            part = self._negated()
            found: Syntax = Negated(part, first.start, part.end)
        else:
            found = self._either()
            self._close(first, "'and', 'or' or )")
        self._depth -= 1
        return found

    def _close(self, opening: Token, wanted: str) -> None:
        if self._now.kind == "end":
            raise self._wrong(opening, "a ( that is never closed")
        if not self._at(")"):
            raise self._expected(wanted, _QUOTE)
        self._take()

    # -- one condition ----------------------------------------------------------------------

    def _condition(self) -> Clause:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise self._wrong(self._now, "too many conditions", f"at most {MAX_CONDITIONS}")
        first = self._now
        if first.says("has", "missing") and _names(self._tokens[self._place + 1]):
            self._take()
            field = self._take()
            denied = first.says("missing")
            return Clause(field, "exists", denied, first, (), first.start, field.end)
        if not _names(first):
            reserved = first.kind == "word"
            raise self._expected(
                "a field, 'not' or (", f'as a name, write "{first.text}"' if reserved else ""
            )
        self._take()
        denied = self._now.says("not")
        if denied:
            self._take()
        sign = self._now
        written = sign.text.lower() if sign.kind in ("sign", "word") else ""
        if denied and written not in _AFTER_NOT:
            raise self._expected("'in', 'contains' or 'between' after 'not'")
        if written not in _OPERATORS:
            raise self._no_operator(first)
        self._take()
        operator, opposite = _OPERATORS[written]
        values = self._values(operator, written)
        end = self._tokens[self._place - 1].end
        return Clause(first, operator, denied or opposite, sign, values, first.start, end)

    def _no_operator(self, field: Token) -> QueryError:
        wanted = f"an operator after {self._text[field.start : field.end]}"
        if self._now.kind == "word":
            several = f'"{field.text} {self._now.text}"'
            return self._expected(wanted, f"a name of several words needs quotes: {several}")
        return self._expected(wanted, f"one of {' '.join(_OPERATORS)}; a tag: tag={field.text}")

    def _values(self, operator: Operator, written: str) -> tuple[Token, ...]:
        if operator == "exists":
            return ()
        if operator == "in":
            return self._list()
        first = self._value(f"a value after '{written}'")
        if operator != "between":
            return (first,)
        if not self._at("..") and not self._now.says("and"):
            raise self._expected("'..' and a second value")
        self._take()
        return (first, self._value("a second value"))

    def _list(self) -> tuple[Token, ...]:
        opening = self._now
        if not self._at("("):
            raise self._expected("( after 'in'", "write the values as in (a, b)")
        self._take()
        values = [self._value("a value")]
        while self._at(","):
            self._take()
            values.append(self._value("a value after the comma"))
        self._close(opening, "a comma or )")
        return tuple(values)

    def _value(self, wanted: str) -> Token:
        token = self._now
        if token.kind not in ("word", "quoted") or token.says("and", "or", "not"):
            reserved = f'as a value, write "{token.text}"' if token.kind == "word" else ""
            raise self._expected(wanted, reserved)
        return self._take()


def _names(token: Token) -> bool:
    """It can be a field. Words of the language can too, in quotes."""
    return token.kind == "quoted" or (token.kind == "word" and not token.says(*RESERVED))


def _joined(word: Literal["and", "or"], parts: list[Syntax]) -> Syntax:
    if len(parts) == 1:
        return parts[0]
    return Joined(word, tuple(parts), parts[0].start, parts[-1].end)
