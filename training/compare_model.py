"""The classifiers that are compared: a backbone and one head that is the same for all.

One head, because a comparison of backbones with five heads would compare heads. It begins with
batch normalisation, because the five put out features of very different size, and one learning
rate has to fit all.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
from keras import layers

from encoder.network_backbone import BACKBONES, build_backbone, trunk_of
from encoder.weights import load_backbone
from errors import ModelError
from training.compare_report import Plan

# On 43 classes of groceries, frozen MobileNetV2, three seeds: accuracy on val 0.757 without the
# first dropout, 0.774 with it.
HEAD = (
    "global average pooling → batch normalisation → dropout 0.5 → dense 256, ReLU → dropout 0.5 "
    "→ dense, softmax over the classes"
)
HEAD_RATE = 1e-3
FINETUNE_RATE = 1e-4
SCRATCH_RATE = 1e-3
# VGG16 knows no normalisation: at the rate of the others it stays at the most frequent class.
SCRATCH_RATES = {"vgg16": 1e-4}
# Keras remembers 99 to 99.9 % of the old mean at each step: a short training from scratch would
# be judged with statistics that still are those of the first minute.
_MOMENTUM = 0.9


@dataclass(frozen=True)
class Classifier:
    """`whole` is `trunk` and then `head`, with the same weights."""

    trunk: keras.Model  # [n, s, s, 3] of 0–255 → [n, width]
    head: keras.Model  # [n, width] → [n, classes]
    whole: keras.Model
    origin: str
    pretrained: bool
    why_random: str

    def freeze(self) -> None:
        self.trunk.trainable = False

    def unfreeze(self) -> None:
        """All weights learn; what normalisation knows of ImageNet stays, for batches are small."""
        self.trunk.trainable = True
        for layer in _layers(self.trunk):
            if isinstance(layer, layers.BatchNormalization):
                layer.trainable = False


def build_classifier(plan: Plan, classes: int) -> Classifier:
    """The backbone with the weights that can be had; a wanted file that fails is an error."""
    keras.utils.set_random_seed(plan.seed)
    backbone = build_backbone(plan.backbone, plan.image_size)
    why = ""
    try:
        origin = load_backbone(backbone, plan.backbone, plan.weights)
    except ModelError as error:
        if plan.weights != "auto":
            raise
        origin = load_backbone(backbone, plan.backbone, "random")
        why = f"{error.what}: {error.why}" if error.why else error.what
    pretrained = origin != "random weights"
    pixels = keras.Input((plan.image_size, plan.image_size, 3), name="pixels")
    inner = trunk_of(backbone)
    # The encoder also looks at layers half-way up; a comparison wants the output alone.
    maps = keras.Model(inner.input, inner.outputs[-1], name="maps")
    scaled = BACKBONES[plan.backbone].scaling(pixels)
    trunk = keras.Model(pixels, layers.GlobalAveragePooling2D(name="pool")(maps(scaled)))
    if not pretrained:
        for layer in _layers(trunk):
            if isinstance(layer, layers.BatchNormalization):
                layer.momentum = _MOMENTUM
    head = _head(trunk.output_shape[-1], classes)
    whole = keras.Model(pixels, head(trunk(pixels)), name="classifier")
    return Classifier(trunk, head, whole, origin, pretrained, why)


def _head(width: int, classes: int) -> keras.Model:
    features = keras.Input((width,), name="features")
    x = layers.BatchNormalization(momentum=_MOMENTUM)(features)
    x = layers.Dropout(0.5)(x)
    x = layers.Dense(256, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    return keras.Model(features, layers.Dense(classes, activation="softmax")(x), name="head")


def _layers(trunk: keras.Model) -> list[keras.Layer]:
    return list(trunk.get_layer("maps").layers)
