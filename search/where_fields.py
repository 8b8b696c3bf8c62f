"""What a filter's words mean in one catalog: fields by their names, values by the field's kind.

An attribute wins over what every item has where names are equal; `item.tag` is then the tags. A
column that holds numbers in some items and texts in others is compared as both.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from db.filters import (
    BUILTIN,
    WORDS,
    Condition,
    Contains,
    Equal,
    Every,
    Exists,
    Field,
    Not,
    Some,
    Within,
)
from db.folding import fold
from db.records import AttributeKind
from db.words_text import terms
from errors import QueryError
from search.where import RESERVED, Clause, Joined, Negated, Syntax
from search.where_tokens import Token, cut, trouble
from search.where_values import Period, as_number, as_period

Kinds = Mapping[str, tuple[AttributeKind, ...]]  # of each attribute
SPLITS = ("train", "val", "test")
_ALIASES = {"tags": "tag", "captions": "caption"}
_NAMED = 12  # fields that an error names
_KIND_WORDS = {"number": "numbers", "date": "dates", "text": "text", "list": "lists of texts"}
_DATES = "write 2024, 2024-05, 2024-05-01, 2024-05-01T10:30, today or -30d"


@dataclass(frozen=True, slots=True)
class Part:
    """One of the conditions that must all hold, and how it was written."""

    text: str
    condition: Condition


def bind(
    text: str,
    syntax: Syntax,
    kinds: Kinds,
    today: dt.date | None = None,
    hidden: Collection[str] = (),
) -> tuple[Part, ...]:
    """Raises a QueryError that points at a word that the catalog gives no meaning to.

    So is one that stands for a field which is `hidden` from who asks.
    """
    binder = _Binder(text, kinds, today or dt.date.today(), hidden)  # the user's day
    parts = syntax.parts if isinstance(syntax, Joined) and syntax.word == "and" else (syntax,)
    return tuple(Part(text[part.start : part.end], binder.condition(part)) for part in parts)


class _Binder:
    def __init__(self, text: str, kinds: Kinds, today: dt.date, hidden: Collection[str]) -> None:
        self._text, self._kinds, self._today = text, kinds, today
        self._hidden = hidden

    def condition(self, syntax: Syntax) -> Condition:
        match syntax:
            case Joined(word="and", parts=parts):
                return Every(tuple(map(self.condition, parts)))
            case Joined(parts=parts):
                return Some(tuple(map(self.condition, parts)))
            case Negated(part=part):
                return Not(self.condition(part))
            case Clause():
                found = self._clause(syntax)
                return Not(found) if syntax.denied else found

    def _clause(self, clause: Clause) -> Condition:
        fields = self._fields(clause.field)
        if clause.operator == "exists":
            return Exists(fields[0])
        if clause.operator in ("=", "in"):
            return self._equal(fields, clause)
        meanings: list[Condition] = []
        troubles: list[QueryError] = []
        for field in fields:
            try:
                meanings.append(self._compared(field, clause))
            except QueryError as error:
                troubles.append(error)
        if not meanings:
            raise troubles[0]
        return meanings[0] if len(meanings) == 1 else Some(tuple(meanings))

    # -- fields -----------------------------------------------------------------------------

    def _fields(self, token: Token) -> tuple[Field, ...]:
        """The field that a name stands for, once for each kind of value that it holds."""
        name = token.text
        same = [other for other in self._kinds if fold(other) == fold(name)]
        if name in self._kinds or len(same) == 1:
            found = name if name in self._kinds else same[0]
            return tuple(Field(found, kind) for kind in self._kinds[found])
        if same:
            raise self._wrong(token, f"{name} can be {' or '.join(same)}", "", "write it as one")
        builtin = fold(name).removeprefix("item.")
        builtin = _ALIASES.get(builtin, builtin)
        if builtin in self._hidden:
            why = "it tells of this machine, not of the catalog"
            raise self._wrong(token, f"{builtin} cannot be asked for here", why, "filter by id")
        if builtin in BUILTIN:
            return (BUILTIN[builtin],)
        raise self._unknown(token)

    def _unknown(self, token: Token) -> QueryError:
        from difflib import get_close_matches

        builtin = [name for name in BUILTIN if name not in self._hidden]
        names = {fold(name): written(name) for name in (*builtin, *self._kinds)}
        near = get_close_matches(fold(token.text), names, n=1, cutoff=0.6)
        known = [*map(written, self._kinds), *builtin]
        listed = ", ".join(known[:_NAMED]) + (", …" if len(known) > _NAMED else "")
        advice = f"did you mean {names[near[0]]}? " if near else ""
        remedy = f"{advice}there are {listed}: `pairdex catalog fields`"
        return self._wrong(token, f"no field {token.text}", "", remedy)

    # -- values -----------------------------------------------------------------------------

    def _equal(self, fields: tuple[Field, ...], clause: Clause) -> Condition:
        """Each value as every kind that it can be of, at least one."""
        meant: dict[Field, list[str | float | Period]] = {field: [] for field in fields}
        for token in clause.values:
            troubles: list[QueryError] = []
            for field in fields:
                try:
                    meant[field].append(self._value(field, token))
                except QueryError as error:
                    troubles.append(error)
            if len(troubles) == len(fields):
                raise troubles[0]
        conditions: list[Condition] = []
        for field, values in meant.items():
            plain = tuple(value for value in values if not isinstance(value, Period))
            if plain:
                conditions.append(Equal(field, plain))
            conditions += [
                Within(field, value.start, value.end, high_counts=False)
                for value in values
                if isinstance(value, Period)
            ]
        return conditions[0] if len(conditions) == 1 else Some(tuple(conditions))

    def _compared(self, field: Field, clause: Clause) -> Condition:
        ordered = field.kind in ("number", "date")
        unusable = f"{clause.sign.text} cannot be used"
        if clause.operator == "contains":
            if ordered:
                remedy = "compare with = != < <= > >= or between"
                raise self._wrong(clause.sign, unusable, _holding(field), remedy)
            return Contains(field, self._text_of(field, clause.values[0]))
        if not ordered:
            why = f"{_holding(field)}, which has no order"
            raise self._wrong(clause.sign, unusable, why, "compare with = != ~ or in")
        return self._ordered(field, clause)

    def _ordered(self, field: Field, clause: Clause) -> Condition:
        first, *more = (self._value(field, token) for token in clause.values)
        number = field.kind == "number"
        start = first.start if isinstance(first, Period) else first
        end = first.end if isinstance(first, Period) else first
        match clause.operator:
            case "<":
                return Within(field, high=start, high_counts=False)
            case "<=":
                return Within(field, high=end, high_counts=number)
            case ">" if end is None:
                return Equal(field, ())  # nothing comes after the end of time
            case ">":
                return Within(field, low=end, low_counts=not number)
            case ">=":
                return Within(field, low=start)
        last = more[0].end if isinstance(more[0], Period) else more[0]
        if last is not None and (last < start or (last == start and not number)):  # type: ignore[operator]
            low, high = (self._text[token.start : token.end] for token in clause.values)
            raise self._wrong(clause.values[0], f"{low} comes after {high}", "", "swap the two")
        return Within(field, start, last, high_counts=number)

    def _value(self, field: Field, token: Token) -> str | float | Period:
        written = self._text[token.start : token.end]
        if field.kind == "number":
            number = as_number(token.text)
            if number is None:
                remedy = "write 2, 2.5, -1 or 1e3, without a unit"
                raise self._wrong(token, f"{written} is no number", _holding(field), remedy)
            return number
        if field.kind == "date":
            period = as_period(token.text, self._today)
            if period is None:
                raise self._wrong(token, f"{written} is no date", _holding(field), _DATES)
            return period
        if field.builtin and field.name == "split":
            if token.text.lower() not in SPLITS:
                raise self._wrong(
                    token, f"no split {written}", "", f"there are {', '.join(SPLITS)}"
                )
            return token.text.lower()
        return self._text_of(field, token)

    def _text_of(self, field: Field, token: Token) -> str:
        if field == WORDS and not terms([token.text]):
            written = self._text[token.start : token.end]
            raise self._wrong(token, f"{written} holds no word", "", "write letters or digits")
        return token.text

    def _wrong(self, token: Token, what: str, why: str = "", remedy: str = "") -> QueryError:
        return trouble(self._text, token.start, token.end, what, why, remedy)


def _holding(field: Field) -> str:
    return f"{field.name} holds {_KIND_WORDS[field.kind]}"


def written(name: str) -> str:
    """A name as a filter must write it."""
    try:
        plain = [token.kind for token in cut(name)] == ["word", "end"]
    except QueryError:
        plain = False
    if plain and name.lower() not in RESERVED:
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
