"""Encoded images → tags, captions and nearest items, a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.generations import Generation
from db.reader import Reader
from encoder.encoded import Encoded, Encoder, Floats
from encoder.tagging import NEAREST, logits
from settings import TaggerSettings
from tagger.evidence import Evidence, Found
from tagger.labels import Labels
from tagger.results import CaptionMatch, LabelScore, Nearest, TagScore
from tagger.vocabulary import Vocabulary

LIKELIEST = 5  # values of a column that are shown


@dataclass(frozen=True)
class Asked:
    """What else is asked of every image."""

    caption: str = ""  # what is known to be said of it
    label: str = ""  # a column of the catalog, to choose one of its values
    captions_only: bool = False


@dataclass(frozen=True)
class Answer:
    tags: tuple[TagScore, ...]
    captions: tuple[CaptionMatch, ...] = ()
    nearest: tuple[Nearest, ...] = ()
    label: tuple[LabelScore, ...] = ()


class Answers:
    """What one model and one index say of images."""

    def __init__(
        self,
        index: tuple[Reader, Generation] | None,
        encoder: Encoder,
        settings: TaggerSettings,
        vocabulary: Vocabulary,
        labels: Labels | None = None,
        asked: Asked | None = None,
        top: int | None = None,
    ) -> None:
        self._encoder, self._settings, self._vocabulary = encoder, settings, vocabulary
        self._top = top or settings.top_tags
        self._evidence = None if index is None else Evidence(*index, encoder)
        self._labels, self._asked = labels, asked or Asked()
        said = self._asked.caption.strip()
        self._text = encoder.texts([said]) if said else None

    def __call__(self, images: Encoded, contents: Sequence[str] = ()) -> list[Answer]:
        """One answer per image, in order; `contents` are the hashes of their files."""
        found = self._around(images)
        told = found or [Found((), ())] * len(images)
        if self._asked.captions_only:
            return [Answer((), self._captions(one)) for one in told]
        text = None if self._text is None else self._text.tags
        precision = self._settings.precision
        chances, least = chances_of(
            self._encoder, images, precision, self._evidence, found, contents, text
        )
        tags, given = self._encoder.tags, self._vocabulary.given
        rows = zip(chances, told, self._labelled(images), strict=True)
        return [
            Answer(
                given(tags, row, least, self._top), self._captions(one), self._nearest(one), label
            )
            for row, one, label in rows
        ]

    def _around(self, images: Encoded) -> list[Found]:
        if self._evidence is None:
            return []
        near, captions = self._settings.top_nearest, self._settings.top_captions
        tagging = self._encoder.tagging
        if tagging is not None:
            rule = tagging.rule(indexed=True, told=self._text is not None)
            # One more than are asked: the image itself may be in the catalog.
            near = max(near, NEAREST + 1 if rule.nearest else 0)
            captions = max(captions, NEAREST + 1 if rule.captions else 0)
        return self._evidence.around(images, near, captions, self._settings.shortlist)

    def _labelled(self, images: Encoded) -> list[tuple[LabelScore, ...]]:
        """The likeliest values of the column, where one was asked for."""
        if self._labels is None:
            return [()] * len(images)
        values, chances = self._labels.chances(images, self._text)
        best = np.argsort(-chances, axis=1, kind="stable")[:, :LIKELIEST]
        return [
            tuple(LabelScore(values[place], float(row[place])) for place in places)
            for row, places in zip(chances, best.tolist(), strict=True)
        ]

    def _captions(self, found: Found) -> tuple[CaptionMatch, ...]:
        """The best captions by the match head, one per item."""
        assert self._evidence is not None or not found.captions
        matches = []
        for match in found.captions[: self._settings.top_captions]:
            item = self._evidence.item(match.item) if self._evidence else None
            if item is not None:
                text = item.captions.get(match.caption, "")
                matches.append(CaptionMatch(item.key, text, match.score))
        return tuple(matches)

    def _nearest(self, found: Found) -> tuple[Nearest, ...]:
        near = []
        for number, cosine in found.nearest[: self._settings.top_nearest]:
            item = self._evidence.item(number) if self._evidence else None
            if item is not None:
                near.append(Nearest(item.key, cosine))
        return tuple(near)


def chances_of(
    encoder: Encoder,
    images: Encoded,
    precision: float,
    evidence: Evidence | None = None,
    found: Sequence[Found] = (),
    contents: Sequence[str] = (),
    text: Floats | None = None,
) -> tuple[Floats, Floats]:
    """`[n, tags]` of probabilities, and from which each tag is given for a wanted precision.

    `text` is what the model says of captions: one row for all images, or one for each.
    """
    tagging = encoder.tagging
    if tagging is None:  # a model that was never told how to weigh
        if text is None:
            return images.tags, encoder.thresholds
        both = (logits(images.tags) + logits(text)) * np.float32(0.5)
        return np.asarray(1.0 / (1.0 + np.exp(-both)), np.float32), encoder.thresholds
    rule = tagging.rule(indexed=evidence is not None, told=text is not None)
    nearest = captions = None
    if evidence is not None and (rule.nearest or rule.captions):
        nearest, captions = evidence.lifts(found, tagging, contents)
    chances = tagging.chances(rule, images.tags, nearest, captions, text)
    return chances, np.full(len(encoder.tags), rule.cut(precision), np.float32)
