"""`refit`: the heads of a home's model, learnt anew from corrections; published if they are better.

The trained weights stay, and so do all vectors: the index is not touched. Every refit starts from
the trained heads with all answers that stand, so the order of answers does not matter.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from threadpoolctl import threadpool_limits

from db.databases import generations_of
from db.generations import Generation
from db.home import Home
from db.questions import Question
from db.records import ItemRecord
from db.store import Store
from encoder.artifact import Artifact, Refit
from encoder.encoded import Encoded, Floats
from encoder.head import sigmoid
from encoder.heads import Heads
from encoder.runtime import OpenVinoEncoder
from encoder.tagging import Tagging
from errors import QueryError
from progress import Progress, silent
from review import publishing
from review.calibration import FEWEST, Calibrated, calibrated, evidence_of
from review.judging import Change, on_corrections, on_validation
from review.learning import Learnt, learn
from review.lessons import Material, amended, gather, tag_answers
from review.match import MatchOutcome, refit_match
from settings import Settings

CALIBRATED_ON = 800  # train items that are near ones and captions while tags are calibrated
JUDGED_ON = 2000  # most validation items
SEED = 12345


@dataclass
class Outcome:
    """What came of a refit. `published` says whether anything of it is in force."""

    published: bool = False
    answers: int = 0  # about tags that were learnt from
    fresh: int = 0  # of these, given since the last refit: they judge
    missing: int = 0  # answers about images whose vectors are not known any more
    tags: tuple[str, ...] = ()  # whose heads were learnt anew
    pairs: int = 0  # judged pairs of words and image
    figures: dict[str, Change] = field(default_factory=dict)
    better: list[str] = field(default_factory=list)  # heads that may be published: tags, match
    refused: list[str] = field(default_factory=list)  # heads that stay as they are, and why
    number: int = 0  # of the refit that is in force
    model: str = ""
    seconds: float = 0.0


def refit(
    home: Home, settings: Settings, progress: Progress = silent, dry_run: bool = False
) -> Outcome:
    """Learn, judge, publish; a dry run publishes nothing."""
    start, outcome = time.perf_counter(), Outcome()
    # Small problems: threads of the linear algebra would wait for each other most of the time.
    with Store.open(home.path) as store, home.locked("refit"), threadpool_limits(1, "blas"):
        encoder = OpenVinoEncoder(home.artifact, settings.runtime, home.compiled)
        live = generations_of(home).open_current(encoder.fingerprint)
        before = encoder.artifact
        answers = store.questions.answered()
        digest = _digest(answers, store)
        if before.refit is not None and before.refit.digest == digest:
            raise QueryError(
                "there is nothing new to learn",
                "no answer has come or changed since the last refit",
                "run `pairdex review`",
            )
        progress("refit", 0, 3)
        tags = _tags(store, live, encoder, home, answers, settings, outcome)
        progress("refit", 1, 3)
        match = refit_match(store, live, encoder, home, answers, SEED)
        _told(outcome, match)
        progress("refit", 2, 3)
        heads, tagging = _heads(encoder, tags, match)
        outcome.better = ["tags"] * (tags is not None) + ["match"] * (match.heads is not None)
        if heads is not None and not dry_run:
            told = Refit(
                file="", number=0, created="", digest=digest, turn=_last(answers),
                answers=outcome.answers if tags else 0, pairs=outcome.pairs if match.heads else 0,
            )  # fmt: skip
            before = publishing.publish(home.artifact, before, heads, tagging, told)
        outcome.published = heads is not None and not dry_run
        outcome.number = 0 if before.refit is None else before.refit.number
        outcome.model = before.fingerprint
        progress("refit", 3, 3)
    outcome.seconds = round(time.perf_counter() - start, 2)
    return outcome


def undo(home: Home, steps: int = 1) -> Artifact:
    """The model before the last refits is in force again."""
    with home.locked("refit"):
        return publishing.undo(home.artifact, steps)


@dataclass(frozen=True)
class _NewTags:
    material: Material
    learnt: Learnt
    tagging: Tagging


def _tags(
    store: Store,
    live: Generation,
    encoder: OpenVinoEncoder,
    home: Home,
    answers: Sequence[Question],
    settings: Settings,
    outcome: Outcome,
) -> _NewTags | None:
    """Nothing where the tag heads stay; `outcome` is told why."""
    since = 0 if encoder.artifact.refit is None else encoder.artifact.refit.turn
    material = gather(store, live, encoder, home, answers, since, SEED)
    outcome.answers = int(material.lessons.corrected.sum())
    outcome.fresh, outcome.missing = int(material.fresh.sum()), material.missing
    outcome.tags = tuple(encoder.tags[place] for place in material.tags)
    if not outcome.answers:
        outcome.refused.append("tags: no tag has two answers about images that may be learnt from")
        return None
    held, learnt_items = _validation(store, live, answers)
    images = _seen(live, held, encoder)
    evidence = evidence_of(live, learnt_items, held, images, encoder)
    if evidence is None:
        outcome.refused.append(
            f"tags: the split val has {len(held)} images in the index, {FEWEST} are needed to judge"
        )
        return None
    found = learn(material.lessons)
    after_tags = _with(images.vectors, encoder.tag_head.logits(images.vectors), material, found)
    before, after = calibrated(evidence), calibrated(evidence.seen_as(after_tags))
    truth, precision = evidence.held.truth, settings.tagger.precision
    figures = on_validation(before, after, truth, precision, SEED)
    figures |= _on_corrections(encoder, material, found, before, after)
    outcome.figures |= figures
    fallen = [_fallen(name, change) for name, change in figures.items() if change.fell]
    if fallen:
        outcome.refused.append(f"tags: {'; '.join(fallen)}")
        return None
    return _NewTags(material, found, after.tagging)


def _on_corrections(
    encoder: OpenVinoEncoder,
    material: Material,
    found: Learnt,
    before: Calibrated,
    after: Calibrated,
) -> dict[str, Change]:
    """Of answers that the heads in force have not learnt from, each by a fit without its image."""
    if not material.fresh.any():
        return {}
    lessons, rows = material.lessons, material.fresh.any(axis=1)
    vectors = lessons.vectors[rows].astype(np.float32)
    old = encoder.tags_of(vectors)
    new = np.array(sigmoid(encoder.tag_head.logits(vectors)))
    new[:, material.tags] = sigmoid(found.unseen[rows].astype(np.float32))
    truth = lessons.truth[rows]
    chances = [
        one.tagging.chances(one.tagging.alone, tags)[:, material.tags]
        for one, tags in ((before, old), (after, new))
    ]
    return on_corrections(chances[0], chances[1], truth, material.fresh[rows], SEED)


def _with(vectors: Floats, trained: Floats, material: Material, found: Learnt) -> Floats:
    """Probabilities of tags by the new heads."""
    total = np.array(trained)
    total[:, material.tags] += (vectors @ found.weight.T + found.bias).astype(np.float32)
    return sigmoid(total)


def _heads(
    encoder: OpenVinoEncoder, tags: _NewTags | None, match: MatchOutcome
) -> tuple[Heads | None, Tagging | None]:
    """What was not learnt anew stays as it is in force; nothing where all of it does."""
    artifact = encoder.artifact
    heads = encoder.corrected or Heads.untouched(
        len(artifact.tags), artifact.shared, artifact.width
    )
    if tags is None and match.heads is None:
        return None, artifact.tagging
    if match.heads is not None:
        heads = replace(heads, match_weight=match.heads[0], match_bias=match.heads[1])
    if tags is None:
        return heads, artifact.tagging
    empty = Heads.untouched(len(artifact.tags), artifact.shared, artifact.width)
    weight, bias = np.array(empty.tag_weight), np.array(empty.tag_bias)
    weight[tags.material.tags], bias[tags.material.tags] = tags.learnt.weight, tags.learnt.bias
    return replace(heads, tag_weight=weight, tag_bias=bias), tags.tagging


def _validation(
    store: Store, live: Generation, answers: Sequence[Question]
) -> tuple[list[ItemRecord], list[ItemRecord]]:
    """Items that judge and items that are learnt from, with their tags as people corrected them."""
    said, held = tag_answers(answers), set(live.images.ids.tolist())

    def of(split: str, most: int) -> list[ItemRecord]:
        ids = [i.id for p in store.questions.askable() for i in p if i.split == split]
        ids = [number for number in ids if number in held]
        if len(ids) > most:
            dice = np.random.default_rng(SEED)
            ids = [ids[n] for n in np.sort(dice.choice(len(ids), most, replace=False))]
        return [
            replace(item, tags=amended(item.tags, said.get(item.facts.content_hash, {})))
            for item in store.details(ids).values()
        ]

    return of("val", JUDGED_ON), of("train", CALIBRATED_ON)


def _seen(live: Generation, items: Sequence[ItemRecord], encoder: OpenVinoEncoder) -> Encoded:
    """From the index: no image is read."""
    rows = live.images.rows(np.asarray([item.id for item in items], np.int64))
    vectors = live.images.vectors[rows].astype(np.float32)
    halves = live.images.halves[rows].astype(np.float32)
    return Encoded(vectors, halves, encoder.tags_of(vectors))


def _told(outcome: Outcome, match: MatchOutcome) -> None:
    outcome.pairs = match.pairs
    outcome.figures |= match.figures
    if match.refused:
        outcome.refused.append(f"match: {match.refused}")


def _fallen(name: str, change: Change) -> str:
    by = change.change
    return (
        f"{name} would go from {change.before:.4f} to {change.after:.4f} "
        f"({by.value:+.4f}, between {by.low:+.4f} and {by.high:+.4f})"
    )


def _digest(answers: Sequence[Question], store: Store) -> str:
    told = sorted((one.id, one.answer) for one in answers)
    judged = sorted((one.asked, one.item, one.good) for one in store.judgements.all())
    return hashlib.sha256(repr((told, judged)).encode()).hexdigest()


def _last(answers: Sequence[Question]) -> int:
    return max((one.turn for one in answers), default=0)
