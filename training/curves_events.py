"""The figures of each epoch as TensorBoard event files, written by TensorFlow alone.

`tf.summary.scalar` asks for the tensorboard package; `tf.summary.write` with the description of a
scalar writes the same record without it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras

from db.home import writing
from errors import QueryError
from training.recipe import Epoch


class EventFiles:
    """One run of TensorBoard per call and stage, in a folder with the time at which it began.

    A training taken up again after a kill writes a run of its own, restored epochs included.
    """

    def __init__(self, folder: Path) -> None:
        backend = keras.backend.backend()
        if backend != "tensorflow":
            raise QueryError(
                "event files for TensorBoard cannot be written",
                f"TensorFlow writes them, and Keras runs on {backend}",
                "unset KERAS_BACKEND, or train with --curves or --report instead",
            )
        self.folder = folder / datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        self._writers: dict[str, Any] = {}

    def __call__(self, epoch: Epoch) -> None:
        import tensorflow as tf

        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        if epoch.stage not in self._writers:
            self._writers[epoch.stage] = tf.summary.create_file_writer(
                str(self.folder / epoch.stage)
            )
        kind = tf.compat.v1.SummaryMetadata
        scalar = kind(plugin_data=kind.PluginData(plugin_name="scalars"), data_class=1)
        with self._writers[epoch.stage].as_default(step=epoch.number):
            for name, value in epoch.figures.items():
                tf.summary.write(name, tf.constant(value, tf.float32), metadata=scalar)
        # Whoever watches sees the epoch now, and a kill loses none.
        self._writers[epoch.stage].flush()
