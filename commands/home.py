"""pairdex info, pairdex doctor: what is in the home, and whether the installation is sound."""

from __future__ import annotations

import typer

from commands.context import JsonFlag, Session, plain, print_json, session


def info(context: typer.Context, json: JsonFlag = False) -> None:
    """Tell what is in the home: catalog, model, index, last jobs."""
    current = session(context)
    facts = _facts(current)
    if json:
        print_json({"schema": "pairdex.info.v1"} | facts)
        return
    _table(current, facts)


def doctor(context: typer.Context, json: JsonFlag = False) -> None:
    """Check the installation: versions, processor, weights, and the runtime against Keras."""
    from training.doctor import examine

    current = session(context)
    with current.progress() as progress:
        findings = examine(current.home, current.settings, progress)
    if json:
        import msgspec

        print_json({"schema": "pairdex.doctor.v1", "checks": msgspec.to_builtins(findings)})
    else:
        marks = {"ok": "[green]ok  [/]", "note": "[yellow]note[/]", "bad": "[red]BAD [/]"}
        for finding in findings:
            line = f"{marks[finding.state]} {finding.name:<12} {plain(finding.detail)}"
            current.out.print(line, soft_wrap=True)
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(1)


def _facts(current: Session) -> dict[str, object]:
    from db.databases import generations_of, shown_name
    from db.home import Home
    from db.store import Store
    from encoder import artifact as artifacts
    from errors import ModelError

    home = Home(current.home)
    with Store.open(current.home) as store:
        tags = store.tag_counts()
        facts: dict[str, object] = {
            "home": str(current.home),
            "database": shown_name(home),
            "items": store.count_items(),
            "captions": store.count_captions(),
            "tags": len(tags),
            "top_tags": dict(list(tags.items())[:10]),
            "splits": store.split_counts(),
            "problems": len(store.problems()),
        }
        for kind in ("import", "train", "index"):
            run = store.last_run(kind)
            facts[f"last_{kind}"] = run.finished if run else None
    try:
        artifact = artifacts.load(home.artifact)
        facts["model"] = artifact.fingerprint
        facts["embedding"] = artifact.embedding_fingerprint
        facts["backbone"] = artifact.shape["backbone"]
        facts["model_tags"] = len(artifact.tags)
        facts["metrics"] = artifact.metrics
    except ModelError as error:
        facts["model"], facts["model_problem"] = None, str(error)
    kept = generations_of(home)
    facts["generations"] = kept.names()
    facts["current"] = kept.current_name()
    live = kept.live_manifest()
    facts["indexed_items"] = live.items if live else 0
    facts["index_fits_model"] = bool(live and live.fingerprint == facts.get("embedding"))
    facts["bytes"] = sum(f.stat().st_size for f in current.home.rglob("*") if f.is_file())
    return facts


def _table(current: Session, facts: dict[str, object]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, value in facts.items():
        if isinstance(value, dict):
            shown = "  ".join(f"{key} {entry}" for key, entry in value.items())
        elif isinstance(value, list):
            shown = "  ".join(map(str, value))
        else:
            shown = "-" if value is None else str(value)
        table.add_row(name.replace("_", " "), plain(shown))
    current.out.print(table)
