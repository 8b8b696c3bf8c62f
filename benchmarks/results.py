"""What a benchmark found: printed, and kept as text and JSON with the facts of the machine."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import machine

RESULTS = Path(__file__).resolve().parent / "results"


def keep(
    name: str,
    lines: Sequence[str],
    figures: Mapping[str, Any],
    folder: Path = RESULTS,
) -> None:
    """Print the lines and write NAME.txt and NAME.json."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    head = [machine(), f"load averages at the end {load}, {time.strftime('%Y-%m-%d')}", ""]
    text = "\n".join([*head, *lines]) + "\n"
    print(text, end="")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    body = {"benchmark": name, "machine": machine(), "load": os.getloadavg(), **figures}
    (folder / f"{name}.json").write_text(
        json.dumps(body, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
