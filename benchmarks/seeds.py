"""`python -m benchmarks.seeds HOME`: the whole way for several seeds, and each figure's median.

HOME holds an imported catalog and its config.toml. For every seed a copy of it is trained, indexed
and evaluated by the same commands as a user's. Seeds that are done are kept in the result file, so
a killed run goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.machine import machine

FIGURES = {
    "t2i.rerank.R@1": "text to image, R@1",
    "t2i.rerank.R@5": "text to image, R@5",
    "t2i.rerank.R@10": "text to image, R@10",
    "t2i.shortlist.R@10": "text to image, R@10 of the shortlist",
    "t2i.ko.rerank.R@10": "Korean text to image, R@10",
    "tags.macro_mAP": "tags, macro mAP",
    "tags.precision@0.8": "precision of tags, 0.8 asked",
    "tags.given@0.8": "the same, tags per image",
    "tags.precision@0.9": "precision of tags, 0.9 asked",
    "tags.given@0.9": "the same, tags per image",
    "tags.both.macro_mAP": "tags by image and caption, macro mAP",
    "tags.both.precision@0.8": "precision by image and caption, 0.8 asked",
    "tags.both.precision@0.9": "precision by image and caption, 0.9 asked",
    "match.random.auc": "match head, random pairs, ROC-AUC",
    "match.random.score_auc": "match score, random pairs, ROC-AUC",
    "match.mined.auc": "match head, mined pairs, ROC-AUC",
    "calibration.ece": "calibration error on shortlists",
    "calibration.first.ece": "calibration error of first results",
    "calibration.results.ece": "calibration error of shown results",
    "attributes.hybrid.nDCG@10": "attribute queries, nDCG@10",
    "attributes.gain.words.nDCG@10": "the same, less exact words alone",
    "free.hybrid.nDCG@10": "free text, nDCG@10",
    "free.gain.words.nDCG@10": "the same, less exact words alone",
    "free.gain.caption.nDCG@10": "the same, less captions alone",
    "without.unseen.gain.ignored.nDCG@10": "what is not wanted, unseen images, nDCG@10 gained",
    "like.hybrid.nDCG@10": "image queries, nDCG@10",
    "like.gain.shortlist.nDCG@10": "the same, less plain cosine",
    "no_match.refused": "nonsense refused",
    "no_match.false_refusals": "real queries refused",
}
ROOT = Path(__file__).resolve().parent.parent


def pairdex(home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, ROOT / "cli.py", "--home", home, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def run(source: Path, seed: int, train: Sequence[str], split: str) -> dict[str, Any]:
    """One seed from the imported catalog to the judged index."""
    home = source.with_name(f"{source.name}-seed{seed}")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    for name in ("pairdex.db", "config.toml"):
        if (source / name).is_file():
            shutil.copyfile(source / name, home / name)
    began = time.monotonic()
    pairdex(home, *train, "--seed", str(seed))
    seconds = time.monotonic() - began
    pairdex(home, "index", "build")
    report = json.loads(pairdex(home, "evaluate", "--split", split, "--json"))
    figures = {name: body["value"] for name, body in report["figures"].items()}
    return {"train_seconds": round(seconds, 1), "figures": figures}


def table(runs: dict[str, dict[str, Any]]) -> str:
    lines = [
        "| figure | median | " + " | ".join(f"seed {s}" for s in runs) + " |",
        "|---" * (len(runs) + 2) + "|",
    ]
    rows = [("training, seconds", [one["train_seconds"] for one in runs.values()], 0)]
    for key, name in FIGURES.items():
        values = [one["figures"].get(key) for one in runs.values()]
        if all(value is not None for value in values):
            rows.append((name, values, 3))
    for name, values, digits in rows:
        cells = " | ".join(f"{value:.{digits}f}" for value in [median(values), *values])
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seeds", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--finetune", action="store_true")
    parser.add_argument("--split", default="test")
    parser.add_argument("--set", action="append", default=[], help="section.key=value, as pairdex")
    parser.add_argument("--out", type=Path, required=True, help="the .json; a .txt lies beside it")
    options = parser.parse_args(arguments)
    train = [f"--set={one}" for one in options.set] + ["train"]
    train += ["--finetune"] if options.finetune else []
    body: dict[str, Any] = {"machine": machine(), "command": " ".join(train), "runs": {}}
    if options.out.is_file():
        body = json.loads(options.out.read_text("utf-8"))
    for seed in options.seeds:
        if str(seed) not in body["runs"]:
            body["runs"][str(seed)] = run(options.home, seed, train, options.split)
            options.out.parent.mkdir(parents=True, exist_ok=True)
            options.out.write_text(json.dumps(body, indent=1) + "\n", "utf-8")
    text = f"{body['machine']}\npairdex {body['command']}\n\n{table(body['runs'])}\n"
    options.out.with_suffix(".txt").write_text(text, "utf-8")
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
