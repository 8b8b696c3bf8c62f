"""Options of `pairdex search` for what is asked and how it is shown; refining.py has the others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

Query = Annotated[
    str, typer.Argument(help="What you are looking for, in your own words.", show_default=False)
]
Images = Annotated[
    list[Path] | None,
    typer.Option("--image", metavar="FILE", help="A picture to look for; may be given again."),
]
Like = Annotated[
    list[str] | None,
    typer.Option("--like", metavar="ID", help="An item to look for others like it."),
]
Without = Annotated[
    list[str] | None,
    typer.Option("--not", metavar="WORDS", help="What the results should not show."),
]
Where = Annotated[
    str,
    typer.Option(
        "--where",
        metavar="FILTER",
        help='Only items that it holds for: "type=fire and height<2".',
        show_default=False,
    ),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="TAG", help="Only items with this tag; may be given again."),
]
Split = Annotated[
    str, typer.Option("--split", help="Only items of train, val or test.", show_default=False)
]
Top = Annotated[
    int | None, typer.Option("--top", "-n", min=1, help="How many results.", show_default=False)
]
Explain = Annotated[bool, typer.Option("--explain", help="Say of each result how it was found.")]

Preview = Annotated[
    str,
    typer.Option(
        "--preview",
        metavar="[=auto|kitty|iterm|sixel|blocks]",
        help="Show the pictures in the terminal; =blocks draws them with characters.",
        show_default=False,
    ),
]
Html = Annotated[
    Path | None,
    typer.Option("--html", help="Also write a page with pictures.", show_default=False),
]
Open = Annotated[
    bool, typer.Option("--open", help="Open that page, else the first pictures, on the desktop.")
]
JsonLines = Annotated[bool, typer.Option("--jsonl", help="Print a line of JSON per result.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print a table for spreadsheets.")]
Paths = Annotated[bool, typer.Option("--paths", help="Print the image files, one per line.")]
Null = Annotated[bool, typer.Option("-0", help="With --paths: end each with NUL, for xargs -0.")]
Queries = Annotated[
    Path | None,
    typer.Option(
        "--queries",
        metavar="FILE",
        help="Answer each line of a file (- is stdin), a query or JSON; prints JSON Lines.",
        show_default=False,
    ),
]

# What no option looks like: -"wings", -2:wings, and a query of several words.
_MINUS = re.compile(r"[-−–]+(?:[\"“„«「『]|\d+(?:\.\d+)?:|(?!-)\S*\s)")


class SearchCommand(TyperCommand):
    """Takes a query that begins with a minus for the query, and `--preview` without a value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        words, queries = [], []
        after = ""  # the option whose value comes next
        for place, word in enumerate(args):
            if word == "--":
                queries += args[place + 1 :]
                break
            if word == "--preview" and not after:
                words.append("--preview=auto")
            elif not after and _MINUS.match(word):
                queries.append(word)
            else:
                words.append(word)
                after = word if not after and word in self._with_value else ""
        return super().parse_args(ctx, [*words, "--", *queries] if queries else words)

    @property
    def _with_value(self) -> set[str]:
        return {
            name
            for option in self.params
            if option.param_type_name == "option" and not getattr(option, "is_flag", False)
            for name in option.opts
        }
