"""Words to the service manager that began this process, where there is one: systemd's sd_notify."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


class Manager:
    """Deaf where nobody listens."""

    def __init__(self) -> None:
        # Taken out: what this process begins must not speak for it.
        address = os.environ.pop("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def ready(self, status: str) -> None:
        self._tell(f"READY=1\nSTATUS={status}")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def _tell(self, state: str) -> None:
        if self._address:
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.connect(self._address)
                line.sendall(state.encode())
