"""What alike means for an image query: at least half of what both are tagged with is shared.

The given picture itself is alike, too. Where a catalog has no tags nothing is known of likeness,
and the weights stay as they were.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from db.records import ItemRecord
from encoder.encoded import Encoder
from encoder.scoring import Scoring
from evaluation.gallery import Gallery
from evaluation.likeness import alike, stored
from search.rerank import judge_picture
from training.regression import logistic

NEAREST = 20  # of each kind of evidence


def fit_like(
    scoring: Scoring,
    place: Gallery,
    items: Sequence[ItemRecord],
    held: Sequence[ItemRecord],
    encoder: Encoder,
) -> Scoring:
    """On a gallery of the items, which hold those held out."""
    by_id = {place.ids[item.key]: item for item in items}
    ids = np.asarray(sorted(by_id), np.int64)
    order = [by_id[number] for number in ids.tolist()]
    rows, truths, described = [], [], []
    for item in held:
        if not item.tags:
            continue
        at = int(np.searchsorted(ids, place.ids[item.key]))
        seen = judge_picture(place.generation, encoder, stored(place.generation, at), ids)
        kinds = np.stack([seen.cosines, seen.logits, np.ones(len(ids))], axis=1)
        best = np.unique(np.argsort(-kinds[:, :2], axis=0, kind="stable")[:NEAREST])
        rows.append(kinds[best])
        truths.append(alike(item, order)[best])
        described.append(seen.captions[best] > -1.0)
    if not rows:
        return scoring
    evidence, truth = np.concatenate(rows).astype(np.float64), np.concatenate(truths)
    told = np.concatenate(described)
    alone = logistic(evidence[:, [0, 2]], truth, scoring.like_alone, 1)
    both = logistic(evidence[told], truth[told], scoring.like_told, 1)
    return msgspec.structs.replace(
        scoring, like_alone=(alone[0], alone[1]), like_told=(both[0], both[1], both[2])
    )
