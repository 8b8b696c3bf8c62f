"""Whether the service's memory is flat over hours.

python -m benchmarks.soak HOME [--minutes 60] [--clients 6] [--pause 0.4] [--every 8] [--name soak]

`pairdex serve` as it is, in a process of its own, on a copy of the home; benchmarks/soak_clients.py
asks it from a second process for all that a service sees, each client once in `--pause` seconds on
average, with a change of the catalog every `--every` seconds. Meanwhile memory, threads and open
files of the server, and the memory of the process that builds beside it, are read from /proc. The
slope is Theil and Sen's, the median of the slopes between all pairs of sixtieths of the run after
the warm-up, each counting by its median; its interval is of 95 %. They follow on each other, so the
interval is somewhat too narrow.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import theilslopes

from benchmarks.results import keep
from benchmarks.service import ROOT, serving
from benchmarks.soak_mix import LATER

PARTS = 60  # of the run, that count for the slope
LOOKS = 12  # in each of them
WARM = 0.25  # share of the time that is left out of the slope
MEASURES = {
    "own": "RssAnon: of its own",
    "rss": "RSS: with mapped files",
    "pss": "PSS: its share",
    "threads": "threads",
    "files": "open files",
    "maps": "mapped areas",
}
SHOWN = ("own", "pss", "threads", "files", "maps")


def looked(pid: int) -> dict[str, float]:
    """MiB and counts of a process, and the memory of those that it has begun."""
    place = Path(f"/proc/{pid}")
    status = _fields(place / "status")
    children = (place / "task" / str(pid) / "children").read_text(encoding="ascii").split()
    own = [_fields(Path(f"/proc/{child}/status")).get("RssAnon", 0) for child in children]
    return {
        "own": status["RssAnon"] / 1024, "rss": status["VmRSS"] / 1024,
        "pss": _fields(place / "smaps_rollup")["Pss"] / 1024, "threads": status["Threads"],
        "files": len(list((place / "fd").iterdir())),
        "maps": (place / "maps").read_bytes().count(b"\n"),
        "builder": sum(own) / 1024,
    }  # fmt: skip


def _fields(file: Path) -> dict[str, int]:
    try:
        lines = file.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:  # it has ended
        return {}
    pairs = (line.partition(":") for line in lines)
    return {
        name: int(value.split()[0])
        for name, _, value in pairs
        if value.split() and value.split()[0].isdecimal()
    }


def by_part(
    curve: Sequence[dict[str, float]], name: str, seconds: float
) -> tuple[np.ndarray, np.ndarray]:
    """Hours and medians of the parts."""
    parts = np.array([int(one["second"] // (seconds / PARTS)) for one in curve])
    values = np.array([one[name] for one in curve])
    each = np.unique(parts)
    hours = each * seconds / PARTS / 3600
    return hours, np.array([np.median(values[parts == part]) for part in each])


def slope(curve: Sequence[dict[str, float]], name: str, seconds: float) -> dict[str, float]:
    """Per hour, after the warm-up."""
    hours, values = by_part(
        [one for one in curve if one["second"] >= WARM * seconds], name, seconds
    )
    middle, _, low, high = theilslopes(values, hours, 0.95)
    return {
        "per_hour": float(middle), "low": float(low), "high": float(high),
        "first": float(np.median(values[:3])), "last": float(np.median(values[-3:])),
        "most": float(values.max()),
    }  # fmt: skip


def grown(curve: Sequence[dict[str, float]], name: str, seconds: float) -> list[float]:
    """In each quarter of the time: what is only warm-up grows less and less."""
    _, values = by_part(curve, name, seconds)
    ends = [values[len(values) * quarter // 4 - 1] for quarter in range(1, 5)]
    return [float(end - begin) for begin, end in pairwise([values[0], *ends])]


def measure(home: Path, options: argparse.Namespace) -> dict[str, Any]:
    seconds = options.minutes * 60
    log = home.parent / "log"
    with serving(home, log) as (address, pid):
        command = [sys.executable, "-m", "benchmarks.soak_clients", address]
        command += ["--clients", str(options.clients), "--seconds", str(seconds)]
        command += ["--pause", str(options.pause), "--every", str(options.every)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as asking:
            assert asking.stdout is not None
            asking.stdout.readline()  # ready
            begun, curve = time.monotonic(), [looked(pid) | {"second": 0.0}]
            while asking.poll() is None:
                time.sleep(seconds / PARTS / LOOKS)
                curve.append(looked(pid) | {"second": round(time.monotonic() - begun, 1)})
                if options.curve:
                    options.curve.write_text(json.dumps(curve), encoding="utf-8")
            said = asking.stdout.read()
    if asking.returncode:
        raise SystemExit("the clients have failed")
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    bad = [line for line in lines if line["level"] in ("error", "critical")]
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found | {
        "minutes": options.minutes, "clients": options.clients, "curve": curve,
        "slopes": {name: slope(curve, name, seconds) for name in MEASURES},
        "quarters": grown(curve, "own", seconds), "log_errors": len(bad), "first_errors": bad[:3],
    }  # fmt: skip


def shown(found: dict[str, Any]) -> list[str]:
    asked = sum(found["counts"].values())
    wrong = sum(found["wrong"].values())
    late = tuple(map(str, LATER))
    later = sum(count for name, count in found["counts"].items() if name.endswith(late))
    lines = [
        f"{found['minutes']:g} minutes, {found['clients']} clients, and one that changes items",
        f"{asked:,} requests, {found['published']} changes published",
        f"{later} told to come back (503, 504)",
        f"{wrong} answers not as expected, {found['log_errors']} errors in the log",
        f"{'':<22} at first  at last     most   per hour   (95 % interval)",
    ]
    for name in SHOWN:
        one = found["slopes"][name]
        lines.append(
            f"{MEASURES[name]:<22} {one['first']:8.1f} {one['last']:8.1f} {one['most']:8.1f} "
            f"{one['per_hour']:+10.2f}   ({one['low']:+.2f} to {one['high']:+.2f})"
        )
    lines.append(f"memory in MiB; the first {WARM:.0%} of the time are left out")
    quarters = " ".join(f"{one:+.1f}" for one in found["quarters"])
    lines.append(f"of its own, in each quarter of the time: {quarters}")
    for name, count in found["wrong"].items():
        lines.append(f"not expected: {name}: {count}")
    by_kind: dict[str, list[str]] = {}
    for name, count in found["counts"].items():
        kind, _, status = name.rpartition(" ")
        by_kind.setdefault(kind, []).append(f"{count:,} × {status}")
    return [*lines, *(f"{kind}: {', '.join(each)}" for kind, each in by_kind.items())]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="The service's memory over hours.")
    parser.add_argument("home", type=Path, help="copied, not changed")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--pause", type=float, default=0.4, help="mean seconds between requests")
    parser.add_argument("--every", type=float, default=8.0, help="mean seconds between changes")
    parser.add_argument("--name", default="soak", help="of the files in benchmarks/results")
    parser.add_argument("--curve", type=Path, help="a file for the curve so far")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="pairdex-") as folder:
        home = Path(folder) / "home"
        shutil.copytree(options.home, home)
        found = measure(home, options)
    keep(options.name, shown(found), found)


if __name__ == "__main__":
    main()
