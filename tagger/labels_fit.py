"""Fitting what `labels` reads. Apart, because scikit-learn takes a second to load."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from db.generations import Generation
from db.records import ItemRecord
from encoder.encoded import Floats
from tagger.labels import MOST_ITEMS, Labels, Softmax, learnt, stored

STRENGTH = 0.01  # inverse of the L2 penalty, of features of variance 1
FEWEST = 20  # validation items to find a temperature with
_TEMPERATURES = np.geomspace(0.1, 4.0, 41)


def fit_softmax(rows: Floats, values: Sequence[str]) -> Softmax:
    """A multinomial logistic regression; scaling is folded into its weights."""
    scaler = StandardScaler().fit(rows)
    model = LogisticRegression(C=STRENGTH, max_iter=5000)
    model.fit(scaler.transform(rows), np.asarray(values))
    coefficients, bias = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # one row there: that of the second class
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        bias = np.concatenate([-bias, bias]) / 2
    weights = coefficients / scaler.scale_
    return Softmax(
        tuple(map(str, model.classes_)),
        np.ascontiguousarray(weights.T, np.float32),
        np.asarray(bias - weights @ scaler.mean_, np.float32),
    )


def fit_labels(generation: Generation, items: Sequence[ItemRecord], column: str) -> Labels:
    """On the train split; the val split says how sure the heads may be."""
    learn = _sample([item for item in items if learnt(item)])
    held = [item for item in items if not learnt(item)]
    image = _head(
        column,
        learn,
        held,
        *(stored(generation.images, [i.id for i in of]) for of in (learn, held)),
    )
    # A caption that came after the index was built is not in it.
    there = set(generation.captions.ids.tolist())
    first = {i.id: next((c.id for c in i.captions if c.id in there), -1) for i in items}
    learn, held = ([item for item in of if first[item.id] >= 0] for of in (learn, held))
    if len({item.attributes[column] for item in learn}) < len(image.values):
        return Labels(image, None)
    both = (
        np.concatenate(
            [
                stored(generation.images, [i.id for i in of]),
                stored(generation.captions, [first[i.id] for i in of]),
            ],
            axis=1,
        )
        for of in (learn, held)
    )
    return Labels(image, _head(column, learn, held, *both))


def _head(
    column: str,
    learn: Sequence[ItemRecord],
    held: Sequence[ItemRecord],
    rows: Floats,
    held_rows: Floats,
) -> Softmax:
    head = fit_softmax(rows, [str(item.attributes[column]) for item in learn])
    places = {value: place for place, value in enumerate(head.values)}
    truth = np.asarray([places.get(str(item.attributes[column]), -1) for item in held], np.intp)
    known = truth >= 0
    if known.sum() < FEWEST:
        return head

    def surprise(temperature: float) -> float:
        chances = head.cooler(temperature).chances(held_rows[known])
        return float(-np.log(chances[np.arange(known.sum()), truth[known]] + 1e-9).mean())

    return head.cooler(min(map(float, _TEMPERATURES), key=surprise))


def _sample(items: list[ItemRecord]) -> list[ItemRecord]:
    if len(items) <= MOST_ITEMS:
        return items
    chosen = np.random.default_rng(0).choice(len(items), MOST_ITEMS, replace=False)
    return [items[number] for number in np.sort(chosen)]
