"""From pairs to a model: vocabulary, features, heads, perhaps the backbone, then thresholds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from encoder.inputs import Pixels, Tokenizer
from encoder.known import KnownWords
from encoder.network import (
    Network,
    NetworkShape,
    build_network,
    freeze_below_the_middle,
)
from encoder.text import choose_words
from encoder.weights import load_backbone
from errors import CatalogError
from progress import Progress, silent
from settings import EncoderSettings
from training.batches import Batches, Material
from training.captions import spoken
from training.checkpoints import Checkpoints, run_name
from training.features import (
    decode,
    plain_features,
    random_views,
    stored,
    view_features,
    views_name,
)
from training.losses import positive_weights
from training.metrics import macro_precision, recall_at, reciprocal_rank, roc_auc
from training.recipe import Epoch, OnEpoch, Pair, Recipe, unwatched
from training.stages import Held, run_stage
from training.thresholds import tag_thresholds

LEAST_PAIRS = 8


@dataclass(frozen=True)
class Fitted:
    """A trained model and all that an artifact says about it."""

    network: Network
    tokenizer: Tokenizer
    known: KnownWords
    tags: tuple[str, ...]
    thresholds: NDArray[np.float32]
    metrics: dict[str, Any]
    history: list[Epoch]


def fit(
    pairs: Sequence[Pair],
    encoder: EncoderSettings,
    recipe: Recipe,
    *,
    folder: Path | None = None,
    progress: Progress = silent,
    on_epoch: OnEpoch = unwatched,
) -> Fitted:
    """Train on the train split, steer and set thresholds by val, never look at test.

    Epochs are checkpointed in `folder`; the same call resumes there after a kill.
    """
    keras.utils.set_random_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    learn, held_out = divide(pairs, rng)
    tags = choose_tags(learn, recipe)
    texts = [text for pair in learn for _, text in pair.captions]
    words = choose_words(
        encoder.words, (language for pair in learn for language, _ in pair.captions)
    )
    tokenizer = Tokenizer.fit(
        [*texts, *map(spoken, tags)], encoder.pieces, encoder.max_tokens, words
    )
    network = build_network(
        NetworkShape(
            backbone=encoder.backbone,
            image_size=encoder.image_size,
            vocabulary=tokenizer.size,
            tags=len(tags),
            max_tokens=encoder.max_tokens,
            dropout=recipe.dropout,
            image_dropout=recipe.image_dropout,
            head_input=recipe.head_input,
            middle=encoder.middle,
            palette=encoder.palette,
            attention=encoder.attention,
            past_lstm=encoder.past_lstm,
        )
    )
    origin = load_backbone(network.backbone, encoder.backbone, encoder.weights)
    material = Material(learn, tags, tokenizer)
    held = Material(held_out, tags, tokenizer)
    labels = material.labels
    weights = positive_weights(labels, recipe.balance)
    seen, unseen = decode(learn, encoder.image_size, progress), decode(held_out, encoder.image_size)
    tokens = tokenizer.encode([pair.captions[0][1] for pair in held_out])

    # Of what the backbone sees alone, so that runs that differ in the heads share one file.
    features = stored(
        None if folder is None else folder / views_name(network.backbone, seen, recipe),
        lambda: view_features(network.backbone, seen, recipe, progress),
    )
    held_features = plain_features(network.backbone, unseen)

    def cached(rows: NDArray[np.intp]) -> NDArray[Any]:
        return features[rng.integers(len(features), size=len(rows)), rows].astype(np.float32)

    name = (network.shape, recipe, origin, words)
    history = run_stage(
        "heads",
        network,
        recipe,
        Batches(material, recipe, recipe.batch, rng),
        cached,
        Held(held_features.astype(np.float32), tokens, held.labels),
        weights,
        Checkpoints(folder, run_name("heads", pairs, *name)),
        progress,
        on_epoch,
    )
    if recipe.finetune:
        history += _finetune(
            network,
            recipe,
            material,
            seen,
            rng,
            weights,
            Held(unseen, tokens, held.labels),
            Checkpoints(folder, run_name("finetune", pairs, *name)),
            progress,
            on_epoch,
        )
        held_features = plain_features(network.backbone, unseen)
    thresholds, metrics = _settle(network, recipe, held_features, tokens, held.labels)
    metrics |= {"origin": origin, "train": len(learn), "val": len(held_out)}
    known = KnownWords.of([*(t for _, t in pair.captions), *pair.tags] for pair in learn)
    return Fitted(network, tokenizer, known, tags, thresholds, metrics, history)


def divide(pairs: Sequence[Pair], rng: np.random.Generator) -> tuple[list[Pair], list[Pair]]:
    """What is learnt from and what is held out; without a val split, a tenth of train is."""
    learn = [pair for pair in pairs if pair.split == "train"]
    held = [pair for pair in pairs if pair.split == "val"]
    if len(learn) < LEAST_PAIRS:
        raise CatalogError(
            "too few pairs to train on",
            f"{len(learn)} in the train split, {LEAST_PAIRS} needed",
            "import more items with captions",
        )
    if not held:
        chosen = set(rng.permutation(len(learn))[: max(2, len(learn) // 10)].tolist())
        held = [pair for row, pair in enumerate(learn) if row in chosen]
        learn = [pair for row, pair in enumerate(learn) if row not in chosen]
    return learn, held


def choose_tags(pairs: Sequence[Pair], recipe: Recipe) -> tuple[str, ...]:
    """The tags with enough items to be learnt, the most frequent first."""
    counts = Counter(tag for pair in pairs for tag in set(pair.tags))
    ranked = sorted(counts, key=lambda tag: (-counts[tag], tag))
    chosen = [tag for tag in ranked if counts[tag] >= recipe.min_tag_items][: recipe.max_tags]
    # A small catalog may have no frequent tag at all; the space needs anchors none the less.
    return tuple(chosen or ranked[:20] or ["item"])


def _finetune(
    network: Network,
    recipe: Recipe,
    material: Material,
    seen: Pixels,
    rng: np.random.Generator,
    weights: NDArray[np.float32],
    held: Held,
    checkpoints: Checkpoints,
    progress: Progress,
    on_epoch: OnEpoch,
) -> list[Epoch]:
    def views(rows: NDArray[np.intp]) -> NDArray[Any]:
        return random_views(seen[rows], recipe, rng)

    if not recipe.finetune_lower:
        freeze_below_the_middle(network)
    batches = Batches(material, recipe, recipe.finetune_batch, rng)
    return run_stage(
        "finetune", network, recipe, batches, views, held, weights, checkpoints, progress, on_epoch
    )


def _settle(
    network: Network,
    recipe: Recipe,
    features: NDArray[np.float16],
    tokens: NDArray[np.int32],
    labels: NDArray[np.float32],
) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """Thresholds and the figures on the held-out items."""
    img, image_points = network.image_branch(features.astype(np.float32), training=False)
    txt, text_points = network.text_branch(tokens, training=False)
    similarity = ops.convert_to_numpy(ops.matmul(text_points, ops.transpose(image_points)))
    head = network.match_head
    image_half = ops.convert_to_numpy(
        head.image_half(image_points if network.shape.head_input == "point" else img)
    )
    text_half = ops.convert_to_numpy(
        head.text_half(text_points if network.shape.head_input == "point" else txt)
    )

    def logits(texts: NDArray[np.intp], images: NDArray[np.intp]) -> NDArray[np.float32]:
        halves = image_half[images] + text_half[texts]
        return np.asarray(
            ops.convert_to_numpy(head(halves, similarity[texts, images], training=False))
        )

    scores = ops.convert_to_numpy(ops.sigmoid(network.tag_space(image_points)))
    own = np.arange(len(similarity))
    # The wrong image that lies nearest: what a shortlist holds and a random pair does not.
    nearest = np.where(np.eye(len(own), dtype=bool), -np.inf, similarity).argmax(axis=1)
    metrics = {
        "val.R@1": recall_at(similarity, 1),
        "val.R@10": recall_at(similarity, 10),
        "val.MRR": reciprocal_rank(similarity),
        "val.tags.macro_mAP": macro_precision(scores, labels),
        "val.match.auc": roc_auc(logits(own, own), logits(own, np.roll(own, 1))),
        "val.match.mined_auc": roc_auc(logits(own, own), logits(own, nearest)),
    }
    return tag_thresholds(scores, labels, recipe.precision), metrics
