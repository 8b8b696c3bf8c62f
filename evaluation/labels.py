"""Does text help to tell classes apart? One attribute of the catalog, learnt and judged.

The softmax heads of `tag --label`, fitted on what the index stores of the train split's images, of
its captions, and of both side by side; judged on the evaluated split. The columns for `--label` are
text attributes with 2 to 100 values.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import numpy as np

from db.generations import Generation
from db.records import ItemRecord
from errors import QueryError
from evaluation.bootstrap import Resamples
from evaluation.material import Material, caption, sampled
from evaluation.report import Figures
from tagger.labels import stored, text_columns
from tagger.labels_fit import fit_softmax

VALUES = (2, 100)
LEARNT_FROM = 5000


def chosen_label(material: Material, wanted: str | None) -> str:
    """The attribute to judge: the one asked for, else the first that fits, else none."""
    known = text_columns(material.catalog)
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
    images = [stored(generation.images, [i.id for i in of]) for of in (learn, judged)]
    texts = [
        stored(generation.captions, [_caption_id(item, language) for item in of])
        for of in (learn, judged)
    ]
    both = [np.concatenate(pair, axis=1) for pair in zip(images, texts, strict=True)]
    resamples = Resamples(len(judged), seed)
    usual = Counter(truth.tolist()).most_common(1)[0][0]
    right = {"chance": wanted == usual}
    for name, (learnt, unseen) in (("image", images), ("text", texts), ("both", both)):
        model = fit_softmax(learnt, truth.tolist())
        right[name] = np.asarray(model.values)[model.chances(unseen).argmax(axis=1)] == wanted
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


def _usable(item: ItemRecord, label: str, language: str) -> bool:
    return isinstance(item.attributes.get(label), str) and bool(caption(item, language))


def _value(item: ItemRecord, label: str) -> str:
    return str(item.attributes[label])


def _names(text: str, value: str) -> bool:
    return bool(re.search(rf"\b{re.escape(value)}\b", text, re.IGNORECASE))


def _caption_id(item: ItemRecord, language: str) -> int:
    return next(c.id for c in item.captions if c.language == language)
