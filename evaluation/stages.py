"""The families of figures, each from the bench to its findings, in the order they are judged."""

from __future__ import annotations

from collections.abc import Callable

from evaluation.bench import Bench, Findings
from evaluation.labels import label_figures
from evaluation.material import sampled
from evaluation.stages_more import alike_images, unwanted
from evaluation.stages_search import attributes, free_texts, refusals
from evaluation.stages_unseen import captions_unseen, images_unseen
from evaluation.tagging import ASKED, said_of, seen, tag_figures

TAGGED = 2000  # images that are looked at for their tags


def tags(bench: Bench) -> Findings:
    some = sampled(list(bench.material.items), bench.seed, TAGGED)
    items, images = seen(some, bench.encoder, bench.settings.runtime.batch, bench.progress)
    if images is None:
        return Findings(notes=["No image of the split can be read: tags are not judged."])
    split, wanted = bench.material.split, bench.settings.tagger.precision
    said = said_of(
        items, images, bench.encoder, bench.generation,
        [item for item in bench.material.catalog if item.split != split] or items,
        bench.material.language, sorted({*ASKED, wanted}), bench.settings.tagger.shortlist,
    )  # fmt: skip
    figures, rows = tag_figures(items, said, bench.encoder, wanted, bench.seed)
    found = Findings(figures, {"tags": len(items)}, tags=rows)
    if len(items) < len(some):
        found.notes.append(f"{len(some) - len(items)} images can no longer be read.")
    tagging = bench.encoder.tagging
    if tagging is None:
        found.notes.append("Tags have one threshold each: `pairdex calibrate` fits precisions.")
    elif not (tagging.indexed.nearest or tagging.indexed.captions):
        found.notes.append(
            "Tags: near items and captions did not help on validation, so the head alone is used."
        )
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
