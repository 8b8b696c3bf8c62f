"""Batch after batch through one graph, several requests at work at once, answers in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoder.encoded import Encoded
from encoder.light import ov
from errors import ModelError


class Stream:
    """A graph that was compiled for throughput: `size` is its batch, None where it takes any."""

    def __init__(self, compiled: Any, size: int | None) -> None:
        self._size = size
        # Twice as many as work at once, so that none waits for the next batch to be handed in.
        count = 2 * int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._requests = [compiled.create_infer_request() for _ in range(count)]

    def __call__(self, batches: Iterable[NDArray[Any]]) -> Iterator[Encoded]:
        """A batch is read until its answer comes out: only then may its memory be used again."""
        idle = deque(self._requests)
        busy: deque[tuple[Any, NDArray[Any], int]] = deque()
        try:
            for batch in batches:
                if not idle:
                    yield _finished(busy, idle)
                request, array = idle.popleft(), self._filled(batch)
                busy.append((request, array, len(batch)))
                request.start_async({0: array}, share_inputs=True)
            while busy:
                yield _finished(busy, idle)
        finally:
            for request, _, _ in busy:  # nothing may read a batch that is not ours any more
                with suppress(RuntimeError):
                    request.wait()

    def _filled(self, batch: NDArray[Any]) -> NDArray[Any]:
        """The batch at the length that the graph was compiled for."""
        if self._size is None or len(batch) == self._size:
            return batch
        full = np.zeros((self._size, *batch.shape[1:]), batch.dtype)
        full[: len(batch)] = batch
        return full


def compile_stream(core: ov.Core, graph: ov.Model, size: int | None, options: Any) -> Stream:
    """A stream over a graph; a fixed batch runs a quarter faster than one of any length."""
    if size is not None:
        prepared = ov.preprocess.PrePostProcessor(graph)
        prepared.input().tensor().set_element_type(ov.Type.u8)  # pixels as they are
        graph = prepared.build()
        graph.reshape([size, *graph.input().partial_shape[1:]])
    return Stream(core.compile_model(graph, "CPU", options), size)


def read_outputs(outputs: Any, rows: int | None = None) -> Encoded:
    """The three named outputs of a graph, copied out of the runtime's own memory."""
    arrays = {port.get_any_name(): np.array(value[:rows]) for port, value in outputs.items()}
    return Encoded(arrays["vector"], arrays["half"], arrays["tags"])


def _finished(busy: deque[tuple[Any, NDArray[Any], int]], idle: deque[Any]) -> Encoded:
    request, _, rows = busy[0]
    try:
        request.wait()
    except RuntimeError as error:
        raise ModelError(
            "the graph cannot be run", str(error).splitlines()[0], "train again"
        ) from None
    busy.popleft()
    idle.append(request)
    return read_outputs(
        {port: request.get_tensor(port).data for port in request.model_outputs}, rows
    )
