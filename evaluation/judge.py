"""The whole evaluation of a live index, stage by stage."""

from __future__ import annotations

from pathlib import Path

from db.databases import generations_of
from db.generations import Generation
from db.home import Home
from db.store import Store
from encoder.encoded import Encoder
from encoder.runtime import OpenVinoEncoder
from evaluation.bench import Bench, Findings
from evaluation.labels import chosen_label
from evaluation.material import gather
from evaluation.report import Report
from evaluation.stages import STAGES
from evaluation.verdicts import verdicts
from progress import Progress, silent
from settings import Settings

SEED = 12345


def evaluate_home(
    home: Path,
    settings: Settings,
    split: str = "test",
    seed: int = SEED,
    label: str | None = None,
    progress: Progress = silent,
) -> Report:
    """`evaluate` on a home; its artifact and its live generation must fit together."""
    place = Home(home)
    with Store.open(home) as store:
        encoder = OpenVinoEncoder(place.artifact, settings.runtime, place.compiled)
        generation = generations_of(place).open_current(encoder.fingerprint)
        return evaluate(store, generation, encoder, settings, split, seed, label, progress)


def evaluate(
    store: Store,
    generation: Generation,
    encoder: Encoder,
    settings: Settings,
    split: str = "test",
    seed: int = SEED,
    label: str | None = None,
    progress: Progress = silent,
) -> Report:
    """Every figure of docs/evaluation.md that the catalog allows; `label` names an attribute."""
    generation.require(encoder.fingerprint)
    material = gather(store, generation, split)
    chosen = chosen_label(material, label)  # a wrong name is told before anything is computed
    bench = Bench(store, generation, encoder, settings, material, seed, chosen, progress)
    found = Findings()
    for done, (name, stage) in enumerate(STAGES.items()):
        progress("evaluate", done, len(STAGES), name)
        found.add(stage(bench))
    progress("evaluate", len(STAGES), len(STAGES))
    return Report(
        split=split,
        n=len(material.items),
        seed=seed,
        generation=generation.name,
        fingerprint=encoder.model,
        label=chosen,
        counts=found.counts,
        figures=found.figures,
        notes=verdicts(found.figures, found.counts) + found.notes,
        tags=found.tags,
        curves=found.curves,
        confusions=found.confusions,
        ranks=found.ranks,
    )
