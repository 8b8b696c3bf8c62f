"""What a hundred answers are worth: a catalog that lacks tags, a review, a refit, unseen images.

python -m benchmarks.refit HOME [--seeds 1 2 3 4 5] [--tags 5] [--drop 0.6] [--answers 100]

HOME holds an imported catalog and its config.toml. For every seed a few tags are drawn, and most of
the train items that bear one lose it; a model is trained on that and its index built. Then
questions are answered, the heads refitted and the test split judged, whose tags are whole, as `tag`
gives them. Each way starts from the same model; the refit before it is undone.

    doubtful    the queue of `review`, answered by the whole catalog
    chance      as many questions about those tags and train items, drawn at random
    wrong       as by chance, every answer the contrary of the truth: this must be refused

Seeds that are done are kept in the result file.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import numpy as np
from sklearn.metrics import average_precision_score, f1_score

from benchmarks.machine import machine
from benchmarks.results import RESULTS, keep
from db.generations import Generation, open_current
from db.home import Home
from db.records import ItemRecord
from db.store import Store
from encoder import artifact as artifacts
from encoder.encoded import Encoded
from encoder.runtime import OpenVinoEncoder
from encoder.tagging import NEAREST
from evaluation.gallery import gallery
from indexer.job import build_index
from review import Review
from review.asking import borne
from review.refit import Outcome, refit, undo
from settings import Settings, load_settings
from tagger.answers import chances_of
from tagger.evidence import Evidence
from training.fit import fit
from training.job import catalog_pairs, write_artifact
from training.scoring import fit_scoring

WAYS = ("doubtful", "chance", "wrong")
FEWEST = 25  # train items that a drawn tag has, so that something is left of it


def damaged(items: Sequence[ItemRecord], tags: int, drop: float, seed: int) -> dict[str, set[str]]:
    """Drawn tags → keys of the train items that lose them."""
    dice = np.random.default_rng(seed)
    train = [item for item in items if item.split == "train"]
    names = sorted({tag for item in train for tag in item.tags})
    bearers = {tag: [item.key for item in train if tag in item.tags] for tag in names}
    judged = {tag for item in items if item.split == "test" for tag in item.tags}
    able = [tag for tag in names if len(bearers[tag]) >= FEWEST and tag in judged]
    drawn = dice.choice(able, min(tags, len(able)), replace=False).tolist()
    return {
        tag: set(dice.choice(bearers[tag], round(drop * len(bearers[tag])), replace=False).tolist())
        for tag in drawn
    }


def prepare(source: Path, home: Home, lost: Mapping[str, set[str]], settings: Settings) -> None:
    """A home with the damaged catalog, a model trained on it, and its index."""
    home.create()
    for name in ("pairdex.db", "config.toml"):
        if (source / name).is_file():
            shutil.copyfile(source / name, home.path / name)
    with Store.open(home.path) as store:
        whole = list(store.items())
        lacking = [
            dataclasses.replace(
                item, tags=tuple(tag for tag in item.tags if item.key not in lost.get(tag, ()))
            )
            for item in whole
        ]
        store.apply_import(lacking, [])
        recipe = settings.training
        # Features are of the images alone: one file serves every seed.
        folder = home.path.parent / "features"
        fitted = fit(catalog_pairs(store), settings.encoder, recipe, folder=folder)
        home.artifact.mkdir(exist_ok=True)
        made = write_artifact(home.artifact, fitted, recipe)
        encoder = OpenVinoEncoder(home.artifact, settings.runtime)
        scoring, tagging = fit_scoring(store, encoder, recipe.seed)
        made = msgspec.structs.replace(made, scoring=scoring, tagging=tagging)
        artifacts.seal(home.artifact, made)
        encoder = OpenVinoEncoder(home.artifact, settings.runtime, home.compiled)
        build_index(home, store, encoder, settings)


def judged(
    live: Generation, store: Store, home: Home, settings: Settings, truth: Sequence[ItemRecord]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Of the test split: probabilities, what is given, what is true; and the model's tags."""
    encoder = OpenVinoEncoder(home.artifact, settings.runtime, home.compiled)
    items = [item for item in truth if item.split == "test"]
    rows = live.images.rows(np.asarray([item.id for item in items], np.int64))
    vectors = live.images.vectors[rows].astype(np.float32)
    halves = live.images.halves[rows].astype(np.float32)
    images = Encoded(vectors, halves, encoder.tags_of(vectors))
    others = [item for item in store.items() if item.split != "test"]
    with gallery(live, others) as place:
        about = Evidence(place.store, place.generation, encoder)
        found = about.around(images, NEAREST, NEAREST, settings.tagger.shortlist)
        chances, least = chances_of(encoder, images, settings.tagger.precision, about, found)
    return chances, chances >= least, borne([i.tags for i in items], encoder.tags), [*encoder.tags]


def figures(of: tuple[np.ndarray, np.ndarray, np.ndarray, list[str]], tags: Sequence[str]) -> Any:
    """F1 and average precision, mean over these tags as far as the test split has them."""
    chances, given, truth, names = of
    places = [names.index(tag) for tag in tags if tag in names]
    places = [place for place in places if truth[:, place].any()]
    f1 = [f1_score(truth[:, p], given[:, p], zero_division=0) for p in places]
    precise = [average_precision_score(truth[:, p], chances[:, p]) for p in places]
    return {"F1": float(np.mean(f1)), "mAP": float(np.mean(precise)), "tags": len(places)}


def answer(
    way: str, review: Review, count: int, truth: Mapping[str, ItemRecord], drawn: Sequence[str],
    seed: int,
) -> None:  # fmt: skip
    if way != "doubtful":
        dice = np.random.default_rng(seed)
        items = [item for item in truth.values() if item.split == "train"]
        pairs = [(item, tag) for item in items for tag in drawn]
        for number in dice.choice(len(pairs), min(count, len(pairs)), replace=False).tolist():
            item, tag = pairs[number]
            right = (tag in item.tags) is (way == "chance")
            review.tell_tag(tag, "yes" if right else "no", item=item.key)
        return
    for asked in review.queue(count, kinds=("tag",)):
        review.answer(asked.id, "yes" if asked.tag in truth[asked.item].tags else "no")


def run(source: Path, work: Path, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    settings = load_settings(source, flags=options.set)
    with Store.open(source) as store:
        whole = list(store.items())
    lost = damaged(whole, options.tags, options.drop, seed)
    home = Home(work / f"seed{seed}")
    shutil.rmtree(home.path, ignore_errors=True)
    prepare(source, home, lost, settings)
    truth = {item.key: item for item in whole}
    found: dict[str, Any] = {
        "tags": list(lost), "dropped": sum(map(len, lost.values())), "ways": {},
    }  # fmt: skip
    with Store.open(home.path) as store:
        live = open_current(home.generations, stamps=home.stamps)
        encoder = OpenVinoEncoder(home.artifact, settings.runtime, home.compiled)
        review = Review(home, store, live, encoder, settings)
        numbers = {item.key: item.id for item in store.items()}
        judges = [dataclasses.replace(item, id=numbers[item.key]) for item in whole]
        before = judged(live, store, home, settings, judges)
        for way in WAYS:
            answer(way, review, options.answers, truth, list(lost), seed)
            outcome = refit(home, settings)
            after = judged(live, store, home, settings, judges)
            found["ways"][way] = _row(outcome, before, after, review, list(lost))
            for one in review.all():
                review.take_back(one.id)
            if outcome.published:
                undo(home)
    shutil.rmtree(home.path)
    return found


def _row(
    outcome: Outcome, before: Any, after: Any, review: Review, lost: Sequence[str]
) -> dict[str, Any]:
    answers = review.all()
    mending = sum((one.answer == "yes") is not one.said for one in answers)
    corrected = sorted({one.tag for one in answers if (one.answer == "yes") is not one.said})
    return {
        "published": outcome.published,
        "refused": outcome.refused,
        "seconds": outcome.seconds,
        "answers": len(answers),
        "against the catalog": mending,
        "corrected": [figures(of, corrected) for of in (before, after)] if corrected else None,
        "damaged": [figures(of, lost) for of in (before, after)],
        "all": [figures(of, before[3]) for of in (before, after)],
    }


def table(runs: Mapping[str, Any]) -> list[str]:
    lines = [
        "                                 F1 on the corrected tags      on all tags",
        "way        published  answers*   before   after  change      before   after   seconds",
    ]
    for way in WAYS:
        rows = [one["ways"][way] for one in runs.values()]
        told = [row for row in rows if row["corrected"]]
        steps = [row["corrected"][1]["F1"] - row["corrected"][0]["F1"] for row in told]
        values = [median(row["corrected"][n]["F1"] for row in told) for n in (0, 1)]
        all_ = [median(row["all"][n]["F1"] for row in rows) for n in (0, 1)]
        published = sum(row["published"] for row in rows)
        against = median(row["against the catalog"] for row in rows)
        seconds = median(row["seconds"] for row in rows)
        lines.append(
            f"{way:<10} {published:>4} of {len(rows)}  {against:>8.0f}"
            f"   {values[0]:>6.3f}  {values[1]:>6.3f}  {median(steps):>+6.3f}"
            f"      {all_[0]:>6.3f}  {all_[1]:>6.3f}  {seconds:>8.1f}"
        )
    return [*lines, "", "* of the answers, those against the catalog. Medians of the seeds."]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("home", type=Path)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3, 4, 5])
    parser.add_argument("--tags", type=int, default=5, help="tags that are damaged")
    parser.add_argument("--drop", type=float, default=0.6, help="share of items that lose one")
    parser.add_argument("--answers", type=int, default=100)
    parser.add_argument("--work", type=Path, default=Path("var/bench/refit"))
    parser.add_argument("--name", default="refit", help="of the result files")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    kept = RESULTS / f"{options.name}.json"
    runs: dict[str, Any] = json.loads(kept.read_text("utf-8"))["runs"] if kept.is_file() else {}
    for seed in options.seeds:
        if str(seed) not in runs:
            runs[str(seed)] = run(options.home, options.work, seed, options)
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps({"machine": machine(), "runs": runs}, indent=1), "utf-8")
    dropped = median(one["dropped"] for one in runs.values())
    lines = [
        f"{options.tags} tags lost by {options.drop:.0%} of their train items",
        f"({dropped:.0f} taken away), {options.answers} answers, {len(runs)} seeds, test split",
        "",
        *table(runs),
    ]
    keep(options.name, lines, {"runs": runs})


if __name__ == "__main__":
    main()
