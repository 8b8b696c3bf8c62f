"""What every answer tells a browser: nothing from elsewhere, no frames, no guessing of types.

The page and its files may load what comes from here; everything else that is answered (JSON,
pictures of the catalog) is data, and would be inert even if a browser took it for a page.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# blob: and data: are pictures that the user has dropped or pasted, shown before they are sent.
PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
DATA = f"{_NOTHING}; sandbox"
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(self), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class StrictHeaders:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                add(MutableHeaders(scope=message), unchanged=message["status"] == 304)
            await send(message)

        await self._app(scope, receive, strict if scope["type"] == "http" else send)


def add(headers: MutableHeaders, unchanged: bool = False) -> None:
    """What an answer says of these itself stays."""
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    # What a 304 says takes the place of what was said with the copy that the browser holds, and it
    # does not say of what type that is.
    if not unchanged:
        page = headers.get("content-type", "").startswith("text/html")
        headers.setdefault("Content-Security-Policy", PAGE if page else DATA)
    # Kept by nobody, unless the route has said how it may be kept.
    headers.setdefault("Cache-Control", "no-store")
