"""How tags are combined and from which probability they are given: fitted on held-out items.

The tag heads have seen the train items, so these say nothing about them: all is fitted on the val
split, and what is near a held-out image is looked for among train items alone, so that none is
evidence for itself. Every choice goes by predictions for items that the fit was not given (five
folds by item), so neighbours and captions are used only where they were seen to help.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from db.generations import Generation
from db.records import ItemRecord
from encoder.encoded import Encoded, Encoder, Floats
from encoder.inputs import read_pixels
from encoder.tagging import NEAREST, PRECISIONS, Rule, Tagging, logits
from errors import ImageError
from evaluation.gallery import gallery
from progress import Progress, silent
from review.asking import borne
from tagger.evidence import Evidence as Around

FEWEST = 20  # held-out images; of fewer nothing can be said
FOLDS = 5
LEAN = 0.15  # on the plain head, of all weights together
SHIFTS = (1e6, 30.0, 10.0, 3.0, 1.0)  # how strongly shifts of tags are held back: first not at all
PSEUDO = 30  # pairs that cast their predicted probability besides, where a precision is measured
SHORTLIST = 200
BATCH = 32
KINDS = ("image", "nearest", "captions", "text")  # as a Rule names them

Array = NDArray[np.float64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True)
class Held:
    """What is known of held-out images: `[n, tags]` each."""

    evidence: dict[str, Floats]  # by kind, as logits and lifts
    truth: Truth


@dataclass(frozen=True)
class Fit:
    weights: Array  # one per kind, prior, offset, then a shift per tag
    unseen: Array  # logits of items that their fold's fit was not given


@dataclass(frozen=True)
class Evidence:
    """All that is known of held-out images; `told` are the rows of those with a caption."""

    priors: tuple[float, ...]
    held: Held
    told: list[int]
    text: Floats  # logits, one row per told image

    def seen_as(self, tags: Floats) -> Evidence:
        """The same images by other heads, which give them these probabilities."""
        evidence = self.held.evidence | {"image": logits(tags)}
        return dataclasses.replace(self, held=Held(evidence, self.held.truth))


@dataclass(frozen=True)
class Calibrated:
    """With the fits behind the rules for an image alone, without an index and with one."""

    tagging: Tagging
    alone: Fit
    indexed: Fit


def fit_tagging(
    live: Generation,
    learnt: Sequence[ItemRecord],
    held: Sequence[ItemRecord],
    encoder: Encoder,
    progress: Progress = silent,
) -> Tagging | None:
    """Nothing where too few images were held out. `live` has the vectors of all items."""
    images, there = _images(held, encoder, progress)
    evidence = evidence_of(live, learnt, there, images, encoder)
    return None if evidence is None else calibrated(evidence).tagging


def evidence_of(
    live: Generation,
    learnt: Sequence[ItemRecord],
    held: Sequence[ItemRecord],
    images: Encoded,
    encoder: Encoder,
) -> Evidence | None:
    """`images` are the held-out items as the model sees them, row by row."""
    if len(held) < FEWEST or not learnt or not len(encoder.tags):
        return None
    share = borne([item.tags for item in learnt], encoder.tags).sum(axis=0)
    priors = tuple(logits((share + 0.5) / (len(learnt) + 1)).tolist())
    bare = Rule(1.0, 0.0, 0.0, 0.0, 0.0, 0.0, (0.0,) * len(priors), PRECISIONS)
    with gallery(live, learnt) as place:
        about = Around(place.store, place.generation, encoder)
        found = about.around(images, NEAREST, NEAREST, SHORTLIST)
        nearest, captions = about.lifts(found, Tagging(priors, bare, bare, bare, bare))
    told = [row for row, item in enumerate(held) if item.captions]
    text = encoder.texts([held[row].captions[0].text for row in told]).tags
    evidence = {"image": logits(images.tags), "nearest": nearest, "captions": captions}
    truth = borne([item.tags for item in held], encoder.tags)
    return Evidence(priors, Held(evidence, truth), told, logits(text))


def calibrated(evidence: Evidence) -> Calibrated:
    held, priors = evidence.held, evidence.priors
    strength = min(SHIFTS, key=lambda hold: _loss(_fit(held, ("image",), priors, hold), held))
    # Each after the first must be better than those before it to be taken.
    around = [("nearest",), ("nearest", "captions")]
    alone, alone_fit = _best(held, [("image",)], priors, strength)
    sets = [("image",), *(("image", *more) for more in around)]
    indexed, indexed_fit = _best(held, sets, priors, strength)
    if len(evidence.told) < FEWEST:
        tagging = Tagging(priors, alone, indexed, alone, indexed)
        return Calibrated(tagging, alone_fit, indexed_fit)
    rows = {kind: some[evidence.told] for kind, some in held.evidence.items()}
    told = Held(rows | {"text": evidence.text}, held.truth[evidence.told])
    both = ("image", "text")
    tagging = Tagging(
        priors,
        alone,
        indexed,
        _best(told, [both], priors, strength)[0],
        _best(told, [both, *((*both, *more) for more in around)], priors, strength)[0],
    )
    return Calibrated(tagging, alone_fit, indexed_fit)


def _images(
    held: Sequence[ItemRecord], encoder: Encoder, progress: Progress
) -> tuple[Encoded, list[ItemRecord]]:
    """Those that can be read, with what the model says of them."""
    there, parts = list[ItemRecord](), list[Encoded]()
    for start in range(0, len(held), BATCH):
        pixels = []
        for item in held[start : start + BATCH]:
            try:
                pixels.append(read_pixels(Path(item.image), encoder.image_size))
            except ImageError:  # moved since; told by the index job
                continue
            there.append(item)
        if pixels:
            parts.append(encoder.images(np.stack(pixels)))
        progress("tags", min(start + BATCH, len(held)), len(held))
    empty = np.empty((0, 0), np.float32)
    return Encoded.concatenate(parts) if parts else Encoded(empty, empty, empty), there


def _best(
    held: Held, sets: Sequence[tuple[str, ...]], priors: Sequence[float], strength: float
) -> tuple[Rule, Fit]:
    """The rule of the set whose predictions for unseen items come true most."""
    fits = [(_fit(held, kinds, priors, strength), kinds) for kinds in sets]
    fit, kinds = min(fits, key=lambda some: _loss(some[0], held))
    weights = dict(zip(kinds, fit.weights.tolist(), strict=False))
    prior, offset, *shifts = fit.weights[len(kinds) :].tolist()
    rule = Rule(
        **{kind: weights.get(kind, 0.0) for kind in KINDS},
        prior=prior,
        offset=offset,
        shifts=tuple(shifts),
        cuts=cuts(1.0 / (1.0 + np.exp(-fit.unseen)), held.truth),
    )
    return rule, fit


def cuts(chances: NDArray[np.floating], truth: Truth) -> tuple[float, ...]:
    """For each of PRECISIONS the least probability from which so many of the given tags are true.

    Pooled over tags. A few lucky pairs at the top prove little: probabilities vote beside them. And
    the lowest place that was precise enough is a lucky one: the middle is taken between the first
    that was not and the last that was.
    """
    order = np.argsort(-chances, axis=None, kind="stable")
    said, right = chances.ravel()[order], truth.ravel()[order]
    given = np.arange(1, len(said) + 1)
    precise = (np.cumsum(right) + PSEUDO * np.cumsum(said) / given) / (given + PSEUDO)
    found, least = list[float](), 0.0
    for wanted in PRECISIONS:
        reached = precise >= wanted
        # What validation never showed is taken at its word.
        cut = float(said[_middle(reached)]) if reached.any() else wanted
        least = max(least, cut)
        found.append(least)
    return tuple(found)


def _middle(reached: NDArray[np.bool_]) -> int:
    last = int(np.flatnonzero(reached)[-1])
    first = int(np.argmin(reached[: last + 1]))  # 0 where all are
    return (first + last) // 2 if not reached[first] else last


def _fit(held: Held, kinds: Sequence[str], priors: Sequence[float], strength: float) -> Fit:
    rows, tags = held.truth.shape
    columns = [held.evidence[kind] for kind in kinds]
    columns += [np.broadcast_to(np.asarray(priors, np.float32), (rows, tags))]
    evidence = np.stack([*columns, np.ones((rows, tags))], axis=-1).astype(np.float64)
    fold = np.random.default_rng(0).permutation(rows) % FOLDS
    unseen = np.zeros((rows, tags))
    for number in range(FOLDS):
        away = fold == number
        weights = _solve(evidence[~away], held.truth[~away], strength)
        unseen[away] = _sum(evidence[away], weights)
    return Fit(_solve(evidence, held.truth, strength), unseen)


def _solve(evidence: Array, truth: Truth, strength: float) -> Array:
    """Weights that are not negative, but for the last two; then a shift per tag."""
    kinds, tags = evidence.shape[-1], truth.shape[1]
    start = np.zeros(kinds + tags)
    start[0] = 1.0
    held_back = np.r_[np.full(kinds, LEAN), np.full(tags, strength)]

    def loss(weights: Array) -> tuple[float, Array]:
        total = _sum(evidence, weights)
        away = weights - start
        value = (np.logaddexp(0.0, total) - truth * total).sum() + held_back @ (away * away)
        wrong = 0.5 * (1.0 + np.tanh(0.5 * total)) - truth
        pull = np.r_[np.einsum("ntk,nt->k", evidence, wrong), wrong.sum(axis=0)]
        return float(value), pull + 2.0 * held_back * away

    bounds = [(0.0, None)] * (kinds - 2) + [(None, None)] * (2 + tags)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x, np.float64)


def _sum(evidence: Array, weights: Array) -> Array:
    kinds = evidence.shape[-1]
    return np.asarray(evidence @ weights[:kinds] + weights[kinds:], np.float64)


def _loss(fit: Fit, held: Held) -> float:
    """How far predictions for unseen items were from what is true, in nats."""
    return float((np.logaddexp(0.0, fit.unseen) - held.truth * fit.unseen).mean())
