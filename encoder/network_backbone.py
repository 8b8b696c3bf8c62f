"""The image backbones: pixels in, one pooled feature vector out, each with its own right scaling.

Every backbone takes RGB from 0 to 255, so that nothing outside this file knows which scaling a
backbone was trained with. EfficientNet rescales by itself; dividing by 255 before it would ruin
it in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

Scaling = Callable[[Any], Any]


@dataclass(frozen=True)
class Backbone:
    """How one backbone is built and what it expects."""

    build: Callable[..., keras.Model]
    scaling: Scaling
    features: int


def _minus_one_to_one(pixels: Any) -> Any:
    return layers.Rescaling(1 / 127.5, offset=-1.0)(pixels)


def _caffe(pixels: Any) -> Any:
    """Blue-green-red, minus the mean of ImageNet: what the Caffe originals were trained on."""
    return layers.Rescaling(1.0, offset=[-103.939, -116.779, -123.68])(pixels[..., ::-1])


def _unit_variance(pixels: Any) -> Any:
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return layers.Rescaling(
        [1 / (255 * d) for d in deviation],
        offset=[-m / d for m, d in zip(mean, deviation, strict=True)],
    )(pixels)


def _inside(pixels: Any) -> Any:
    return pixels


def _tiny(
    *, include_top: bool, weights: None, input_shape: tuple[int, int, int], name: str
) -> keras.Model:
    """Three small convolutions: for tests and trials, not for real catalogs."""
    del include_top, weights  # the signature is that of keras.applications
    pixels = keras.Input(input_shape)
    x = pixels
    for number, width in enumerate((16, 32, 64)):
        x = layers.Conv2D(width, 3, strides=2, padding="same", name=f"conv{number}")(x)
        x = layers.BatchNormalization(name=f"norm{number}")(x)
        x = layers.Activation("relu")(x)
    return keras.Model(pixels, x, name=name)


BACKBONES: dict[str, Backbone] = {
    "efficientnetb0": Backbone(keras.applications.EfficientNetB0, _inside, 1280),
    "mobilenetv2": Backbone(keras.applications.MobileNetV2, _minus_one_to_one, 1280),
    "resnet50": Backbone(keras.applications.ResNet50, _caffe, 2048),
    "vgg16": Backbone(keras.applications.VGG16, _caffe, 512),
    "densenet121": Backbone(keras.applications.DenseNet121, _unit_variance, 1024),
    "tiny": Backbone(_tiny, _minus_one_to_one, 64),
}


def build_backbone(name: str, image_size: int) -> keras.Model:
    """`[n, s, s, 3]` of 0–255 → `[n, features]`; its weights are random until they are loaded."""
    backbone = BACKBONES[name]
    pixels = keras.Input((image_size, image_size, 3), name="pixels")
    trunk = backbone.build(
        include_top=False,
        weights=None,
        input_shape=(image_size, image_size, 3),
        name="trunk",
    )
    features = layers.GlobalAveragePooling2D(name="pool")(trunk(backbone.scaling(pixels)))
    return keras.Model(pixels, features, name="backbone")


def trunk_of(backbone: keras.Model) -> keras.Model:
    """The convolutional part alone, laid out as `keras.applications` lays it out."""
    return backbone.get_layer("trunk")


def weight_names(model: keras.Model) -> dict[str, Any]:
    """Each variable by a name that is the same in every process.

    Keras numbers layers without a name of their own; EfficientNet's normalisation is one.
    """
    return {re.sub(r"^normalization_\d+/", "normalization/", v.path): v for v in model.weights}


def settle(model: keras.Model) -> None:
    """Normalisation layers keep a copy of their weights, which must follow what was loaded."""
    for layer in model.layers:
        if isinstance(layer, layers.Normalization):
            layer.finalize_state()
