"""Tags from the tag head, captions from the match head, neighbours from the image vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from db.generations import POINTER, Generation, open_current
from db.home import Home
from db.store import Store
from db.vectors import Floats
from encoder.encoded import Encoded, Encoder
from encoder.inputs import read_pixels
from encoder.runtime import OpenVinoEncoder
from errors import ImageError
from settings import Settings, TaggerSettings


@dataclass(frozen=True)
class TagScore:
    tag: str
    score: float


@dataclass(frozen=True)
class CaptionMatch:
    id: str  # the item that the caption belongs to
    caption: str
    score: float


@dataclass(frozen=True)
class Nearest:
    id: str
    score: float  # cosine of the image vectors


@dataclass(frozen=True)
class Tagged:
    path: str
    error: str | None = None
    tags: tuple[TagScore, ...] = ()
    captions: tuple[CaptionMatch, ...] = ()
    nearest: tuple[Nearest, ...] = ()


class Tagger:
    """Without an index the model's tags are all that can be said of an image."""

    def __init__(
        self,
        store: Store | None,
        generation: Generation | None,
        encoder: Encoder,
        settings: TaggerSettings,
    ) -> None:
        self._index = None if store is None or generation is None else (store, generation)
        if generation is not None:
            generation.require(encoder.fingerprint)
        self._encoder, self._settings = encoder, settings

    @classmethod
    def open(cls, home: Path, settings: Settings) -> Tagger:
        """The tagger of a home, with the model that its live generation was built with."""
        place = Home(home)
        encoder = OpenVinoEncoder(place.artifact, settings.runtime, place.compiled)
        if not (place.generations / POINTER).is_file():
            return cls(None, None, encoder, settings.tagger)
        store = Store.open(home)
        generation = open_current(place.generations, stamps=place.stamps)
        encoder = encoder.for_index(generation.manifest.fingerprint)
        return cls(store, generation, encoder, settings.tagger)

    @property
    def generation(self) -> str | None:
        """The name of the index that is asked, if there is one."""
        return None if self._index is None else self._index[1].name

    def tag(self, paths: Sequence[Path], top: int | None = None) -> list[Tagged]:
        """One answer per path, in order; an unreadable file is answered with its error."""
        readable: list[Path] = []
        arrays = []
        errors: dict[Path, str] = {}
        for path in paths:
            try:
                arrays.append(read_pixels(path, self._encoder.image_size))
                readable.append(path)
            except ImageError as error:
                errors[path] = str(error)
        answers: dict[Path, Tagged] = {p: Tagged(str(p), error) for p, error in errors.items()}
        if arrays:
            encoded = self._encoder.images(np.stack(arrays))
            for number, path in enumerate(readable):
                answers[path] = self._answer(path, encoded[number : number + 1], top)
        return [answers[path] for path in paths]

    def _answer(self, path: Path, image: Encoded, top: int | None) -> Tagged:
        return Tagged(
            path=str(path),
            tags=self._tags(image.tags[0], top or self._settings.top_tags),
            captions=self._captions(image),
            nearest=self._nearest(image),
        )

    def _tags(self, scores: Floats, top: int) -> tuple[TagScore, ...]:
        """Tags that reach their threshold, best first."""
        order = np.argsort(-scores, kind="stable")
        given = [i for i in order if scores[i] >= self._encoder.thresholds[i]][:top]
        return tuple(TagScore(self._encoder.tags[i], float(scores[i])) for i in given)

    def _captions(self, image: Encoded) -> tuple[CaptionMatch, ...]:
        """Nearest captions by vector, in the order of the match head."""
        if self._index is None:
            return ()
        store, generation = self._index
        side = generation.captions
        ids, _ = side.index.search(image.vectors, self._settings.shortlist)
        found = ids[0][ids[0] >= 0]
        rows = side.rows(found)
        cosines = side.vectors[rows].astype(np.float32) @ image.vectors[0]
        logits = self._encoder.head.logits(image.halves, side.halves[rows], cosines)
        scores = self._encoder.scoring.image(logits, cosines)
        order = np.argsort(-scores, kind="stable")
        matches: list[CaptionMatch] = []
        used: set[int] = set()
        for row in order:
            if len(matches) == self._settings.top_captions:
                break
            owner = int(side.owners[rows[row]])
            item = None if owner in used else store.details([owner]).get(owner)
            if item is None:
                continue
            used.add(owner)  # one caption per item: three languages of one are no three answers
            text = next((c.text for c in item.captions if c.id == found[row]), "")
            matches.append(CaptionMatch(item.key, text, float(scores[row])))
        return tuple(matches)

    def _nearest(self, image: Encoded) -> tuple[Nearest, ...]:
        if self._index is None:
            return ()
        store, generation = self._index
        ids, cosines = generation.images.index.search(image.vectors, self._settings.top_nearest)
        pairs = [(int(i), float(c)) for i, c in zip(ids[0], cosines[0], strict=True) if i >= 0]
        items = store.details([i for i, _ in pairs])
        return tuple(Nearest(items[i].key, score) for i, score in pairs if i in items)
