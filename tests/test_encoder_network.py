"""The network itself, small and untrained: its layout promises hold whatever the weights."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from errors import ModelError

pytestmark = pytest.mark.slow
TOKENS = np.array([[5, 9, 7, 0, 0, 0], [4, 0, 0, 0, 0, 0], [9, 8, 7, 6, 5, 4]], np.int32)
SHARED = Path(os.environ.get("PAIRDEX_SHARED", Path(__file__).parents[2] / "shared"))
MOBILENET = SHARED / "weights" / "mobilenetv2_imagenet_notop.weights.h5"


def shaken(**changes: Any) -> Any:
    """A tiny network whose every weight is off its first value, BatchNorm statistics too."""
    import training  # noqa: F401  # loads Keras without its greeting
    from encoder.network import NetworkShape, build_network

    network = build_network(
        NetworkShape("tiny", 32, **{"vocabulary": 20, "tags": 5, "max_tokens": 6} | changes)
    )
    rng = np.random.default_rng(0)
    for part in network.heads:
        for weight in part.weights:
            noise = rng.normal(0, 0.1, weight.shape).astype(np.float32)
            value = np.asarray(weight) + noise
            weight.assign(np.abs(value) if "variance" in weight.path else value)
    return network


@pytest.mark.parametrize("head_input", ["point", "branch"])
def test_stored_halves_in_half_precision_give_the_logit_of_the_keras_head(head_input: str) -> None:
    from keras import ops

    from encoder.head import Head
    from encoder.network import head_tail, serving_graphs

    network = shaken(head_input=head_input)
    image, text = serving_graphs(network)
    pixels = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3)).astype(np.float32)
    seen, read = ({k: ops.convert_to_numpy(v) for k, v in graph(x).items()}
                  for graph, x in ((image, pixels), (text, TOKENS)))  # fmt: skip
    cosines = (seen["vector"] * read["vector"]).sum(axis=1)

    img, image_points = network.image_branch(network.backbone(pixels))
    txt, text_points = network.text_branch(TOKENS)
    left, right = (image_points, text_points) if head_input == "point" else (img, txt)
    head = network.match_head
    summed = head.image_half(left) + head.text_half(right)
    reference = ops.convert_to_numpy(head(summed, cosines, training=False))

    tail = Head(**head_tail(network))
    stored = (seen["half"].astype(np.float16), read["half"].astype(np.float16))
    assert np.abs(tail.logits(*stored, cosines) - reference).max() < 1e-3


def test_padding_changes_nothing_of_what_the_text_branch_says() -> None:
    network = shaken()
    short = [np.asarray(x) for x in network.text_branch(TOKENS)]
    long = [np.asarray(x) for x in network.text_branch(np.pad(TOKENS, ((0, 0), (0, 5))))]
    for one, other in zip(short, long, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_both_branches_end_on_the_unit_sphere() -> None:
    network = shaken()
    _, texts = network.text_branch(TOKENS)
    _, images = network.image_branch(network.backbone(np.full((2, 32, 32, 3), 90, np.float32)))
    for points in (texts, images):
        np.testing.assert_allclose(np.linalg.norm(np.asarray(points), axis=1), 1.0, rtol=1e-4)


def test_weights_survive_the_way_into_another_network() -> None:
    from encoder.network import network_weights, set_network_weights

    first, second = shaken(), shaken()
    weights = {name: value + 0.5 for name, value in network_weights(first).items()}
    set_network_weights(second, weights)
    for name, value in network_weights(second).items():
        np.testing.assert_allclose(value, weights[name], atol=1e-6)


def test_weights_of_another_shape_are_refused() -> None:
    from encoder.network import network_weights, set_network_weights

    with pytest.raises(ModelError, match="wrong shape"):
        set_network_weights(shaken(), network_weights(shaken(tags=6)))
    with pytest.raises(ModelError, match="do not belong"):
        set_network_weights(shaken(), {"stranger": np.zeros(3)})


def test_the_palette_tells_colours_apart_and_sums_to_one() -> None:
    import training  # noqa: F401
    from encoder.network_backbone import Palette

    red, green = np.zeros((2, 1, 64, 64, 3), np.float32)
    red[..., 0] = green[..., 1] = 255
    first, second = (np.asarray(Palette()(image))[0] for image in (red, green))
    assert (first**2).sum() == pytest.approx(1.0)
    assert first @ second == pytest.approx(0.0)


@pytest.mark.parametrize("name", ["tiny", "mobilenetv2", "efficientnetb0"])
def test_a_backbone_gives_as_many_features_as_it_declares(name: str) -> None:
    import training  # noqa: F401
    from encoder.network_backbone import BACKBONES, build_backbone

    assert build_backbone(name, 32).output_shape == (None, BACKBONES[name].features())


def test_an_unknown_backbone_is_refused_by_name() -> None:
    from encoder.network import NetworkShape, build_network

    with pytest.raises(ModelError, match="unknown backbone 'lenet'"):
        build_network(NetworkShape("lenet", 32, vocabulary=20, tags=5))


def test_without_any_weights_one_line_names_the_three_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keras.src.backend import config

    from encoder.network_backbone import build_backbone
    from encoder.weights import load_backbone

    # An empty Keras cache, and a network that refuses: the download fails for real.
    monkeypatch.setattr(config, "_KERAS_DIR", str(tmp_path))
    for variable in ("https_proxy", "HTTPS_PROXY", "http_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    backbone = build_backbone("mobilenetv2", 32)
    with pytest.raises(ModelError) as caught:
        load_backbone(backbone, "mobilenetv2", "auto", base=tmp_path)
    line = str(caught.value)
    assert "\n" not in line
    for way in ("weights file", "Keras cache", "base checkpoint"):
        assert way in line


def test_a_file_that_is_no_weights_file_is_refused(tmp_path: Path) -> None:
    from encoder.network_backbone import build_backbone
    from encoder.weights import load_backbone

    backbone = build_backbone("mobilenetv2", 32)
    damaged = tmp_path / "cut.weights.h5"
    damaged.write_bytes(b"not HDF5 at all")
    for file, reason in ((damaged, "holds no weights"), (tmp_path / "absent.h5", "no weights at")):
        with pytest.raises(ModelError, match=reason):
            load_backbone(backbone, "mobilenetv2", str(file))


def test_a_base_checkpoint_fills_the_backbone_it_was_written_from(tmp_path: Path) -> None:
    from encoder.network_backbone import build_backbone, trunk_of
    from encoder.weights import load_backbone
    from training.base import BACKBONE, write_checkpoint

    first, second = build_backbone(BACKBONE, 32), build_backbone(BACKBONE, 32)
    write_checkpoint(first, tmp_path / "weights.npz")
    assert load_backbone(second, BACKBONE, "base", base=tmp_path) == "the base checkpoint"
    pairs = zip(trunk_of(first).get_weights(), trunk_of(second).get_weights(), strict=True)
    assert all(np.allclose(one, other, atol=1e-3) for one, other in pairs)


@pytest.mark.skipif(not MOBILENET.is_file(), reason="the real weights are not at hand")
def test_real_weights_land_in_the_layers_they_were_trained_in() -> None:
    from encoder.network_backbone import build_backbone
    from encoder.weights import load_backbone

    backbone = build_backbone("mobilenetv2", 96)
    load_backbone(backbone, "mobilenetv2", str(MOBILENET))
    pictures = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3)).astype(np.float32)
    output = np.asarray(backbone(pictures))[:, 192 + 576 : 192 + 576 + 1280]
    # Trained features are sparse and bounded by relu6; weights in wrong places blow up or die.
    assert 0.02 < output.mean() < 2
    assert output.max() <= 6
