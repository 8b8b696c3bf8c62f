"""pairdex compare"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.context import JsonFlag, Session, plain, print_json, session
from errors import QueryError

if TYPE_CHECKING:
    from training.compare_report import Comparison, Scores

FIVE = "mobilenetv2,resnet50,vgg16,densenet121,efficientnetb0"


def compare(
    context: typer.Context,
    backbones: Annotated[str, typer.Option("--backbones", help="Names, by commas.")] = FIVE,
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            help="The column of classes, `tags` (class folders) or `tag:NAME` (has it or not); "
            "else the only column that fits.",
            show_default=False,
        ),
    ] = None,
    epochs: Annotated[
        list[str] | None,
        typer.Option("--epochs", metavar="[NAME=]N", help="10 for all, or by backbone."),
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=2, help="Images per step.")] = 32,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, another run.")] = 12345,
    image_size: Annotated[
        list[str] | None,
        typer.Option(
            "--image-size",
            metavar="[NAME=]N",
            help="For all or by backbone; else encoder.image_size.",
        ),
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(
            "--weights",
            metavar="NAME=SOURCE",
            help="A file, imagenet, base, random or auto, by backbone; else auto.",
        ),
    ] = None,
    finetune: Annotated[
        bool, typer.Option("--finetune", help="Train pretrained backbones as well: slow.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Else comparison/ in the home.", show_default=False)
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Train again what was finished before.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Train a classifier per backbone on the labels of the catalog and compare them."""
    from db.store import Store

    current = session(context)
    settings = current.settings.encoder
    names = [name.strip() for name in backbones.split(",") if name.strip()]
    sizes = _numbers("--image-size", image_size, names, settings.image_size)
    rounds = _numbers("--epochs", epochs, names, 10)
    # What the settings say of weights, they say of their own backbone.
    sources = dict.fromkeys(names, "auto") | (
        {settings.backbone: settings.weights} if settings.backbone in names else {}
    )
    sources |= _by_name("--weights", weights, names)
    with Store.open(current.home) as store:
        from training.compare import PAGE
        from training.compare import compare as run
        from training.compare_report import Plan

        plans = [
            Plan(name, sources[name], sizes[name], rounds[name], batch, seed, finetune)
            for name in dict.fromkeys(names)
        ]
        folder = out or current.home / "comparison"
        with current.progress() as progress:
            found = run(store, folder, plans, label, progress, fresh)
    if json:
        import msgspec

        print_json(msgspec.to_builtins(found))
        return
    _show(current, found)
    current.out.print(plain(str(folder / PAGE)), soft_wrap=True)


def _by_name(flag: str, given: Sequence[str] | None, names: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE`, any number of times."""
    found = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or name not in names or not value:
            raise QueryError(
                f"{flag} {text} is not understood",
                "it names no backbone of this comparison",
                f"write {flag} NAME=VALUE with one of {', '.join(names)}",
            )
        found[name] = value
    return found


def _numbers(
    flag: str, given: Sequence[str] | None, names: Sequence[str], default: int
) -> dict[str, int]:
    """`N` for all and `NAME=N` for one, which is the stronger."""
    plain_ones = [text for text in given or () if "=" not in text]
    texts = dict.fromkeys(names, plain_ones[-1] if plain_ones else str(default))
    texts |= _by_name(flag, [text for text in given or () if "=" in text], names)
    for text in texts.values():
        if not text.isascii() or not text.isdigit():
            raise QueryError(f"{flag} {text} is no whole number", "", f"such as {flag} {default}")
    return {name: int(text) for name, text in texts.items()}


def _show(current: Session, found: Comparison) -> None:
    from rich.table import Table

    counts = found.counts
    current.out.print(
        f"{plain(found.label)}: {len(found.classes)} classes, {counts['train']:,} train items, "
        f"judged on {counts[found.split]:,} of {found.split}",
        style="bold",
    )
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("backbone", no_wrap=True)
    table.add_column("weights", no_wrap=True)
    for name in ("accuracy", "95 %", "F1", "AUC", "params", "img/s", "train"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in found.backbones:
        table.add_row(
            plain(row.plan.backbone),
            "pretrained" if row.pretrained else "[yellow]random[/]",
            *_cells(row.figures),
            f"{row.parameters / 1e6:.1f}M",
            f"{row.images_per_second:,.0f}",
            f"{row.train_seconds:,.0f}s",
        )
    for baseline in found.baselines:
        table.add_row(baseline.name, "", *_cells(baseline.figures), "", "", "", style="dim")
    current.out.print(table)
    pretrained = [row for row in found.backbones if row.pretrained]
    starts = [f"{row.plan.backbone} began with {row.weights}" for row in pretrained]
    for note in (*starts, *found.notes):
        current.out.print(f"• {plain(note)}", soft_wrap=True)


def _cells(figures: Scores) -> tuple[str, ...]:
    accuracy = figures.accuracy
    rest = (figures.f1, figures.roc_auc)
    return (
        f"{accuracy.value:.3f}",
        f"{accuracy.low:.2f}–{accuracy.high:.2f}",
        *("" if value is None else f"{value:.3f}" for value in rest),
    )
