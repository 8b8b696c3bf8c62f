"""What the scores mean: evidence → probability, fitted on queries whose answers are known.

    image evidence   held-out items, images only: their captions, and words made of their tags
    text evidence    catalog items with their words: words made of tags that an item has or not
    no match         the score that nineteen of twenty nonsense queries do not reach

Test items are never looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from db.records import ItemRecord
from db.store import Store
from db.words import Words
from db.words_build import build
from encoder.encoded import Encoded, Encoder
from encoder.inputs import read_pixels
from encoder.scoring import Scoring
from progress import Progress, silent
from training.captions import MOST_TAGS, CaptionMaker, spoken
from training.nonsense import nonsense_queries

Floats = NDArray[np.float32]

SHORTLIST = 10  # candidates per query whose scores are made to mean something
MOST_ITEMS = 400  # a sample is enough for a handful of numbers
TAG_QUERIES = 300
NONSENSE = 100
REFUSED = 0.95
# Where the catalog has no tags to make queries of: all words found is about 0.9, half is 0.2.
PLAIN = Scoring(caption=4.0, coverage=8.0, text_offset=-9.0)


@dataclass(frozen=True)
class Gallery:
    """Items with all that a query is held against."""

    items: Sequence[ItemRecord]
    encoded: Encoded  # of the images
    captions: Floats  # [captions, shared]
    owners: NDArray[np.intp]  # the gallery row of each caption

    def tagged(self, tags: Sequence[str]) -> NDArray[np.bool_]:
        return np.array([set(tags) <= set(item.tags) for item in self.items])


def fit_scoring(store: Store, encoder: Encoder, seed: int, progress: Progress = silent) -> Scoring:
    rng = np.random.default_rng(seed)
    learnt, held = list(store.items("train")), list(store.items("val"))
    if len(learnt) > MOST_ITEMS:
        learnt = [learnt[row] for row in sorted(rng.choice(len(learnt), MOST_ITEMS, False))]
    if len(held) > MOST_ITEMS:
        held = [held[row] for row in sorted(rng.choice(len(held), MOST_ITEMS, False))]
    if not held:  # a catalog too small for a split of its own
        held = learnt
    unseen = _gallery(held, encoder, progress)
    whole = _gallery([*learnt, *held], encoder, progress)
    scoring = _fit_image(unseen, encoder, rng)
    ids = store.item_ids()
    words = build(np.asarray(ids, np.int64), store.item_words(ids))
    scoring = _fit_text(scoring, whole, words, encoder, rng)
    return _fit_threshold(scoring, whole, words, encoder, seed)


def _gallery(items: Sequence[ItemRecord], encoder: Encoder, progress: Progress) -> Gallery:
    parts = []
    for number, item in enumerate(items, start=1):
        array = read_pixels(Path(item.image), encoder.image_size)
        parts.append(encoder.images(array[None]))
        progress("calibrate", number, len(items))
    texts = [caption.text for item in items for caption in item.captions]
    owners = [row for row, item in enumerate(items) for _ in item.captions]
    return Gallery(
        items, Encoded.concatenate(parts), encoder.texts(texts).vectors, np.array(owners, np.intp)
    )


def _fit_image(gallery: Gallery, encoder: Encoder, rng: np.random.Generator) -> Scoring:
    """On shortlists: that is what the head sees at query time."""
    queries = [(item.captions[0].text, row) for row, item in enumerate(gallery.items)]
    truths = [np.arange(len(gallery.items)) == row for _, row in queries]
    texts = [text for text, _ in queries]
    for text, tags in _tag_queries(gallery, rng):
        texts.append(text)
        truths.append(gallery.tagged(tags))
    for text in nonsense_queries(NONSENSE, int(rng.integers(2**31))):
        texts.append(text)
        truths.append(np.zeros(len(gallery.items), np.bool_))
    encoded = encoder.texts(texts)
    rows, labels = [], []
    for number, truth in enumerate(truths):
        logits, cosines = _image_evidence(gallery, encoder, encoded, number)
        best = np.argsort(-cosines, kind="stable")[:SHORTLIST]
        rows.append(np.stack([logits[best], cosines[best]], axis=1))
        labels.append(truth[best])
    head, cosine, offset = logistic(np.concatenate(rows), np.concatenate(labels))
    return Scoring(head=head, cosine=cosine, offset=offset)


def _fit_text(
    scoring: Scoring, gallery: Gallery, words: Words, encoder: Encoder, rng: np.random.Generator
) -> Scoring:
    queries = _tag_queries(gallery, rng)
    rows, labels = [], []
    truths = [(text, gallery.tagged(tags)) for text, tags in queries]
    nothing = np.zeros(len(gallery.items), np.bool_)
    if queries:
        noise = nonsense_queries(NONSENSE, int(rng.integers(2**31)))
        truths += [(text, nothing) for text in noise]
    for text, truth in truths:
        captions, coverage = _text_evidence(gallery, words, encoder, text)
        best = np.unique(
            np.concatenate([np.argsort(-captions)[:SHORTLIST], np.argsort(-coverage)[:SHORTLIST]])
        )
        rows.append(np.stack([captions[best], coverage[best]], axis=1))
        labels.append(truth[best])
    fitted = logistic(np.concatenate(rows), np.concatenate(labels)) if rows else (0.0, 0.0, 0.0)
    caption, coverage_weight, offset = fitted
    if caption + coverage_weight <= 0:
        caption, coverage_weight, offset = PLAIN.caption, PLAIN.coverage, PLAIN.text_offset
    return Scoring(scoring.head, scoring.cosine, scoring.offset, caption, coverage_weight, offset)


def _fit_threshold(
    scoring: Scoring, gallery: Gallery, words: Words, encoder: Encoder, seed: int
) -> Scoring:
    best = []
    for query in nonsense_queries(NONSENSE, seed):
        encoded = encoder.texts([query])
        image = scoring.image(*_image_evidence(gallery, encoder, encoded, 0))
        text = scoring.text(*_text_evidence(gallery, words, encoder, query))
        best.append(float(scoring.both(image, text).max()))
    return Scoring(
        scoring.head, scoring.cosine, scoring.offset, scoring.caption, scoring.coverage,
        scoring.text_offset, no_match=float(np.quantile(best, REFUSED)),
    )  # fmt: skip


def _tag_queries(gallery: Gallery, rng: np.random.Generator) -> list[tuple[str, tuple[str, ...]]]:
    """Words for one to four tags that some item bears, half of them among other words.

    People write "a lizard made of fire", so not every word of a query must be found.
    """
    tags = sorted({tag for item in gallery.items for tag in item.tags})
    bearers = [item.tags for item in gallery.items if item.tags]
    if not bearers:
        return []
    captions = [caption.text for item in gallery.items for caption in item.captions]
    maker = CaptionMaker(tags, captions, rng)
    number = {tag: place for place, tag in enumerate(tags)}
    queries: dict[str, tuple[str, ...]] = {}
    for turn in range(min(TAG_QUERIES, 10 * len(bearers))):
        present = [number[tag] for tag in bearers[int(rng.integers(len(bearers)))]]
        named = rng.permutation(present)[: int(rng.integers(1, MOST_TAGS + 1))].tolist()
        text = " ".join(spoken(tags[place]) for place in named)
        if turn % 2:
            text, named = maker.about(named)
        queries[text] = tuple(tags[place] for place in named)
    return sorted(queries.items())


def _image_evidence(
    gallery: Gallery, encoder: Encoder, queries: Encoded, row: int
) -> tuple[Floats, Floats]:
    cosines = gallery.encoded.vectors @ queries.vectors[row]
    halves = queries.halves[row : row + 1]
    return encoder.head.logits(gallery.encoded.halves, halves, cosines), cosines


def _text_evidence(
    gallery: Gallery, words: Words, encoder: Encoder, query: str
) -> tuple[Floats, Floats]:
    best = np.full(len(gallery.items), -1.0, np.float32)
    np.maximum.at(best, gallery.owners, gallery.captions @ encoder.texts([query]).vectors[0])
    ids = np.asarray([item.id for item in gallery.items], np.int64)
    return best, words.coverage(query, ids)


def logistic(evidence: NDArray[np.float32], truth: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Two weights and an offset. Evidence that speaks against its own cause is left out."""
    if truth.all() or not truth.any():
        return 0.0, 0.0, 0.0
    used = [0, 1]
    while used:
        model = LogisticRegression(C=10.0, max_iter=1000).fit(evidence[:, used], truth)
        weights = np.zeros(2)
        weights[used] = model.coef_[0]
        if (weights >= 0).all():
            return float(weights[0]), float(weights[1]), float(model.intercept_[0])
        used = [place for place in used if weights[place] > 0]
    return 0.0, 0.0, float(np.log(truth.mean() / (1 - truth.mean())))
