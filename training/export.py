"""Writing the trained network as the two graphs that the runtime loads."""

from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import numpy as np
import openvino as ov
from openvino.tools.ovc import convert_model

from encoder.network import Network, head_tail, network_weights, serving_graphs


def export_graphs(network: Network, folder: Path) -> None:
    """image.xml/.bin and text.xml/.bin (weights in half precision), head.npz, weights.npz."""
    image, text = serving_graphs(network)
    for name, graph in (("image", image), ("text", text)):
        export_graph(graph, folder / f"{name}.xml")
    np.savez(folder / "head.npz", allow_pickle=False, **head_tail(network))
    np.savez(folder / "weights.npz", allow_pickle=False, **halved(network_weights(network)))


def halved(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Matrices in float16, everything small in full: variances may lie outside float16."""
    return {
        name: value.astype(np.float16) if value.ndim > 1 else value
        for name, value in weights.items()
    }


def export_graph(graph: keras.Model, file: Path) -> None:
    """One Keras model as OpenVINO's graph, weights in half precision."""
    # By way of a SavedModel: the ONNX export turns EfficientNet's constants into inputs.
    with tempfile.TemporaryDirectory() as scratch:
        graph.export(scratch, verbose=False)
        ov.save_model(convert_model(scratch), file, compress_to_fp16=True)
