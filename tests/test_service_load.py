"""The benchmark of the service, small: no search fails, nor while generations are published."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from benchmarks import results, service, service_load
from tests.encoder_samples import tiny_artifact

pytestmark = pytest.mark.slow


@pytest.mark.long
def test_no_search_fails_under_load_and_while_generations_are_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_artifact(tmp_path / "model" / "artifact")
    monkeypatch.setattr(results.keep, "__defaults__", (tmp_path,))
    service.main(
        ["--home", str(tmp_path / "model"), "--items", "500", "--connections", "8",
         "--seconds", "6", "--publishes", "4", "--name", "smoke"]
    )  # fmt: skip
    found = json.loads((tmp_path / "smoke.json").read_text(encoding="utf-8"))
    assert found["published"] == 4
    for name in ("alone", "many", "publishing"):
        assert found[name]["searches"] > 0
        assert found[name]["failed"] == {}, name


def test_only_this_machine_is_asked() -> None:
    with pytest.raises(AssertionError):
        asyncio.run(service_load.run("http://192.0.2.1:80", 1, 0.0, 1, ["a"]))
