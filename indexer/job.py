"""The whole job: all stages in order, under the home's lock, closed with a summary."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec

import msgspec
import numpy as np

from db import generations
from db.caches import open_cache
from db.databases import generations_of
from db.home import Home
from db.store import Store
from encoder.encoded import Encoder
from errors import CatalogError, SettingsError
from indexer.calibrate import calibrate
from indexer.embed import embed_here
from indexer.memory import give_back
from indexer.run import INT8, TEXT, Engine, Run
from indexer.scan import Plan, scan
from indexer.summary import BuildSummary, summed_up
from indexer.verify import verifier
from indexer.write import write, write_words
from progress import Progress, silent
from settings import Settings


def build_index(
    home: Home, store: Store, encoder: Encoder, settings: Settings, progress: Progress = silent
) -> BuildSummary:
    """Bring the index to what the catalog holds and publish it as a new generation.

    Where the live generation already is what would be built, it stays. Where the rows are in
    PostgreSQL, jobs on several machines share what is to be embedded, and one of them publishes.
    """
    embed = _engine(settings)
    with home.building("index build", encoder.fingerprint):
        total = store.count_items()
        if not total:
            raise CatalogError(
                "the catalog is empty", "there is nothing to index", "import a catalog first"
            )
        generations_of(home).prepare()
        number = store.start_run("index")
        with open_cache(home, encoder.fingerprint) as cache:
            run = Run(home, store, encoder, cache, settings, progress)
            if settings.runtime.precision == "int8":
                with run.timed("calibrate"):
                    calibrate(run)
                run = replace(run, image_kind=INT8)
            with run.timed("scan"):
                plan = _plan(run, total)
            done = embed(run, plan)
            if not len(plan.images):
                raise CatalogError(
                    "no image of the catalog can be read",
                    plan.failures[0][2],
                    "check the paths, then import again",
                )
            indexed = int(np.isin(plan.images.contents, plan.new_images.contents).sum())
            with home.publishing():
                generation = _generation(run, plan)
                cache.published()
        summary = summed_up(run, plan, generation, indexed, done)
        store.finish_run(number, msgspec.to_builtins(summary), plan.failures)
    return summary


def _plan(run: Run, total: int) -> Plan:
    removals = run.store.removals()
    known = run.cache.known(run.image_kind), run.cache.known(TEXT)
    plan = scan(run.store.index_rows(), total, *known, run.progress)
    plan.removals = removals
    del known
    give_back(total)
    return plan


def _engine(settings: Settings) -> Engine:
    if settings.index.engine == "local":
        return embed_here
    if settings.runtime.precision == "int8":
        raise SettingsError(
            "Ray embeds no images in int8",
            "eight bits are fitted on one machine",
            'set runtime.precision to "auto"',
        )
    missing = [name for name in ("ray", "pyarrow", "fsspec") if find_spec(name) is None]
    if missing:
        raise SettingsError(
            "the engine is ray",
            f"the package {missing[0]} is not installed",
            "pip install 'pairdex[ray]', or build without --engine ray",
        )
    from indexer.engine_ray import embed_on_ray

    return embed_on_ray


def _generation(run: Run, plan: Plan) -> str:
    """The name of the generation that holds the plan: the live one, or a new one."""
    encoder, index = run.encoder, run.settings.index
    wanted = f"{index.factory} {index.recall}"
    if run.image_kind == INT8:
        wanted += f" {INT8}"
    signature = plan.signature(encoder.fingerprint, wanted)
    kept = generations_of(run.home)
    live = kept.live_manifest()
    if live is not None and live.signature == signature:
        return live.name
    items = len(plan.images)
    with kept.building() as build:
        with run.timed("write"):
            write(run, plan, build.folder)
            plan.written()
            give_back(items)
        with run.timed("words"):
            write_words(run, plan, build.folder)
            give_back(items)
        with run.timed("vectors"):
            measured = build.write_indexes(index.factory, index.recall, run.progress)
            give_back(items)
        manifest = generations.Manifest(
            name=build.name,
            created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            fingerprint=encoder.fingerprint,
            signature=signature,
            items=items,
            captions=len(plan.captions),
            shared=encoder.shared,
            width=encoder.head.width,
            removals=plan.removals,
            vectors=measured,
            settings=msgspec.to_builtins(index),
            timings=dict(run.seconds),
            versions={package: version(package) for package in ("faiss-cpu", "numpy")},
        )
        with run.timed("publish"):
            run.progress("publish", 0, 1)
            build.publish(manifest, verifier(plan, index.self_check), index.keep)
            run.progress("publish", 1, 1)
    return build.name
