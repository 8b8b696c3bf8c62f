"""Results on a terminal: one line per hit, or with `--explain` how each came to its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from commands.context import bar, plain

if TYPE_CHECKING:
    from rich.console import Console

    from search import Hit, SearchResult

_ALIKE = 6  # ids of folded items that are named


def show(console: Console, result: SearchResult, explain: bool = False) -> None:
    hits = result.results or result.nearest
    for line in above(result):
        console.print(line, soft_wrap=True)
    if explain:
        _explained(console, hits)
    elif hits:
        _table(console, hits)
    count = len(result.results)
    note = f"{count} {'result' if count == 1 else 'results'} in {result.took_ms} ms, "
    note += f"generation {result.generation}"
    if result.cursor and hits:
        note += f"; more: --offset {hits[-1].rank}"
    console.print(note, style="dim", soft_wrap=True)


def above(result: SearchResult) -> Iterator[str]:
    """What a user should know before looking at the hits, as markup."""
    if result.corrected:
        yield (
            f"Results for [bold]{plain(result.corrected)}[/] "
            "[dim](--no-correct, or quotes around a word, keep it as it is)[/]"
        )
    if result.suggestion:
        yield f"Did you mean [bold]{plain(result.suggestion)}[/]?"
    if result.unknown:
        words = ", ".join(result.unknown)
        yield f"[yellow]Neither the model nor the catalog knows: {plain(words)}[/]"
    for note in result.notes:
        yield f"[yellow]{plain(note)}[/]"
    if result.no_match:
        nearest = result.results or result.nearest
        yield "[bold]Nothing matches.[/]" + (" The nearest are:" if nearest else "")


def _table(console: Console, hits: tuple[Hit, ...]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    table.add_column("#", justify="right", min_width=2)
    table.add_column("score", no_wrap=True, min_width=15)
    table.add_column("name", style="bold", no_wrap=True, overflow="ellipsis", min_width=12)
    # One line per hit, whatever the width: --json and --html have all of it.
    table.add_column("caption", ratio=3, no_wrap=True, overflow="ellipsis")
    table.add_column("tags", ratio=2, no_wrap=True, overflow="ellipsis", style="cyan")
    for hit in hits:
        name, tags = hit.name or hit.id, " ".join(hit.tags)
        table.add_row(str(hit.rank), bar(hit.score), *map(plain, (name, hit.caption, tags)))
        if hit.group:
            ids = plain(_alike(hit))
            table.add_row("", "", f"[dim not bold]+{len(hit.group)} alike[/]", f"[dim]{ids}[/]", "")
    console.print(table)


def _alike(hit: Hit) -> str:
    some = " ".join(member.id for member in hit.group[:_ALIKE])
    return some + " …" * (len(hit.group) > _ALIKE)


def _explained(console: Console, hits: tuple[Hit, ...]) -> None:
    from rich.padding import Padding

    for hit in hits:
        name = plain(hit.name or hit.id)
        console.print(
            f"[bold]{hit.rank:>2}[/]  {bar(hit.score)}  [bold]{name}[/]  [dim]{plain(hit.id)}[/]",
            soft_wrap=True,
        )
        if hit.caption:
            console.print(Padding(plain(hit.caption), (0, 0, 0, 4), expand=False))
        for line in explained(hit):
            console.print(Padding(plain(line), (0, 0, 0, 4), expand=False), style="dim")


def explained(hit: Hit) -> Iterator[str]:
    """Plain lines on how a hit came to its place."""
    found = ", ".join(f"{channel} {rank}" for channel, rank in hit.channels.items())
    line = f"found by {found}" if found else "found by no channel: it was judged with all others"
    if (why := hit.explanation) is not None:
        yield f"{line}; place {why.shortlist_rank} before judging, {hit.rank} after"
        yield (
            f"image {why.head:.2f} (similarity {why.similarity:.2f}), "
            f"text {why.text:.2f} (similarity {why.caption_similarity:.2f}, "
            f"words {why.coverage:.0%})"
        )
        if why.words:
            yield "words that it holds: " + ", ".join(why.words)
    else:
        yield line
    if hit.group:
        alike = ", ".join(f"{member.id} ({member.why})" for member in hit.group[:_ALIKE])
        yield f"+{len(hit.group)} alike: {alike}" + " …" * (len(hit.group) > _ALIKE)
