"""Encoded images → tags, captions and nearest items, a batch at a time.

FAISS and the database are asked once per batch, and what the catalog says of an item is kept while
a stream runs: near ones come up again and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from db.generations import Generation
from db.store import Store
from encoder.encoded import Encoded, Encoder, Floats
from settings import TaggerSettings
from tagger.results import CaptionMatch, Nearest, TagScore

KEPT = 20_000  # items whose texts are kept in memory


@dataclass(frozen=True)
class Answer:
    tags: tuple[TagScore, ...]
    captions: tuple[CaptionMatch, ...] = ()
    nearest: tuple[Nearest, ...] = ()


@dataclass(frozen=True)
class _Item:
    key: str
    captions: dict[int, str]  # by caption id


class Answers:
    """What one model and one index say of images."""

    def __init__(
        self,
        index: tuple[Store, Generation] | None,
        encoder: Encoder,
        settings: TaggerSettings,
        top: int | None = None,
    ) -> None:
        self._encoder, self._settings = encoder, settings
        self._top = top or settings.top_tags
        self._store = index and index[0]
        self._generation = index and index[1]
        self._known: dict[int, _Item | None] = {}  # None: the catalog does not hold it any more

    def __call__(self, images: Encoded) -> list[Answer]:
        """One answer per image, in order."""
        captions, nearest = self._captions(images), self._nearest(images)
        rows = zip(images.tags, captions, nearest, strict=True)
        return [Answer(self._tags(tags), *found) for tags, *found in rows]  # type: ignore[arg-type]  # two tuples of known types

    def _tags(self, scores: Floats) -> tuple[TagScore, ...]:
        """Tags that reach their threshold, best first."""
        given = np.flatnonzero(scores >= self._encoder.thresholds)
        order = given[np.argsort(-scores[given], kind="stable")][: self._top]
        return tuple(TagScore(self._encoder.tags[i], float(scores[i])) for i in order)

    def _captions(self, images: Encoded) -> list[tuple[CaptionMatch, ...]]:
        """Nearest captions by vector, in the order of the match head; one per item."""
        wanted = self._settings.top_captions
        if self._generation is None or not wanted:
            return [()] * len(images)
        side = self._generation.captions
        ids, _ = side.index.search(images.vectors, self._settings.shortlist)
        ranked = [self._ranked(images[n : n + 1], ids[n]) for n in range(len(images))]
        # More than are wanted: what has left the catalog since is passed over.
        self._learn(owner for pairs in ranked for _, owner, _ in pairs[: 2 * wanted])
        return [self._matches(pairs, wanted) for pairs in ranked]

    def _ranked(self, image: Encoded, ids: np.ndarray) -> list[tuple[int, int, float]]:
        """(caption, item, score), best first, each item by its best caption."""
        assert self._generation is not None
        side = self._generation.captions
        found = ids[ids >= 0]
        rows = side.rows(found)
        cosines = side.vectors[rows].astype(np.float32) @ image.vectors[0]
        logits = self._encoder.head.logits(image.halves, side.halves[rows], cosines)
        scores = self._encoder.scoring.image(logits, cosines)
        order = np.argsort(-scores, kind="stable")
        best: dict[int, tuple[int, int, float]] = {}
        for caption, owner, score in zip(
            found[order].tolist(),
            side.owners[rows[order]].tolist(),
            scores[order].tolist(),
            strict=True,
        ):
            if owner not in best:  # three languages of one are no three answers
                best[owner] = (caption, owner, score)
        return list(best.values())

    def _matches(
        self, pairs: Sequence[tuple[int, int, float]], wanted: int
    ) -> tuple[CaptionMatch, ...]:
        matches: list[CaptionMatch] = []
        for caption, owner, score in pairs:
            if len(matches) == wanted:
                break
            item = self._item(owner)
            if item is not None:
                matches.append(CaptionMatch(item.key, item.captions.get(caption, ""), score))
        return tuple(matches)

    def _nearest(self, images: Encoded) -> list[tuple[Nearest, ...]]:
        wanted = self._settings.top_nearest
        if self._generation is None or not wanted:
            return [()] * len(images)
        ids, cosines = self._generation.images.index.search(images.vectors, wanted)
        self._learn(number for number in ids.ravel().tolist() if number >= 0)
        return [
            tuple(self._near(row.tolist(), near.tolist()))
            for row, near in zip(ids, cosines, strict=True)
        ]

    def _near(self, ids: Sequence[int], cosines: Sequence[float]) -> Iterator[Nearest]:
        for number, cosine in zip(ids, cosines, strict=True):
            item = self._item(number) if number >= 0 else None
            if item is not None:
                yield Nearest(item.key, cosine)

    def _item(self, number: int) -> _Item | None:
        if number not in self._known:
            self._learn([number])
        return self._known[number]

    def _learn(self, numbers: Iterable[int]) -> None:
        assert self._store is not None
        new = list({number: None for number in numbers if number not in self._known})
        if not new:
            return
        if len(self._known) + len(new) > KEPT:
            self._known.clear()
        found = self._store.details(new)
        self._known.update(dict.fromkeys(new))
        for number, item in found.items():
            self._known[number] = _Item(item.key, {c.id: c.text for c in item.captions})
