"""pairdex index build: the batch job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from commands import generations
from commands.context import JsonFlag, Session, fault, print_json, session
from errors import SettingsError

if TYPE_CHECKING:
    from settings import Settings

app = typer.Typer(no_args_is_help=True, help="Build the index and look after its generations.")


@app.command()
def build(
    context: typer.Context,
    engine: Annotated[
        Literal["local", "ray"] | None,
        typer.Option(help="Where to embed: here, or on a Ray cluster. [default: index.engine]"),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(help="Of the Ray cluster; without one, this machine alone."),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Embed what changed in the catalog and publish a new generation of the index."""
    from commands.model import ensure_model
    from db.home import Home
    from db.store import Store
    from encoder import artifact as artifacts
    from encoder.runtime import OpenVinoEncoder
    from indexer.job import build_index

    current = session(context)
    settings = _settings(current, engine, address)
    home = Home(current.home)
    with Store.open(current.home) as store:
        ensure_model(current)
        encoder = OpenVinoEncoder(home.artifact, settings.runtime, home.compiled)
        with current.progress() as progress:
            summary = build_index(home, store, encoder, settings, progress)
        artifacts.retire(home.artifact)
        failures = store.failures()
    if json:
        import msgspec

        rows = [{"id": k, "status": s, "reason": r} for k, s, r in failures]
        body = {"schema": "pairdex.index-build.v1", **msgspec.to_builtins(summary)}
        print_json(body | {"failures": rows})
        return
    out = current.out
    out.print(
        f"generation {summary.generation}: {summary.items} items, {summary.captions} captions "
        f"({summary.indexed} indexed, {summary.unchanged} unchanged, {summary.skipped} skipped, "
        f"{summary.failed} failed)",
        soft_wrap=True,
    )
    if summary.core_seconds:
        share = (
            f", {summary.inference_share:.0%} of what inference alone could do"
            if summary.inference_share
            else ""
        )
        work = ", ".join(f"{stage} {took:.1f} s" for stage, took in summary.core_seconds.items())
        out.print(
            f"{summary.images_per_second} images per second in {summary.precision}{share}; "
            f"of one core: {work}",
            soft_wrap=True,
        )
    if summary.loss:
        out.print(
            f"eight bits keep {summary.loss['recall_at_10']:.1%} of the ten nearest images, "
            f"measured with {summary.loss['images']:.0f} of the catalog; mean cosine to float32 "
            f"{summary.loss['cosine']:.4f}",
            soft_wrap=True,
        )
    stages = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in summary.seconds.items())
    out.print(stages, style="dim", soft_wrap=True)
    for key, status, reason in failures[:10]:
        fault(f"{status}: {key}: {reason}")
    if len(failures) > 10:
        fault(f"and {len(failures) - 10} more: `pairdex index build --json` lists all")


def _settings(current: Session, engine: str | None, address: str | None) -> Settings:
    given = {"engine": engine, "ray_address": address}
    changed = {name: value for name, value in given.items() if value is not None}
    if not changed:
        return current.settings
    from msgspec.structs import replace

    settings = replace(current.settings, index=replace(current.settings.index, **changed))
    if address is not None and settings.index.engine != "ray":
        raise SettingsError(
            "--address is of a Ray cluster", "the engine is local", "add --engine ray"
        )
    return settings


app.command("list")(generations.list_)
for command in (generations.rollback, generations.verify, generations.gc):
    app.command()(command)
