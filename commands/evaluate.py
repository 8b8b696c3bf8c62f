"""pairdex evaluate"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.context import JsonFlag, Session, plain, print_json, session

if TYPE_CHECKING:
    from evaluation import Figure, Report

# Section, prefix of its figures, metrics.
_SHOWN = (
    ("text → image, unseen images", "t2i", ("R@1", "R@5", "R@10", "MRR", "median_rank")),
    ("image → text, unseen images", "i2t", ("R@10", "MRR")),
    ("free text, whole catalog", "free", ("nDCG@10", "R@1", "R@10")),
    ("attribute queries, whole catalog", "attributes", ("nDCG@10", "P@5")),
    ("attribute queries, unseen images", "attributes.unseen", ("nDCG@10",)),
    ("one wanted, another not", "without", ("nDCG@10",)),
    ("images as queries", "like", ("nDCG@10", "P@5")),
)
_SYSTEMS = ("shortlist", "rerank", "image", "caption", "words", "fused", "ignored", "hybrid")
# What, figure, what stands beside it: a figure or a number.
_SINGLE = (
    ("match head on random pairs, ROC-AUC", "match.random.auc", "0.500"),
    ("match head on mined pairs, ROC-AUC", "match.mined.auc", "0.500"),
    ("calibration error of shortlists", "calibration.ece", ""),
    ("calibration error of first results", "calibration.first.ece", ""),
    ("calibration error of shown results", "calibration.results.ece", ""),
    ("nonsense refused", "no_match.refused", ""),
    ("real queries refused", "no_match.false_refusals", ""),
    ("tags by image, macro mAP", "tags.macro_mAP", "tags.chance.macro_mAP"),
    ("tags by the head alone, macro mAP", "tags.head.macro_mAP", "tags.chance.macro_mAP"),
    ("tags by image and caption, macro mAP", "tags.both.macro_mAP", "tags.chance.macro_mAP"),
    ("tags by image, macro F1", "tags.macro_F1", ""),
    ("tags by image and caption, macro F1", "tags.both.macro_F1", ""),
    ("tags by image, micro F1", "tags.micro_F1", ""),
    ("tags by image, precision where 0.8 is asked", "tags.precision@0.8", ""),
    ("tags by image, precision where 0.9 is asked", "tags.precision@0.9", ""),
    ("tags by image and caption, where 0.8 is asked", "tags.both.precision@0.8", ""),
    ("tags by image and caption, where 0.9 is asked", "tags.both.precision@0.9", ""),
)


class SplitName(StrEnum):
    TRAIN = "train"
    VAL = "val"
    TEST = "test"


def evaluate(
    context: typer.Context,
    split: Annotated[SplitName, typer.Option("--split", help="The items to judge.")] = (
        SplitName.TEST
    ),
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Also write a page with diagrams.", show_default=False),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            help="The attribute to tell classes by; else the first text attribute that fits.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Other samples.", show_default=False)
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Judge the model and the index of this home, with intervals and beside chance."""
    from evaluation import evaluate_home
    from evaluation.judge import SEED

    current = session(context)
    with current.progress() as progress:
        found = evaluate_home(
            current.home,
            current.settings,
            split.value,
            SEED if seed is None else seed,
            label,
            progress,
        )
    if report is not None:
        from db.home import writing
        from evaluation.page import page

        with writing(report):
            report.write_text(page(found), encoding="utf-8")
    if json:
        import msgspec

        shown = msgspec.to_builtins(found)
        for drawn in ("curves", "confusions", "ranks"):  # matter of the page
            del shown[drawn]
        print_json(shown)
    else:
        _show(current, found)


def _show(current: Session, report: Report) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(no_wrap=True, overflow="ellipsis")
    for name, width in (("value", 6), ("95 % interval", 14), ("random", 6)):
        table.add_column(name, justify="right", no_wrap=True, min_width=width)
    figures = report.figures
    for title, prefix, metrics in _SHOWN:
        rows = _systems(figures, prefix, metrics)
        if rows:
            table.add_row(f"[bold]{title}[/]")
        for row in rows:
            table.add_row(*row)
    table.add_row("[bold]scores, refusals and tags[/]")
    for what, key, baseline in _SINGLE:
        if key in figures:
            chance = _number(figures[baseline].value) if baseline in figures else baseline
            table.add_row(f"  {what}", *_cells(figures[key]), chance)
    for kind in ("image", "text", "both"):
        key = f"label.{kind}.accuracy"
        if key in figures:
            chance = _number(figures["label.chance.accuracy"].value)
            by = "image and caption" if kind == "both" else "caption" if kind == "text" else kind
            what = f"  {plain(report.label)} by {by}, accuracy"
            table.add_row(what, *_cells(figures[key]), chance)
    current.out.print(f"{report.n} items of the split {report.split}", style="bold")
    current.out.print(table)
    for note in report.notes:
        current.out.print(f"• {plain(note)}", soft_wrap=True)
    where = f"generation {report.generation}, model {report.fingerprint[:12]}, seed {report.seed}"
    current.out.print(where, style="dim")


def _systems(
    figures: dict[str, Figure], prefix: str, metrics: tuple[str, ...]
) -> list[tuple[str, ...]]:
    """A row per metric and system, random beside each."""
    rows: list[tuple[str, ...]] = []
    for metric in metrics:
        beside = figures.get(f"{prefix}.random.{metric}")
        chance = _number(beside.value) if beside else ""
        for system in _SYSTEMS:
            figure = figures.get(f"{prefix}.{system}.{metric}")
            if figure is not None:
                what = f"  {metric.replace('_', ' ')}, {system}"
                rows.append((what, *_cells(figure), chance))
    return rows


def _cells(figure: Figure) -> tuple[str, str]:
    ranks = figure.high > 1  # a share needs more digits than a rank
    low, value, high = (
        f"{number:.{1 if ranks else 3}f}" for number in (figure.low, figure.value, figure.high)
    )
    return value, f"{low} to {high}"


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) <= 1 else f"{value:.1f}"
