"""The generation that is served: one for all requests, changed for a newer one while they run.

A thread looks whether another generation, or another model, has been published. It opens that
beside the one that serves, asks it its first query, and only then puts it in its place. Who took
the older one keeps it to the end of the request; nobody waits, nobody fails. What cannot be opened
serves nobody: the one before goes on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock, Thread

import numpy as np

from db.databases import generations_of
from db.generations import Generation
from db.home import Home
from db.store import Store
from encoder.encoded import Encoder
from encoder.runtime import OpenVinoEncoder
from errors import IndexStateError, PairdexError
from search import Request, Searcher
from search.timing import Timed, untimed
from settings import Settings

HIDDEN = frozenset({"image.path"})  # where files lie on this machine is told to nobody
OpenEncoder = Callable[[Home, Settings, str], Encoder]  # the last is the index's fingerprint
Sign = tuple[object, ...]  # of what is published
_log = logging.getLogger("pairdex.service")


@dataclass(frozen=True)
class Loaded:
    """Taken once by a request, and kept until its end."""

    generation: Generation
    encoder: Encoder
    searcher: Searcher
    store: Store
    sign: Sign
    since: float  # Unix time

    @property
    def name(self) -> str:
        return self.generation.name


def open_encoder(home: Home, settings: Settings, fingerprint: str) -> Encoder:
    return OpenVinoEncoder(home.artifact, settings.runtime, home.compiled).for_index(fingerprint)


class Live:
    def __init__(
        self,
        home: Home,
        settings: Settings,
        store: Store,
        encoders: OpenEncoder = open_encoder,
        timed: Timed = untimed,
    ) -> None:
        self._timed = timed
        self._home, self._settings, self._store = home, settings, store
        self.kept = generations_of(home)
        self._open_encoder = encoders
        self._loaded: Loaded | None = None
        self._tried: Sign | None = None
        self._closing, self._looking = Event(), Lock()
        self._thread = Thread(target=self._watch, name="live", daemon=True)
        self.settled = Event()  # the first look is over, whatever it found
        self.trouble: PairdexError | None = None  # why what is published now does not serve
        self.swaps = 0
        self.told: list[Callable[[Loaded], None]] = []  # of each generation, in the live thread

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    @property
    def ready(self) -> bool:
        return self._loaded is not None

    def loaded(self) -> Loaded:
        """What serves now; raises why nothing does."""
        found = self._loaded
        if found is None:
            raise self.trouble or IndexStateError(
                "the index is not loaded yet", "the service has just begun", "try again"
            )
        return found

    def _watch(self) -> None:
        while True:
            self.look()
            self.settled.set()
            if self._closing.wait(self._settings.service.refresh):
                return

    def look(self) -> None:
        """Load what is published, unless it is what serves or what was tried before."""
        with self._looking:
            self._look()

    def _look(self) -> None:
        try:
            sign = self._sign()
            if sign == self._tried:
                return
            self._tried = sign
            fresh = self._load(sign)
        except PairdexError as error:
            self.trouble = error
            return
        # A bug while one generation is opened must not end the watch for the next.
        except Exception as error:  # noqa: BLE001
            _log.exception("a generation could not be loaded")
            self.trouble = IndexStateError("the index cannot be loaded", type(error).__name__)
            return
        self._loaded, self.trouble = fresh, None
        self.swaps += 1
        for tell in self.told:
            tell(fresh)

    def _sign(self) -> Sign:
        """Another one whenever another generation or model is in its place."""
        name = self.kept.current_name()
        if name is None:
            raise IndexStateError("there is no index yet", "", "run `pairdex index build`")
        try:
            model = (self._home.artifact / "artifact.json").stat()
        except OSError:
            return name, None
        return name, model.st_ino, model.st_mtime_ns

    def _load(self, sign: Sign) -> Loaded:
        before = self._loaded
        generation = self.kept.open_current()
        fingerprint = generation.manifest.fingerprint
        same_model = before is not None and before.sign[1:] == sign[1:]
        if before is not None and same_model and before.encoder.fingerprint == fingerprint:
            encoder = before.encoder
        else:
            encoder = self._open_encoder(self._home, self._settings, fingerprint)
        searcher = Searcher(
            self._store, generation, encoder, self._settings.search, self._timed, HIDDEN
        )
        _warm(searcher, encoder)
        return Loaded(generation, encoder, searcher, self._store, sign, time.time())


def _warm(searcher: Searcher, encoder: Encoder) -> None:
    """The first query of each kind pays for what all others find ready."""
    searcher.search(Request(text="a first query", top=1))
    encoder.images(np.zeros((1, encoder.image_size, encoder.image_size, 3), np.uint8))
