"""Questions that were put to people, and their answers: `store.questions`."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Engine, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from db.repeating import repeated
from db.tables import Item, ItemTag, Tag
from db.tables_review import QuestionRow

CHUNK = 500
ASKABLE = 5000  # items that are read at once
Kind = Literal["tag", "match"]
Verdict = Literal["yes", "no", "skip"]
_TABLE = QuestionRow.__table__
_BLANK = {"answer": "", "turn": 0, "source": "", "answered": None}  # left as it is by asking again
_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True)
class Question:
    """Does the image bear the tag (`tag`)? Does it answer the query (`match`)?"""

    id: str  # the same wherever and whenever the same is asked, see `question_id`
    kind: Kind
    content: str  # SHA-256 of the image file, as hex digits
    image: str  # absolute path
    item: str = ""  # the catalog's own id; "" for an image that is not in the catalog
    tag: str = ""
    query: str = ""
    said: bool | None = None  # what the catalog says; None where it says nothing
    score: float | None = None  # the model's probability of yes
    model: str = ""  # its fingerprint
    answer: Verdict | Literal[""] = ""
    turn: int = 0  # counts answers in their order; 0 = none yet
    source: str = ""  # where it was answered: review, page, api, file …
    answered: str = ""  # ISO, UTC


_ASKED = [one.name for one in dataclasses.fields(Question) if one.name not in _BLANK]


def _values(one: Question) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _ASKED} | _BLANK


def question_id(kind: Kind, content: str, about: str) -> str:
    """`about` is the tag or the query."""
    parts = "\0".join((kind, content, about))
    return hashlib.sha256(parts.encode("utf-8", "surrogateescape")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Askable:
    """An item that questions may be about, with as little as choosing them needs."""

    id: int
    content: str
    split: str
    tags: tuple[str, ...]


class Questions:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @repeated
    def put(self, questions: Sequence[Question]) -> None:
        """Make them known, so that they can be answered by their ids. Answers stay as they are."""
        # Always in the same order: two who ask at once wait for each other, never both for both.
        rows = {one.id: _values(one) for one in sorted(questions, key=lambda one: one.id)}
        new = _INSERTS[self._engine.dialect.name](QuestionRow)
        as_asked = {name: new.excluded[name] for name in _ASKED if name != "id"}
        known = new.on_conflict_do_update(index_elements=["id"], set_=as_asked)
        with self._engine.begin() as connection:
            values = list(rows.values())
            for start in range(0, len(values), CHUNK):
                connection.execute(known, values[start : start + CHUNK])

    @repeated
    def answer(self, number: str, verdict: Verdict, source: str) -> Question | None:
        """The question with its answer, or None where nobody asked it.

        The same answer again changes nothing; another one takes the place of the earlier.
        """
        with self._engine.begin() as connection:
            here = QuestionRow.id == number
            turns = select(func.coalesce(func.max(QuestionRow.turn), 0) + 1).scalar_subquery()
            values = {"answer": verdict, "source": source, "answered": dt.datetime.now(dt.UTC)}
            other = update(QuestionRow).where(here, QuestionRow.answer != verdict)
            connection.execute(other.values(values | {"turn": turns}))
        return self.get(number)

    @repeated
    def take_back(self, number: str) -> bool:
        """Whether there was an answer; the question stands open again."""
        blank = {"answer": "", "turn": 0, "source": "", "answered": None}
        given = update(QuestionRow).where(QuestionRow.id == number, QuestionRow.answer != "")
        with self._engine.begin() as connection:
            return connection.execute(given.values(blank)).rowcount > 0

    @repeated
    def get(self, number: str) -> Question | None:
        query = select(*_TABLE.c).where(QuestionRow.id == number)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _question(row)

    @repeated
    def answered(self) -> list[Question]:
        """All that have an answer, the oldest answer first."""
        query = select(*_TABLE.c).where(QuestionRow.answer != "").order_by(QuestionRow.turn)
        with self._engine.connect() as connection:
            return [_question(row) for row in connection.execute(query).mappings()]

    def askable(self) -> Iterator[list[Askable]]:
        """All items but those of the test split, which judge what is learnt from the answers.

        In the order of their ids, some thousand at a time.
        """
        last = 0
        while True:
            items = select(Item.id, Item.content_hash, Item.split).where(Item.id > last)
            items = items.order_by(Item.id).limit(ASKABLE)
            with self._engine.connect() as connection:
                rows = connection.execute(items).all()
                if not rows:
                    return
                here = ItemTag.item_id.between(rows[0].id, rows[-1].id)
                tags: dict[int, list[str]] = {}
                borne = select(ItemTag.item_id, Tag.name).join(Tag).where(here).order_by(Tag.id)
                for item, tag in connection.execute(borne):
                    tags.setdefault(item, []).append(tag)
            last = rows[-1].id
            yield [
                Askable(row.id, row.content_hash, row.split, tuple(tags.get(row.id, ())))
                for row in rows
                if row.split != "test"
            ]

    @repeated
    def in_catalog(self, contents: Sequence[str]) -> set[str]:
        """Those of the contents that an item of the catalog has."""
        found = set[str]()
        with self._engine.connect() as connection:
            for start in range(0, len(contents), CHUNK):
                some = Item.content_hash.in_(contents[start : start + CHUNK])
                found |= set(connection.scalars(select(Item.content_hash).where(some)))
        return found


def _question(row: object) -> Question:
    values = dict(row)  # type: ignore[call-overload]  # a RowMapping
    when = values["answered"]
    # SQLite gives back times without their zone, which is always UTC.
    values["answered"] = (
        "" if when is None else when.replace(tzinfo=dt.UTC).isoformat(timespec="seconds")
    )
    return Question(**values)
