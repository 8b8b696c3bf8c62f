"""The families of figures, each from the bench to its findings, in the order they are judged."""

from __future__ import annotations

from collections.abc import Callable

from evaluation.bench import Bench, Findings
from evaluation.labels import label_figures
from evaluation.material import sampled
from evaluation.stages_more import alike_images, unwanted
from evaluation.stages_search import attributes, free_texts, refusals
from evaluation.stages_unseen import captions_unseen, images_unseen
from evaluation.tagging import image_tags, tag_figures

TAGGED = 2000  # images that are looked at for their tags


def tags(bench: Bench) -> Findings:
    some = sampled(list(bench.material.items), bench.seed, TAGGED)
    items, scores = image_tags(some, bench.encoder, bench.settings.runtime.batch, bench.progress)
    if not items:
        return Findings(notes=["No image of the split can be read: tags are not judged."])
    figures, rows = tag_figures(items, scores, bench.encoder, bench.material.language, bench.seed)
    found = Findings(figures, {"tags": len(items)}, tags=rows)
    if len(items) < len(some):
        found.notes.append(f"{len(some) - len(items)} images can no longer be read.")
    return found


def classes(bench: Bench) -> Findings:
    figures, said = label_figures(bench.material, bench.generation, bench.label, bench.seed)
    return Findings(figures, notes=said)


STAGES: dict[str, Callable[[Bench], Findings]] = {
    "images": images_unseen,
    "captions": captions_unseen,
    "free text": free_texts,
    "attributes": attributes,
    "unwanted": unwanted,
    "image queries": alike_images,
    "refusals": refusals,
    "tags": tags,
    "classes": classes,
}
