"""Where the backbone's first weights come from: a file, ImageNet, the base checkpoint, or chance.

`"auto"` is what a user wants who has not thought about it: ImageNet weights where Keras has them
or can download them, else the base checkpoint that ships with the project.
"""

from __future__ import annotations

import socket
from pathlib import Path

import keras
import numpy as np
from keras import layers

from encoder.network_backbone import BACKBONES, settle, trunk_of, weight_names
from errors import ModelError

BASE_FOLDER = Path(__file__).with_name("base")
DOWNLOAD_PATIENCE = 20.0  # seconds without an answer; a firewall may swallow packets in silence
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


def load_backbone(backbone: keras.Model, name: str, source: str, base: Path = BASE_FOLDER) -> str:
    """Fill `backbone` (of `build_backbone(name, …)`) from `source`; says in words what was used."""
    if source == "random":
        return "random weights"
    if source == "imagenet":
        return _imagenet(backbone, name)
    if source == "base":
        return _base(backbone, name, base)
    if source == "auto":
        if name == "tiny":
            return "random weights"
        try:
            return _imagenet(backbone, name)
        except ModelError:
            if not _base_file(name, base).is_file():
                raise
            return _base(backbone, name, base)
    return _file(backbone, name, Path(source))


def _file(backbone: keras.Model, name: str, file: Path) -> str:
    if not file.is_file():
        raise ModelError(
            f"no weights at {file}",
            "`encoder.weights` is neither a file nor one of imagenet, base, auto, random",
        )
    if file.suffix == ".npz":
        _fill(backbone, read_arrays(file), file)
        return f"weights of {file.name}"
    trunk = trunk_of(backbone)
    try:
        trunk.load_weights(file)
    except (ValueError, OSError, KeyError) as error:
        reason = str(error).strip().splitlines()
        raise ModelError(
            f"{file} holds no weights for {name}",
            reason[0] if reason else type(error).__name__,
            "give the file of this backbone without its top",
        ) from None
    _fold_scaling(trunk, name)
    return f"weights of {file.name}"


def _imagenet(backbone: keras.Model, name: str) -> str:
    trunk = trunk_of(backbone)
    build = BACKBONES[name].build
    if name == "tiny":
        raise ModelError("no ImageNet weights for tiny", remedy='set encoder.weights to "random"')
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_PATIENCE)
    keras.config.disable_interactive_logging()  # Keras prints the download's progress otherwise
    try:
        pretrained = build(include_top=False, weights="imagenet", input_shape=trunk.input_shape[1:])
    # Keras reports a failed download as a bare Exception.
    except Exception as error:  # noqa: BLE001
        raise ModelError(
            f"no ImageNet weights for {name}",
            "they are not in the Keras cache (~/.keras/models) and cannot be downloaded: "
            + str(error).splitlines()[0],
            "set encoder.weights to a weights file, or put the file into the Keras cache, "
            'or take the base checkpoint with backbone "efficientnetb0" and weights "base"',
        ) from None
    finally:
        socket.setdefaulttimeout(patience)
    trunk.set_weights(pretrained.get_weights())
    _fold_scaling(trunk, name)
    return "ImageNet weights"


def _fold_scaling(trunk: keras.Model, name: str) -> None:
    """Keras adds a scaling layer to EfficientNet for its ImageNet weights only.

    Folded into the variance of the normalisation, so that one layout serves all weights.
    """
    if name != "efficientnetb0":
        return
    norm = next(layer for layer in trunk.layers if isinstance(layer, layers.Normalization))
    mean, variance, *rest = norm.get_weights()
    norm.set_weights([mean, variance * np.asarray(IMAGENET_DEVIATION, np.float32), *rest])
    settle(trunk)


def _base_file(name: str, base: Path) -> Path:
    # The whole model ships in one file; its backbone is this one.
    return base / ("weights.npz" if name == "efficientnetb0" else f"{name}.npz")


def _base(backbone: keras.Model, name: str, base: Path) -> str:
    file = _base_file(name, base)
    if not file.is_file():
        raise ModelError(
            f"no base checkpoint for {name}",
            f"{file.name} is not in {base}",
            'take backbone "efficientnetb0", or build one with `make base`, '
            'or set encoder.weights to a weights file or to "imagenet"',
        )
    _fill(backbone, read_arrays(file), file)
    return "the base checkpoint"


def _fill(backbone: keras.Model, arrays: dict[str, np.ndarray], file: Path) -> None:
    """Set the backbone's weights from arrays named as in `network_weights`."""
    trunk = trunk_of(backbone)
    for name, variable in weight_names(trunk).items():
        value = arrays.get(f"backbone/{name}")
        if value is None or tuple(value.shape) != tuple(variable.shape):
            raise ModelError(f"{file} does not fit the backbone", f"{name} differs")
        variable.assign(value.astype(np.float32))
    settle(trunk)


def read_arrays(file: Path) -> dict[str, np.ndarray]:
    """The named arrays of an .npz, never unpickling anything."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} cannot be read as weights", str(error)) from None
