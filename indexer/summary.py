"""What a build says of itself when it has ended."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from indexer.run import Embedded, Run
from indexer.scan import Plan


@dataclass
class BuildSummary:
    """Every item of the catalog is in exactly one of the four counts."""

    generation: str = ""
    items: int = 0
    captions: int = 0
    indexed: int = 0  # embedded by this run, or by others beside it
    unchanged: int = 0  # embedded by an earlier one
    skipped: int = 0  # its file is no longer there
    failed: int = 0  # its file cannot be read
    images_per_second: float = 0.0  # decoded, embedded and stored
    inference_per_second: float = 0.0  # inference alone could do; 0 where it was not measured
    inference_share: float = 0.0  # the one divided by the other
    precision: str = ""  # of the images that this run embedded
    loss: dict[str, float] = field(
        default_factory=dict
    )  # by eight bits: cosine, recall_at_10, images
    core_seconds: dict[str, float] = field(default_factory=dict)  # decode, inference
    seconds: dict[str, float] = field(default_factory=dict)


def summed_up(run: Run, plan: Plan, generation: str, indexed: int, done: Embedded) -> BuildSummary:
    """`indexed` of the plan's items were embedded just now."""
    items, skipped = len(plan.images), sum(status == "skipped" for _, status, _ in plan.failures)
    summary = BuildSummary(
        generation=generation,
        items=items,
        captions=len(plan.captions),
        indexed=indexed,
        unchanged=items - indexed,
        skipped=skipped,
        failed=len(plan.failures) - skipped,
        loss=msgspec.to_builtins(run.encoder.loss) or {},
        seconds=run.seconds,
    )
    account(summary, done)
    return summary


def account(summary: BuildSummary, done: Embedded) -> None:
    """Where the time of the images went."""
    if not done.count:
        return
    rate = done.count / max(done.seconds, 1e-9)
    summary.precision = done.precision
    summary.images_per_second = round(rate, 1)
    summary.inference_per_second = round(done.best, 1)
    summary.inference_share = round(rate / done.best, 3) if done.best else 0.0
    summary.core_seconds = {
        "decode": round(done.decode, 3),
        "inference": round(done.inference, 3),
    }
