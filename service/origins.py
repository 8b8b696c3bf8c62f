"""Who may send requests from a browser: the page of this service, and the origins in `cors`.

A service without keys trusts whoever reaches it, and every website that its user visits can make
the browser reach 127.0.0.1. Two checks keep them out:

Host            of a service on loopback is a name of loopback, or one in `hosts`: a website whose
                name is made to point here (DNS rebinding) comes under its own name
Origin and      a browser says which site sends a request: one from elsewhere is refused, whatever
Sec-Fetch-Site  its method. Following a link to the page is no such request
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service import problems
from service.problems import Problem
from settings import ServiceSettings


class Origins:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, settings: ServiceSettings) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in settings.hosts)
        self._cors = frozenset(settings.cors)
        # Elsewhere keys are needed, and a name alone opens nothing.
        self._any_host = not is_loopback(settings.host) and not self._hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            try:
                self._check_host(request)
                self._check_origin(request)
            except Problem as problem:
                await problems.response(request, problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check_host(self, request: Request) -> None:
        given = request.headers.getlist("host")
        name = host_name(given[0]) if len(given) == 1 else ""
        if name and (self._any_host or is_loopback(name) or name in self._hosts):
            return
        raise Problem(
            "forbidden", f"this service is not called {name or 'like that'}",
            "the Host of the request is not one of its names", "add it to service.hosts",
        )  # fmt: skip

    def _check_origin(self, request: Request) -> None:
        headers = request.headers
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin in self._cors:
            return
        if origin is not None:
            if urlsplit(origin).netloc.lower() != headers["host"].lower():
                raise _elsewhere("Origin")
        elif site not in (None, "same-origin", "none") and not _follows_a_link(request):
            raise _elsewhere("Sec-Fetch-Site")


def is_loopback(host: str) -> bool:
    """A name that means this machine, whoever answers for names."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_name(host: str) -> str:
    """The name in a Host header, without its port; empty where it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "") if "@" not in host else ""
    except ValueError:
        return ""


def _follows_a_link(request: Request) -> bool:
    headers = request.headers
    return (
        request.method == "GET"
        and request.url.path == "/"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def _elsewhere(header: str) -> Problem:
    return Problem(
        "forbidden", "the request comes from another website", f"so {header} says",
        "add its origin to service.cors if it may",
    )  # fmt: skip
