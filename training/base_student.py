"""What the base checkpoint is asked while it learns: facts of creatures, and a teacher's maps."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from encoder.network_backbone import BACKBONES, build_backbone, trunk_of
from encoder.weights import load_backbone
from training.losses import tag_loss

Tensor = Any
TEACHER = "mobilenetv2"
FACTS_WEIGHT = 5.0
POOLED_WEIGHT = 4.0


class Teacher(keras.Model):
    """Pixels → the maps of an ImageNet-trained network at three depths, evened out."""

    def __init__(self, size: int, weights: str) -> None:
        super().__init__()
        backbone = build_backbone(TEACHER, size)
        load_backbone(backbone, TEACHER, weights)
        self.trunk = trunk_of(backbone)
        self.trunk.trainable = False
        # Each channel of mean 0 and deviation 1, so that all count alike.
        self.evened = [
            layers.BatchNormalization(center=False, scale=False, momentum=0.95, name=f"even{depth}")
            for depth in range(len(self.trunk.outputs))
        ]

    def call(self, images: Tensor, training: bool = False) -> list[Tensor]:
        maps = self.trunk(BACKBONES[TEACHER].scaling(images), training=False)
        # The root evens out the few features that fire rarely and strongly.
        return [
            ops.stop_gradient(even(ops.sqrt(ops.relu(one)), training=training))
            for even, one in zip(self.evened, maps, strict=True)
        ]


class Student(keras.Model):
    """A trunk with one output for the creatures' facts and one for each map of the teacher.

    A map is asked for at each of its places: one picture teaches at hundreds of them, where its
    pooled features would teach once. Both networks halve the picture at the same depths.
    """

    def __init__(
        self, trunk: keras.Model, teacher: Teacher | None, fact_weights: Any, creatures: int
    ) -> None:
        super().__init__()
        self.trunk, self.teacher = trunk, teacher
        self.fact_weights, self.creatures = fact_weights, creatures  # creatures lead each batch
        self.norm = layers.BatchNormalization(name="norm")
        self.facts = layers.Dense(len(fact_weights), name="facts")
        widths = [] if teacher is None else [out.shape[-1] for out in teacher.trunk.outputs]
        self.norms = [layers.BatchNormalization(name=f"norm{d}") for d in range(len(widths))]
        self.echoes = [layers.Dense(width, name=f"echo{d}") for d, width in enumerate(widths)]
        self.means = {name: keras.metrics.Mean(name=name) for name in ("facts", "echo")}

    def call(self, batch: dict[str, Tensor], training: bool = False) -> dict[str, Tensor]:
        images = moved(batch, self.trunk.input_shape[1])
        maps = self.trunk(images, training=training)
        # The pooled output alone: with the palette at hand it would learn no colour.
        logits = self.named(maps[-1][: self.creatures], training=training)
        loss = tag_loss(logits, batch["labels"], self.fact_weights, 0.0)
        self.means["facts"].update_state(loss)
        loss = loss * FACTS_WEIGHT
        if self.teacher is not None:
            told = self.teacher(images, training=training)
            for depth, target in enumerate(told):
                own = self.echoes[depth](self.norms[depth](maps[depth], training=training))
                # At every place, and of the whole picture, which is what is used later.
                each = ops.mean(ops.square(own - target))
                whole = ops.mean(ops.square(ops.mean(own - target, axis=(1, 2))))
                self.means["echo"].update_state(each)
                loss = loss + each + POOLED_WEIGHT * whole
        return {"loss": loss, "logits": logits}

    def named(self, maps: Tensor, training: bool = False) -> Tensor:
        return self.facts(self.norm(ops.mean(maps, axis=(1, 2)), training=training))

    def compute_loss(
        self, _x: Any = None, _y: Any = None, y_pred: Any = None, *_: Any, **__: Any
    ) -> Tensor:
        return y_pred["loss"]


def moved(batch: dict[str, Tensor], size: int) -> Tensor:
    """Pictures turned, cut and mirrored as `transforms` says, and some mixed with a neighbour.

    The teacher sees the same pictures, so any change is fair, however wild.
    """
    images = ops.cast(batch["images"], "float32")
    images = ops.image.affine_transform(
        images, batch["transforms"], interpolation="bilinear", fill_mode="reflect"
    )
    if size != images.shape[1]:
        images = ops.image.resize(images, (size, size), interpolation="bilinear", antialias=True)
    share = ops.reshape(batch["mixed"], (-1, 1, 1, 1))
    return images * (1 - share) + ops.roll(images, 1, axis=0) * share
