"""How long a user waits for an answer from a cold start, as a whole process.

python -m benchmarks.start_up HOME [RUNS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from benchmarks.machine import machine

PAIRDEX = [sys.executable, str(Path(__file__).resolve().parent.parent / "cli.py")]


def seconds(arguments: list[str], runs: int) -> list[float]:
    """Wall time of each run, after one that warms the disk cache."""
    times = []
    for run in range(runs + 1):
        start = time.perf_counter()
        subprocess.run(
            [*PAIRDEX, *arguments], check=True, stdout=subprocess.DEVNULL, env=os.environ
        )
        if run:
            times.append(time.perf_counter() - start)
    return times


def main(home: str = "demo/home", runs: str = "7") -> None:
    image = min((Path(home).parent / "unseen" / "images").glob("*"), default=None)
    commands = [["--help"], ["--home", home, "search", "fire-type lizard"]]
    if image is not None:
        commands.append(["--home", home, "tag", str(image)])
    print(machine())
    for command in commands:
        times = seconds(command, int(runs))
        shown = " ".join(command)
        print(
            f"{median(times):6.3f} s  median of {runs} "
            f"({min(times):.3f} to {max(times):.3f})  pairdex {shown}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
