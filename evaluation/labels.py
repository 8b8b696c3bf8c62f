"""Does text help to tell classes apart? One attribute of the catalog, learnt and judged.

A logistic regression over what the index stores of the train split's images, of its captions, and
of both side by side; judged on the evaluated split. The columns for `--label` are text attributes
with 2 to 100 values.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from db.generations import Generation, Side
from db.records import ItemRecord
from errors import QueryError
from evaluation.bootstrap import Resamples
from evaluation.material import Material, caption, sampled
from evaluation.report import Figures

VALUES = (2, 100)
LEARNT_FROM = 5000
Floats = NDArray[np.float32]


def chosen_label(material: Material, wanted: str | None) -> str:
    """The attribute to judge: the one asked for, else the first that fits, else none."""
    known = _text_attributes(material.catalog)
    if wanted and wanted not in known:
        raise QueryError(
            f"no attribute {wanted!r} to judge",
            f"text attributes are {', '.join(known) or 'none'}",
            "name one of them with --label",
        )
    return wanted or _class_like(known, len(material.catalog))


def label_figures(
    material: Material, generation: Generation, chosen: str, seed: int
) -> tuple[Figures, list[str]]:
    """The figures of an attribute and a sentence on them; no figure where nothing can be said."""
    if not chosen:
        return {}, ["No text attribute has 2 to 100 values: no class to tell."]
    if material.split == "train":
        return {}, [f"Class {chosen!r} is learnt from the train split and not judged on it."]
    language = material.language
    learn = [i for i in material.catalog if i.split == "train" and _usable(i, chosen, language)]
    learn = sampled(learn, seed, LEARNT_FROM)
    classes = {_value(item, chosen) for item in learn}
    judged = [i for i in material.items if _usable(i, chosen, language)]
    judged = [item for item in judged if _value(item, chosen) in classes]
    if len(classes) < VALUES[0] or not judged:
        return {}, [f"Class {chosen!r} has too few values to tell apart."]

    truth = np.asarray([_value(item, chosen) for item in learn])
    wanted = np.asarray([_value(item, chosen) for item in judged])
    images = [_rows(generation.images, [i.id for i in of]) for of in (learn, judged)]
    texts = [
        _rows(generation.captions, [_caption_id(item, language) for item in of])
        for of in (learn, judged)
    ]
    both = [np.concatenate(pair, axis=1) for pair in zip(images, texts, strict=True)]
    resamples = Resamples(len(judged), seed)
    usual = Counter(truth.tolist()).most_common(1)[0][0]
    right = {"chance": wanted == usual}
    for name, (learnt, unseen) in (("image", images), ("text", texts), ("both", both)):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=5000, tol=1e-7))
        right[name] = model.fit(learnt, truth).predict(unseen) == wanted
    figures = {f"label.{name}.accuracy": resamples.mean(hit) for name, hit in right.items()}
    gain = right["both"].astype(float) - right["image"].astype(float)
    figures["label.gain.accuracy"] = resamples.mean(gain)
    named = np.mean([_names(caption(i, language), _value(i, chosen)) for i in judged])
    note = (
        f"Class {chosen!r}: {len(classes)} values, {len(judged)} items; {named:.0%} of the "
        "captions name the value word for word, so what text adds there is no guess."
    )
    return figures, [note]


def _class_like(known: Mapping[str, Counter[str]], items: int) -> str:
    """The first text attribute with a fitting number of values that most items have."""
    for name, values in known.items():
        fits = VALUES[0] <= len(values) <= VALUES[1]
        if fits and 2 * sum(values.values()) > items:
            return name
    return ""


def _text_attributes(items: Sequence[ItemRecord]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for item in items:
        for name, value in item.attributes.items():
            if isinstance(value, str) and item.kinds.get(name) == "text":
                found.setdefault(name, Counter())[value] += 1
    return found


def _usable(item: ItemRecord, label: str, language: str) -> bool:
    return isinstance(item.attributes.get(label), str) and bool(caption(item, language))


def _value(item: ItemRecord, label: str) -> str:
    return str(item.attributes[label])


def _names(text: str, value: str) -> bool:
    return bool(re.search(rf"\b{re.escape(value)}\b", text, re.IGNORECASE))


def _caption_id(item: ItemRecord, language: str) -> int:
    return next(c.id for c in item.captions if c.language == language)


def _rows(side: Side, ids: Sequence[int]) -> Floats:
    """Vector and half of each row, as they are stored."""
    at = side.rows(np.asarray(ids, np.int64))
    return np.concatenate([side.vectors[at], side.halves[at]], axis=1).astype(np.float32)
