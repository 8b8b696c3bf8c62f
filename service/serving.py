"""The process around the application: its address, its signals, its end."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI

from errors import SettingsError
from service.app import create_app
from service.notifying import Manager
from service.observing import log_lines
from service.protocol import HEAD_BYTES, PatientProtocol
from service.state import Service
from settings import Settings

Announce = Callable[[str, Service], None]  # the address; called once, when searches are answered


def serve(home: Path, settings: Settings, announce: Announce, quiet: bool = False) -> None:
    """Serves until SIGTERM or Ctrl-C, then answers what was asked before and returns.

    Quiet, the log has only warnings and errors.
    """
    # The command line dies in silence when the reader of its output has gone; here that would be
    # any client who leaves before the answer.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    log_lines(quiet)
    app, proxies = create_app(home, settings), settings.service.proxies
    listener = _listener(settings.service.host, settings.service.port)
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        h11_max_incomplete_event_size=HEAD_BYTES,
        # Whose X-Forwarded-For and -Proto are believed: by default nobody's.
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=max(1, round(settings.service.drain)),
    )
    _Server(config, app, announce, _address(listener)).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, app: FastAPI, announce: Announce, address: str
    ) -> None:
        super().__init__(config)
        self._service: Service = app.state.service
        self._announce: Announce | None = announce
        self._address, self._manager = address, Manager()

    async def on_tick(self, counter: int) -> bool:
        # The first look at the index is made beside a service that already answers /healthz.
        if self._announce is not None and self._service.live.settled.is_set():
            self._announce(self._address, self._service)
            self._announce = None
            trouble = self._service.live.trouble
            self._manager.ready(f"{self._address} {trouble or 'ready'}")
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._manager.stopping()
        self._service.closing.set()  # before connections are waited for: streams end by it
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        del sig, frame
        # Not raised again when all is done, as the original would: to be told to end is no error.
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True


def _listener(host: str, port: int) -> socket.socket:
    """Bound before anything is loaded, so that a port in use is known at once."""
    where = f"{host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(
            f"cannot listen on {where}", reason, "give another --port or --host"
        ) from None
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
