"""What forming words costs: a query's first tokens from a cold start, and captions per second.

python -m benchmarks.words [RUNS]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.machine import machine
from catalog.demo.creature import creature
from catalog.demo.describe import describe
from encoder.inputs import Tokenizer
from encoder.text import choose_words

ROOT = Path(__file__).resolve().parent.parent
QUERY = "two fire-type lizards flying over volcanoes"
# Loaded beforehand: what any search needs. Then the tokenizer of the model and its first query.
COLD = """
import sys, time
from pathlib import Path
from encoder.inputs import Tokenizer
text = Path(sys.argv[1]).read_text(encoding="utf-8")
start = time.perf_counter()
Tokenizer.from_json(text, 48).encode([sys.argv[2]])
print(time.perf_counter() - start)
"""


def cold(file: Path, runs: int) -> list[float]:
    """Seconds of each run in a process of its own, after one that warms the disk cache."""
    command = [sys.executable, "-c", COLD, str(file), QUERY]
    return [
        float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
        for _ in range(runs + 1)
    ][1:]


def warm(tokenizer: Tokenizer, captions: list[str], runs: int) -> float:
    """Captions per second once their words have been met."""
    tokenizer.encode(captions)
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        tokenizer.encode(captions)
        times.append(time.perf_counter() - start)
    return len(captions) / median(times)


def main(runs: str = "9") -> None:
    captions = [text for number in range(1000) for text in describe(creature(7, number))]
    print(f"{machine()}; {len(captions):,} captions of the demo catalog, median of {runs}")
    print("| `encoder.words` | first query, cold | captions per second |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("plain", "stem", "lemma"):
            tokenizer = Tokenizer.fit(captions, 5000, 48, choose_words(kind, ["en"]))
            file = Path(folder) / f"{kind}.json"
            file.write_text(tokenizer.to_json(), encoding="utf-8")
            first = 1000 * median(cold(file, int(runs)))
            print(f"| {kind} | {first:.0f} ms | {warm(tokenizer, captions, int(runs)):,.0f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
