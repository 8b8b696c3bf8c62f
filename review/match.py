"""What judged pairs change of the match head: its last layer, beside the trained one.

    logit = trained logit + hidden · weight + bias

Pairs are results that were called good or bad, and matches that were asked about. Reference pairs,
captions of the train split with their own images and with others, hold the head where it is: what
nobody judged should be answered as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from db.generations import Generation
from db.home import Home
from db.questions import Question
from db.records import ItemRecord
from db.store import Store
from encoder.encoded import Encoded, Floats
from encoder.runtime import OpenVinoEncoder
from encoder.tagging import logits
from evaluation.bootstrap import Resamples
from review.judging import NEGLIGIBLE, Change
from review.pictures import Picture, vectors

FEWEST, FEWEST_OF_EACH = 20, 4  # judged pairs, and of them good ones and bad ones
REFERENCES = 1500  # captions
JUDGES = 500  # validation captions and images
FOLDS = 5
LEANS = (1.0, 3.0, 10.0, 30.0, 100.0)
HOLD = 0.05  # how strongly each reference pair holds the head, as half the square of its move

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MatchOutcome:
    pairs: int = 0
    heads: tuple[Floats, Floats] | None = None  # what is added: weight and bias
    figures: dict[str, Change] = field(default_factory=dict)
    refused: str = ""


@dataclass(frozen=True)
class Pairs:
    hidden: Array  # [n, width], what the last layer reads
    trained: Array  # [n] logits of the trained head
    force: Array  # [n] logits of the head in force
    cosines: Floats


def refit_match(
    store: Store,
    live: Generation,
    encoder: OpenVinoEncoder,
    home: Home,
    answers: Sequence[Question],
    seed: int,
) -> MatchOutcome:
    texts, images, truth = _judged(store, live, encoder, home, answers)
    if len(texts) < FEWEST or min(truth.sum(), (~truth).sum()) < FEWEST_OF_EACH:
        why = ""
        if len(texts):
            why = (
                f"{len(texts)} judged pairs, {int(truth.sum())} of them good; {FEWEST} are needed, "
                f"{FEWEST_OF_EACH} of either kind"
            )
        return MatchOutcome(len(texts), refused=why)
    encoded = encoder.texts(texts)
    judged = _pairs(encoder, images, encoded)
    held, captions = _captions(store, live, "train", REFERENCES, seed)
    references = _references(encoder, held, captions, seed)
    groups = np.unique(np.asarray(texts), return_inverse=True)[1]
    fold = np.random.default_rng(seed).permutation(int(groups.max()) + 1)[groups] % FOLDS
    best: tuple[float, float, Array] | None = None
    for lean in LEANS:
        unseen = _unseen(judged, truth, references, fold, lean)
        loss = float((np.logaddexp(0.0, unseen) - truth * unseen).mean())
        if best is None or loss < best[0]:
            best = loss, lean, unseen
    assert best is not None
    weight, bias = _solve(judged, truth, references, np.ones(len(fold), np.bool_), best[1])
    figures = _figures(store, live, encoder, judged, best[2], truth, (weight, bias), seed)
    fallen = [name for name, change in figures.items() if change.fell]
    if fallen:
        first = figures[fallen[0]]
        why = f"{fallen[0]} would go from {first.before:.4f} to {first.after:.4f}"
        return MatchOutcome(len(texts), None, figures, why)
    heads = np.asarray(weight, np.float32), np.asarray(bias, np.float32)
    return MatchOutcome(len(texts), heads, figures)


def _judged(
    store: Store,
    live: Generation,
    encoder: OpenVinoEncoder,
    home: Home,
    answers: Sequence[Question],
) -> tuple[list[str], Encoded, NDArray[np.bool_]]:
    """Queries in words, images as they are stored, and whether these answer those."""
    held = set(live.images.ids.tolist())
    inside = {i.content: i.id for p in store.questions.askable() for i in p if i.id in held}
    by_item: list[tuple[str, int, bool]] = []
    for one in store.judgements.all():
        others = {"images", "like", "without"} & one.request.keys()
        if one.query and not others and one.item_id in held and one.item_id is not None:
            by_item.append((one.query, one.item_id, one.good))
    outside: list[tuple[str, Picture, bool]] = []
    for asked in answers:
        if asked.kind == "match" and asked.answer in ("yes", "no"):
            if asked.content in inside:
                by_item.append((asked.query, inside[asked.content], asked.answer == "yes"))
            else:
                picture = Picture(asked.content, asked.image)
                outside.append((asked.query, picture, asked.answer == "yes"))
    there, encoded = vectors(list({p.content: p for _, p, _ in outside}.values()), encoder, home)
    place = {picture.content: row for row, picture in enumerate(there)}
    known = [(q, place[p.content], good) for q, p, good in outside if p.content in place]
    stored = stored_images(live, [item for _, item, _ in by_item])
    some = encoded[[row for _, row, _ in known]]
    images = Encoded.concatenate([stored, some]) if known else stored
    texts = [*(q for q, _, _ in by_item), *(q for q, _, _ in known)]
    truth = [*(good for _, _, good in by_item), *(good for _, _, good in known)]
    return texts, images, np.asarray(truth, np.bool_)


def stored_images(live: Generation, items: Sequence[int]) -> Encoded:
    """Without tags, which nobody asks for here."""
    rows = live.images.rows(np.asarray(items, np.int64))
    vectors_ = live.images.vectors[rows].astype(np.float32)
    halves = live.images.halves[rows].astype(np.float32)
    return Encoded(vectors_, halves, np.empty((len(rows), 0), np.float32))


def _pairs(encoder: OpenVinoEncoder, images: Encoded, texts: Encoded) -> Pairs:
    """Row by row; one text may be held against all images."""
    cosines = (images.vectors * texts.vectors).sum(axis=1)
    trained, force = encoder.trained_head, encoder.head
    hidden = images.halves + texts.halves + cosines[:, None] * trained.cos_weight
    hidden = np.maximum(hidden, 0.0)
    return Pairs(
        hidden.astype(np.float64),
        (hidden @ trained.out_weight + trained.out_bias).astype(np.float64),
        (hidden @ force.out_weight + force.out_bias).astype(np.float64),
        cosines,
    )


def _captions(
    store: Store, live: Generation, split: str, most: int, seed: int
) -> tuple[Encoded, Encoded]:
    """Images of a split and the first caption of each, as the index has them."""
    held = set(live.images.ids.tolist())
    ids = [i.id for p in store.questions.askable() for i in p if i.split == split and i.id in held]
    if len(ids) > most:
        ids = np.sort(np.random.default_rng(seed).choice(ids, most, replace=False)).tolist()
    items: list[ItemRecord] = [item for item in store.details(ids).values() if item.captions]
    known = set(live.captions.ids.tolist())
    items = [item for item in items if item.captions[0].id in known]
    side = live.captions
    rows = side.rows(np.asarray([item.captions[0].id for item in items], np.int64))
    none = np.empty((len(rows), 0), np.float32)
    texts = Encoded(
        side.vectors[rows].astype(np.float32), side.halves[rows].astype(np.float32), none
    )
    return stored_images(live, [item.id for item in items]), texts


def _references(encoder: OpenVinoEncoder, images: Encoded, texts: Encoded, seed: int) -> Pairs:
    """Each caption with its own image, and with two others."""
    count = len(images)
    dice = np.random.default_rng(seed)
    others = [dice.permutation(count).tolist() for _ in range(2)]
    return _pairs(
        encoder,
        Encoded.concatenate([images, *(images[some] for some in others)]),
        Encoded.concatenate([texts, texts, texts]),
    )


def _unseen(
    judged: Pairs,
    truth: NDArray[np.bool_],
    references: Pairs,
    fold: NDArray[np.intp],
    lean: float,
) -> Array:
    unseen = np.array(judged.trained)
    for number in np.unique(fold).tolist():
        away = fold == number
        weight, bias = _solve(judged, truth, references, ~away, lean)
        unseen[away] += judged.hidden[away] @ weight + bias
    return unseen


def _solve(
    judged: Pairs, truth: NDArray[np.bool_], references: Pairs, rows: NDArray[np.bool_], lean: float
) -> tuple[Array, Array]:
    hidden, trained = judged.hidden[rows], judged.trained[rows]
    target = truth[rows].astype(np.float64)
    held = references.hidden

    def loss(flat: Array) -> tuple[float, Array]:
        weight, bias = flat[:-1], flat[-1]
        total = trained + hidden @ weight + bias
        moved = held @ weight + bias
        value = (np.logaddexp(0.0, total) - target * total).sum()
        value += 0.5 * HOLD * (moved @ moved) + 0.5 * lean * (weight @ weight)
        wrong = 0.5 * (1.0 + np.tanh(0.5 * total)) - target
        pull = hidden.T @ wrong + HOLD * (held.T @ moved) + lean * weight
        return float(value), np.append(pull, wrong.sum() + HOLD * moved.sum())

    start = np.zeros(hidden.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return np.asarray(found.x[:-1], np.float64), np.asarray(found.x[-1], np.float64)


def _figures(
    store: Store,
    live: Generation,
    encoder: OpenVinoEncoder,
    judged: Pairs,
    unseen: Array,
    truth: NDArray[np.bool_],
    new: tuple[Array, Array],
    seed: int,
) -> dict[str, Change]:
    chance = encoder.scoring.image
    odds = [
        logits(chance(np.asarray(of, np.float32), judged.cosines)).astype(np.float64)
        for of in (judged.force, unseen)
    ]
    before, after = (-(np.logaddexp(0.0, of) - truth * of) for of in odds)
    changes = {"pairs.likelihood": _paired(before, after, seed, NEGLIGIBLE)}
    images, texts = _captions(store, live, "val", JUDGES, seed)
    if len(images) >= FEWEST:
        force = _reciprocal(encoder, images, texts, None)
        changes["val.MRR"] = _paired(force, _reciprocal(encoder, images, texts, new), seed)
    return changes


def _reciprocal(
    encoder: OpenVinoEncoder,
    images: Encoded,
    texts: Encoded,
    new: tuple[Array, Array] | None,
) -> Array:
    """One over the rank of each caption's own image, by the score that search gives an image."""
    found = np.empty(len(texts))
    for row in range(len(texts)):
        one = texts[row : row + 1]
        some = _pairs(encoder, images, one)  # one text against all images
        total = some.force if new is None else some.trained + some.hidden @ new[0] + new[1]
        scores = encoder.scoring.image(np.asarray(total, np.float32), some.cosines)
        found[row] = 1.0 / (1 + int((scores > scores[row]).sum()))
    return found


def _paired(before: Array, after: Array, seed: int, allowed: float = 0.005) -> Change:
    difference = Resamples(len(before), seed).mean(after - before)
    means = round(float(before.mean()), 4), round(float(after.mean()), 4)
    return Change(*means, difference, allowed)
