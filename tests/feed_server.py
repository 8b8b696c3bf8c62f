"""A real HTTP server on loopback that serves tables, well and in every wrong way."""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

GOOD = (
    "product,brand,starts,ends,price,text\n"
    "cola,Sunny,2026-11-01,2026-11-30,1500,two for one\n"
    "tea,Moss,2026.12.01,2026.12.31,900,winter tea\n"
)
HTML = "<!DOCTYPE html><html><body>Please sign in</body></html>"


class FeedServer(ThreadingHTTPServer):
    """`pages` maps a path to (status, headers, body); `asked` keeps each request's headers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.stop = threading.Event()
        self.scheme = "http"

    def put(self, path: str, body: str | bytes = GOOD, status: Any = 200, **headers: str) -> str:
        """Serve a page from now on; returns its address. `Content_Type` is Content-Type."""
        data = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = (status, {"Content-Type": "text/csv"} | named, data)
        return self.address(path)

    def address(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: FeedServer

    def do_GET(self) -> None:
        path = self.path
        self.server.asked.append((path, dict(self.headers)))
        if path == "/hang":
            self.server.stop.wait(20)
            return
        if path == "/drip-header":
            self._drip(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000)
            return
        if path == "/drip":
            self._drip(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\n" + b"product\n" * 9999)
            return
        if path == "/loop":
            self._answer(302, {"Location": "/loop"}, b"")
            return
        if path == "/cut":  # says more than it sends
            self._answer(200, {"Content-Type": "text/csv"}, GOOD.encode(), told=9999)
            return
        if path == "/chunks":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nprod")
            return
        if path == "/nonsense":
            self.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")
            return
        status, headers, body = self.server.pages.get(path, (404, {}, b"gone"))
        unchanged = any(
            name in headers and self.headers.get(asked) == headers[name]
            for name, asked in (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))
        )
        self._answer(304 if unchanged else status, headers, b"" if unchanged else body)

    def _answer(
        self, status: int, headers: dict[str, str], body: bytes, told: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body) if told is None else told))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self, data: bytes) -> None:
        with suppress(OSError):  # who asked has given up
            for byte in data:
                self.wfile.write(bytes([byte]))
                if self.server.stop.wait(0.02):
                    return

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[FeedServer]:
    server = FeedServer()
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.scheme = "https"
    worker = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    worker.start()
    try:
        yield server
    finally:
        server.stop.set()
        server.shutdown()
        worker.join()
        server.server_close()


def packed(text: str = GOOD) -> bytes:
    return gzip.compress(text.encode())
