"""pairdex index list, rollback, verify, gc: looking after what `index build` has published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commands.context import JsonFlag, Session, fault, plain, print_json, session

if TYPE_CHECKING:
    from pathlib import Path

    from db.history import Entry
    from db.home import Home


def list_(context: typer.Context, json: JsonFlag = False) -> None:
    """List the generations of the index, and which of them is live."""
    from db.databases import generations_of
    from db.history import history
    from db.home import Home

    current = session(context)
    home = Home(current.home)
    home.require()
    model, serving = _embedding(home.artifact), _serving(home)
    entries = history(generations_of(home))
    if json:
        rows = [_entry(entry, serving) for entry in entries]
        print_json({"schema": "pairdex.index-list.v1", "model": model, "generations": rows})
    elif entries:
        _table(current, entries, serving)
    else:
        current.out.print("no index has been built yet: run `pairdex index build`")


def rollback(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="Else the one before.", show_default=False)
    ] = None,
    any_model: Annotated[
        bool, typer.Option("--any-model", help="Also to one that another model has made.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Make an older generation the live one; nothing is deleted or embedded."""
    import msgspec

    from db.history import roll_back
    from db.home import Home

    current = session(context)
    home = Home(current.home)
    home.require()
    done = roll_back(home, _serving(home), name, any_model)
    if json:
        print_json({"schema": "pairdex.index-rollback.v1"} | msgspec.to_builtins(done))
        return
    was = f", before it {done.was} was" if done.was != done.generation else " as it was before"
    current.out.print(f"generation {done.generation} is live{was}", soft_wrap=True)
    if not done.fits_model:
        note = "search and tag refuse it until the model that made it is in the artifact's place"
        current.err.print(note, soft_wrap=True)


def verify(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="Else the live one.", show_default=False)
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Read every file of a generation: checksums, counts, and whether it finds its own vectors."""
    import msgspec

    from db.databases import generations_of
    from db.history import named
    from db.home import Home
    from errors import IndexStateError
    from indexer.verify import verify_generation

    current = session(context)
    home = Home(current.home)
    home.require()
    kept = generations_of(home)
    found = named(kept, name)
    with current.progress() as progress:
        done = verify_generation(kept, found, current.settings.index.self_check, progress)
    if json:
        print_json({"schema": "pairdex.index-verify.v1"} | msgspec.to_builtins(done))
    elif done.sound:
        size = readable(sum(file.bytes for file in done.files))
        current.out.print(
            f"generation {done.generation} is sound: {len(done.files)} files, {size}, "
            f"{done.items} items, {done.captions} captions",
            soft_wrap=True,
        )
    if not done.sound:
        remedy = "run `pairdex index rollback` for the one before, or `pairdex index build`"
        what = f"generation {done.generation} is not sound"
        raise IndexStateError(what, "; ".join(done.problems), remedy)


def gc(
    context: typer.Context,
    keep: Annotated[
        int | None,
        typer.Option("--keep", min=1, help="Generations to keep, else index.keep."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be removed.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Remove old generations, leftovers of killed jobs, what other models and lost uploads left."""
    import msgspec

    from db.garbage import collect
    from db.home import Home

    current = session(context)
    home = Home(current.home)
    home.require()
    done = collect(home, _embedding(home.artifact), keep or current.settings.index.keep, dry_run)
    if json:
        print_json({"schema": "pairdex.index-gc.v1"} | msgspec.to_builtins(done))
        return
    parts = {
        f"generations {', '.join(done.generations)}": len(done.generations),
        f"leftovers of killed jobs {', '.join(done.leftovers)}": len(done.leftovers),
        f"{done.embeddings} embeddings of other models": done.embeddings,
        f"{done.compiled} compiled graphs of other models": done.compiled,
        f"{done.uploads} uploaded images that no item has": done.uploads,
        f"{done.thumbnails} thumbnails of images that no item has": done.thumbnails,
        "the model before the one that serves": done.models,
    }
    verb = "would free" if dry_run else "freed"
    for what, count in parts.items():
        if count:
            current.out.print(what, soft_wrap=True)
    current.out.print(f"{verb} {readable(done.bytes)}")


def readable(size: float) -> str:
    """Bytes as people say them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _embedding(artifact: Path) -> str | None:
    """What an artifact embeds with; None where there is no sound one."""
    from encoder import artifact as artifacts
    from errors import ModelError

    try:
        return artifacts.load(artifact).embedding_fingerprint
    except ModelError:
        return None


def _serving(home: Home) -> set[str]:
    """What the models embed with that can answer: the artifact, and the one before it."""
    from encoder import artifact as artifacts

    found = {_embedding(home.artifact), _embedding(artifacts.previous(home.artifact))}
    return {model for model in found if model}


def _entry(entry: Entry, serving: set[str]) -> dict[str, object]:
    import msgspec

    manifest = entry.manifest
    row: dict[str, object] = {"name": entry.name, "live": entry.live, "bytes": entry.bytes}
    if manifest is not None:
        row |= {
            "created": manifest.created,
            "items": manifest.items,
            "captions": manifest.captions,
            "model": manifest.fingerprint,
            "fits_model": manifest.fingerprint in serving,
            "vectors": msgspec.to_builtins(manifest.vectors),
        }
    return row | {"problem": entry.problem or None}


def _table(current: Session, entries: list[Entry], serving: set[str]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("", "name", "built", "items", "captions", "size", "images", "captions", "model"):
        right = title in ("items", "size") or (title == "captions" and len(table.columns) < 5)
        table.add_column(title, justify="right" if right else "left", no_wrap=True)
    for entry in entries:
        live = "→" if entry.live else ""
        manifest = entry.manifest
        if manifest is None:
            table.add_row(live, entry.name, "cannot be read", "", "", readable(entry.bytes))
            continue
        fits = "" if manifest.fingerprint in serving else " (another)"
        shown = [f"{m.factory} {m.recall:.3f}" for m in manifest.vectors.values()]
        table.add_row(
            live,
            entry.name,
            manifest.created[:16].replace("T", " "),
            str(manifest.items),
            str(manifest.captions),
            readable(entry.bytes),
            *map(plain, shown),
            manifest.fingerprint[:12] + fits,
        )
    # Whole where it is piped: a terminal that is narrower folds it.
    current.out.width = max(current.out.width, 110)
    current.out.print(table)
    for entry in entries:
        if entry.problem:
            fault(entry.problem)
    note = "→ is live; behind each kind of vector index its recall@10 against exact search"
    current.out.print(note, style="dim", soft_wrap=True)
