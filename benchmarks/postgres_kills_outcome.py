"""What came of the rounds of postgres_kills.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass
class Span:
    """From a kill until what was killed is up again."""

    victim: str
    service: str  # address of the one that was killed
    killed: float
    up: float = 0.0
    back: dict[str, float] = field(default_factory=dict)  # seconds of each service


@dataclass
class Outcome:
    items: int = 0  # at the end
    spans: list[Span] = field(default_factory=list)
    builds: int = 0  # that ended well
    again: int = 0  # that ended with an error when the server went, and were run again
    searches: int = 0
    hits: int = 0
    refused: int = 0  # while what answers them was away
    acknowledged: int = 0
    unsure: int = 0  # changes whose answer was lost
    away: int = 0  # changes that nobody took meanwhile
    generations: int = 0
    wrong: list[str] = field(default_factory=list)


def shown(outcome: Outcome, seconds: float) -> tuple[list[str], dict[str, Any]]:
    """Lines, and the figures in them."""
    times: dict[str, list[float]] = {}
    for span in outcome.spans:
        for address, took in span.back.items():
            whose = "the service itself" if address == span.service else "a service"
            times.setdefault(f"{span.victim} killed, {whose}", []).append(took)
        if span.victim != "builder":
            times.setdefault(f"{span.victim} killed, started again", []).append(
                span.up - span.killed
            )
    lines = [
        f"{len(outcome.spans)} rounds in {seconds:.0f} s, {outcome.items} items at the end",
        f"{outcome.builds} builds ended well, {outcome.again} more ended with the server",
        f"{outcome.acknowledged} changes acknowledged, {outcome.unsure} whose answer was lost",
        f"{outcome.away} changes not taken while the service or the server was away",
        f"{outcome.searches} searches, {outcome.hits} hits",
        f"{outcome.refused} searches not answered while what answers was away",
        f"{outcome.generations} generations",
        "answers again after, in seconds: median, worst",
        *(f"  {name:42} {median(t):6.2f} {max(t):6.2f}" for name, t in sorted(times.items())),
        f"{len(outcome.wrong)} things wrong",
        *outcome.wrong[:20],
    ]
    told = {name: [round(t, 3) for t in found] for name, found in times.items()}
    figures = {k: v for k, v in vars(outcome).items() if k != "spans"}
    return lines, figures | {"seconds": round(seconds, 1), "back": told}
