"""Tags given to images the model has not learnt from: by the image, by the caption, by both."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score, precision_recall_fscore_support

from db.records import ItemRecord
from encoder.encoded import Encoder
from encoder.inputs import read_pixels
from errors import ImageError
from evaluation.bootstrap import Array, Resamples, average_precision, figure
from evaluation.material import caption
from evaluation.report import Figure, Figures, TagRow
from progress import Progress

Floats = NDArray[np.float32]
Truth = NDArray[np.bool_]


def image_tags(
    items: Sequence[ItemRecord], encoder: Encoder, batch: int, progress: Progress
) -> tuple[list[ItemRecord], Floats]:
    """The items whose files can still be read, and the probability of each tag.

    The index keeps no tags, so the images are looked at again, as `pairdex tag` would.
    """
    readable: list[ItemRecord] = []
    parts = [np.empty((0, len(encoder.tags)), np.float32)]
    for start in range(0, len(items), batch):
        arrays = []
        for item in items[start : start + batch]:
            try:
                arrays.append(read_pixels(Path(item.image), encoder.image_size))
                readable.append(item)
            except ImageError:  # moved since the index was built; counted by the caller
                continue
        if arrays:
            parts.append(encoder.images(np.stack(arrays)).tags)
        progress("tags", min(start + batch, len(items)), len(items))
    return readable, np.concatenate(parts)


def tag_figures(
    items: Sequence[ItemRecord], by_image: Floats, encoder: Encoder, language: str, seed: int
) -> tuple[Figures, list[TagRow]]:
    """Ranking quality and F1 per tag, over the tags that any of the items bears."""
    place = {tag: i for i, tag in enumerate(encoder.tags)}
    truth = np.zeros(by_image.shape, np.bool_)
    for row, item in enumerate(items):
        truth[row, [place[tag] for tag in item.tags if tag in place]] = True
    present = np.flatnonzero(truth.any(axis=0))
    if not len(present):
        return {}, []
    resamples = Resamples(len(items), seed)
    by_text = encoder.texts([caption(item, language) for item in items]).tags
    # The mean of both logits: what one branch is sure of outweighs the other's doubt.
    both = (_logits(by_image) + _logits(by_text)) * np.float32(0.5)
    truth = truth[:, present]
    scores = {"": by_image, ".text": by_text, ".both": both}
    figures: Figures = {}
    macro: dict[str, tuple[float, Array]] = {}
    for name, of in scores.items():
        macro[name] = _macro(of[:, present], truth, resamples)
        figures[f"tags{name}.macro_mAP"] = figure(*macro[name], biased=True)
        figures[f"tags{name}.micro_mAP"] = _micro(of[:, present], truth, resamples)
    gain, gains = macro[".both"][0] - macro[""][0], macro[".both"][1] - macro[""][1]
    figures["tags.gain.macro_mAP"] = figure(gain, gains, biased=True)
    figures["tags.chance.macro_mAP"] = resamples.mean(truth.mean(axis=1))
    figures["tags.chance.micro_mAP"] = figures["tags.chance.macro_mAP"]
    given = by_image[:, present] >= encoder.thresholds[present]
    figures |= _f1(given, truth, resamples)
    names = [encoder.tags[int(t)] for t in present]
    thresholds = encoder.thresholds[present]
    return figures, _rows(names, by_image[:, present], given, truth, thresholds)


def _macro(scores: Floats, truth: Truth, resamples: Resamples) -> tuple[float, Array]:
    """Mean over tags; a tag that a resample drew none of is left out of that resample's mean."""
    tags = range(truth.shape[1])
    value = np.mean([average_precision_score(truth[:, t], scores[:, t]) for t in tags])
    columns = [resamples.replicates(average_precision, scores[:, t], truth[:, t]) for t in tags]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a resample without any tag at all
        return float(value), np.nanmean(columns, axis=0)


def _micro(scores: Floats, truth: Truth, resamples: Resamples) -> Figure:
    owners = np.repeat(np.arange(len(truth)), truth.shape[1])
    drawn = resamples.replicates(average_precision, scores.ravel(), truth.ravel(), owners)
    return figure(average_precision_score(truth.ravel(), scores.ravel()), drawn, biased=True)


def _f1(given: Truth, truth: Truth, resamples: Resamples) -> Figures:
    hits, said, there = (x.astype(np.float64) for x in (given & truth, given, truth))
    drawn = [resamples.sums(part) for part in (hits, said, there)]

    def f1(hit: Array, said: Array, there: Array) -> Array:
        return np.divide(2 * hit, said + there, out=np.zeros_like(hit), where=said + there > 0)

    return {
        "tags.micro_F1": figure(
            f1_score(truth.ravel(), given.ravel(), zero_division=0),
            f1(*(part.sum(axis=1) for part in drawn)),
        ),
        "tags.macro_F1": figure(
            np.mean(
                [f1_score(t, g, zero_division=0) for t, g in zip(truth.T, given.T, strict=True)]
            ),
            f1(*drawn).mean(axis=1),
            biased=True,
        ),
    }


def _rows(
    tags: Sequence[str], scores: Floats, given: Truth, truth: Truth, thresholds: Floats
) -> list[TagRow]:
    rows = []
    for t, tag in enumerate(tags):
        precision, recall, f1, _ = precision_recall_fscore_support(
            truth[:, t], given[:, t], average="binary", zero_division=0
        )
        rows.append(
            TagRow(
                tag=tag,
                items=int(truth[:, t].sum()),
                prevalence=_rounded(truth[:, t].mean()),
                average_precision=_rounded(average_precision_score(truth[:, t], scores[:, t])),
                threshold=_rounded(thresholds[t]),
                precision=_rounded(precision),
                recall=_rounded(recall),
                f1=_rounded(f1),
            )
        )
    return sorted(rows, key=lambda row: (-row.average_precision, row.tag))


def _logits(chances: Floats) -> Floats:
    chances = np.clip(chances, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(chances / (1 - chances)), np.float32)


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 4)
