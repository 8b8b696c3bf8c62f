"""Doubts → questions with all that who answers needs to see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from db.generations import Generation
from db.questions import Askable, Question, question_id
from db.store import Store
from encoder.encoded import Encoded, Encoder
from review.choosing import Doubt, in_turn, rarity, spread
from review.doubts import KEPT, MostDoubtful, seen
from review.matches import doubtful_pairs
from review.pictures import Picture

TOO_SURE = 0.02  # less doubtful than this is not worth anybody's time
CHUNK = 4096


@dataclass
class Asker:
    """Puts questions together; each call looks at all there is."""

    store: Store
    live: Generation
    encoder: Encoder
    precision: float
    catalog: bool = True  # whether its items are asked about
    _items: list[Askable] = field(init=False)

    def __post_init__(self) -> None:
        held = set(self.live.images.ids.tolist())
        parts = self.store.questions.askable() if self.catalog else ()
        self._items = [item for part in parts for item in part if item.id in held]

    def about_tags(
        self,
        count: int,
        answered: Collection[str],
        pictures: Sequence[Picture],
        encoded: Encoded,
    ) -> list[Question]:
        """`pictures` are images that are not in the catalog, `encoded` what the model sees."""
        most = MostDoubtful(self.encoder.tags, KEPT + len(answered))
        given = Counter(tag for item in self._items for tag in item.tags)
        counts = {tag: given[tag] for tag in self.encoder.tags}
        shares = np.asarray([n / max(1, len(self._items)) for n in counts.values()])
        images = self.live.images
        for start in range(0, len(self._items), CHUNK):
            part = self._items[start : start + CHUNK]
            said = borne([item.tags for item in part], self.encoder.tags)
            rows = images.rows(np.asarray([item.id for item in part], np.int64))
            vectors = images.vectors[rows].astype(np.float32)
            halves = images.halves[rows].astype(np.float32)
            whole = Encoded(vectors, halves, self.encoder.tags_of(vectors))
            contents = [item.content for item in part]
            most.add(seen(self.encoder, whole, self.precision, contents, said, shares))
        if pictures:
            contents = [picture.content for picture in pictures]
            most.add(seen(self.encoder, encoded, self.precision, contents))
        doubts = [
            one
            for one in most.all()
            if (one.doubt >= TOO_SURE or one.said is False)
            and question_id("tag", one.image, one.about) not in answered
        ]
        return self._tag_questions(in_turn(doubts, count, rarity(counts)), pictures)

    def about_matches(self, count: int, answered: Collection[str]) -> list[Question]:
        if not count:
            return []
        allowed = {item.id: item for item in self._items}
        pairs = doubtful_pairs(self.live, self.encoder, frozenset(allowed))
        texts = self.store.captions_held([pair.caption for pair in pairs])
        pairs = [pair for pair in pairs if pair.caption in texts]
        by_id = {
            question_id("match", allowed[pair.item].content, texts[pair.caption]): pair
            for pair in reversed(pairs)
            if pair.doubt >= TOO_SURE
        }
        open_ = [
            Doubt(allowed[pair.item].content, texts[pair.caption], pair.doubt, pair.score, key=key)
            for key, pair in by_id.items()
            if key not in answered
        ]
        chosen = spread(open_, count, {})
        found = self.store.details([by_id[one.key].item for one in chosen])
        return [
            Question(
                one.key, "match", one.image, item.image, item.key, query=one.about,
                said=by_id[one.key].said, score=round(one.score, 4), model=self.encoder.model,
            )
            for one in chosen
            if (item := found.get(by_id[one.key].item)) is not None
        ]  # fmt: skip

    def _tag_questions(
        self, chosen: Sequence[Doubt], pictures: Sequence[Picture]
    ) -> list[Question]:
        outside = {picture.content: picture.path for picture in pictures}
        wanted = {one.image for one in chosen} - outside.keys()
        numbers = {item.content: item.id for item in self._items if item.content in wanted}
        found = self.store.details(list(numbers.values()))
        questions = []
        for one in chosen:
            item = found.get(numbers.get(one.image, 0))
            if item is None and one.image not in outside:  # has left the catalog meanwhile
                continue
            questions.append(
                Question(
                    question_id("tag", one.image, one.about), "tag", one.image,
                    outside[one.image] if item is None else item.image,
                    "" if item is None else item.key, one.about,
                    said=None if item is None else one.about in item.tags,
                    score=round(one.score, 4), model=self.encoder.model,
                )
            )  # fmt: skip
        return questions


def borne(tags: Sequence[Sequence[str]], names: Sequence[str]) -> NDArray[np.bool_]:
    """`[n, tags]`: which of the model's tags each bears."""
    place = {tag: number for number, tag in enumerate(names)}
    found = np.zeros((len(tags), len(names)), np.bool_)
    for row, some in enumerate(tags):
        found[row, [place[tag] for tag in some if tag in place]] = True
    return found
