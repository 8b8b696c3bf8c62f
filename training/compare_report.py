"""What a backbone comparison says, and its files: one per finished backbone, then the table."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from db.home import writing
from evaluation.report import Figure

SCHEMA = "pairdex.compare.v1"
# A change of the recipe makes what earlier versions trained incomparable: raise it then.
RECIPE_VERSION = 1


class Plan(msgspec.Struct, frozen=True):
    """How one backbone is to be trained."""

    backbone: str
    weights: str = "auto"  # as `encoder.weights`
    image_size: int = 224
    epochs: int = 10
    batch: int = 32
    seed: int = 12345
    finetune: bool = False


class Scores(msgspec.Struct, frozen=True):
    """On the judged split; macro means over the classes that occur there."""

    accuracy: Figure
    precision: float | None
    recall: float | None
    f1: float | None
    roc_auc: float | None


class Baseline(msgspec.Struct, frozen=True):
    name: str
    figures: Scores


class Epoch(msgspec.Struct, frozen=True):
    trained: str  # `head` or `all`
    epoch: int
    loss: float
    accuracy: float
    val_loss: float | None
    val_accuracy: float | None


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table and what is drawn about it."""

    plan: Plan
    weights: str  # what the training began with, in words
    pretrained: bool
    why_random: str  # why there were no weights; empty where random ones were wanted
    trained: str  # `head`, `all` or `head, then all`
    parameters: int
    trained_parameters: int
    images_per_second: float
    train_seconds: float
    kept_epoch: int  # of the curve, from 1
    figures: Scores
    confusion: list[list[int]]  # rows: truth, columns: verdict
    curve: list[Epoch]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    schema: str = SCHEMA
    label: str
    classes: list[str]
    split: str  # the judged one
    counts: dict[str, int]
    left_out: dict[str, int]
    recipe: dict[str, str]
    machine: dict[str, str]
    baselines: list[Baseline]
    backbones: list[Trained]
    notes: list[str]


class Runs:
    """Finished backbones on disk, told apart by the settings and the material of their run."""

    def __init__(self, folder: Path, material: str) -> None:
        self.folder = folder
        self.material = material

    def file(self, plan: Plan) -> Path:
        digest = hashlib.sha256(f"{RECIPE_VERSION} {self.material}".encode())
        digest.update(msgspec.json.encode(plan))
        weights = Path(plan.weights)
        if weights.is_file():
            # Another file under the same name is another run.
            status = weights.stat()
            digest.update(f"{status.st_size} {status.st_mtime_ns}".encode())
        return self.folder / f"{plan.backbone}-{digest.hexdigest()[:16]}.json"

    def load(self, plan: Plan) -> Trained | None:
        """What was trained before; a damaged file counts as none, for it can be trained again."""
        try:
            return msgspec.json.decode(self.file(plan).read_bytes(), type=Trained)
        except (OSError, msgspec.MsgspecError):
            return None

    def save(self, plan: Plan, trained: Trained) -> None:
        write(self.file(plan), msgspec.json.encode(trained))


def write(file: Path, data: bytes) -> None:
    """All of it or nothing: a killed comparison leaves no half file."""
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f".{file.name}.part")
        partial.write_bytes(data)
        partial.replace(file)


def notes_of(judged: str, has_val: bool, few: int, rows: Sequence[Trained]) -> list[str]:
    """What a reader of the table must know."""
    notes = []
    if judged == "val":
        notes.append(
            "The catalog has no test split: val was judged, so nothing was chosen on it and the "
            "last epoch was kept."
        )
    elif not has_val:
        notes.append("The catalog has no val split: the last epoch was kept.")
    scratch = [row.plan.backbone for row in rows if not row.pretrained]
    if scratch and len(scratch) < len(rows):
        notes.append(
            f"{', '.join(scratch)} began with random weights, the others with pretrained ones: "
            "the table compares starts as much as networks."
        )
    elif scratch:
        notes.append("No backbone had pretrained weights.")
    missing = [row for row in rows if row.why_random]
    if missing:
        names = ", ".join(row.plan.backbone for row in missing)
        notes.append(f"No weights could be had for {names} ({missing[0].why_random}).")
    if len({(row.plan.image_size, row.plan.epochs) for row in rows}) > 1:
        notes.append("Image sizes or epochs differ between rows, which moves accuracy and speed.")
    if few:
        notes.append(f"{few} classes have fewer than 8 train items, too few to learn from.")
    return notes
