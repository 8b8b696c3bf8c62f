"""Tags given to images the model has not learnt from: by the image, by the caption, by both."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score, precision_recall_fscore_support

from db.generations import Generation
from db.records import ItemRecord
from encoder.encoded import Encoded, Encoder
from encoder.inputs import read_pixels
from encoder.tagging import NEAREST
from errors import ImageError
from evaluation.bootstrap import Array, Resamples, average_precision, figure
from evaluation.gallery import gallery
from evaluation.material import caption
from evaluation.report import Figure, Figures, TagRow
from progress import Progress
from tagger.answers import chances_of
from tagger.evidence import Evidence

Floats = NDArray[np.float32]
Truth = NDArray[np.bool_]
ASKED = (0.8, 0.9)  # precisions that are asked for and held against what comes


@dataclass(frozen=True)
class Said:
    """What each source says of the tags of some images, and from where on a tag is given."""

    head: Floats  # the model's tag head alone
    image: Floats  # as `tag IMAGE` says it
    text: Floats  # the caption alone
    both: Floats  # as `tag IMAGE --caption TEXT` says it
    least: dict[tuple[str, float], Floats]  # by source and wanted precision


def seen(
    items: Sequence[ItemRecord], encoder: Encoder, batch: int, progress: Progress
) -> tuple[list[ItemRecord], Encoded | None]:
    """The items whose files can still be read, and what the model says of them.

    The index keeps no tags, so the images are looked at again, as `pairdex tag` would.
    """
    readable: list[ItemRecord] = []
    parts: list[Encoded] = []
    for start in range(0, len(items), batch):
        arrays = []
        for item in items[start : start + batch]:
            try:
                arrays.append(read_pixels(Path(item.image), encoder.image_size))
                readable.append(item)
            except ImageError:  # moved since the index was built; counted by the caller
                continue
        if arrays:
            parts.append(encoder.images(np.stack(arrays)))
        progress("tags", min(start + batch, len(items)), len(items))
    return readable, Encoded.concatenate(parts) if parts else None


def said_of(
    items: Sequence[ItemRecord],
    images: Encoded,
    encoder: Encoder,
    live: Generation,
    others: Sequence[ItemRecord],
    language: str,
    precisions: Sequence[float],
    shortlist: int,
) -> Said:
    """Neighbours are looked for among the other items: no judged item says its own tags."""
    texts = [caption(item, language) for item in items]
    told = np.asarray([bool(text) for text in texts])
    text = encoder.texts(texts).tags
    contents = [item.facts.content_hash for item in items]
    least: dict[tuple[str, float], Floats] = {}
    with gallery(live, others) as place:
        about = Evidence(place.store, place.generation, encoder)
        many = NEAREST + 1
        found = about.around(images, many, many, shortlist) if encoder.tagging else []
        for precision in precisions:
            with_image = encoder, images, precision, about, found, contents
            image, least["image", precision] = chances_of(*with_image)
            both, least["both", precision] = chances_of(*with_image, text)
    both = np.where(told[:, None], both, image)  # without a caption only the image is left
    return Said(images.tags, image, text, np.asarray(both, np.float32), least)


def tag_figures(
    items: Sequence[ItemRecord], said: Said, encoder: Encoder, precision: float, seed: int
) -> tuple[Figures, list[TagRow]]:
    """Ranking quality and F1 per tag, over the tags that any of the items bears."""
    place = {tag: i for i, tag in enumerate(encoder.tags)}
    truth = np.zeros(said.image.shape, np.bool_)
    for row, item in enumerate(items):
        truth[row, [place[tag] for tag in item.tags if tag in place]] = True
    present = np.flatnonzero(truth.any(axis=0))
    if not len(present):
        return {}, []
    resamples = Resamples(len(items), seed)
    figures: Figures = {}
    macro: dict[str, tuple[float, Array]] = {}
    f1: dict[str, tuple[float, Array]] = {}
    for name, of in (("", said.image), (".head", said.head), (".text", said.text),
                     (".both", said.both)):  # fmt: skip
        macro[name] = _macro(of[:, present], truth[:, present], resamples)
        figures[f"tags{name}.macro_mAP"] = figure(*macro[name], biased=True)
        figures[f"tags{name}.micro_mAP"] = _micro(of[:, present], truth[:, present], resamples)
    for name, of, source in (("", said.image, "image"), (".both", said.both, "both")):
        given = of >= said.least[source, precision]
        micro, f1[name] = _f1(given[:, present], truth[:, present], resamples)
        figures[f"tags{name}.micro_F1"] = micro
        figures[f"tags{name}.macro_F1"] = figure(*f1[name], biased=True)
        for asked in ASKED if encoder.tagging else ():
            kept = of >= said.least[source, asked]
            figures |= _kept(f"tags{name}", asked, kept, truth, resamples)
    for name, after, before in (("gain", ".both", ""), ("gain.head", "", ".head")):
        figures[f"tags.{name}.macro_mAP"] = _gain(macro[after], macro[before])
    figures["tags.gain.macro_F1"] = _gain(f1[".both"], f1[""])
    figures["tags.chance.macro_mAP"] = resamples.mean(truth[:, present].mean(axis=1))
    figures["tags.chance.micro_mAP"] = figures["tags.chance.macro_mAP"]
    least = said.least["image", precision][present]
    names = [encoder.tags[int(t)] for t in present]
    scores = said.image[:, present]
    return figures, _rows(names, scores, scores >= least, truth[:, present], least)


def _gain(after: tuple[float, Array], before: tuple[float, Array]) -> Figure:
    return figure(after[0] - before[0], after[1] - before[1], biased=True)


def _kept(name: str, asked: float, given: Truth, truth: Truth, resamples: Resamples) -> Figures:
    """Of the tags given for a wanted precision: how many are true, and how many there are."""
    said = given.sum(axis=1).astype(np.float64)
    figures = {f"{name}.given@{asked}": resamples.mean(said)}
    if said.any():
        right = (given & truth).sum(axis=1).astype(np.float64)
        above, below = (resamples.sums(part[:, None])[:, 0] for part in (right, said))
        shares = np.where(below > 0, above / np.maximum(below, 1.0), np.nan)
        figures[f"{name}.precision@{asked}"] = figure(right.sum() / said.sum(), shares)
    return figures


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


def _f1(given: Truth, truth: Truth, resamples: Resamples) -> tuple[Figure, tuple[float, Array]]:
    """Over all pairs, with its interval; and the mean over tags, with its replicates."""
    hits, said, there = (x.astype(np.float64) for x in (given & truth, given, truth))
    drawn = [resamples.sums(part) for part in (hits, said, there)]

    def f1(hit: Array, said: Array, there: Array) -> Array:
        return np.divide(2 * hit, said + there, out=np.zeros_like(hit), where=said + there > 0)

    micro = figure(
        f1_score(truth.ravel(), given.ravel(), zero_division=0),
        f1(*(part.sum(axis=1) for part in drawn)),
    )
    each = [f1_score(t, g, zero_division=0) for t, g in zip(truth.T, given.T, strict=True)]
    return micro, (float(np.mean(each)), f1(*drawn).mean(axis=1))


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


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 4)
