"""`python -m training.base`: the backbone of the model that ships with the project (`make base`).

EfficientNetB0, taught two things at once: to name everything that can be seen on drawn creatures,
and to see at every place what an ImageNet-trained MobileNetV2 sees there, on the same pictures and
on photographs where there are any. Small pictures first, the size of use last.
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
from encoder.weights import load_backbone, read_arrays
from progress import Progress
from training.base_material import BASE_SEED, Material, prepare
from training.base_student import Student, Teacher
from training.export import halved
from training.losses import positive_weights
from training.metrics import macro_precision

BACKBONE = "efficientnetb0"
SAVE_EVERY = 180.0  # seconds
MIXED = 0.3  # share of the photographs that are mixed with a neighbour


@dataclass(frozen=True)
class Phase:
    """A stretch of training at one picture size."""

    size: int
    steps: int
    batch: int
    rate: float
    rendered: int  # size of the material it is cut from


@dataclass(frozen=True)
class Course:
    """What the phases share."""

    work: Path  # renderings and the state to go on from
    target: Path  # the file of the weights
    start: str  # weights to begin with, as encoder.weights names them
    creatures: int
    photos: Sequence[Path]
    teacher: Path | None


def train_base(course: Course, phases: Sequence[Phase], progress: Progress) -> dict[str, float]:
    """Run the phases that are not done yet; every few minutes the target holds the newest."""
    keras.utils.set_random_seed(BASE_SEED)
    figures: dict[str, float] = {}
    for number, phase in enumerate(phases):
        # Large pictures are dear: a phase of those sees fewer of them.
        share = min(1.0, (phases[0].rendered / phase.rendered) ** 2)
        count, seen = int(course.creatures * share), course.photos
        material = prepare(course.work, phase.rendered, range(count), seen, 2, progress)
        figures = _run_phase(number, phase, material, course, progress) or figures
    return figures


def _run_phase(
    number: int, phase: Phase, material: Material, course: Course, progress: Progress
) -> dict[str, float]:
    backbone = build_backbone(BACKBONE, phase.size)
    load_backbone(backbone, BACKBONE, course.start)
    trunk = trunk_of(backbone)
    for layer in trunk.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0  # stochastic depth costs more than it brings in so short a training
    teacher = None if course.teacher is None else Teacher(phase.size, str(course.teacher))
    weights = positive_weights(material.labels, 0.5)
    student = Student(trunk, teacher, weights, phase.batch // 2)
    schedule = keras.optimizers.schedules.CosineDecay(
        phase.rate * 0.05,
        phase.steps,
        warmup_target=phase.rate,
        warmup_steps=min(200, phase.steps // 10),
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.02, clipnorm=2.0)
    student.compile(optimizer=optimizer, jit_compile=False)
    batches = _batches(material, phase, np.random.default_rng([BASE_SEED, number]))
    student(next(batches))
    optimizer.build(student.trainable_variables)
    state = course.work / "state.npz"
    done = _restore(state, number, student, optimizer)
    if done >= phase.steps:
        return {}
    saved, figures = time.monotonic(), {}
    for step in range(done, phase.steps):
        figures = student.train_on_batch(next(batches), return_dict=True)
        if step % 20 == 0:
            note = "  ".join(f"{key} {float(value):.3f}" for key, value in figures.items())
            progress(f"base {phase.size}px", step, phase.steps, note)
            student.reset_metrics()
        if time.monotonic() - saved > SAVE_EVERY or step == phase.steps - 1:
            saved = time.monotonic()
            _save(state, number, step + 1, student, optimizer)
            write_checkpoint(backbone, course.target)
    return {key: float(value) for key, value in figures.items()} | {
        "facts_mAP": _precision(student, material, phase)
    }


def _batches(
    material: Material, phase: Phase, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """Half creatures, half photographs (all creatures where there are no photographs)."""
    half, count, total = phase.batch // 2, material.creatures, len(material.images)
    while True:
        drawn = rng.integers(0, count, half)
        others = rng.integers(count, total, half) if total > count else rng.integers(0, count, half)
        mixed = rng.uniform(0.1, 0.5, half) * (rng.random(half) < MIXED)
        # Creatures are moved little, for their facts must stay true; photographs a lot.
        transforms = [
            *(_transform(phase.rendered, 0.85, 0.1, rng) for _ in range(half)),
            *(_transform(phase.rendered, 0.45, 0.3, rng) for _ in range(half)),
        ]
        yield {
            "images": material.images[np.concatenate([drawn, others])],
            "labels": material.labels[drawn],
            "transforms": np.array(transforms, np.float32),
            # The first photograph's neighbour would be a creature: harmless, it has no labels.
            "mixed": np.concatenate([np.zeros(half), mixed]).astype(np.float32),
        }


def _transform(side: int, least: float, turn: float, rng: np.random.Generator) -> list[float]:
    """Output → input of one picture: a part of it of at least `least` of the side, turned."""
    width, height = rng.uniform(least, 1.0, 2) if least < 0.8 else [rng.uniform(least, 1.0)] * 2
    angle = rng.uniform(-turn, turn)
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    cos, sin = np.cos(angle), np.sin(angle)
    a, b, d, e = cos * width * mirror, -sin * height, sin * width * mirror, cos * height
    room = (side - 1) / 2
    x = room + rng.uniform(-1, 1) * (1 - width) * room
    y = room + rng.uniform(-1, 1) * (1 - height) * room
    return [a, b, x - (a + b) * room, d, e, y - (d + e) * room, 0.0, 0.0]


def _precision(student: Student, material: Material, phase: Phase) -> float:
    """How well the facts of the material's last creatures are named, at this size."""
    half = phase.batch // 2
    rows = np.arange(material.creatures - min(material.creatures, 8 * half), material.creatures)
    logits = []
    for start in range(0, len(rows), half):
        images = ops.cast(material.images[rows[start : start + half]], "float32")
        small = ops.image.resize(images, (phase.size, phase.size), antialias=True)
        logits.append(ops.convert_to_numpy(student.named(student.trunk(small)[-1])))
    return macro_precision(np.concatenate(logits), material.labels[rows])


def _save(file: Path, phase: int, step: int, student: Student, optimizer: Any) -> None:
    named = {
        **{f"model/{i}": v for i, v in enumerate(student.trainable_variables)},
        **{f"fixed/{i}": v for i, v in enumerate(student.non_trainable_variables)},
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
    groups = (("model", student.trainable_variables), ("fixed", student.non_trainable_variables))
    for name, variables in groups:
        for i, variable in enumerate(variables):
            value = state.get(f"{name}/{i}")
            if value is not None and tuple(value.shape) == tuple(variable.shape):
                variable.assign(value)
    settle(student.trunk)
    if int(state["phase"]) > phase:
        return sys.maxsize
    if int(state["phase"]) < phase:
        return 0
    for i, variable in enumerate(optimizer.variables):
        variable.assign(state[f"optimizer/{i}"])
    return int(state["step"])


def write_checkpoint(backbone: keras.Model, file: Path) -> None:
    """The backbone's weights in half precision, under the names that `encoder.weights` reads."""
    trunk = trunk_of(backbone)
    settle(trunk)
    named = {f"backbone/{k}": ops.convert_to_numpy(v) for k, v in weight_names(trunk).items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".part")
    with partial.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **halved(named))
    partial.replace(file)


DEFAULT_PHASES = "96:1800:64:0.0015:160,128:230:64:0.001:160,192:160:32:0.0005:224"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.base", description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("var/base"), help="renderings and state")
    parser.add_argument(
        "--target", type=Path, default=Path("var/base/backbone.npz"), help="where the result goes"
    )
    parser.add_argument("--start", default="base", help="weights to begin with: base, random, file")
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

    course = Course(
        options.work, options.target, options.start, options.creatures, photos, options.teacher
    )
    sys.stdout.write(json.dumps(train_base(course, phases, tell)) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
