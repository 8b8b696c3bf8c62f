"""`pairdex compare`: a classifier per backbone on one labelled catalog, and the table of them.

What is finished is on disk at once, page and table included; the same call goes on from there.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import keras
import msgspec

from db.store import Store
from encoder.inputs import Pixels
from encoder.network_backbone import BACKBONES
from errors import ModelError, QueryError
from progress import Progress, silent
from training.compare_data import Labelled, decoded, labelled
from training.compare_fit import fit
from training.compare_model import (
    FINETUNE_RATE,
    HEAD,
    HEAD_RATE,
    SCRATCH_RATE,
    SCRATCH_RATES,
    Classifier,
    build_classifier,
)
from training.compare_page import page
from training.compare_report import Comparison, Plan, Runs, Trained, notes_of, write
from training.compare_scores import baselines, confusion, scores_of
from training.compare_stages import VIEWS, images_per_second
from training.compare_views import DESCRIPTION

SMALLEST = 32  # pixels a side; below, the five have nothing left after their last pooling
JSON, PAGE = "comparison.json", "comparison.html"
_FEW = 8  # train items of a class


def compare(
    store: Store,
    out: Path,
    plans: Sequence[Plan],
    label: str | None = None,
    progress: Progress = silent,
    fresh: bool = False,
) -> Comparison:
    """Trains what `out` does not hold yet (`fresh`: everything) and writes table and page there."""
    _check(plans)
    items = labelled(store.items(), label)
    runs = Runs(out / "runs", items.identity)
    finished: list[Trained] = []
    images: dict[int, Pixels] = {}
    for number, plan in enumerate(plans):
        trained = None if fresh else runs.load(plan)
        note = f"{plan.backbone}{' was finished before' if trained else ''}"
        progress("backbones", number, len(plans), note)
        classifier = None
        if trained is None or trained.why_random:
            classifier = build_classifier(plan, len(items.classes))
            if trained and classifier.pretrained:
                trained = None  # there were no weights then, there are now
        if trained is None:
            assert classifier is not None
            if plan.image_size not in images:
                images = {plan.image_size: _decode(items, plan.image_size, out, progress)}
            trained = _trained(classifier, images[plan.image_size], items, plan, progress)
            runs.save(plan, trained)
        finished.append(trained)
        comparison = _comparison(items, finished)
        write(out / JSON, msgspec.json.format(msgspec.json.encode(comparison)))
        write(out / PAGE, page(comparison).encode())
    progress("backbones", len(plans), len(plans))
    return comparison


def _check(plans: Sequence[Plan]) -> None:
    """What can be known to fail is told before hours are spent."""
    if not plans:
        raise QueryError("no backbone is named", f"known are {', '.join(BACKBONES)}")
    for plan in plans:
        if plan.backbone not in BACKBONES:
            raise QueryError(f"no backbone {plan.backbone}", f"known are {', '.join(BACKBONES)}")
        if plan.image_size < SMALLEST:
            raise QueryError(f"image size {plan.image_size}", f"at least {SMALLEST} is needed")
        if plan.epochs < 1 or plan.batch < 2:
            raise QueryError("nothing to train", "at least 1 epoch and a batch of 2 are needed")
        named = plan.weights in ("auto", "imagenet", "base", "random")
        if not named and not Path(plan.weights).is_file():
            raise ModelError(
                f"no weights at {plan.weights}",
                f"{plan.backbone} is neither given a file nor one of imagenet, base, auto, random",
            )


def _decode(items: Labelled, size: int, out: Path, progress: Progress) -> Pixels:
    out.mkdir(parents=True, exist_ok=True)
    return decoded(items.images, size, out, progress)


def _trained(
    classifier: Classifier, images: Pixels, items: Labelled, plan: Plan, progress: Progress
) -> Trained:
    done = fit(classifier, images, items, plan, progress)
    truth = items.targets[items.rows(items.judged)]
    origin = classifier.origin
    if Path(plan.weights).is_file():
        origin = f"pretrained {origin}"
    return Trained(
        plan=plan,
        weights=origin,
        pretrained=classifier.pretrained,
        why_random=classifier.why_random,
        trained=done.trained,
        parameters=classifier.whole.count_params(),
        trained_parameters=done.trained_parameters,
        images_per_second=round(images_per_second(classifier.whole, images, plan.batch), 1),
        train_seconds=round(done.seconds, 1),
        kept_epoch=done.kept_epoch,
        figures=scores_of(truth, done.probabilities, plan.seed),
        confusion=confusion(truth, done.probabilities),
        curve=done.curve,
    )


def _comparison(items: Labelled, finished: Sequence[Trained]) -> Comparison:
    train, truth = items.targets[items.rows("train")], items.targets[items.rows(items.judged)]
    seed = finished[0].plan.seed
    sizes = [int((train == place).sum()) for place in range(len(items.classes))]
    few = sum(size < _FEW for size in sizes)
    return Comparison(
        label=items.label,
        classes=list(items.classes),
        split=items.judged,
        counts={split: len(items.rows(split)) for split in ("train", "val", "test")},
        left_out=items.left_out,
        recipe=_recipe(),
        machine={
            "cores": str(os.cpu_count()),
            "backend": f"keras {keras.version()} on {keras.backend.backend()}",
        },
        baselines=baselines(train, truth, len(items.classes), seed),
        backbones=list(finished),
        notes=notes_of(items.judged, len(items.rows("val")) > 0, few, finished),
    )


def _recipe() -> dict[str, str]:
    slow = ", ".join(f"{rate:g} for {name}" for name, rate in SCRATCH_RATES.items())
    return {
        "head": HEAD,
        "augmentation": DESCRIPTION,
        "optimiser": "Adam, cosine decay to 0, gradients clipped to norm 1, cross-entropy",
        "with pretrained weights": (
            f"backbone frozen, the head learns at {HEAD_RATE:g} from cached features of {VIEWS} "
            f"views; with --finetune then everything but batch normalisation at {FINETUNE_RATE:g}"
        ),
        "from random weights": (
            f"everything learns at {SCRATCH_RATE:g} ({slow}), a new view of each image per epoch"
        ),
        "kept": (
            "the epoch of the last stage with the least loss on val; the last where val is judged"
        ),
        "interval": "95 %, bootstrap over the judged items",
        "macro": "means over the classes that occur in the judged split",
        "training time": "features and epochs, without decoding",
        "images per second": "from ready pixels to classes, in batches as trained",
    }
