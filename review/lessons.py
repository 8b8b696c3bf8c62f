"""What can be learnt from: stored vectors of train items and of other images that were judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from db.generations import Generation
from db.home import Home
from db.questions import Askable, Question
from db.store import Store
from encoder.runtime import OpenVinoEncoder
from review.asking import borne
from review.learning import Lessons
from review.pictures import Picture, vectors

MOST_ITEMS = 8000  # train items that are learnt from beside those that were corrected
FEWEST = 2  # answers about a tag from which it is learnt anew


@dataclass(frozen=True)
class Material:
    lessons: Lessons  # of the tags `tags` alone
    contents: Sequence[str]  # of each row
    tags: NDArray[np.intp]  # places in the model's list
    fresh: NDArray[np.bool_]  # [n, tags]: said since the last refit
    missing: int  # answers about images whose vectors are not known any more


def tag_answers(answers: Sequence[Question]) -> dict[str, dict[str, Question]]:
    """Yes and no by content and tag."""
    found: dict[str, dict[str, Question]] = {}
    for one in answers:
        if one.kind == "tag" and one.answer in ("yes", "no"):
            found.setdefault(one.content, {})[one.tag] = one
    return found


def amended(tags: Sequence[str], said: Mapping[str, Question]) -> tuple[str, ...]:
    """The tags of an item as people have corrected them."""
    kept = [tag for tag in tags if tag not in said or said[tag].answer == "yes"]
    new = [tag for tag, one in said.items() if one.answer == "yes" and tag not in tags]
    return (*kept, *new)


def gather(
    store: Store,
    live: Generation,
    encoder: OpenVinoEncoder,
    home: Home,
    answers: Sequence[Question],
    since: int,
    seed: int,
) -> Material:
    """`since` is the last answer that the model in force has learnt from."""
    said = tag_answers(answers)
    held = set(live.images.ids.tolist())
    items = {item.content: item for part in store.questions.askable() for item in part}
    judging = {item.content for item in items.values() if item.split == "val"}
    inside = [item for item in items.values() if item.split == "train" and item.id in held]
    inside = _sampled(inside, said, seed)
    inside_or_judging = store.questions.in_catalog(list(said))
    others = [
        Picture(content, next(iter(some.values())).image)
        for content, some in said.items()
        if content not in inside_or_judging
    ]
    there, encoded = vectors(others, encoder, home)
    rows = live.images.rows(np.asarray([item.id for item in inside], np.int64))
    whole = np.concatenate([live.images.vectors[rows].astype(np.float32), encoded.vectors])
    contents = [*(item.content for item in inside), *(one.content for one in there)]
    tags = _touched(said, contents, encoder.tags)
    names = [encoder.tags[place] for place in tags]
    truth = borne([items[c].tags if c in items else () for c in contents], names)
    corrected, fresh = np.zeros_like(truth), np.zeros_like(truth)
    place = {tag: column for column, tag in enumerate(names)}
    for row, content in enumerate(contents):
        for tag, one in said.get(content, {}).items():
            if tag in place:
                truth[row, place[tag]] = one.answer == "yes"
                corrected[row, place[tag]] = True
                fresh[row, place[tag]] = one.turn > since
    known = np.ones_like(truth)
    known[len(inside) :] = corrected[len(inside) :]
    trained = encoder.tag_head.logits(whole)[:, tags]
    lessons = Lessons(whole.astype(np.float64), trained.astype(np.float64), truth, known, corrected)
    used = set(contents) | judging
    missing = sum(len(some) for content, some in said.items() if content not in used)
    return Material(lessons, contents, tags, fresh, missing)


def _touched(
    said: Mapping[str, Mapping[str, Question]], contents: Sequence[str], tags: Sequence[str]
) -> NDArray[np.intp]:
    counts = dict.fromkeys(tags, 0)
    for content in contents:
        for tag in said.get(content, ()):
            if tag in counts:
                counts[tag] += 1
    return np.flatnonzero([count >= FEWEST for count in counts.values()])


def _sampled(items: Sequence[Askable], said: Mapping[str, object], seed: int) -> list[Askable]:
    corrected = [item for item in items if item.content in said]
    others = [item for item in items if item.content not in said]
    if len(others) > MOST_ITEMS:
        dice = np.random.default_rng(seed)
        others = [others[n] for n in np.sort(dice.choice(len(others), MOST_ITEMS, replace=False))]
    return [*corrected, *others]
