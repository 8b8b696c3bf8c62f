"""The embed stage on Ray Data: shards of work for as many actors as the cluster has cores.

The driver is the ordinary job. It cuts what is left to embed into shards, hands them out, and
takes each that is done into the embedding cache, from where all goes on as on one machine. A node
that dies loses the shards it was at: Ray gives them to others. A driver that dies loses nothing
that is done: the next one takes it in first.

Workers need this program installed and must see the images under the paths that the catalog has;
the model is sent to them.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from encoder.runtime import OpenVinoEncoder
from indexer.embed import embed_here
from indexer.engine_ray_connection import connected
from indexer.run import IMAGE, TEXT, Embedded, Run
from indexer.scan import Plan
from indexer.shards import Shard, ShardFolder, cut, embed, take
from settings import RuntimeSettings

SIZES = {IMAGE: 128, TEXT: 2048}  # of a shard: some seconds of one core
MOST = 20_000  # shards of a job: more work makes larger ones
# Of a core for each actor: the rest is for Ray's own tasks, which otherwise wait for ever on a
# machine whose cores are all taken by actors that wait for them.
SHARE = 0.9


class Worker:
    """An actor: one model for as many shards as it gets, on one core."""

    def __init__(self, model: Any, runtime: RuntimeSettings, shards: str) -> None:
        """`model` is where Ray keeps what `_packed` made, once for each node."""
        import ray

        self._folder = tempfile.TemporaryDirectory(prefix="pairdex-model-")
        with tarfile.open(fileobj=io.BytesIO(ray.get(model))) as archive:
            archive.extractall(self._folder.name, filter="data")
        self._encoder = OpenVinoEncoder(Path(self._folder.name), runtime)
        self._shards = ShardFolder(shards, self._encoder.fingerprint)
        self._batch = runtime.batch

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        shard: Shard = row["shard"]
        name = shard.name(self._encoder.fingerprint)
        answer = {"name": name, "decode": 0.0, "inference": 0.0, "precision": ""}
        if self._shards.has(name):
            return answer  # by a node that died before its answer was heard
        cpu = time.process_time()
        rows = embed(shard, self._encoder, self._batch, workers=1)
        inference = time.process_time() - cpu - rows.decode
        self._shards.put(name, rows)
        precision = self._encoder.precision if shard.kind == IMAGE else ""
        return answer | {"decode": rows.decode, "inference": inference, "precision": precision}


def embed_on_ray(run: Run, plan: Plan) -> Embedded:
    """On all machines of the cluster that `index.ray_address` names."""
    address = run.settings.index.shards or str(run.home.shards)
    folder = ShardFolder(address, run.encoder.fingerprint)
    left = folder.done()  # by a run that was killed
    for name in left:
        take(folder, name, run.cache)
    folder.sweep()
    if left:
        plan.embedded(run.cache.known(IMAGE), run.cache.known(TEXT))
    if len(plan.new_images) <= SIZES[IMAGE] and len(plan.new_captions) <= SIZES[TEXT]:
        return embed_here(run, plan)  # one actor would do it all, once Ray has started
    with run.timed("ray"):
        return _spread(run, plan, folder)


def _spread(run: Run, plan: Plan, folder: ShardFolder) -> Embedded:
    done, work = Embedded(), [*_shards(run, plan)]
    totals = {kind: sum(len(s.contents) for s in work if s.kind == kind) for kind in SIZES}
    finished = dict.fromkeys(SIZES, 0)
    unreadable: dict[bytes, str] = {}
    precisions: set[str] = set()
    start = time.perf_counter()
    for answer in _answers(run, work, folder.address):
        rows = take(folder, answer["name"], run.cache)
        unreadable.update(rows.unreadable)
        finished[rows.kind] += len(rows)
        if rows.kind == IMAGE:
            done.decode += answer["decode"]
            done.inference += answer["inference"]
            done.seconds = time.perf_counter() - start
            precisions.add(answer["precision"])
        stage = "captions" if rows.kind == TEXT else "images"
        run.progress(stage, finished[rows.kind], totals[rows.kind])
    done.count = totals[IMAGE] - len(unreadable)
    done.precision = ", ".join(sorted(precisions - {""}))  # of each machine what is best there
    plan.drop(unreadable)
    return done


def _shards(run: Run, plan: Plan) -> Iterator[Shard]:
    for kind, work, sources in (
        (IMAGE, plan.new_images, run.store.image_paths),
        (TEXT, plan.new_captions, run.store.caption_texts),
    ):
        size = max(SIZES[kind], len(work) // MOST + 1)
        contents: list[bytes] = []
        named: list[str] = []
        for ids, part in work.parts():
            contents += part
            named += sources(ids)
            whole = len(contents) // size * size
            yield from cut(kind, contents[:whole], named[:whole], size)
            contents, named = contents[whole:], named[whole:]
        yield from cut(kind, contents, named, size)


def _answers(run: Run, work: list[Shard], shards: str) -> Iterator[dict[str, Any]]:
    """One of each shard, in the order in which they are done."""
    with connected(run.settings.index.ray_address) as ray:
        from ray.data import ActorPoolStrategy, DataContext, from_items

        context = DataContext.get_current()
        context.enable_progress_bars = False
        context.execution_options.preserve_order = False
        cores = int(ray.cluster_resources().get("CPU", 1))
        model = ray.put(_packed(run.home.artifact))
        runtime = replace(run.settings.runtime, threads=1)
        data = from_items([{"shard": shard} for shard in work], override_num_blocks=len(work))
        answered = data.map(
            Worker,
            fn_constructor_args=(model, runtime, shards),
            compute=ActorPoolStrategy(min_size=1, max_size=max(1, min(cores, len(work)))),
            num_cpus=SHARE,
        )
        yield from answered.iter_rows()


def _packed(artifact: Path) -> bytes:
    """The model as it is sent: its own files, without the ways back from corrections."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w") as archive:
        for file in sorted(artifact.iterdir()):
            if file.is_file():
                archive.add(file, arcname=file.name)
    return memory.getvalue()
