"""`pairdex serve` as its own process, over a small home with a real model that is not trained."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from db.home import Home
from encoder.runtime import OpenVinoEncoder
from indexer.job import build_index
from settings import load_settings
from tests.conftest import squares
from tests.encoder_samples import tiny_artifact

ROOT = Path(__file__).resolve().parent.parent


def real_home(folder: Path) -> Home:
    """Twelve squares, and an index of them."""
    home, settings = Home(folder / "home"), load_settings(environment={})
    with squares(home, folder / "pictures") as store:
        encoder = OpenVinoEncoder(tiny_artifact(home.artifact), settings.runtime, home.compiled)
        build_index(home, store, encoder, settings)
    return home


@dataclass
class Served:
    process: subprocess.Popen[str]
    address: str
    log: Path

    @property
    def place(self) -> tuple[str, int]:
        parts = urlsplit(self.address)
        assert parts.hostname
        assert parts.port
        return parts.hostname, parts.port

    def mib(self) -> float:
        """What the process holds of its own, mapped files aside."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return next(int(x.split()[1]) for x in status.splitlines() if "RssAnon" in x) / 1024

    def files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def lines(self) -> list[dict[str, Any]]:
        """The log so far."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def raw(self, data: bytes, seconds: float = 20.0) -> bytes:
        """Sends bytes as they are; all that comes until the other side closes."""
        with socket.create_connection(self.place, timeout=seconds) as connection:
            connection.sendall(data)
            return drained(connection)


def drained(connection: socket.socket) -> bytes:
    found = b""
    try:
        while part := connection.recv(65536):
            found += part
    except ConnectionResetError:
        pass  # what came before counts
    return found


@contextmanager
def served(home: Home, log: Path, *flags: str) -> Iterator[Served]:
    """Flags as `section.key=value`. Ended by SIGTERM, and then ended well."""
    set_ = [part for flag in flags for part in ("--set", flag)]
    with log.open("w", encoding="utf-8") as stderr:
        process = subprocess.Popen(
            [sys.executable, ROOT / "cli.py", "--home", home.path, *set_, "serve", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=os.environ | {"COLUMNS": "200"},
            cwd=ROOT,
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.endswith("ready\n"), (line, log.read_text(encoding="utf-8"))
            yield Served(process, line.split()[0], log)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            process.stdout.close()
