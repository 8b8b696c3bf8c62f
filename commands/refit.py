"""pairdex refit: the heads learn from answers, and are published where that made them better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commands.context import JsonFlag, Session, print_json, session

if TYPE_CHECKING:
    from review.refit import Outcome

SCHEMA = "pairdex.refit.v1"
REFUSED = 1  # exit code: the model is as it was


def refit(
    context: typer.Context,
    undo: Annotated[
        bool, typer.Option("--undo", help="Put the model before the last refit back.")
    ] = False,
    steps: Annotated[
        int, typer.Option("--steps", min=1, help="How many refits --undo goes back.")
    ] = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Learn and judge, and leave the model as it is.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Learn from the answers of `review` and from judgements, in seconds; the index stays.

    Tag heads and the match head are learnt anew on stored vectors. What does not keep up with the
    model in force on images held out is refused, and the exit code is 1.
    """
    current = session(context)
    if undo:
        _undo(current, steps, json)
        return
    from db.home import Home
    from review.refit import refit as learn

    with current.progress() as progress:
        outcome = learn(Home(current.home), current.settings, progress, dry_run)
    if json:
        import msgspec

        body = msgspec.to_builtins(outcome)
        print_json({"schema": SCHEMA} | body | {"dry_run": dry_run})
    else:
        _tell(current, outcome, dry_run)
    if outcome.refused and not outcome.published and not (dry_run and outcome.better):
        raise typer.Exit(REFUSED)


def _undo(current: Session, steps: int, json: bool) -> None:
    from db.home import Home
    from review.refit import undo

    restored = undo(Home(current.home), steps)
    left = 0 if restored.refit is None else restored.refit.number
    if json:
        print_json({"schema": "pairdex.refit-undo.v1", "model": restored.fingerprint, "left": left})
        return
    told = f"{left} refits are in force" if left else "it is as it was trained"
    current.out.print(f"model {restored.fingerprint[:12]} is back: {told}")


def _tell(current: Session, outcome: Outcome, dry_run: bool) -> None:
    from rich.table import Table

    if outcome.figures:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in ("held out", "before", "after", "change", "95 %"):
            table.add_column(name, justify="left" if name == "held out" else "right")
        for name, one in outcome.figures.items():
            by = one.change
            colour = "red" if one.fell else "green" if by.value > 0 else "default"
            table.add_row(
                name, f"{one.before:.4f}", f"{one.after:.4f}", f"[{colour}]{by.value:+.4f}[/]",
                f"{by.low:+.4f} to {by.high:+.4f}",
            )  # fmt: skip
        current.out.print(table)
    for line in outcome.refused:
        current.out.print(f"[yellow]refused[/]  {line}", soft_wrap=True, highlight=False)
    if outcome.missing:
        current.out.print(
            f"{outcome.missing} answers are about images that are gone: they teach nothing"
        )
    learnt = [f"{outcome.answers} answers about {len(outcome.tags)} tags"] * (
        "tags" in outcome.better
    )
    learnt += [f"{outcome.pairs} judged pairs"] * ("match" in outcome.better)
    what = f"learnt from {' and '.join(learnt)} in {outcome.seconds:.1f} s"
    if outcome.published:
        model = f"model {outcome.model[:12]}, refit {outcome.number}"
        current.out.print(f"{model}: {what} (refit --undo takes it back)", soft_wrap=True)
    elif dry_run and outcome.better:
        current.out.print(f"{what}; nothing was published")
    else:
        current.out.print("the model stays as it is")
