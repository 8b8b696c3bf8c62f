"""pairdex tag --undo, --runs: what tagging wrote, and how it is put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from commands.context import Session, fault, plain, print_json

if TYPE_CHECKING:
    from tagger.undo import Undone

LEFT = 1  # exit code: something is not as it was


def undo(current: Session, run: str, dry_run: bool, json: bool) -> None:
    from db.home import Home
    from tagger.undo import undo as put_back

    _require(current)
    with current.progress() as progress:
        done = put_back(Home(current.home), run, dry_run, progress)
    if json:
        import msgspec

        print_json({"schema": "pairdex.tag-undo.v1"} | msgspec.to_builtins(done))
    else:
        _show(current, done)
    if done.left:
        raise typer.Exit(LEFT)


def runs(current: Session, json: bool) -> None:
    from db.home import Home
    from tagger.undo import runs as written

    _require(current)
    found = [run for run in written(Home(current.home)) if run.changes]
    if json:
        import msgspec

        print_json({"schema": "pairdex.tag-runs.v1", "runs": msgspec.to_builtins(found)})
        return
    for run in found:
        line = f"{run.id:>6}  {run.started[:16].replace('T', ' ')}  {run.changes:>7} files"
        current.out.print(f"{line}  {plain(run.command)}", soft_wrap=True)
    if not found:
        current.err.print("no run wrote anything that is still there")


def _show(current: Session, done: Undone) -> None:
    for path, why in done.left:
        fault(f"left as it is: {path}: {why}")
    verb = "would be " if done.dry_run else ""
    counts = f"{done.restored} files {verb}restored, {done.removed} {verb}removed"
    line = f"run {done.run}: {counts}, {len(done.left)} left as they are"
    current.out.print(line, soft_wrap=True)


def _require(current: Session) -> None:
    from errors import HomeError

    if not (current.home / "tagging.db").is_file():
        raise HomeError(
            f"nothing was written from {current.home}",
            "it holds no journal of tagging",
            "name another folder with --home",
        )
