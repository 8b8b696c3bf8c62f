"""A builder as a process of its own: `python -m tests.shared_builder HOME WAIT`.

It says `held` when it is at its image number WAIT, and goes on when it is sent a line; at its end
it says what it did.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from db.home import Home
from db.store import Store
from encoder.encoded import Encoded
from encoder.inputs import Pixels
from indexer.job import build_index
from settings import load_settings
from tests.fakes import FakeEncoder


class HeldEncoder(FakeEncoder):
    def __init__(self, wait: int) -> None:
        super().__init__()
        self._wait = wait

    def images(self, batch: Pixels) -> Encoded:
        if 0 < self._wait <= self.seen_images:
            self._wait = 0
            print("held", flush=True)
            sys.stdin.readline()
        return super().images(batch)


def main() -> None:
    home, encoder = Home(Path(sys.argv[1])), HeldEncoder(int(sys.argv[2]))
    with Store.open(home.path) as store:
        summary = build_index(home, store, encoder, load_settings(home.path))
    said = {"images": encoder.seen_images, "texts": encoder.seen_texts}
    print(json.dumps(said | {"generation": summary.generation, "failed": summary.failed}))


if __name__ == "__main__":
    main()
