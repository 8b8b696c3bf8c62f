"""`python -m training.base`: the base checkpoint that ships with the project.

EfficientNetB0 from random weights, taught two things at once: to name everything that can be seen
on drawn creatures, and to say what an ImageNet-trained MobileNetV2 says about the same pictures
and, where there are any, photographs. Small images first, the size of use last.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from encoder.network_backbone import build_backbone, settle, trunk_of, weight_names
from encoder.weights import BASE_FOLDER, read_arrays
from progress import Progress
from training.base_material import BASE_SEED, Material, prepare
from training.export import halved
from training.losses import positive_weights, tag_loss
from training.metrics import macro_precision

BACKBONE = "efficientnetb0"
SAVE_EVERY = 180.0  # seconds


@dataclass(frozen=True)
class Phase:
    """A stretch of training at one image size."""

    size: int
    steps: int
    batch: int
    rate: float
    rendered: int  # size of the material it is scaled down from


class Student(keras.Model):
    """The backbone with one output for the creatures' facts and one for the teacher's features."""

    def __init__(self, backbone: keras.Model, material: Material, creatures: int) -> None:
        super().__init__()
        self.pooled = _pooled(backbone)
        self.norm = layers.BatchNormalization(name="norm")
        self.facts = layers.Dense(len(material.tags), name="facts")
        width = 0 if material.targets is None else material.targets.shape[1]
        self.echo = layers.Dense(width, name="echo") if width else None
        self.weights_of_tags = positive_weights(material.labels, 0.5)
        self.creatures = creatures  # in each batch, first
        self.means = {name: keras.metrics.Mean(name=name) for name in ("facts", "echo")}

    def call(self, batch: dict[str, Any], training: bool = False) -> dict[str, Any]:
        features = self.norm(self.pooled(batch["images"], training=training), training=training)
        logits = self.facts(features[: self.creatures])
        loss = tag_loss(logits, batch["labels"], self.weights_of_tags, 0.0)
        self.means["facts"].update_state(loss)
        loss = loss * 5.0
        if self.echo is not None:
            distance = ops.mean(ops.square(self.echo(features) - batch["targets"]))
            self.means["echo"].update_state(distance)
            loss = loss + distance
        return {"loss": loss, "logits": logits}

    def compute_loss(
        self, _x: Any = None, _y: Any = None, y_pred: Any = None, *_: Any, **__: Any
    ) -> Any:
        return y_pred["loss"]


def train_base(
    work: Path,
    target: Path,
    phases: Sequence[Phase],
    *,
    creatures: int,
    photos: Sequence[Path],
    teacher: Path | None,
    progress: Progress,
) -> dict[str, float]:
    """Run the phases that are not done yet; after each few minutes `target` holds the newest."""
    keras.utils.set_random_seed(BASE_SEED)
    figures: dict[str, float] = {}
    for number, phase in enumerate(phases):
        # Large images are dear: the last phase sees fewer of them.
        share = min(1.0, (phases[0].rendered / phase.rendered) ** 2)
        count, seen = int(creatures * share), photos[: int(len(photos) * share)]
        material = prepare(work, phase.rendered, range(count), seen, 3, teacher, progress)
        figures = _run_phase(number, phase, material, work, target, progress)
    return figures


def _run_phase(
    number: int, phase: Phase, material: Material, work: Path, target: Path, progress: Progress
) -> dict[str, float]:
    backbone = build_backbone(BACKBONE, phase.size)
    for layer in trunk_of(backbone).layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0  # stochastic depth costs more than it brings in so short a training
    student = Student(backbone, material, phase.batch // 2)
    state_file = work / "state.npz"
    total = phase.steps
    schedule = keras.optimizers.schedules.CosineDecay(
        phase.rate * 0.05, total, warmup_target=phase.rate, warmup_steps=min(200, total // 10)
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.02, clipnorm=2.0)
    student.compile(optimizer=optimizer, jit_compile=False)
    rng = np.random.default_rng([BASE_SEED, number])
    batches = _batches(material, phase, rng)
    student(next(batches))
    optimizer.build(student.trainable_variables)
    done = _restore(state_file, number, student, optimizer)
    if done >= total:
        return {}
    saved, figures = time.monotonic(), {}
    for step in range(done, total):
        figures = student.train_on_batch(next(batches), return_dict=True)
        if step % 20 == 0:
            note = "  ".join(f"{key} {float(value):.3f}" for key, value in figures.items())
            progress(f"base {phase.size}px", step, total, note)
            student.reset_metrics()
        if time.monotonic() - saved > SAVE_EVERY or step == total - 1:
            saved = time.monotonic()
            _save(state_file, number, step + 1, student, optimizer)
            write_checkpoint(backbone, target)
    return {key: float(value) for key, value in figures.items()} | {
        "facts_mAP": _precision(student, material, phase)
    }


def _pooled(backbone: keras.Model) -> keras.Model:
    """Pixels → the pooled output alone: with the palette at hand it would learn no colour."""
    pixels = keras.Input(backbone.input_shape[1:])  # EfficientNet scales pixels by itself
    return keras.Model(pixels, layers.GlobalAveragePooling2D()(trunk_of(backbone)(pixels)[-1]))


def _batches(
    material: Material, phase: Phase, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """Half creatures, half photographs (all creatures without photographs); mirrored at random."""
    half, count, total = phase.batch // 2, material.creatures, len(material.images)
    while True:
        drawn = rng.integers(0, count, half)
        others = rng.integers(count, total, half) if total > count else rng.integers(0, count, half)
        rows = np.concatenate([drawn, others])
        images = material.images[rows]
        mirrored = rng.random(len(rows)) < 0.5
        images = np.where(mirrored[:, None, None, None], images[:, :, ::-1], images)
        batch = {"images": _resized(images, phase.size), "labels": material.labels[drawn]}
        if material.targets is not None:
            batch["targets"] = material.targets[rows].astype(np.float32)
        yield batch


def _resized(images: np.ndarray, size: int) -> Any:
    small = ops.cast(images, "float32")
    if images.shape[1] == size:
        return small
    return ops.image.resize(small, (size, size), interpolation="bilinear", antialias=True)


def _precision(student: Student, material: Material, phase: Phase) -> float:
    """How well the facts of the material's last creatures are named, at this size."""
    half = phase.batch // 2
    rows = np.arange(material.creatures - min(material.creatures, 8 * half), material.creatures)
    logits = [
        ops.convert_to_numpy(
            student.facts(
                student.norm(
                    student.pooled(
                        _resized(material.images[rows[i : i + half]], phase.size), training=False
                    ),
                    training=False,
                )
            )
        )
        for i in range(0, len(rows), half)
    ]
    return macro_precision(np.concatenate(logits), material.labels[rows])


def _save(file: Path, phase: int, step: int, student: Student, optimizer: Any) -> None:
    named = {
        **{f"model/{i}": v for i, v in enumerate(student.variables)},
        **{f"optimizer/{i}": v for i, v in enumerate(optimizer.variables)},
    }
    partial = file.with_suffix(".part")
    with partial.open("wb") as stream:
        arrays = {name: ops.convert_to_numpy(v) for name, v in named.items()}
        np.savez(stream, phase=np.array(phase), step=np.array(step), **arrays)
    partial.replace(file)


def _restore(file: Path, phase: int, student: Student, optimizer: Any) -> int:
    """Lay the saved state over the student; how many steps of this phase it has done.

    The weights pass from one phase to the next, the optimizer's memory does not.
    """
    if not file.is_file():
        return 0
    state = read_arrays(file)
    for i, variable in enumerate(student.variables):
        value = state[f"model/{i}"]
        if tuple(value.shape) == tuple(variable.shape):
            variable.assign(value)
    if int(state["phase"]) > phase:
        return sys.maxsize
    if int(state["phase"]) < phase:
        return 0
    for i, variable in enumerate(optimizer.variables):
        variable.assign(state[f"optimizer/{i}"])
    return int(state["step"])


def write_checkpoint(backbone: keras.Model, folder: Path) -> None:
    """The backbone's weights in half precision, under the names that `encoder.weights` reads."""
    trunk = trunk_of(backbone)
    settle(trunk)
    named = {f"backbone/{k}": ops.convert_to_numpy(v) for k, v in weight_names(trunk).items()}
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{BACKBONE}.part"
    with partial.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **halved(named))
    partial.replace(folder / f"{BACKBONE}.npz")


DEFAULT_PHASES = "96:2000:64:0.002:160,128:600:64:0.001:160,224:350:32:0.0004:224"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.base", description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("var/base"), help="renderings and state")
    parser.add_argument("--target", type=Path, default=BASE_FOLDER, help="where the result goes")
    parser.add_argument("--creatures", type=int, default=20_000)
    parser.add_argument(
        "--photos", type=Path, nargs="*", default=[], help="folders or lists of photographs"
    )
    parser.add_argument("--teacher", type=Path, help="MobileNetV2 ImageNet weights to learn from")
    parser.add_argument("--phases", default=DEFAULT_PHASES, help="size:steps:batch:rate:rendered,…")
    options = parser.parse_args(arguments)
    phases = []
    for text in options.phases.split(","):
        size, steps, batch, rate, rendered = text.split(":")
        phases.append(Phase(int(size), int(steps), int(batch), float(rate), int(rendered)))
    photos = sorted(
        file
        for folder in options.photos
        for file in folder.rglob("*")
        if file.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"}
    )
    # Shuffled once, so that a share of them is a fair sample.
    np.random.default_rng(BASE_SEED).shuffle(photos)
    began = time.monotonic()

    def tell(stage: str, done: int, total: int, note: str = "") -> None:
        if done % 100 == 0 or note:
            sys.stderr.write(f"{time.monotonic() - began:7.0f}s  {stage} {done}/{total}  {note}\n")

    figures = train_base(
        options.work,
        options.target,
        phases,
        creatures=options.creatures,
        photos=photos,
        teacher=options.teacher,
        progress=tell,
    )
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
