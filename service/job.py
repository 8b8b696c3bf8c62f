"""One job: the changes that wait are made, then the index is built of what the catalog holds now.

It runs wherever it is called; the service calls it in a process of its own (builder.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from catalog.queued import drain
from db.databases import generations_of
from db.home import Home
from db.queue import Queue
from db.store import Store
from encoder import artifact as artifacts
from encoder.encoded import Encoder
from indexer.job import build_index
from progress import Progress
from settings import Settings


class Outcome(msgspec.Struct, frozen=True):
    """How a job has ended well. `generation` is "" where there has never been an index."""

    generation: str
    summary: dict[str, Any] = {}
    failures: dict[str, str] = {}  # items that are not in it, and why


def run(
    home: Home,
    store: Store,
    queue: Queue,
    settings: Settings,
    encoder: Callable[[], Encoder],
    progress: Progress,
) -> Outcome:
    """Raises what `build_index` raises; a LockedError where another job is at work."""
    drain(home, store, queue, settings.catalog, progress)
    if not store.count_items():
        # The last item is gone. Searches find nothing in what is live, for they ask the catalog.
        return Outcome(generations_of(home).current_name() or "")
    summary = build_index(home, store, encoder(), settings, progress)
    artifacts.retire(home.artifact)
    failures = {key: f"{status}: {reason}" for key, status, reason in store.failures()}
    return Outcome(summary.generation, msgspec.to_builtins(summary), failures)
