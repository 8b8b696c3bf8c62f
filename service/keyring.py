"""The keys that are taken, and the sessions of browsers that have shown one.

Keys are read from the catalog's database at most once a second, so that a revoked one is refused
within a second. When each was last used is written back once a minute.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import time
from collections import OrderedDict
from threading import Event, Lock, Thread

from db.keys import Key, public_part
from db.store import Store
from errors import PairdexError

FRESH = 1.0  # seconds for which the keys that were read are believed
WRITE = 60.0  # seconds between writes of when keys were used
SESSION = 12 * 3600.0
MAX_SESSIONS = 1000  # beyond, the oldest ends


class Keyring:
    def __init__(self, store: Store) -> None:
        self._keys = store.keys
        self._known: dict[str, Key] = {}
        self._read = -FRESH
        self._used: dict[str, dt.datetime] = {}
        # Sessions live in memory: who restarts the service signs in again.
        self._sessions: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        self._lock = Lock()
        self._closing = Event()
        self._thread = Thread(target=self._write, name="keys", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def of(self, presented: str) -> Key | None:
        """The key that this is, where it is taken now."""
        public = public_part(presented)
        key = self._active(public) if public is not None else None
        if key is None or not key.is_of(presented):
            return None
        return self._mark(key)

    def open_session(self, key: Key) -> str:
        """A token that stands for the key in a browser's cookie."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[_digest(token)] = (key.public, time.monotonic() + SESSION)
            while len(self._sessions) > MAX_SESSIONS:
                self._sessions.popitem(last=False)
        return token

    def of_session(self, token: str) -> Key | None:
        # Found by its digest, so that how long it takes tells nothing of the tokens.
        with self._lock:
            public, until = self._sessions.get(_digest(token), ("", 0.0))
        if time.monotonic() >= until:
            return None
        key = self._active(public)
        return None if key is None else self._mark(key)

    def end_session(self, token: str) -> None:
        with self._lock:
            self._sessions.pop(_digest(token), None)

    def _active(self, public: str) -> Key | None:
        # One that was made just now is looked for at once: of wrong ones only so many are tried.
        if public not in self._known or time.monotonic() - self._read >= FRESH:
            self._known = {key.public: key for key in self._keys.all()}
            self._read = time.monotonic()
        key = self._known.get(public)
        return key if key and key.state(dt.datetime.now(dt.UTC)) == "active" else None

    def _mark(self, key: Key) -> Key:
        with self._lock:
            self._used[key.public] = dt.datetime.now(dt.UTC)
        return key

    def _write(self) -> None:
        closing = False
        while not closing:
            closing = self._closing.wait(WRITE)
            with self._lock:
                used, self._used = self._used, {}
            try:
                if used:
                    self._keys.mark_used(used)
            except PairdexError:  # the database is busy with a long import: the next time
                with self._lock:
                    self._used = used | self._used


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
