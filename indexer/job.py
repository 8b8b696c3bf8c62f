"""The whole job: all stages in order, under the home's lock, closed with a summary."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version

import msgspec
import numpy as np

from db import generations
from db.cache import EmbeddingCache
from db.caches import open_cache
from db.databases import generations_of
from db.home import Home
from db.store import Store
from encoder.encoded import Encoder
from errors import CatalogError, SettingsError
from indexer.calibrate import calibrated
from indexer.embed import (
    IMAGE,
    TEXT,
    Embedded,
    embed_images,
    embed_texts,
)
from indexer.memory import give_back
from indexer.scan import Plan, scan
from indexer.verify import verifier
from indexer.write import write, write_words
from progress import Progress, silent
from settings import Settings


@dataclass
class BuildSummary:
    """Every item of the catalog is in exactly one of the four counts."""

    generation: str = ""
    items: int = 0
    captions: int = 0
    indexed: int = 0  # embedded by this run, or by others beside it
    unchanged: int = 0  # embedded by an earlier one
    skipped: int = 0  # its file is no longer there
    failed: int = 0  # its file cannot be read
    images_per_second: float = 0.0  # decoded, embedded and stored
    inference_per_second: float = 0.0  # inference alone could do; 0 where it was not measured
    inference_share: float = 0.0  # the one divided by the other
    precision: str = ""  # of the images that this run embedded
    loss: dict[str, float] = field(
        default_factory=dict
    )  # by eight bits: cosine, recall_at_10, images
    core_seconds: dict[str, float] = field(default_factory=dict)  # decode, inference
    seconds: dict[str, float] = field(default_factory=dict)


def build_index(
    home: Home, store: Store, encoder: Encoder, settings: Settings, progress: Progress = silent
) -> BuildSummary:
    """Bring the index to what the catalog holds and publish it as a new generation.

    Where the live generation already is what would be built, it stays. Where the rows are in
    PostgreSQL, jobs on several machines share what is to be embedded, and one of them publishes.
    """
    with home.building("index build"):
        total = store.count_items()
        if not total:
            raise CatalogError(
                "the catalog is empty", "there is nothing to index", "import a catalog first"
            )
        run = store.start_run("index")
        summary = BuildSummary()
        with open_cache(home, encoder.fingerprint) as cache:
            kind = IMAGE
            if settings.runtime.precision == "int8":
                with _timed(summary, "calibrate"):
                    kind = calibrated(store, encoder, cache, progress)
            with _timed(summary, "scan"):
                removals = store.removals()
                rows, known = store.index_rows(), (cache.known(kind), cache.known(TEXT))
                plan = scan(rows, total, *known, progress)
                plan.removals = removals
                del rows, known
                give_back(total)
            stages = (plan, store, encoder, cache, settings, summary, progress, kind)
            on_ray = settings.index.engine == "ray"
            embedded = _embed_on_ray(home, *stages) if on_ray else _embed_here(*stages)
            if not len(plan.images):
                raise CatalogError(
                    "no image of the catalog can be read",
                    plan.failures[0][2],
                    "check the paths, then import again",
                )
            summary.indexed = int(np.isin(plan.images.contents, plan.new_images.contents).sum())
            with home.publishing():
                summary.generation = _generation(
                    home, store, plan, encoder, cache, settings, summary, progress, kind
                )
                cache.forget_other_models()
        summary.items, summary.captions = len(plan.images), len(plan.captions)
        summary.unchanged = summary.items - summary.indexed
        summary.skipped = sum(status == "skipped" for _, status, _ in plan.failures)
        summary.failed = len(plan.failures) - summary.skipped
        account(summary, embedded)
        summary.loss = msgspec.to_builtins(encoder.loss) or {}
        store.finish_run(run, msgspec.to_builtins(summary), plan.failures)
    return summary


def _embed_here(
    plan: Plan,
    store: Store,
    encoder: Encoder,
    cache: EmbeddingCache,
    settings: Settings,
    summary: BuildSummary,
    progress: Progress,
    kind: str,
) -> Embedded:
    with _timed(summary, "images"):
        batch = settings.runtime.batch
        embedded = embed_images(plan, store, encoder, cache, batch, progress, kind=kind)
    encoder.rest()
    give_back(len(plan.images))
    with _timed(summary, "captions"):
        embed_texts(plan, store, encoder, cache, progress)
    encoder.rest()
    give_back(len(plan.images))
    return embedded


def _embed_on_ray(
    home: Home,
    plan: Plan,
    store: Store,
    encoder: Encoder,
    cache: EmbeddingCache,
    settings: Settings,
    summary: BuildSummary,
    progress: Progress,
    kind: str,
) -> Embedded:
    if kind != IMAGE:
        raise SettingsError(
            "Ray embeds no images in int8",
            "eight bits are fitted on one machine",
            'set runtime.precision to "auto"',
        )
    from indexer.engine_ray import Cluster, embed_on_ray

    shards = settings.index.shards or str(home.cache / "shards")
    cluster = Cluster(home.artifact, settings.index.ray_address, shards)
    with _timed(summary, "ray"):
        return embed_on_ray(plan, store, encoder, cache, settings, cluster, progress)


def account(summary: BuildSummary, embedded: Embedded) -> None:
    """Where the time of the images went."""
    if not embedded.count:
        return
    rate = embedded.count / max(embedded.seconds, 1e-9)
    summary.precision = embedded.precision
    summary.images_per_second = round(rate, 1)
    summary.inference_per_second = round(embedded.best, 1)
    summary.inference_share = round(rate / embedded.best, 3) if embedded.best else 0.0
    summary.core_seconds = {
        "decode": round(embedded.decode, 3),
        "inference": round(embedded.inference, 3),
    }


def _generation(
    home: Home,
    store: Store,
    plan: Plan,
    encoder: Encoder,
    cache: EmbeddingCache,
    settings: Settings,
    summary: BuildSummary,
    progress: Progress,
    kind: str,
) -> str:
    """The name of the generation that holds the plan: the live one, or a new one."""
    wanted = f"{settings.index.factory} {settings.index.recall}"
    if kind != IMAGE:
        wanted += f" {kind}"
    signature = plan.signature(encoder.fingerprint, wanted)
    kept = generations_of(home)
    live = kept.live_manifest()
    if live is not None and live.signature == signature:
        return live.name
    index, shape, items = settings.index, (encoder.shared, encoder.head.width), len(plan.images)
    with kept.building() as build:
        with _timed(summary, "write"):
            write(build.folder, plan, cache, shape, progress, kind)
            plan.written()
            give_back(items)
        with _timed(summary, "words"):
            write_words(build.folder, plan, store, progress)
            give_back(items)
        with _timed(summary, "vectors"):
            measured = build.write_indexes(index.factory, index.recall, progress)
            give_back(items)
        manifest = generations.Manifest(
            name=build.name,
            created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            fingerprint=encoder.fingerprint,
            signature=signature,
            items=len(plan.images),
            captions=len(plan.captions),
            shared=encoder.shared,
            width=encoder.head.width,
            removals=plan.removals,
            vectors=measured,
            settings=msgspec.to_builtins(index),
            timings=dict(summary.seconds),
            versions={package: version(package) for package in ("faiss-cpu", "numpy")},
        )
        with _timed(summary, "publish"):
            progress("publish", 0, 1)
            verify = verifier(plan, index.self_check)
            build.publish(manifest, verify, index.keep)
            progress("publish", 1, 1)
    return build.name


@contextmanager
def _timed(summary: BuildSummary, stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    summary.seconds[stage] = round(time.perf_counter() - start, 3)
