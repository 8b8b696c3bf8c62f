"""`pairdex evaluate` as it is typed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import typer
from typer.testing import CliRunner

import evaluation.judge
from commands.context import Session
from commands.evaluate import evaluate
from db.home import Home
from indexer.job import build_index
from settings import load_settings
from tests.evaluation_samples import TEST, KeyedEncoder, catalog


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[typer.Typer]:
    """The command over a home whose model is the perfect encoder."""
    folder = tmp_path_factory.mktemp("command")
    home, encoder = Home(folder / "home"), KeyedEncoder("perfect")
    with catalog(home, folder / "pictures") as store:
        build_index(home, store, encoder, load_settings(environment={}))
    app = typer.Typer()

    @app.callback()
    def options(context: typer.Context) -> None:
        context.obj = Session(home.path, (), quiet=True)

    app.command()(evaluate)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation.judge, "OpenVinoEncoder", lambda *_: encoder)
        yield app


def test_json_has_the_promised_shape_and_the_page_needs_nothing_beside_it(
    app: typer.Typer, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    done = CliRunner().invoke(
        app, ["evaluate", "--json", "--report", str(file)], catch_exceptions=False
    )
    document = msgspec.json.decode(done.stdout)
    assert document["schema"] == "pairdex.evaluate.v1"
    assert (document["split"], document["n"]) == ("test", TEST)
    for figure in document["figures"].values():
        assert set(figure) == {"value", "low", "high"}
    assert {"free.hybrid.R@10", "tags.macro_mAP", "calibration.ece"} <= set(document["figures"])
    assert document["tags"][0].keys() >= {"tag", "items", "average_precision"}

    page = file.read_text(encoding="utf-8")
    assert page.count("<svg") == 5
    assert "By tag, from the image alone" in page
    assert "random pairs" in page
    assert not [word for word in ("<script", "<link", " src=", "url(http") if word in page]


def test_the_table_shows_chance_beside_each_value(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["evaluate"], catch_exceptions=False, env={"COLUMNS": "80"})
    line = next(line for line in done.stdout.splitlines() if "R@10, rerank" in line)
    assert line.split()[-5:] == ["1.000", "1.000", "to", "1.000", f"{10 / TEST:.3f}"]
    assert "re-ranking does not beat the shortlist" in done.stdout


def test_an_unknown_split_is_refused(app: typer.Typer) -> None:
    assert CliRunner().invoke(app, ["evaluate", "--split", "holdout"]).exit_code == 2
