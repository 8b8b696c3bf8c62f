"""pairdex tag IMAGE|FOLDER…"""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from commands import tag_options as options
from commands.context import JsonFlag, Session, session
from errors import ModelError, QueryError
from progress import silent

if TYPE_CHECKING:
    from tagger import Asked
    from tagger.gather import Inputs
    from tagger.many import Run
    from tagger.outputs import Outputs

UNREADABLE = 5  # the exit code of an ImageError


def tag(
    context: typer.Context,
    images: options.Images = None,
    top: options.Top = None,
    precision: options.Precision = None,
    language: options.Language = None,
    caption: options.Caption = None,
    label: options.Label = None,
    caption_only: options.CaptionOnly = False,
    recursive: options.Recursive = True,
    list_: options.List = None,
    json: JsonFlag = False,
    jsonl: options.JsonLines = False,
    csv: options.Csv = False,
    hashtags: options.Hashtags = False,
    sidecar: options.Sidecars = None,
    write: options.Write = False,
    force: options.Force = False,
    dry_run: options.DryRun = False,
    watch: options.Watch = None,
    undo: options.Undo = None,
    runs: options.Runs = False,
    record: options.Record = False,
    near: options.Near = None,
    within: options.Within = None,
    on: options.On = None,
) -> None:
    """Give images their tags, best captions and nearest items; write them down where asked."""
    current = session(context)
    if undo is not None or runs:
        from commands import tag_undo

        tag_undo.runs(current, json) if undo is None else tag_undo.undo(
            current, undo, dry_run, json
        )
        return
    if record:
        from commands.record import records

        records(current, _inputs(images or [], list_, recursive), near, within, on, json)
        return
    from commands.search_formats import chosen
    from commands.tag_output import printer
    from tagger.outputs import Outputs

    form = chosen(json=json, jsonl=jsonl, csv=csv)
    told = _asked(caption, label, caption_only)
    current, precise = _changed(current, precision, language), precision is not None
    kinds = dict.fromkeys(kind.value for kind in sidecar or ())
    asked = Outputs(tuple(kinds), write, hashtags, force, dry_run)
    if dry_run and not asked:
        raise QueryError("--dry-run needs something to write", "", "give --sidecar or --write")
    if watch is not None:
        from commands.tag_watch import watch_folder

        if images or list_ is not None or form == "json":
            raise QueryError(
                "--watch takes one folder and no end", "", "leave out other paths and --json"
            )
        run = _run(current, asked, told, top, precise, whole=False)
        watch_folder(current, watch, recursive, run, printer(form, current, asked))
        return
    inputs = _inputs(images or [], list_, recursive)
    if told.caption and len(inputs.files) > 1:
        raise QueryError(
            "--caption is about one image", f"{len(inputs.files)} are named", "name that one"
        )
    run = _run(current, asked, told, top, precise, whole=bool(form) or not asked)
    out = printer(form, current, asked)
    out.captions_only = caption_only
    out.begin(run.generation)
    plain = len(inputs.files) < 2 or out.on_terminal  # a bar would stand among the answers
    with nullcontext(silent) if plain else current.progress() as progress:
        for answer in run(inputs, progress):
            out.answer(answer)
    run.close()
    out.end(run.report)
    if run.report.failed:
        raise typer.Exit(UNREADABLE)


def _asked(caption: str | None, label: str | None, captions_only: bool) -> Asked:
    from tagger import Asked

    if caption is not None and not caption.strip():
        raise QueryError("--caption is empty", "", "leave it out, or say what the image shows")
    if captions_only and (caption or label):
        raise QueryError("--caption-only gives captions alone", "", "leave out the other option")
    return Asked(caption or "", label or "", captions_only)


def _changed(current: Session, precision: float | None, language: str | None) -> Session:
    """With what the command line says of tags in the place of the settings."""
    flags = [] if precision is None else [f"tagger.precision={precision}"]
    if language is not None:
        flags.append(f'tagger.language="{language}"')
    return dataclasses.replace(current, flags=(*current.flags, *flags)) if flags else current


def _run(
    current: Session, asked: Outputs, told: Asked, top: int | None, precise: bool, whole: bool
) -> Run:
    from commands.model import ensure_model
    from db.home import Home
    from tagger import Tagger
    from tagger.embedded import ready
    from tagger.many import Run

    if asked.embed:
        ready()  # before any work is done
    ensure_model(current)
    tagger = Tagger.open(current.home, current.settings, told)
    if precise and not tagger.calibrated:
        raise ModelError(
            "this model's tags have one threshold each", "it was never told of precisions",
            "run `pairdex calibrate`, which needs items in the split val, or leave it out",
        )  # fmt: skip
    return Run(Home(current.home), tagger, current.settings.tagger, asked, top, whole)


def _inputs(named: list[Path], list_: Path | None, recursive: bool) -> Inputs:
    from tagger.gather import gather, listed

    if list_ is not None:
        named = named + listed(_read(list_), "stdin" if str(list_) == "-" else str(list_))
    if not named:
        raise QueryError("nothing to tag", "", "name images or folders, or give --list FILE")
    return gather(named, recursive)


def _read(file: Path) -> bytes:
    import sys

    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise QueryError(f"--list {file} cannot be read", reason, "check the path") from None
