"""The peer: CLIP ViT-B/32's image tower in ONNX Runtime, as rclip runs it; weights at random.

Speed does not depend on what the weights are. 12 layers, width 768, 12 heads, patches of 32 on
224 pixels, so 49 patches and a class token, projected to 512: 87.8 million parameters.
"""

from __future__ import annotations

from typing import Any

import numpy as np

WIDTH, HEADS, LAYERS, PATCH, SIDE, OUT = 768, 12, 12, 32, 224, 512
TOKENS = (SIDE // PATCH) ** 2 + 1
MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
DEVIATION = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)


class ClipTower:
    """`tower(pixels)`: `[n, 224, 224, 3]` bytes → `[n, 512]`."""

    def __init__(self) -> None:
        import onnxruntime

        model = _Graph().finished()
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        planes = ((pixels.astype(np.float32) / 255 - MEAN) / DEVIATION).transpose(0, 3, 1, 2)
        (points,) = self._session.run(None, {"pixels": np.ascontiguousarray(planes)})
        return np.asarray(points)


class _Graph:
    """The tower, written down with ONNX's own helpers: no torch is needed."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._dice = np.random.default_rng(0)

    def finished(self) -> Any:
        from onnx import TensorProto, helper

        x = self._op("Conv", "pixels", self._weight(WIDTH, 3, PATCH, PATCH),
                     kernel_shape=[PATCH, PATCH], strides=[PATCH, PATCH])  # fmt: skip
        x = self._op("Reshape", x, self._constant(np.array([0, WIDTH, TOKENS - 1])))
        x = self._op("Transpose", x, perm=[0, 2, 1])
        count = self._op("Shape", x, end=1)
        shape = self._op("Concat", count, self._constant(np.array([1, WIDTH])), axis=0)
        token = self._op("Expand", self._weight(1, 1, WIDTH), shape)
        x = self._op("Concat", token, x, axis=1)
        x = self._norm(self._op("Add", x, self._weight(TOKENS, WIDTH)))
        for _ in range(LAYERS):
            x = self._op("Add", x, self._attention(self._norm(x)))
            x = self._op("Add", x, self._perceptron(self._norm(x)))
        x = self._norm(self._op("Gather", x, self._constant(np.array(0)), axis=1))
        self._op("MatMul", x, self._weight(WIDTH, OUT), name="point")
        pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])
        point = helper.make_tensor_value_info("point", TensorProto.FLOAT, ["n", OUT])
        graph = helper.make_graph(self.nodes, "clip", [pixels], [point], self.constants)
        opset = helper.make_opsetid("", 17)
        return helper.make_model(graph, opset_imports=[opset], ir_version=9)

    def _attention(self, x: str) -> str:
        split = self._constant(np.array([0, TOKENS, HEADS, WIDTH // HEADS]))
        query, key, value = (
            self._op("Transpose", self._op("Reshape", self._dense(x, WIDTH, WIDTH), split), perm=p)
            for p in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])
        )
        scale = self._constant(np.float32((WIDTH // HEADS) ** -0.5))
        weights = self._op("MatMul", self._op("Mul", query, scale), key)
        mixed = self._op("MatMul", self._op("Softmax", weights, axis=-1), value)
        joined = self._constant(np.array([0, TOKENS, WIDTH]))
        mixed = self._op("Reshape", self._op("Transpose", mixed, perm=[0, 2, 1, 3]), joined)
        return self._dense(mixed, WIDTH, WIDTH)

    def _perceptron(self, x: str) -> str:
        hidden = self._dense(x, WIDTH, 4 * WIDTH)
        gate = self._op("Sigmoid", self._op("Mul", hidden, self._constant(np.float32(1.702))))
        return self._dense(self._op("Mul", hidden, gate), 4 * WIDTH, WIDTH)

    def _norm(self, x: str) -> str:
        one, zero = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
        return self._op(
            "LayerNormalization", x, self._constant(one), self._constant(zero), epsilon=1e-5
        )

    def _dense(self, x: str, inputs: int, outputs: int) -> str:
        product = self._op("MatMul", x, self._weight(inputs, outputs))
        return self._op("Add", product, self._weight(outputs))

    def _weight(self, *shape: int) -> str:
        return self._constant((self._dice.normal(size=shape) * 0.02).astype(np.float32))

    def _constant(self, value: Any) -> str:
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def _op(self, kind: str, *inputs: str, name: str = "", **options: Any) -> str:
        from onnx import helper

        name = name or f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **options))
        return name
