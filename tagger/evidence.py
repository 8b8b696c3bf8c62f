"""What an index and its catalog say of encoded images: near items, matching captions, their tags.

FAISS and the database are asked once per batch, FAISS on one thread, as the network has the others.
What the catalog says of an item is kept while a stream runs: near ones come up again and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from db.generations import Generation
from db.reader import Reader
from encoder.encoded import Encoded, Encoder, Floats
from encoder.tagging import NEAREST, Tagging, closeness, shares

KEPT = 20_000  # items whose texts and tags are kept in memory


@dataclass(frozen=True)
class Item:
    key: str
    captions: dict[int, str]  # by caption id
    tags: NDArray[np.intp]  # places in the model's list
    content: str


class Match(msgspec.Struct, frozen=True, gc=False):  # dozens for each image: quick to make
    caption: int
    item: int
    score: float


@dataclass(frozen=True)
class Found:
    """Around one image: items nearest first, captions best first, each item by its best one."""

    nearest: Sequence[tuple[int, float]]  # (item, cosine)
    captions: Sequence[Match]


class Evidence:
    """Asked about batches of images; `item` knows what stands in the catalog."""

    def __init__(self, store: Reader, generation: Generation, encoder: Encoder) -> None:
        self._store, self._generation, self._encoder = store, generation, encoder
        self._places = {tag: place for place, tag in enumerate(encoder.tags)}
        self._known: dict[int, Item | None] = {}  # None: the catalog does not hold it any more

    def around(self, images: Encoded, near: int, captions: int, shortlist: int) -> list[Found]:
        """That many near items and captions of each image; captions are ranked in a shortlist.

        What has left the catalog since the index was built is passed over, so more are looked for.
        """
        ids, cosines = self._generation.images.index.search(images.vectors, near, threads=1)
        matches = self._matches(images, captions, shortlist) if captions else [[] for _ in ids]
        self.learn([*ids.ravel().tolist(), *(m.item for some in matches for m in some)])
        return [
            Found(
                [(n, c) for n, c in zip(*row, strict=True) if n >= 0 and self.item(n)],
                [match for match in some if self.item(match.item)],
            )
            for row, some in zip(
                zip(ids.tolist(), cosines.tolist(), strict=True), matches, strict=True
            )
        ]

    def lifts(
        self, found: Sequence[Found], tagging: Tagging, contents: Sequence[str] = ()
    ) -> tuple[Floats, Floats]:
        """`[n, tags]` of near items and of captions. No image is evidence for itself.

        `contents` are the hashes of the files, by which an image is known in the catalog.
        """
        own = contents or [""] * len(found)
        nearest, captions = [np.empty((0, len(tagging.priors)), np.float32)], list[Floats]()
        for one, content in zip(found, own, strict=True):
            near = [n for n in one.nearest if self._other(n[0], content)][:NEAREST]
            said = [m for m in one.captions if self._other(m.item, content)][:NEAREST]
            tags = [self._tags(item) for item, _ in near]
            nearest.append(tagging.lift(tags, closeness([c for _, c in near]))[None])
            tags = [self._tags(match.item) for match in said]
            captions.append(tagging.lift(tags, shares([m.score for m in said]))[None])
        return np.concatenate(nearest), np.concatenate(captions or nearest)

    def _matches(self, images: Encoded, wanted: int, shortlist: int) -> list[list[Match]]:
        side = self._generation.captions
        ids, _ = side.index.search(images.vectors, shortlist, threads=1)
        known = np.unique(ids[ids >= 0])
        if not len(known):
            return [[] for _ in ids]
        rows = side.rows(known)
        # Images of a batch share captions; numbers of 16 bits are slow to read, so each once.
        vectors = side.vectors[rows].astype(np.float32)
        halves = side.halves[rows].astype(np.float32)
        places = np.searchsorted(known, ids)  # of what is not there, any: it comes last
        cosines, logits = np.empty(ids.shape, np.float32), np.empty(ids.shape, np.float32)
        for number, row in enumerate(places):
            cosines[number] = vectors[row] @ images.vectors[number]
            own = images.halves[number : number + 1]
            logits[number] = self._encoder.head.logits(own, halves[row], cosines[number])
        scores = np.where(ids < 0, -1.0, self._encoder.scoring.image(logits, cosines))
        order = np.argsort(-scores, axis=1, kind="stable")
        places = np.take_along_axis(places, order, axis=1)
        captions, owners = known[places], side.owners[rows][places]
        scores = np.take_along_axis(scores, order, axis=1)
        # More than are wanted: what has left the catalog since is passed over.
        return [_best(*told, 2 * wanted) for told in zip(captions, owners, scores, strict=True)]

    def _other(self, number: int, content: str) -> bool:
        item = self.item(number)
        return item is not None and item.content != content

    def _tags(self, number: int) -> NDArray[np.intp]:
        item = self.item(number)
        assert item is not None
        return item.tags

    def item(self, number: int) -> Item | None:
        if number not in self._known:
            self.learn([number])
        return self._known[number]

    def learn(self, numbers: Iterable[int]) -> None:
        """Ask the database about items, all at once."""
        new = list({n: None for n in numbers if n >= 0 and n not in self._known})
        if not new:
            return
        if len(self._known) + len(new) > KEPT:
            self._known.clear()
        found = self._store.details(new)
        self._known.update(dict.fromkeys(new))
        for number, item in found.items():
            places = (self._places[tag] for tag in item.tags if tag in self._places)
            self._known[number] = Item(
                item.key,
                {caption.id: caption.text for caption in item.captions},
                np.fromiter(places, np.intp),
                item.facts.content_hash,
            )


def _best(
    captions: NDArray[np.int64], owners: NDArray[np.int64], scores: Floats, most: int
) -> list[Match]:
    """Of captions, best first, the best of each item: three languages are no three answers."""
    first = np.sort(np.unique(owners, return_index=True)[1])[:most]
    first = first[scores[first] >= 0]
    columns = (column[first].tolist() for column in (captions, owners, scores))
    return list(map(Match, *columns))
