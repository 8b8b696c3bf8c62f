"""pairdex train"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.context import JsonFlag, Session, plain, print_json, session

if TYPE_CHECKING:
    from db.store import Store
    from settings import TrainingSettings


def train(
    context: typer.Context,
    finetune: Annotated[
        bool, typer.Option("--finetune", help="Train the image backbone as well: slower, better.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Another seed, another run.", show_default=False)
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Also write a page with curves.", show_default=False),
    ] = None,
    curves: Annotated[
        Path | None,
        typer.Option("--curves", help="Also write the curves as PNG.", show_default=False),
    ] = None,
    tensorboard: Annotated[
        Path | None,
        typer.Option(
            "--tensorboard", help="Also write event files for TensorBoard.", show_default=False
        ),
    ] = None,
    products: Annotated[
        bool,
        typer.Option("--products", help="Only learn to recognise products, see docs/records.md."),
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Learn from the catalog: captions, tags and images become the model of this home."""
    from db.home import Home
    from db.store import Store

    current = session(context)
    current.settings  # noqa: B018  # a mistake in the settings is told before TensorFlow loads
    with Store.open(current.home) as store:
        from training.job import recipe_of, train
        from training.report import Outputs

        recipe = recipe_of(current.settings, finetune=finetune, seed=seed)
        if products:
            _products(current, store, recipe, json)
            return
        with current.progress() as progress:
            summary = train(
                Home(current.home),
                store,
                current.settings,
                recipe,
                progress,
                Outputs(report, curves, tensorboard),
            )
    if json:
        import msgspec

        print_json({"schema": "pairdex.train.v1"} | msgspec.to_builtins(summary))
        return
    current.out.print(
        f"model {summary.fingerprint[:12]}: {summary.tags} tags, {summary.pieces} word pieces, "
        f"{summary.epochs} epochs"
    )
    for name, value in summary.metrics.items():
        current.out.print(f"  {name:<20} {value}", style="dim")
    for what, path in (
        ("history", summary.history),
        ("report", summary.report),
        ("curves", curves),
        ("tensorboard", summary.tensorboard),
    ):
        if path is not None:
            current.out.print(f"  {what:<20} {plain(str(path))}", style="dim", soft_wrap=True)
    current.out.print("next: `pairdex index build`")


def _products(current: Session, store: Store, recipe: TrainingSettings, json: bool) -> None:
    from db.home import Home
    from training.products_job import learn_products, summary

    with current.progress() as progress:
        file = learn_products(Home(current.home), store, current.settings, recipe, progress)
    if json:
        print_json({"schema": "pairdex.products.v1"} | summary(file))
        return
    current.out.print(
        f"recogniser {file.fingerprint[:12]}: {len(file.products)} products of the column "
        f"{plain(file.column)}, sure from {file.threshold:.2f} on"
    )
    for name, value in file.metrics.items():
        current.out.print(f"  {name:<20} {value}", style="dim")
    current.out.print("next: `pairdex tag IMAGE --record`")
