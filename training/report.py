"""What a training says of itself: its epochs as they end, kept in the home, and what is drawn."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import keras
import msgspec

from db.home import Home, writing
from errors import HomeError
from settings import EncoderSettings
from training.curves import write_pngs
from training.recipe import Epoch, Pair, Recipe

SCHEMA = "pairdex.training.v1"


class LearntTag(msgspec.Struct, frozen=True):
    """A tag of the model, and how often it was there to learn from."""

    tag: str
    train: int  # items that bear it
    val: int
    threshold: float  # the probability from which it is given


class Training(msgspec.Struct, frozen=True, kw_only=True):
    """history.json as it is; what only the end knows is empty until then."""

    schema: str = SCHEMA
    state: Literal["running", "finished"] = "running"
    started: str  # UTC; after a kill, when it was taken up again
    seconds: float = 0.0  # since then
    backend: str
    encoder: dict[str, Any]
    recipe: dict[str, Any]
    counts: dict[str, int]  # of the catalog
    epochs: list[Epoch] = []
    fingerprint: str = ""
    pieces: int = 0
    tags: list[LearntTag] = []
    metrics: dict[str, Any] = {}


def history_file(home: Home) -> Path:
    return home.path / "training" / "history.json"


def read(file: Path) -> Training:
    """The history of a home's last training."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Training)
    except FileNotFoundError:
        raise HomeError(f"no history at {file}", "", "run `pairdex train`") from None
    except (msgspec.DecodeError, OSError) as error:
        raise HomeError(f"{file} cannot be read", str(error), "run `pairdex train`") from None


class Journal:
    """Writes the history anew with each epoch, so that who looks sees a whole file at any time.

    What fails before its first epoch leaves the history of the training before it.
    """

    def __init__(
        self, file: Path, pairs: Sequence[Pair], encoder: EncoderSettings, recipe: Recipe
    ) -> None:
        self.file, self._pairs, self._since = file, pairs, time.monotonic()
        self.training = Training(
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            backend=keras.backend.backend(),
            encoder=msgspec.to_builtins(encoder),
            recipe=msgspec.to_builtins(recipe),
            counts=_counts(pairs),
        )

    def __call__(self, epoch: Epoch) -> None:
        self._write(epochs=[*self.training.epochs, epoch])

    def finish(
        self, fingerprint: str, pieces: int, thresholds: dict[str, float], metrics: dict[str, Any]
    ) -> Training:
        bearers = {
            split: Counter(tag for p in self._pairs if p.split == split for tag in set(p.tags))
            for split in ("train", "val")
        }
        self._write(
            state="finished",
            fingerprint=fingerprint,
            pieces=pieces,
            metrics=metrics,
            tags=[
                LearntTag(tag, bearers["train"][tag], bearers["val"][tag], threshold)
                for tag, threshold in thresholds.items()
            ],
        )
        return self.training

    def _write(self, **changes: Any) -> None:
        seconds = round(time.monotonic() - self._since, 1)
        self.training = msgspec.structs.replace(self.training, seconds=seconds, **changes)
        text = msgspec.json.format(msgspec.json.encode(self.training), indent=1)
        partial = self.file.with_suffix(".part")
        with writing(self.file):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(text)
            partial.replace(self.file)


@dataclass(frozen=True)
class Outputs:
    """Where else a training is to be shown."""

    report: Path | None = None  # one HTML page
    curves: Path | None = None  # a folder of PNG
    tensorboard: Path | None = None  # a folder of event files

    def prepare(self) -> None:
        """A path that cannot be written is told before the training, not after it."""
        for folder in (self.curves, self.tensorboard):
            if folder is not None:
                with writing(folder):
                    folder.mkdir(parents=True, exist_ok=True)
        if self.report is not None:
            with writing(self.report):
                self.report.parent.mkdir(parents=True, exist_ok=True)
                new = not self.report.exists()
                self.report.open("ab").close()
                if new:
                    self.report.unlink()

    def write(self, training: Training) -> list[Path]:
        """The page and the pictures; returns the pictures."""
        if self.report is not None:
            from training.report_page import page

            with writing(self.report):
                self.report.write_text(page(training), encoding="utf-8")
        return [] if self.curves is None else write_pngs(training.epochs, self.curves)


def _counts(pairs: Sequence[Pair]) -> dict[str, int]:
    """Items by split, captions by language, and different tags."""
    splits = Counter(pair.split for pair in pairs)
    captions = [language for pair in pairs for language, _ in pair.captions]
    return {
        "items": len(pairs),
        **{f"items.{split}": splits[split] for split in ("train", "val", "test")},
        "captions": len(captions),
        **{f"captions.{k}": n for k, n in sorted(Counter(captions).items())},
        "tags": len({tag for pair in pairs for tag in pair.tags}),
    }
