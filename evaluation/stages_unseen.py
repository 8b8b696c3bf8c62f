"""Images and captions that the model has not learnt from, where nothing else is known of them."""

from __future__ import annotations

import numpy as np

from encoder.encoded import Encoded
from evaluation import matching
from evaluation.bench import Bench, Findings
from evaluation.bootstrap import Resamples
from evaluation.calibration import shortlist_calibration
from evaluation.gallery import Gallery, gallery, wordless
from evaluation.material import asked
from evaluation.unseen import caption_figures, look, retrieval_figures


def images_unseen(bench: Bench) -> Findings:
    """Captions → images, the head on pairs, and calibration, on the same shortlists."""
    found = Findings()
    with gallery(bench.generation, wordless(bench.material.items)) as place:
        for language in bench.material.languages:
            main = language == bench.material.language
            found.add(_in_language(bench, place, language, "t2i" if main else f"t2i.{language}"))
    items, texts = asked(bench.material.items, bench.material.language, bench.seed)
    own = np.asarray([item.id for item in items])
    size = len(bench.generation.images.ids)
    length = bench.settings.search.shortlist
    looked = look(bench.generation, bench.encoder, texts, length, bench.seed)
    resamples = Resamples(len(items), bench.seed)
    figures, _ = retrieval_figures("t2i.all", looked, own, size, resamples)
    found.figures |= figures
    return found


def _in_language(bench: Bench, place: Gallery, language: str, prefix: str) -> Findings:
    seed, encoder = bench.seed, bench.encoder
    items, texts = asked(bench.material.items, language, seed)
    queries = encoder.texts(texts)
    resamples = Resamples(len(items), seed)
    images = np.asarray(place.generation.images.ids)
    own = np.asarray([place.ids[item.key] for item in items])
    looked = look(place.generation, encoder, texts, bench.settings.search.shortlist, seed)
    figures, ranks = retrieval_figures(prefix, looked, own, len(images), resamples)
    found = Findings(figures, {prefix: len(items)})
    if language != bench.material.language:
        return found
    found.ranks = {f"{prefix}.{system}": of for system, of in ranks.items()}
    calibrated, found.curves = shortlist_calibration(looked, own, resamples)
    found.figures |= calibrated
    for name, others in (
        ("random", matching.random_others(own, texts, images, seed)),
        ("mined", matching.mined_others(own, texts, looked)),
    ):
        if any(len(ids) for ids in others):
            matched, confusion = matching.match_figures(
                name, place.generation, encoder, queries, own, others, resamples
            )
            found.figures |= matched
            found.confusions.append(confusion)
    return found


def captions_unseen(bench: Bench) -> Findings:
    """Images → captions, among those of the split and among those of the whole catalog."""
    language, seed = bench.material.language, bench.seed
    items, _ = asked(bench.material.items, language, seed)
    side = bench.generation.images
    rows = side.rows(np.asarray([item.id for item in items]))
    no_tags = np.empty((len(rows), 0), np.float32)
    halves = side.halves[rows].astype(np.float32)
    images = Encoded(side.vectors[rows].astype(np.float32), halves, no_tags)
    resamples = Resamples(len(items), seed)
    found = Findings(counts={"i2t": len(items)})
    for prefix, among in (("i2t", bench.material.items), ("i2t.all", bench.material.catalog)):
        told = [(i.id, c) for i in among for c in i.captions if c.language == language]
        firsts = {item: c.id for item, c in reversed(told)}
        place = {item: row for row, item in enumerate(sorted(firsts))}
        held = bench.generation.captions
        at = held.rows(np.asarray([firsts[item] for item in sorted(firsts)]))
        halves = held.halves[at].astype(np.float32)
        captions = Encoded(held.vectors[at].astype(np.float32), halves, no_tags)
        own = np.asarray([place[item.id] for item in items])
        figures, ranks = caption_figures(
            prefix, bench.encoder, images, captions, own,
            bench.settings.tagger.shortlist, resamples, seed,
        )  # fmt: skip
        found.figures |= figures
        if prefix == "i2t":
            found.ranks = {f"i2t.{system}": of for system, of in ranks.items()}
    return found
