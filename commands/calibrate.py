"""pairdex calibrate"""

from __future__ import annotations

import typer

from commands.context import JsonFlag, print_json, session


def calibrate(context: typer.Context, json: JsonFlag = False) -> None:
    """Fit what scores mean anew on this catalog, without training: seconds, the index stays.

    Training does it by itself. It is for a model that came from elsewhere, like the one that
    ships with Pairdex, and for a catalog that has changed much since.
    """
    from db.home import Home

    current = session(context)
    settings = current.settings
    from training.scoring import refit_scoring

    with current.progress() as progress:
        found = refit_scoring(Home(current.home), settings, progress)
    if json:
        import msgspec

        print_json({"schema": "pairdex.calibrate.v1"} | msgspec.to_builtins(found))
        return
    current.out.print(
        f"model {found.fingerprint[:12]}: scores fitted on {found.learnt} items, and {found.held} "
        f"that it has not learnt from; a match is a score from {found.no_match:.2f}"
    )
