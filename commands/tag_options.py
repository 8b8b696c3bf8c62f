"""Options of `pairdex tag`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class SidecarKind(StrEnum):
    JSON = "json"
    TXT = "txt"
    XMP = "xmp"


Images = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Image files and folders of them, in the catalog or not.", show_default=False
    ),
]
Top = Annotated[int | None, typer.Option("--top", "--max", "-n", min=1, help="Most tags.")]
Precision = Annotated[
    float | None,
    typer.Option(
        "--precision", min=0.5, max=0.99, metavar="SHARE",
        help="Share of the given tags that must be true; else tagger.precision.",
    ),
]  # fmt: skip
Language = Annotated[
    str | None,
    typer.Option("--language", metavar="CODE", help="Of the names that the vocabulary has."),
]
Caption = Annotated[
    str | None,
    typer.Option("--caption", metavar="TEXT", help="What is known of the image helps to tag it."),
]
Label = Annotated[
    str | None,
    typer.Option(
        "--label", metavar="COLUMN", help="Choose a value of this column, with probabilities."
    ),
]
CaptionOnly = Annotated[bool, typer.Option("--caption-only", help="The best captions alone.")]
Recursive = Annotated[
    bool, typer.Option("--recursive/--no-recursive", help="Folders within folders too.")
]
List = Annotated[
    Path | None,
    typer.Option(
        "--list", metavar="FILE", help="A file of paths, one a line or NUL after each; - is stdin."
    ),
]
JsonLines = Annotated[
    bool, typer.Option("--jsonl", help="Print a line of JSON per image, as it is tagged.")
]
Csv = Annotated[bool, typer.Option("--csv", help="Print a CSV table.")]
Hashtags = Annotated[bool, typer.Option("--hashtags", help="Add a line of hashtags.")]
Sidecars = Annotated[
    list[SidecarKind] | None,
    typer.Option("--sidecar", help="Write cat.jpg.json (.txt, .xmp) beside cat.jpg."),
]
Write = Annotated[
    bool, typer.Option("--write", help="Put the tags into the image files, as keywords.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Write anew what is there, and over sidecars of others.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be written or undone; touch nothing.")
]
Watch = Annotated[
    Path | None,
    typer.Option("--watch", metavar="FOLDER", help="Tag what arrives there, until Ctrl-C."),
]
Undo = Annotated[
    str | None,
    typer.Option("--undo", metavar="RUN", help="Put back what a run wrote: its number, or last."),
]
Runs = Annotated[bool, typer.Option("--runs", help="List the runs that wrote something.")]
Record = Annotated[
    bool,
    typer.Option(
        "--record",
        help="Recognise the product and show its catalog record instead, see docs/records.md.",
        rich_help_panel="Product records",
    ),
]
Near = Annotated[
    str | None,
    typer.Option(
        "--near",
        metavar="LAT,LON",
        help="Also the nearest store that runs each promotion.",
        show_default=False,
        rich_help_panel="Product records",
    ),
]
Within = Annotated[
    str | None,
    typer.Option(
        "--within",
        metavar="DISTANCE",
        help="How far away it may be: 2km, 800m.",
        show_default=False,
        rich_help_panel="Product records",
    ),
]
On = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="DATE",
        help="The day that promotions run on, instead of today.",
        show_default=False,
        rich_help_panel="Product records",
    ),
]
