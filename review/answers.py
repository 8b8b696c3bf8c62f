"""Answers to questions, and what is said without having been asked. Needs no model."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import images
from db.questions import Question, Verdict, question_id
from db.store import Store
from errors import QueryError

VERDICTS: tuple[str, ...] = get_args(Verdict)


class Answers:
    def __init__(self, store: Store) -> None:
        self._store = store

    def answer(self, question: str, verdict: str, source: str = "review") -> Question:
        """The question with its answer; the same answer again changes nothing."""
        found = self._store.questions.answer(question, _verdict(verdict), source)
        if found is None:
            raise QueryError(
                f"there is no question {question!r}", "", "take ids of the queue as they are"
            )
        return found

    def take_back(self, question: str) -> bool:
        """Whether there was an answer; the question stands open again."""
        return self._store.questions.take_back(question)

    def tell_tag(
        self, tag: str, verdict: str, *, item: str = "", image: Path | None = None,
        source: str = "review",
    ) -> Question:  # fmt: skip
        """Whether an item of the catalog, or any image, bears a tag."""
        if tag not in self._store.tag_counts():
            raise QueryError(f"there is no tag {tag!r}", "", "name a tag that the catalog has")
        content, path, key, borne = self._about(item, image)
        asked = Question(
            question_id("tag", content, tag), "tag", content, path, key, tag,
            said=None if borne is None else tag in borne,
        )  # fmt: skip
        return self._told(asked, verdict, source)

    def tell_match(
        self, query: str, verdict: str, *, item: str = "", image: Path | None = None,
        source: str = "review",
    ) -> Question:  # fmt: skip
        """Whether an item of the catalog, or any image, answers a query."""
        if not query.strip():
            raise QueryError("a match needs a query", "it is empty", "say what was looked for")
        content, path, key, _ = self._about(item, image)
        asked = Question(
            question_id("match", content, query.strip()), "match", content, path, key,
            query=query.strip(),
        )  # fmt: skip
        return self._told(asked, verdict, source)

    def all(self) -> list[Question]:
        """Every answer that stands, the oldest first."""
        return self._store.questions.answered()

    def _told(self, asked: Question, verdict: str, source: str) -> Question:
        _verdict(verdict)
        if self._store.questions.get(asked.id) is None:  # what was asked before keeps its score
            self._store.questions.put([asked])
        return self.answer(asked.id, verdict, source)

    def _about(self, item: str, image: Path | None) -> tuple[str, str, str, tuple[str, ...] | None]:
        """Content, path, the item's id and tags."""
        if bool(item) == (image is not None):
            raise QueryError("say which image", "", "name an item, or else an image")
        if image is not None:
            return images.content_hash(images.read_file(image)), str(image.absolute()), "", None
        number = self._store.ids_of([item]).get(item)
        if number is None:
            raise QueryError(
                f"there is no item {item!r}", "", "name items by the catalog's own ids"
            )
        found = self._store.details([number])[number]
        if found.split == "test":
            raise QueryError(
                f"item {item!r} is in the split test", "it judges what is learnt from answers",
                "mend it in the catalog and import it",
            )  # fmt: skip
        return found.facts.content_hash, found.image, found.key, found.tags


def _verdict(verdict: str) -> Verdict:
    if verdict not in VERDICTS:
        raise QueryError(f"{verdict!r} is no answer", "", f"it is one of {', '.join(VERDICTS)}")
    return verdict  # type: ignore[return-value]  # one of them
