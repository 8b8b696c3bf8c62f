"""`pairdex train`: the catalog of a home → a sealed artifact in that home."""

from __future__ import annotations

import dataclasses
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from db.home import Home, writing
from db.store import Store
from encoder import artifact as artifacts
from encoder.known import FILE as WORDS
from encoder.runtime import OpenVinoEncoder
from encoder.scoring import Scoring
from errors import CatalogError
from progress import Progress, silent
from review.lessons import amended, tag_answers
from settings import Settings
from training.curves_events import EventFiles
from training.export import export_graphs
from training.fit import Fitted, fit
from training.products import train_products
from training.recipe import Epoch, Pair, Recipe
from training.report import Journal, Outputs, history_file
from training.scoring import fit_scoring

_NO_OUTPUTS = Outputs()


@dataclass(frozen=True)
class TrainSummary:
    fingerprint: str
    tags: int
    pieces: int
    epochs: int
    metrics: dict[str, Any]
    history: str  # the file with every epoch
    report: str | None = None
    curves: tuple[str, ...] = ()
    tensorboard: str | None = None


def train(
    home: Home,
    store: Store,
    settings: Settings,
    recipe: Recipe,
    progress: Progress = silent,
    outputs: Outputs = _NO_OUTPUTS,
) -> TrainSummary:
    """Learn from the catalog and install the result; killed, the same call goes on from there."""
    with home.locked("train"):
        pairs = catalog_pairs(store)
        if not pairs:
            raise CatalogError(
                "the catalog is empty", "there is nothing to learn from", "import a catalog first"
            )
        outputs.prepare()
        events = None if outputs.tensorboard is None else EventFiles(outputs.tensorboard)
        journal = Journal(history_file(home), pairs, settings.encoder, recipe)

        def on_epoch(epoch: Epoch) -> None:
            journal(epoch)
            if events is not None:
                events(epoch)

        run = store.start_run("train")
        checkpoints = home.cache / "training"
        with writing(checkpoints):
            checkpoints.mkdir(parents=True, exist_ok=True)
        fitted = fit(
            pairs,
            settings.encoder,
            recipe,
            folder=checkpoints,
            progress=progress,
            on_epoch=on_epoch,
        )
        progress("export", 0, 1)
        built = home.path / ".artifact"
        with writing(built):
            shutil.rmtree(built, ignore_errors=True)
            built.mkdir()
            artifact = write_artifact(built, fitted, recipe)
            encoder = OpenVinoEncoder(built, settings.runtime)
            scoring, tagging = fit_scoring(store, encoder, recipe.seed, progress)
            made = msgspec.structs.replace(artifact, scoring=scoring, tagging=tagging)
            artifact = artifacts.seal(built, made)
            artifacts.install(built, home.artifact)
            # The result is safe, so the way back to it is no longer needed.
            shutil.rmtree(checkpoints)
        progress("export", 1, 1)
        if recipe.product:
            network = fitted.network
            train_products(home, store, network.backbone, network.shape.backbone, recipe, progress)
        training = journal.finish(
            artifact.fingerprint,
            fitted.tokenizer.size,
            dict(zip(fitted.tags, map(float, fitted.thresholds), strict=True)),
            fitted.metrics,
        )
        pictures = outputs.write(training)
        summary = TrainSummary(
            fingerprint=artifact.fingerprint,
            tags=len(fitted.tags),
            pieces=fitted.tokenizer.size,
            epochs=len(fitted.history),
            metrics=fitted.metrics,
            history=str(journal.file),
            report=None if outputs.report is None else str(outputs.report),
            curves=tuple(map(str, pictures)),
            tensorboard=None if events is None else str(events.folder),
        )
        store.finish_run(run, msgspec.to_builtins(summary))
    return summary


def catalog_pairs(store: Store) -> list[Pair]:
    """With the tags as people have corrected them."""
    said = tag_answers(store.questions.answered())
    return [
        Pair(
            id=item.key,
            image=Path(item.image),
            captions=tuple((caption.language, caption.text) for caption in item.captions),
            tags=amended(item.tags, said.get(item.facts.content_hash, {})),
            split=item.split,
        )
        for item in store.items()
    ]


def write_artifact(folder: Path, fitted: Fitted, recipe: Recipe) -> artifacts.Artifact:
    """All files of the artifact, sealed."""
    network = fitted.network
    export_graphs(network, folder)
    (folder / "tokenizer.json").write_text(fitted.tokenizer.to_json(), encoding="utf-8")
    fitted.known.write(folder / WORDS)
    shape = network.shape
    return artifacts.seal(
        folder,
        artifacts.Artifact(
            shape=dataclasses.asdict(shape),
            image_size=shape.image_size,
            max_tokens=shape.max_tokens,
            vocabulary=shape.vocabulary,
            shared=shape.shared,
            width=shape.head,
            tags=list(fitted.tags),
            thresholds=[float(value) for value in fitted.thresholds],
            scoring=Scoring(),
            recipe=msgspec.to_builtins(recipe),
            metrics=fitted.metrics,
        ),
    )


def recipe_of(settings: Settings, *, finetune: bool = False, seed: int | None = None) -> Recipe:
    """The recipe of the settings with what the command line changes."""
    recipe = settings.training
    return msgspec.structs.replace(
        recipe,
        finetune=finetune or recipe.finetune,
        seed=recipe.seed if seed is None else seed,
    )
