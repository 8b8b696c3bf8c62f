"""What the scores mean: evidence → probability, fitted on queries whose answers are known.

    whole    items with all their words: words made of tags, names, nonsense
    left     held-out items without one caption, which is the query
    bare     held-out items of which only the image is known: their captions, words made of tags
    like     held-out images as queries: an item is alike if it shares at least half of the tags
    nothing  the score that nearly all nonsense stays below, and nearly all real queries reach

Test items are never looked at. A score changes no vector, so an index outlives it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from db.databases import generations_of
from db.generations import Generation
from db.home import Home, writing
from db.records import ItemRecord
from db.store import Store
from encoder import artifact as artifacts
from encoder.encoded import Encoder
from encoder.runtime import OpenVinoEncoder
from encoder.scoring import Floats, Scoring, Wording
from encoder.tagging import Tagging
from errors import CatalogError
from evaluation.gallery import Gallery, gallery, without, wordless
from evaluation.material import as_words, caption
from progress import Progress, silent
from review.calibration import fit_tagging
from review.lessons import amended, tag_answers
from settings import Settings
from training.nonsense import nonsense_queries
from training.regression import Answered, fit_weights
from training.scoring_evidence import Found, look_for, provisional
from training.scoring_like import fit_like
from training.scoring_queries import Known, name_queries, tag_queries

MOST_ITEMS = 800  # a sample is enough for a handful of numbers
NONSENSE = 150
REFUSED, MISTAKEN = 0.97, 0.02  # of nonsense, at least; of real queries, where both can be had

Kinds = Callable[[Found], tuple[Floats, ...]]


def fit_scoring(
    store: Store, encoder: Encoder, seed: int, progress: Progress = silent
) -> tuple[Scoring, Tagging | None]:
    """Of a model that no index has been built with yet: a sample of the images is read."""
    learnt, held = _samples(store, seed)
    with provisional([*learnt, *held], encoder, progress) as live:
        scoring = fit_on(live, learnt, held, encoder, seed)
        return scoring, fit_tagging(live, learnt, _unlearnt(held), encoder, progress)


@dataclass(frozen=True)
class Calibrated:
    fingerprint: str  # of the model with its new scores
    learnt: int  # items that the scores were fitted on
    held: int  # likewise, of those that the model has not learnt from
    no_match: float  # the score from which something is said to match


def refit_scoring(home: Home, settings: Settings, progress: Progress = silent) -> Calibrated:
    """Fit the scores of a home's model anew on its live index, and put them into the model."""
    with Store.open(home.path) as store, home.locked("calibrate"):
        encoder = OpenVinoEncoder(home.artifact, settings.runtime, home.compiled)
        live = generations_of(home).open_current(encoder.fingerprint)
        held_ids = set(live.images.ids.tolist())
        seed = int(encoder.artifact.recipe.get("seed", settings.training.seed))
        learnt, held = (
            [item for item in items if item.id in held_ids] for items in _samples(store, seed)
        )
        if not learnt:
            raise CatalogError(
                "there is nothing to fit scores on", "the index holds no item to learn from",
                "import items of the splits train and val, then run `pairdex index build`",
            )  # fmt: skip
        progress("calibrate", 0, 1)
        scoring = fit_on(live, learnt, held or learnt, encoder, seed)
        tagging = fit_tagging(live, learnt, _unlearnt(held), encoder, progress)
        tagging = tagging or encoder.tagging
        made = msgspec.structs.replace(encoder.artifact, scoring=scoring, tagging=tagging)
        with writing(home.artifact):
            made = artifacts.seal(home.artifact, made)
        progress("calibrate", 1, 1)
    return Calibrated(made.fingerprint, len(learnt), len(held), scoring.no_match)


def fit_on(
    live: Generation,
    learnt: Sequence[ItemRecord],
    held: Sequence[ItemRecord],
    encoder: Encoder,
    seed: int,
) -> Scoring:
    """`live` has the vectors of all items. Held-out ones stand for images that come later."""
    rng = np.random.default_rng(seed)
    items = list({item.id: item for item in (*learnt, *held)}.values())
    noise = [Known(text, frozenset()) for text in nonsense_queries(NONSENSE, seed)]
    asked = _captions(held)
    with gallery(live, items) as place:
        queries = [*tag_queries(items, rng), *name_queries(items, rng)]
        whole = list(look_for(place, encoder, queries))
        nonsense = list(look_for(place, encoder, noise))
        before = fit_like(Scoring(), place, items, held, encoder)
    left = {item.key: without(item, text) for item, text in asked.values()}
    with gallery(live, [left.get(item.key, item) for item in items]) as place:
        whole += _own(place, encoder, {key: as_words(text) for key, (_, text) in asked.items()})
    with gallery(live, wordless(held)) as place:
        bare = list(look_for(place, encoder, [*tag_queries(held, rng), *noise]))
        for language in sorted({c.language for item in held for c in item.captions}):
            texts = {item.key: as_words(caption(item, language)) for item in held}
            bare += _own(place, encoder, {key: text for key, text in texts.items() if text})
    scoring = msgspec.structs.replace(
        before,
        seen=fit_weights(_answered(bare, _seen), before.seen),
        told=fit_weights(_answered([*whole, *nonsense], _told, True), before.told),
        exact=fit_weights(_answered([*whole, *nonsense], _exact), before.exact),
    )
    return msgspec.structs.replace(scoring, no_match=_threshold(scoring, nonsense, [*whole, *bare]))


def _threshold(scoring: Scoring, nonsense: Sequence[Found], known: Sequence[Found]) -> float:
    """In the middle where the two can be told apart; else what refuses the nonsense."""
    real = [one for one in known if one.truth.any()]
    low = float(np.quantile(_best(scoring, nonsense), REFUSED))
    high = float(np.quantile(_best(scoring, real), MISTAKEN)) if real else low
    return math.sqrt(low * max(low, high))


def _best(scoring: Scoring, found: Sequence[Found]) -> list[float]:
    return [
        float(scoring.score(one.logits, one.cosines, one.captions, one.said).max(initial=0.0))
        for one in found
    ]


def _samples(store: Store, seed: int) -> tuple[list[ItemRecord], list[ItemRecord]]:
    """Items that the model has learnt from, and items that it has not."""
    rng = np.random.default_rng(seed)
    said = tag_answers(store.questions.answered())

    def of(split: str) -> list[ItemRecord]:
        return [
            dataclasses.replace(item, tags=amended(item.tags, said[item.facts.content_hash]))
            if item.facts.content_hash in said
            else item
            for item in store.items(split)
        ]

    learnt, held = of("train"), of("val")
    if len(learnt) > MOST_ITEMS:
        learnt = [learnt[row] for row in sorted(rng.choice(len(learnt), MOST_ITEMS, False))]
    if len(held) > MOST_ITEMS:
        held = [held[row] for row in sorted(rng.choice(len(held), MOST_ITEMS, False))]
    return learnt, held or learnt  # a catalog too small for a split of its own


def _unlearnt(items: Sequence[ItemRecord]) -> list[ItemRecord]:
    """Tags are fitted on nothing rather than on what the model has learnt."""
    return [item for item in items if item.split == "val"]


def _captions(items: Sequence[ItemRecord]) -> dict[str, tuple[ItemRecord, str]]:
    """Of each item the last caption in its first language, by key."""
    found = {}
    for item in items:
        if item.captions:
            language = item.captions[0].language
            texts = [c.text for c in item.captions if c.language == language]
            found[item.key] = (item, texts[-1])
    return found


def _own(place: Gallery, encoder: Encoder, texts: dict[str, str]) -> list[Found]:
    queries = [Known(text, frozenset([key])) for key, text in texts.items() if text]
    return list(look_for(place, encoder, queries))


def _answered(found: Sequence[Found], kinds: Kinds, told: bool = False) -> list[Answered]:
    """`told` leaves out items without captions."""
    answered = []
    for one in found:
        rows = np.stack(kinds(one), axis=1).astype(np.float64)
        kept = one.captions > -1.0 if told else np.ones(len(rows), np.bool_)
        answered.append(Answered(rows[kept], one.truth[kept], one.said.brevity))
    return answered


def _seen(one: Found) -> tuple[Floats, ...]:
    return one.logits, one.cosines


def _exact(one: Found) -> tuple[Floats, ...]:
    return _words(one.said)


def _told(one: Found) -> tuple[Floats, ...]:
    return (one.logits, one.cosines, one.captions, *_words(one.said))


def _words(said: Wording) -> tuple[Floats, ...]:
    return said.relevance, said.completeness, said.strength
