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
import logging
import os
import socket
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from db.cache import EmbeddingCache
from db.store import Store
from encoder.encoded import Encoder
from encoder.runtime import OpenVinoEncoder
from errors import HomeError, PairdexError
from indexer.embed import IMAGE, TEXT, Embedded
from indexer.scan import Plan
from indexer.shards import Shard, ShardFolder, cut, embed, take
from progress import Progress
from settings import RuntimeSettings, Settings

SIZES = {IMAGE: 128, TEXT: 2048}  # of a shard: some seconds of one core
MOST = 20_000  # shards of a job: more work makes larger ones
# Of a core for each actor: the rest is for Ray's own tasks, which otherwise wait for ever on a
# machine whose cores are all taken by actors that wait for them.
SHARE = 0.9
ANSWERS_WITHIN = 5.0  # seconds


@dataclass(frozen=True)
class Cluster:
    """What the driver knows of where the work is done."""

    artifact: Path
    address: str  # empty: this machine alone
    shards: str  # a folder or an address


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
        cpu = time.process_time()
        name = self._shards.put(shard, embed(shard, self._encoder, self._batch, workers=1))
        return {"name": name, "seconds": time.process_time() - cpu}


def embed_on_ray(
    plan: Plan,
    store: Store,
    encoder: Encoder,
    cache: EmbeddingCache,
    settings: Settings,
    cluster: Cluster,
    progress: Progress,
) -> Embedded:
    """As `embed_images` and `embed_texts`, for both kinds at once."""
    done, folder = Embedded(), ShardFolder(cluster.shards, encoder.fingerprint)
    left = folder.done()  # by a run that was killed
    for name in left:
        take(folder, name, cache)
    if left:
        plan.embedded(cache.known(IMAGE), cache.known(TEXT))
    work = [*_shards(plan, store)]
    if not work:
        return done
    totals = {kind: sum(len(s.contents) for s in work if s.kind == kind) for kind in SIZES}
    finished = dict.fromkeys(SIZES, 0)
    unreadable: dict[bytes, str] = {}
    start = time.perf_counter()
    for answer in _answers(work, settings.runtime, cluster):
        embedded = take(folder, answer["name"], cache)
        unreadable.update(embedded.unreadable)
        finished[embedded.kind] += len(embedded)
        done.inference += answer["seconds"]
        stage = "captions" if embedded.kind == TEXT else "images"
        progress(stage, finished[embedded.kind], totals[embedded.kind])
    done.count, done.seconds = totals[IMAGE] - len(unreadable), time.perf_counter() - start
    done.precision = settings.runtime.precision
    plan.drop(unreadable)
    return done


def _shards(plan: Plan, store: Store) -> Iterator[Shard]:
    for kind, work, sources in (
        (IMAGE, plan.new_images, store.image_paths),
        (TEXT, plan.new_captions, store.caption_texts),
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


def _answers(
    work: list[Shard], runtime: RuntimeSettings, cluster: Cluster
) -> Iterator[dict[str, Any]]:
    """One of each shard, in the order in which they are done."""
    with _connected(cluster.address) as ray:
        from ray.data import ActorPoolStrategy, DataContext, from_items

        context = DataContext.get_current()
        context.enable_progress_bars = False
        context.execution_options.preserve_order = False
        cores = int(ray.cluster_resources().get("CPU", 1))
        model = ray.put(_packed(cluster.artifact))
        own = _with_threads(runtime)
        data = from_items([{"shard": shard} for shard in work], override_num_blocks=len(work))
        answered = data.map(
            Worker,
            fn_constructor_args=(model, own, cluster.shards),
            compute=ActorPoolStrategy(min_size=1, max_size=max(1, min(cores, len(work)))),
            num_cpus=SHARE,
        )
        yield from answered.iter_rows()


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Ray, told to be quiet and to report to nobody; what goes wrong with it in one line."""
    # Before the import, which reads them. Usage would be reported to Ray's makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DATA_LOG_LEVEL", "CRITICAL")
    import ray

    # A traceback for each lost node is nothing to a user: what goes wrong is told below.
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    _require(address)
    source = str(Path(__file__).resolve().parent.parent)
    joined = ray.is_initialized()  # by a program of which we are a part
    try:
        if not joined:
            ray.init(
                address=address or "local",
                include_dashboard=None if address else False,
                configure_logging=True,
                logging_level="ERROR",
                log_to_driver=False,
                runtime_env={"env_vars": {"PYTHONPATH": source}},
            )
        yield ray
    except PairdexError:
        raise
    except ConnectionError as error:
        raise _silent(address, str(error).splitlines()[0]) from None
    except ray.exceptions.RayError as error:
        raise _translated(error) from None
    finally:
        if not joined:
            ray.shutdown()


def _require(address: str) -> None:
    """Somebody listens there: Ray itself would ask again and again, for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWERS_WITHIN).close()
    except OSError as error:
        raise _silent(address, (error.strerror or str(error)).lower()) from None


def _silent(address: str, reason: str) -> HomeError:
    remedy = "start it with `ray start --head`, or leave the address out"
    return HomeError(f"no Ray cluster answers at {address}", reason, remedy)


def _translated(error: Exception) -> PairdexError:
    cause = getattr(error, "cause", None)
    if isinstance(cause, PairdexError):
        return cause
    line = next((line for line in reversed(str(error).splitlines()) if line.strip()), "no reason")
    return HomeError("the embedding on Ray was broken off", line.strip(), "run the same again")


def _packed(artifact: Path) -> bytes:
    """The model as it is sent: its own files, without the ways back from corrections."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w") as archive:
        for file in sorted(artifact.iterdir()):
            if file.is_file():
                archive.add(file, arcname=file.name)
    return memory.getvalue()


def _with_threads(runtime: RuntimeSettings) -> RuntimeSettings:

    return replace(runtime, threads=1)
