"""Fine-tuning a backbone to tell products apart: the softmax first, then both together.

What pays, by splits of train alone in which whole series of photographs are held out: crops of
every size; pieces of one crop in another; mistakes within a kind that count less; the upper part
only, for what the lower one sees is the same anywhere; normalisation left as it was; the output
alone as features, for layers from half-way up and palettes remember the store.

Two trainings that differ in nothing but their dice disagree on many photographs, and the mean of
both is right more often than either. So there are two upper parts on one lower part.
`finetune_lower` trains all of one, on other crops in each epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import msgspec
import numpy as np
from keras import layers

from encoder.inputs import Pixels
from encoder.network_backbone import BACKBONES, build_backbone, settle, trunk_of
from encoder.products import Floats
from progress import Progress
from training.checkpoints import Checkpoints
from training.products_fit import Fit, Lesson, Rows
from training.products_looks import LOWER, crop_side, kept_crops, other_crops
from training.products_softmax import Settled, Softmax
from training.recipe import Recipe

UPPERS = 2
CUT = 0.5  # share of kept crops that get a piece of another; other crops in each epoch need none


@dataclass(frozen=True)
class Tuned:
    """A backbone of the size asked for, whose features are its output alone, and its softmax."""

    backbone: keras.Model
    weight: Floats
    bias: Floats


class Tuner:
    """Of one backbone, which itself stays as it is, on some of the pictures at a time.

    `images` are as large as those that will be asked; `name` is what the backbone is.
    """

    def __init__(
        self, backbone: keras.Model, name: str, images: Pixels, recipe: Recipe, progress: Progress
    ) -> None:
        self._backbone, self._name = backbone, name
        self._recipe, self._progress = recipe, progress
        self._halved = name in LOWER and not recipe.finetune_lower
        learner = self._learner()
        if self._halved:
            self._looks = kept_crops(images, learner, name, recipe.seed, progress)
        else:
            self._looks = other_crops(images, learner.input_shape[1], recipe.seed)

    def tune(self, some: Rows, labels: Rows, kinds: Rows, checkpoints: Checkpoints) -> Tuned:
        """On `some` of the pictures; `labels` are theirs, `kinds` those of the products."""
        lesson = Lesson(
            lambda rows, epoch: self._looks(some[rows], epoch),
            labels,
            kinds,
            CUT if self._halved else 0.0,
        )
        count = UPPERS if self._halved else 1
        learners, softmaxes = [], []
        for number in range(count):
            learner = self._learner()
            softmaxes.append(self._fit(learner, lesson, number, count, checkpoints.part(number)))
            learners.append(learner)
        # The mean of their logits, as one softmax over the features of all.
        weights, biases = zip(*softmaxes, strict=True)
        return Tuned(
            _together(learners, self._name, self._backbone.input_shape[1]),
            np.concatenate(weights, dtype=np.float32) / np.float32(count),
            np.mean(biases, axis=0, dtype=np.float32),
        )

    def _learner(self) -> keras.Model:
        return _copy(self._backbone, self._name, crop_side(self._backbone.input_shape[1]))

    def _fit(
        self,
        learner: keras.Model,
        lesson: Lesson,
        number: int,
        count: int,
        checkpoints: Checkpoints,
    ) -> tuple[Floats, Floats]:
        """`learner` learns; weight and bias of its softmax."""

        def progress(stage: str, done: int, total: int, note: str = "") -> None:
            self._progress(stage, number * total + done, count * total, note)

        recipe = msgspec.structs.replace(self._recipe, seed=self._recipe.seed + number)
        upper = _upper(learner, self._name) if self._halved else learner
        entry = keras.Input(upper.input_shape[1:])
        top = Softmax(len(lesson.kinds), recipe.seed)
        model = keras.Model(entry, top.over(Settled(upper)(entry)))
        fit = Fit(model, lesson, recipe, progress)
        if not fit.resume(checkpoints):
            top.begin(upper, lesson.looks, lesson.labels)
        fit.run(checkpoints)
        return top.plain()


def _copy(backbone: keras.Model, name: str, size: int) -> keras.Model:
    """The same convolutions for pictures of another size."""
    made = build_backbone(name, size, middle=False, palette=False)
    trunk = trunk_of(made)
    trunk.set_weights(trunk_of(backbone).get_weights())
    settle(trunk)
    return made


def _upper(backbone: keras.Model, name: str, called: str = "upper") -> keras.Model:
    """The upper half, which shares its layers with the backbone."""
    trunk = trunk_of(backbone)
    pooled = layers.GlobalAveragePooling2D()(trunk.outputs[-1])
    return keras.Model(trunk.get_layer(LOWER[name]).output, pooled, name=called)


def _together(learners: Sequence[keras.Model], name: str, size: int) -> keras.Model:
    """One backbone for all of them: what their lower halves see alike is computed once."""
    whole = [_copy(learner, name, size) for learner in learners]
    if len(whole) == 1:
        return whole[0]
    trunk = trunk_of(whole[0])
    lower = keras.Model(trunk.input, trunk.get_layer(LOWER[name]).output, name="lower")
    pixels = keras.Input((size, size, 3), name="pixels")
    maps = lower(BACKBONES[name].scaling(pixels))
    uppers = [_upper(one, name, f"upper{number}") for number, one in enumerate(whole)]
    features = layers.Concatenate(name="features")([upper(maps) for upper in uppers])
    return keras.Model(pixels, features, name="backbone")
