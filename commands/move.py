"""pairdex move: a home into PostgreSQL, or back into a folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from commands.context import JsonFlag, Session, plain, print_json, session

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.generations import Generation
    from db.home import Home
    from db.moving import Rows
    from db.published import Generations
    from evaluation.sameness import Sameness
    from progress import Progress
    from settings import Settings


def move(
    context: typer.Context,
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="URL|FOLDER", help="A database as db.url names it, or a folder."
        ),
    ],
    vectors: Annotated[
        Literal["pgvector", "faiss"],
        typer.Option("--vectors", help="Where generations go with a database: into it, or stay."),
    ] = "pgvector",
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace other rows and generations that are there.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Copy rows and generations to another place, and check that both give the same answers.

    The home stays as it was. Killed, it can be run again: what is there is not copied twice.
    """
    import msgspec

    from db.databases import database_of, generations_of
    from db.home import Home
    from db.moving import Rows, move_rows
    from db.moving_files import move_files
    from db.moving_generations import move_generations

    current = session(context)
    home = Home(current.home)
    home.require()
    source, target = Rows(home, database_of(home.path)), _target(current, to)
    with home.locked("move"), current.progress() as progress, target.locked(source):
        kept = generations_of(home)
        there = _generations(target, vectors)
        if not target.settings.url:
            move_files(home, target.home)
        rows = move_rows(source, target, replace, progress)
        moved = []
        if there is not None:
            recall = current.settings.index.recall
            moved = move_generations(
                kept, there, recall, _verify(current.settings), replace, progress
            )
        embeddings = _embeddings(home, source, target, kept, progress)
        same = _compared(home, current.settings, target, kept, there, progress)
    body = {
        "schema": "pairdex.move.v1",
        "to": target.where,
        "tables": msgspec.to_builtins(rows),
        "generations": msgspec.to_builtins(moved),
        "embeddings": embeddings,
        "answers": None if same is None else msgspec.to_builtins(same),
        "settings": _settings(to, target, vectors),
    }
    if json:
        print_json(body)
    else:
        _tell(current, body, same)
    if same is not None and same.shared < current.settings.index.recall:
        _refuse(same)


def _target(current: Session, to: str) -> Rows:
    import msgspec

    from db.home import Home
    from db.moving import Rows
    from errors import QueryError

    settings = current.settings.db
    if to.startswith(("postgresql:", "postgresql+psycopg:")):
        return Rows(Home(current.home), msgspec.structs.replace(settings, url=to))
    if "://" in to:
        raise QueryError(
            f"--to {to.partition('://')[0]}://…", "only PostgreSQL and folders are known",
            "give postgresql+psycopg://user@host/database, or a folder",
        )  # fmt: skip
    return Rows(Home(Path(to).absolute()), msgspec.structs.replace(settings, url=""))


def _generations(target: Rows, vectors: str) -> Generations | None:
    """None where they stay as they are: files of this home."""
    if not target.settings.url:
        from db.published import FolderGenerations

        return FolderGenerations(target.home.generations, target.home.stamps)
    if vectors == "faiss":
        return None
    from db.pgvector import PostgresGenerations

    return PostgresGenerations(target.settings, target.home)


def _verify(settings: Settings) -> Callable[[Generation], None]:
    from indexer.verify import check

    return lambda made: check(
        made, made.manifest.items, made.manifest.captions, settings.index.self_check
    )


def _embeddings(
    home: Home, source: Rows, target: Rows, kept: Generations, progress: Progress
) -> int:
    """How many of the live generation's model have come over."""
    from db.moving_embeddings import cache_at, move_embeddings
    from indexer.run import IMAGE, TEXT

    live = kept.current_name()
    if live is None or source.where == target.where:
        return 0
    model = kept.manifest(live).fingerprint
    with (
        cache_at(home, source.settings, model) as one,
        cache_at(target.home, target.settings, model) as other,
    ):
        return move_embeddings(one, other, (IMAGE, TEXT), progress)


def _compared(
    home: Home,
    settings: Settings,
    target: Rows,
    kept: Generations,
    there: Generations | None,
    progress: Progress,
) -> Sameness | None:
    """The first ten of a hundred queries on both sides; None where there is no index."""
    from db.store import Store
    from encoder.runtime import OpenVinoEncoder
    from evaluation.sameness import queries_of, same_answers
    from search import Searcher

    if kept.current_name() is None:
        return None
    encoder = OpenVinoEncoder(home.artifact, settings.runtime, home.compiled)
    live, other = kept.open_current(), (there or kept).open_current()
    encoder = encoder.for_index(live.manifest.fingerprint)
    with Store.open(home.path) as store, target.store() as moved:
        one = Searcher(store, live, encoder, settings.search)
        return same_answers(
            one, Searcher(moved, other, encoder, settings.search), queries_of(store), progress
        )


def _settings(to: str, target: Rows, vectors: str) -> dict[str, dict[str, str]]:
    """The two that say so, as config.toml has them."""
    if target.settings.url:
        # Without its password, which has a better place in ~/.pgpass.
        url = re.sub(r"(//[^:/@]*):[^@]*@", r"\1@", to)
        return {"db": {"url": url}, "vectors": {"backend": vectors}}
    return {"db": {"url": ""}, "vectors": {"backend": "faiss"}}


def _tell(current: Session, body: dict[str, object], same: Sameness | None) -> None:
    rows, moved = body["tables"], body["generations"]
    assert isinstance(rows, list)
    assert isinstance(moved, list)
    say = current.out.print
    there = " (there already)" if all(one["already"] for one in rows) else ""
    count = sum(one["rows"] for one in rows)
    say(f"{count:,} rows of {len(rows)} tables{there}: digests are equal", soft_wrap=True)
    for one in moved:
        there = " (there already)" if one["already"] else ""
        say(f"generation {one['name']}{there}: {one['files']} files, checksums are equal")
    if body["embeddings"]:
        say(f"{body['embeddings']:,} embeddings")
    if same is not None:
        say(
            f"{same.equal} of {same.queries} queries have the same first ten; of all first tens "
            f"{same.shared:.1%} are the same items",
            soft_wrap=True,
        )
    settings = body["settings"]
    assert isinstance(settings, dict)
    say("to switch, put into the config.toml of the home:", style="dim")
    for section, keys in settings.items():
        for key, value in keys.items():
            say(plain(f"[{section}]"))
            say(plain(f'{key} = "{value}"'), soft_wrap=True)


def _refuse(same: Sameness) -> None:
    from errors import IndexStateError

    raise IndexStateError(
        f"{same.queries - same.equal} of {same.queries} queries are answered otherwise there",
        f"such as {same.differing[0]!r}",
        "set index.factory and build the index there",
    )
